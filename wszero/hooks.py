"""The two hooks that explain mistakes at the top of a program.

One is called for an error that nothing catches, the other when the program ends. For programs
without such a mistake they do nothing.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, TextIO, Type, Union

from .app import App
from .console import console
from .errors import WszeroError, did_you_mean
from .mistakes import explain, forgotten_await
from .name_words import OUR_NAMES
from .places import is_child_file, keep_source, place_of, program_file
from .program_text import why_not_started
from .reporter import in_words

if TYPE_CHECKING:
    from threading import ExceptHookArgs

exit_code = 0
"""What the process ends with, when it has to be ended by force."""

at_very_end: Optional[Callable[[], None]] = None
"""Called when the program has ended, after all that it wanted to do at its end."""

_app: Callable[[], App]
_before: Callable[..., Any] = sys.excepthook
_before_in_thread: Callable[..., Any] = threading.excepthook
_program = ""


def install(app: Callable[[], App]) -> None:
    """Set the hooks. ``app`` gives the default app at the time of asking."""
    global _app, _before, _before_in_thread, _program
    _app = app
    _program = program_file()
    if _program and is_child_file(_program):
        keep_source(_program)
        # Python 3.8 calls it as it was called on the command line.
        keep_source(str(sys.modules["__main__"].__file__))
    else:
        _program = ""
    _before, sys.excepthook = sys.excepthook, _uncaught
    _before_in_thread, threading.excepthook = threading.excepthook, _uncaught_in_thread
    atexit.register(_at_exit)


def note_exit_code() -> None:
    """Let what the program gives ``sys.exit`` from here on be known when it is ended by force."""
    before = sys.exit

    def noting(status: Any = None) -> NoReturn:
        global exit_code
        if threading.current_thread() is threading.main_thread():
            # Like Python: other things than numbers are shown and mean failure.
            is_number = isinstance(status, int)
            exit_code = int(status) & 0xFF if is_number else int(status is not None)
        before(status)

    sys.exit = noting


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


def _uncaught_in_thread(args: ExceptHookArgs) -> None:
    """A thread of the program's own, or of a library that calls it back (gpiozero, say)."""
    error = args.exc_value
    if error is None or not _is_for_us(error, args.exc_traceback):
        _before_in_thread(args)
        return
    _app().report("mistake", *explain(error))


def _words_for(error: BaseException, traceback: Optional[TracebackType]) -> Optional[str]:
    if isinstance(error, KeyboardInterrupt) and _ends_in_child_code(traceback):
        _, _, place = explain(error)
        app = _app()
        is_early = not app.was_started and (len(app.handlers) or app.everies)
        fix = "It had not come to run_server() yet." if is_early else ""
        return in_words("Ctrl-C has stopped the program here.", fix, place)
    if isinstance(error, SyntaxError) and error.filename and is_child_file(error.filename):
        # Only now: most programs can be read.
        from .cli_syntax import explain_unreadable

        return explain_unreadable(Path(error.filename)) or None
    if isinstance(error, ImportError) and error.name == "wszero":
        return _unknown_import(error)
    return in_words(*explain(error)) if _is_for_us(error, traceback) else None


def explain_forgotten_awaits(app: App) -> Callable[[], None]:
    """Say Python's warning about an async function that never ran in a child's words.

    Returns:
        What undoes it.
    """
    before = warnings.showwarning

    def show(
        message: Union[Warning, str],
        category: Type[Warning],
        filename: str,
        lineno: int,
        file: Optional[TextIO] = None,
        line: Optional[str] = None,
    ) -> None:
        found = re.fullmatch(r"coroutine '(?:.*\.)?(\w+)' was never awaited", str(message))
        if found is not None and is_child_file(filename):
            place = place_of(filename, lineno)
            app.report("await", *forgotten_await(found.group(1), place), place)
        else:
            before(message, category, filename, lineno, file, line)

    def undo() -> None:
        if warnings.showwarning is show:
            warnings.showwarning = before

    warnings.showwarning = show
    return undo


def _is_for_us(error: BaseException, traceback: Optional[TracebackType]) -> bool:
    """Tell whether all of a mistake's lines are the child's or ours.

    A mistake inside of somebody else's code keeps Python's own report: who looks for it needs
    every line.
    """
    if isinstance(error, WszeroError):
        return True
    return isinstance(error, Exception) and _ends_in_child_code(traceback)


def _unknown_import(error: ImportError) -> Optional[str]:
    _, _, place = explain(error)
    found = re.search(r"cannot import name '(\w+)'", str(error))
    if not found:
        return None
    close = did_you_mean(found.group(1), OUR_NAMES)
    what = f"wszero has nothing called {found.group(1)}."
    fix = f"Did you mean {close}?" if close else "Try: from wszero import *"
    return in_words(what, fix, place)


def _ends_in_child_code(traceback: Optional[TracebackType]) -> bool:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and is_child_file(traceback.tb_frame.f_code.co_filename)


def _at_exit() -> None:
    _explain_no_server()
    if at_very_end is not None:
        at_very_end()
    if not console.finish():
        # Python would wait for the console for ever, or abort.
        os._exit(exit_code)


def _explain_no_server() -> None:
    app = _app()
    if app.was_started or exit_code or not _program:
        return
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return
    finding = why_not_started(_program, bool(len(app.handlers) or app.everies))
    if finding is not None:
        app.reporter.write(in_words(*finding))
