"""Where ``async def`` handlers run: a real asyncio loop that holds the baton while it works.

The loop's selector gives the baton away before it waits and takes it back afterwards. So all that
asyncio offers (`create_task`, `to_thread`, other people's clients) works as in any asyncio
program, and still no two pieces of the child's code ever run at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import threading
import time
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Coroutine,
    Deque,
    Dict,
    List,
    Optional,
    Set,
    Tuple,
    TypeVar,
    cast,
)

from .baton import Seat, Turn, here
from .errors import ServerStopped
from .mistakes import explain

if TYPE_CHECKING:
    from .calls import Call
    from .runtime import Runtime

T = TypeVar("T")

UNSEEN_S = 1.0
"""How long a mistake in a task may wait for somebody who awaits the task."""
SHUTDOWN_S = 0.3
"""How long cancelled tasks may tidy up when the server stops."""


class AsyncSide:
    """The asyncio loop of one runtime, on a thread of its own. Made when first needed."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._seat = Seat()
        self._granted = False
        self._has_fresh_work = False
        """Begun, but not run yet: it goes before those who stand in line."""
        self._starts: Deque[Tuple[Call, Optional[Coroutine[Any, Any, Any]]]] = deque()
        self._tasks: Set[asyncio.Task[None]] = set()
        self._loop = asyncio.SelectorEventLoop(_BatonSelector(self))
        self._loop.set_exception_handler(self._unhandled)
        self._loop.set_task_factory(cast(Any, self._make_task))  # typed anew in 3.13
        # Made here for its name, by which `threads` finds its threads.
        self._helpers = f"wszero-to-thread-{id(self)}"
        self._loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix=self._helpers))
        self.thread = threading.Thread(target=self._run, name="wszero-async", daemon=True)
        self._seat.thread = self.thread
        self.thread.start()

    # ---- from the thread that holds the baton -------------------------------------------------

    def hand_over(self, call: Call, coroutine: Optional[Coroutine[Any, Any, Any]] = None) -> None:
        """Hand the baton to the loop, which begins with this call.

        Args:
            call: The call.
            coroutine: What the call has returned, if it was made already.
        """
        with self.runtime.lock:
            self._starts.append((call, coroutine))
            if self.runtime.pass_on(self._seat):
                return
            self._granted = True
        self._loop.call_soon_threadsafe(_nothing)

    @property
    def threads(self) -> Set[threading.Thread]:
        """The loop's thread, and those that do what is given to `to_thread`."""
        helpers = [t for t in threading.enumerate() if t.name.startswith(self._helpers)]
        return {self.thread, *helpers}

    def stop(self) -> None:
        """Cancel all tasks and end the loop. The runtime's lock is held."""
        # An error: the loop was closed by an earlier stop.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel_all)

    def nudge(self, patience_s: float) -> bool:
        """Wait until the loop has seen all that was put on it before; then it has the baton."""
        seen = threading.Event()
        try:
            self._loop.call_soon_threadsafe(seen.set)
        except RuntimeError:
            # The loop has ended, and all with it.
            return True
        return seen.wait(patience_s)

    # ---- the selector's moments ---------------------------------------------------------------

    def give_away(self) -> None:
        """The loop is about to wait: let others run."""
        with self.runtime.lock:
            self.runtime.hand_on()

    def take_back(self) -> None:
        """Something has happened: wait for the baton, and begin what was handed over with it."""
        wait = False
        with self.runtime.lock:
            if self._granted:
                self._granted = False
            else:
                self.runtime.stand_in_line(self._seat)
                wait = True
        if wait:
            self._seat.wake.acquire()
        self._begin_turn()

    def pause(self) -> None:
        """The loop has more to do, but others stand in line: let them go first, in turn."""
        if self._has_fresh_work:
            self._has_fresh_work = False
            return
        with self.runtime.lock:
            if not self.runtime.others_wait():
                # Others could have come in: who lets them is not busy, however long it goes on.
                self._note_turn()
                return
            self.runtime.stand_in_line(self._seat)
            self.runtime.hand_on()
        self._seat.wake.acquire()
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._has_fresh_work = False
        self._note_turn()
        self._start_waiting()

    def _note_turn(self) -> None:
        self.runtime.turn = Turn(time.monotonic(), threading.get_ident(), None)

    def _start_waiting(self) -> None:
        while self._starts:
            call, coroutine = self._starts.popleft()
            if self.runtime.stopping:
                if coroutine is not None:
                    coroutine.close()
                continue
            # Not by `create_task`: nothing needs to be called back when it has ended, which would
            # cost one more round of the loop for each message.
            self._tasks.add(asyncio.Task(self._drive(call, coroutine), loop=self._loop))

    # ---- on the loop --------------------------------------------------------------------------

    def _run(self) -> None:
        here.runtime, here.seat = self.runtime, None
        asyncio.set_event_loop(self._loop)
        try:
            self._run_until_stopped()
        except ServerStopped:
            # Thrown into a task that did not end by itself, and came out here.
            pass
        finally:
            with self.runtime.lock:
                self.runtime.retire(self._seat)
            self._loop.close()

    def _run_until_stopped(self) -> None:
        self.take_back()
        self._seat.is_busy = True
        while not self.runtime.stopping:
            self._has_fresh_work = True
            try:
                self._loop.run_forever()
            except BaseException as error:
                # asyncio lets SystemExit and KeyboardInterrupt of a task out; they end nothing.
                if not self.runtime.stopping:
                    self._report(error)
        self._seat.is_busy = False

    async def _drive(self, call: Call, coroutine: Optional[Coroutine[Any, Any, Any]]) -> None:
        task = cast(Any, asyncio.current_task())
        self.runtime.naps.count(call)
        try:
            value = await (coroutine if coroutine is not None else call.start())
        except BaseException as error:
            if not self.runtime.stopping:
                self.runtime.conclude(call, self.runtime.app.failed, error)
        else:
            self.runtime.conclude(call, self.runtime.app.finished, value)
        self._tasks.discard(task)

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._end = self._loop.create_task(self._stop_after(tasks))

    async def _stop_after(self, tasks: Set[asyncio.Task[Any]]) -> None:
        if tasks:
            await asyncio.wait(tasks, timeout=SHUTDOWN_S)
        self._loop.stop()

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], **more: Any
    ) -> asyncio.Task[T]:
        """Make a task of the program's own: ``asyncio.create_task``."""
        task: asyncio.Task[T] = asyncio.Task(coroutine, loop=loop, **more)
        task.add_done_callback(self._has_ended)
        return task

    def _has_ended(self, task: asyncio.Task[Any]) -> None:
        # asyncio tells of a mistake when it throws the task away: never, if the program keeps it.
        if task.cancelled() or not _is_unseen(task):
            return
        # Not by exception(): that would count as having asked.
        if isinstance(getattr(task, "_exception", None), Exception):
            self._loop.call_later(UNSEEN_S, self._tell_of, weakref.ref(task))
        else:
            # exit() comes out of the loop, and is told there.
            task.exception()

    def _tell_of(self, kept: Callable[[], Optional[asyncio.Task[Any]]]) -> None:
        task = kept()
        error = task.exception() if task is not None and _is_unseen(task) else None
        if error is not None and not self.runtime.stopping:
            self._report(error)

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: Dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not self.runtime.stopping:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        what, fix, place = explain(error)
        self.runtime.app.report("mistake", what, fix, place)


class _BatonSelector(selectors.DefaultSelector):
    """The platform's selector, which gives the baton away while it waits."""

    def __init__(self, side: AsyncSide) -> None:
        super().__init__()
        self._side = side

    def select(self, timeout: Optional[float] = None) -> List[Tuple[selectors.SelectorKey, int]]:
        """Wait for sockets and timers, as asyncio asks before each round of callbacks."""
        self._side.runtime.before_rest()
        if timeout is not None and timeout <= 0:
            events = super().select(0)
            self._side.pause()
            return events
        self._side.give_away()
        try:
            return super().select(timeout)
        finally:
            self._side.take_back()


def _is_unseen(task: asyncio.Task[Any]) -> bool:
    """Tell whether a task failed and nobody has asked how it ended."""
    return bool(getattr(task, "_log_traceback", False))


def _nothing() -> None:
    pass
