"""The two hooks that explain mistakes at the top of a program.

One is called for an error that nothing catches, the other when the program ends. For programs
without such a mistake they do nothing.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
from types import TracebackType
from typing import Callable, Optional, Type

from .app import App
from .errors import WszeroError, did_you_mean
from .handlers import CHILD_NAMES
from .mistakes import explain
from .places import is_child_file, program_file
from .reporter import in_words

exit_code = 0
"""What the process ends with, when it has to be ended by force."""

_app: Callable[[], App]
_before = sys.excepthook


def install(app: Callable[[], App]) -> None:
    """Set the hooks. ``app`` gives the default app at the time of asking."""
    global _app, _before
    _app = app
    _before = sys.excepthook
    sys.excepthook = _uncaught
    atexit.register(_at_exit)


def _uncaught(
    kind: Type[BaseException], error: BaseException, traceback: Optional[TracebackType]
) -> None:
    global exit_code
    exit_code = 1
    words = _words_for(error, traceback)
    if words is None:
        _before(kind, error, traceback)
    else:
        _app().reporter.write(words)


def _words_for(error: BaseException, traceback: Optional[TracebackType]) -> Optional[str]:
    if isinstance(error, ImportError) and error.name == "wszero":
        return _unknown_import(error)
    if isinstance(error, WszeroError) or (
        isinstance(error, NameError) and _ends_in_child_code(traceback)
    ):
        return in_words(*explain(error))
    return None


def _unknown_import(error: ImportError) -> Optional[str]:
    what, fix, place = explain(error)
    found = re.search(r"cannot import name '(\w+)'", str(error))
    if not found:
        return None
    close = did_you_mean(found.group(1), CHILD_NAMES)
    what = f"wszero has nothing called {found.group(1)}."
    fix = f"Did you mean {close}?" if close else "Try: from wszero import *"
    return in_words(what, fix, place)


def _ends_in_child_code(traceback: Optional[TracebackType]) -> bool:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and is_child_file(traceback.tb_frame.f_code.co_filename)


def _at_exit() -> None:
    app = _app()
    program = program_file()
    if app.was_started or not len(app.handlers) or exit_code or not program:
        return
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return
    app.reporter.write(
        in_words(
            f"{os.path.basename(program)} has ended, but its server never started.",
            "Put this at the very end: run_server()",
        )
    )
