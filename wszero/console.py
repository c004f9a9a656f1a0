"""The console, as a thing that may be stuck.

Who writes into a pipe that nobody reads, or into a Windows console in which text is selected,
waits until somebody does. While a server runs, that must hold up neither the network nor a handler
that reports its mistake: texts wait in a bounded line for a thread of their own. At all other
times they are written at once, so that they stand in order with what the program itself prints.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from functools import partial
from typing import Callable, Optional, TextIO

MOST_WAITING = 200
"""Texts. What comes when so many wait is counted, until all of them have been written."""
STUCK_AFTER_S = 0.25
"""Writing takes microseconds; who takes so long stands still, and nobody waits for it any more."""
IN_ORDER_S = 0.3
"""How long the child's own code waits for a text, so that its next ``print`` comes after it."""
END_S = 1.0
STUCK_END_S = 0.2
"""How long the end waits for a console that has been standing still already."""

_CHILDS_THREADS = ("wszero-handler", "wszero-async")

Job = Callable[[], object]


class Console:
    r"""Where texts are written. May be used from any thread.

    Example:
        >>> console = Console()
        >>> console.begin()
        >>> console.write("There is a mistake.\n")
        >>> console.end()
        True

    Args:
        out: Where to write if nothing else is given; ``sys.stderr``, whatever that is just then.
    """

    def __init__(self, out: Optional[TextIO] = None) -> None:
        self._out = out
        self.forget()

    def forget(self) -> None:
        """Be as new: in a forked process, which has none of the threads of the first one."""
        # Re-entrant: a failed task reports itself where Python throws it away, which may be here.
        self._lock = threading.RLock()
        self._line: queue.SimpleQueue[Optional[Job]] = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self._servers = 0
        self._left_out = 0
        self._busy_since = 0.0

    def begin(self) -> None:
        """From here on nobody waits for the console: a server runs. Each one says `end`."""
        with self._lock:
            self._servers += 1
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="wszero-console", daemon=True)
                # An error: the computer has no threads left. Texts are written at once then.
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def end(self) -> bool:
        """A server has ended: write what waits.

        Returns:
            Whether all has been written; if not, the console does not move, and Python itself
            might wait for it for ever, or abort, when the program ends.
        """
        with self._lock:
            self._servers = max(0, self._servers - 1)
            others_run = self._servers > 0
        return others_run or self._wait_for_end()

    def finish(self) -> bool:
        """The program ends, its servers with it: write what waits. Returns as `end` does."""
        with self._lock:
            self._servers = 0
        return self._wait_for_end()

    def write(self, text: str, out: Optional[TextIO] = None) -> None:
        """Write a text; never fails."""
        # Looked up now: `sys.stderr` may be something else when the text's turn comes.
        self.do(partial(write_now, text, out or self._out or sys.stderr))

    def do(self, job: Job) -> None:
        """Do something that may wait for the console, when its turn has come."""
        with self._lock:
            if self._thread is not None:
                # Once something is left out, all is until the rest is written: so the order stays.
                if self._left_out or self._line.qsize() >= MOST_WAITING:
                    self._left_out += 1
                else:
                    self._line.put(job)
                return
        job()

    def keep_in_order(self) -> None:
        """Let the child's own code wait a moment for what was reported, unless all stands still.

        Otherwise what a handler prints next would come before the mistake that was made first.
        """
        name = threading.current_thread().name
        if self.is_stuck or (name.startswith("wszero-") and not name.startswith(_CHILDS_THREADS)):
            return
        written = threading.Event()
        with self._lock:
            if self._thread in (None, threading.current_thread()):
                return
            self._line.put(written.set)
        written.wait(IN_ORDER_S)

    @property
    def is_stuck(self) -> bool:
        """Whether a text waits for somebody to read those before it."""
        since = self._busy_since
        return since > 0 and time.monotonic() - since > STUCK_AFTER_S

    def _wait_for_end(self) -> bool:
        with self._lock:
            thread = self._thread
            if thread is None or thread is threading.current_thread():
                return True
            self._line.put(None)  # wakes it
        thread.join(STUCK_END_S if self.is_stuck else END_S)
        return not thread.is_alive()

    # ---- the console's own thread --------------------------------------------------------------

    def _work(self) -> None:
        while True:
            job = self._line.get()
            if job is not None:
                self._do(job)
            if self._line.empty() and self._is_over():
                return

    def _do(self, job: Job) -> None:
        self._busy_since = time.monotonic()
        # Whatever is the matter with the console, what comes after it has its turn.
        with contextlib.suppress(Exception):
            job()
        self._busy_since = 0.0

    def _is_over(self) -> bool:
        """All has been written: tell what was left out; say whether nothing more will come."""
        while True:
            with self._lock:
                if not self._line.empty():
                    return False
                left_out, self._left_out = self._left_out, 0
                if not left_out:
                    if self._servers == 0:
                        self._thread = None
                    return self._servers == 0
            words = f"\n  Nobody read this console for a while: {left_out:,} texts are left out.\n"
            self._do(partial(write_now, words, self._out or sys.stderr))


def write_now(text: str, out: Optional[TextIO]) -> None:
    """Write a text, however long that takes; never fails."""
    # A console that is gone (closed window, pythonw) is read by nobody; the server goes on.
    if out is None:
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        try:
            out.write(text)
        except UnicodeEncodeError:
            # An old Windows console knows few characters.
            known = out.encoding or "ascii"
            out.write(text.encode(known, "replace").decode(known))
        out.flush()


def flush(patience_s: float) -> None:
    """Write what Python itself still holds, if the console takes it in time."""

    def work() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()

    thread = threading.Thread(target=work, name="flush", daemon=True)
    # An error: it is too late for a thread. Then nothing waits that could still be written.
    with contextlib.suppress(RuntimeError):
        thread.start()
        thread.join(patience_s)


console = Console()
"""The process's own: two apps in one program share it."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: console.forget())
