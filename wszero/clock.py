"""Time: what happens later. Injected, so that tests play a program without waiting."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from typing import Callable, List, Tuple


class Timer:
    """Something that happens later, unless it is cancelled."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function

    def cancel(self) -> None:
        """Let it not happen."""
        self._function = _nothing

    def run(self) -> None:
        """Let it happen, once."""
        function, self._function = self._function, _nothing
        function()


def _nothing() -> None:
    pass


class Clock:
    """The real time. One thread, started by the first timer, runs all of them.

    What a timer runs must be short: it puts something on a queue, or sets a flag.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._timers: List[Tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def now(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Run a short function after some seconds, on the clock's thread."""
        timer = Timer(function)
        with self._changed:
            if self._stopped:
                return timer
            due = self.now() + max(0.0, seconds)
            heapq.heappush(self._timers, (due, next(self._order), timer))
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="wszero-clock", daemon=True)
                thread.start()
                # Only now: a computer may have no threads left, and some again later.
                self._thread = thread
            if self._timers[0][2] is timer:
                self._changed.notify()
        return timer

    def stop(self) -> None:
        """Drop all timers and end the thread."""
        with self._changed:
            self._stopped = True
            self._timers.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (not self._timers or self._timers[0][0] > self.now()):
                    # The longest wait that every platform's lock takes is some weeks.
                    wait = min(self._timers[0][0] - self.now(), 86_400) if self._timers else None
                    self._changed.wait(wait)
                if self._stopped:
                    return
                timer = heapq.heappop(self._timers)[2]
            try:
                timer.run()
            except Exception:
                # A mistake of ours. All that sleeps would sleep for ever if it ended this thread.
                traceback.print_exc()
