"""The end of a process that has a thread which can't be ended: it hangs in C code, or a console."""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import partial

from . import hooks
from .console import console, flush

EXIT_AFTER_S = 0.3
FLUSH_S = 0.2


def end_with_the_program() -> None:
    """Let the process end with its main thread, although some other one is stuck in C code.

    Python itself would wait for some of these threads, or abort when one of them holds the
    console: in ``input()``, or because nobody reads it.
    """

    def wait() -> None:
        while not _program_is_over():
            time.sleep(0.05)
        end_after(EXIT_AFTER_S)

    threading.Thread(target=wait, name="exit-with-the-program", daemon=True).start()
    hooks.at_very_end = partial(end_after, 0)
    hooks.note_exit_code()


def _program_is_over() -> bool:
    main = threading.main_thread()
    if not main.is_alive():
        return True
    # Python waits for the threads of executors (`to_thread`) before it says so; it is in one of
    # threading's own functions then, which nobody has called.
    frame = sys._current_frames().get(main.ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") == threading.__name__


def end_after(seconds: float) -> None:
    """End the process after some seconds, whatever its threads are doing."""
    time.sleep(seconds)
    console.finish()
    flush(FLUSH_S)
    os._exit(hooks.exit_code)
