"""``sleep()``: waits politely, in a ``def`` and in an ``async def``."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
import time
from typing import Any, Generator, Optional

from .baton import here
from .errors import BadOption
from .places import place_of


def sleep(seconds: float) -> Optional[Sleep]:
    """Wait, and let other handlers run meanwhile.

    In a ``def`` it waits and returns; in an ``async def`` it must be awaited. Outside of handlers
    it is `time.sleep`.

    Args:
        seconds: How long.

    Raises:
        BadOption: It is no number, or less than 0.

    Example:
        @on('countdown')
        def countdown(client):
            for n in 3, 2, 1:
                client.send('count', n=n)
                sleep(1)
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        is_async = asyncio._get_running_loop() is not None
        raise BadOption(
            f"sleep() needs a number of seconds, not {seconds!r:.40}.",
            f"Try: {'await ' if is_async else ''}sleep(1)",
        )
    if asyncio._get_running_loop() is not None:
        return Sleep(seconds, here.runtime, 2)
    if here.runtime is not None and here.seat is not None:
        here.runtime.sleep(seconds)
    else:
        time.sleep(seconds)
    return None


class Sleep:
    """What ``sleep()`` gives an ``async def``: to be awaited. Forgotten, it is explained.

    Args:
        seconds: How long.
        runtime: Has the clock, and the app that explains; ``None`` in a loop of the program's own.
        depth: How many calls up the child's line is.
    """

    def __init__(self, seconds: float, runtime: Any, depth: int) -> None:
        self._seconds = seconds
        self._runtime = runtime
        self._awaited = False
        frame = sys._getframe(depth)
        self._line = (frame.f_code.co_filename, frame.f_lineno, frame.f_code)

    def __await__(self) -> Generator[Any, None, None]:
        self._awaited = True
        return self._wait().__await__()

    async def _wait(self) -> None:
        if self._runtime is None:
            await asyncio.sleep(self._seconds)
            return
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        timer = self._runtime.clock.call_later(self._seconds, lambda: _finish(loop, future))
        try:
            await future
        finally:
            timer.cancel()

    def __del__(self) -> None:
        if self._awaited or self._runtime is None:
            return
        file, line, code = self._line
        place = place_of(file, line, code.co_name)
        if code.co_flags & inspect.CO_COROUTINE:
            what = "sleep() in an async function needs await in front of it."
            fix = f"Try: await sleep({self._seconds:g})"
        else:
            what = f"An async function called {code.co_name}(), so sleep() can't wait here."
            fix = f"Make it: async def {code.co_name}, with await sleep({self._seconds:g})"
        self._runtime.app.report("await", what, fix, place)


def _finish(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    def finish() -> None:
        if not future.done():
            future.set_result(None)

    # An error: the loop was closed meanwhile, and nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(finish)
