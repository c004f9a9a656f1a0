"""The baton: whose turn it is to run the child's code.

General layout. The child's code runs on threads of its own, never on the network's, so that
nothing it does can hold up a page, a ping or Stop. All of it runs one piece at a time: whoever
runs it holds the *baton*. The baton is passed on when a handler ends, and when it waits politely:
in `sleep()`, or in any `await`.

- `feed` puts an event at the end of the line. One line for everybody: what was sent first is
  handled first.
- A *worker* thread that holds the baton takes the next event and calls its handler. A handler
  that sleeps keeps its thread; another worker takes over meanwhile.
- `async def` handlers run on a real asyncio loop in a thread of its own (`asyncside.py`), which
  gives the baton away while it waits for something to happen.
- A thread that wants to go on after a sleep stands in the same line.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections import deque
from typing import Any, Callable, Coroutine, Deque, List, Optional, Set, Tuple, cast

from .app import App
from .asyncside import AsyncSide
from .baton import Seat, Ticket, Turn, here, interrupt
from .calls import Call, Every
from .client import Client
from .clock import Clock
from .errors import Place, ServerStopped
from .naps import Naps
from .places import place_in_frame

MOST_IDLE_WORKERS = 4
"""More threads than these go home when they have nothing to do."""

INTERRUPT_EVERY_S = 0.1
"""Between two interruptions of a handler that does not end: it may be tidying up."""

Feed = Callable[..., Optional["Call"]]
Event = Tuple[Any, ...]
"""A `Feed` and what it is called with."""


class Runtime:
    """Runs the child's code for one app, one piece at a time.

    Args:
        app: The core, which turns events into calls and takes their results.
        clock: The time; the real one if not given.
    """

    def __init__(self, app: App, clock: Optional[Clock] = None) -> None:
        self.app = app
        self.clock = clock or Clock()
        self.turn: Optional[Turn] = None
        self.stopping = False
        self.before_rest: Callable[[], object] = _nothing
        """Called by a thread that has run handlers and is about to wait: what they sent is written.
        """
        self.wake: Callable[[Seat], None] = _wake
        """Wakes the thread at a seat: at once, or as soon as it can run."""
        self._quiet: Optional[threading.Event] = None
        """For somebody who waits until nothing is left to do."""
        self.lock = threading.Lock()
        self._line: Deque[Any] = deque()
        self._holder: Optional[Seat] = None
        """Whose the baton is; ``None`` while nobody has anything to do."""
        self._idle: List[Seat] = []
        self._asleep: Set[Seat] = set()
        self._threads: Set[threading.Thread] = set()
        self.naps = Naps()
        self._async_side: Optional[AsyncSide] = None

    # ---- the line -----------------------------------------------------------------------------

    def feed(self, function: Feed, *args: Any) -> None:
        """Put an event at the end of the line; from any thread, returns at once.

        Args:
            function: What turns the event into a call when its turn has come: `App.message` …
            *args: What it needs.
        """
        with self.lock:
            if self.stopping:
                return
            if self._holder is None and self._idle and not self._line:
                # Nobody has anything to do: no need to stand in line.
                seat = self._idle.pop()
                seat.item = (function, *args)
                self._grant(seat)
                return
            self._line.append((function, *args))
            if self._holder is None:
                self.hand_on()

    def hand_on(self) -> None:
        """Give the baton to the next in line. Held: the lock, and the baton if anybody has it."""
        self.turn = None
        seat = self._next_seat() if self._line else None
        if seat is None:
            self._holder = None
            if self._quiet is not None:
                self._quiet.set()
        else:
            self._grant(seat)

    def _grant(self, seat: Seat) -> None:
        self._holder = seat
        self.wake(seat)

    def _next_seat(self) -> Optional[Seat]:
        """Take the next out of the line: a waiting thread, or one that gets the next event."""
        while self._line and isinstance(self._line[0], Ticket):
            seat = self._line.popleft().seat
            if seat is not None:
                seat.ticket = None
                return cast(Seat, seat)
        if not self._line:
            return None
        worker = self._idle.pop() if self._idle else self._new_worker()
        if worker is not None:
            worker.item = self._line.popleft()
            return worker
        # The computer has no threads left. Who waits in the line goes on, and looks after the
        # events when it has ended; otherwise they wait for the next event, or the next nap.
        waiting = next(iter(self._seats_in_line()), None)
        if waiting is not None:
            self.leave_line(waiting)
        return waiting

    def _seats_in_line(self) -> List[Seat]:
        tickets = [item for item in self._line if isinstance(item, Ticket)]
        return [ticket.seat for ticket in tickets if ticket.seat is not None]

    def _new_worker(self) -> Optional[Seat]:
        seat = Seat()
        name = f"wszero-handler-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._work, args=(seat,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return None
        seat.thread = thread
        self._threads.add(thread)
        return seat

    # ---- workers ------------------------------------------------------------------------------

    def _work(self, seat: Seat) -> None:
        here.runtime, here.seat = self, seat
        try:
            while not seat.dismissed:
                seat.wake.acquire()
                # Only now, woken, is the event at this seat ours: another thread may put the next
                # one there, and wake us again, from the moment in which we sit down.
                item, seat.item = seat.item, None
                while item is not None:
                    item = self._run_item(seat, item)
        except ServerStopped:
            # Thrown into a handler that did not end by itself, and came out here.
            pass
        finally:
            with self.lock:
                self._threads.discard(threading.current_thread())
                self.retire(seat)

    def _run_item(self, seat: Seat, item: Event) -> Optional[Event]:
        """Handle an event, then take the next one, or give the baton away and sit down."""
        function = item[0]
        call = None
        try:
            call = function(*item[1:])
            if call is not None and (function == self.naps.take or self.naps.may_begin(call)):
                coroutine = None if call.handler.is_async else self._run(seat, call)
                if call.handler.is_async or coroutine is not None:
                    self._async().hand_over(call, coroutine)
                    with self.lock:
                        self._sit_down(seat)
                    return None
        except Exception as error:
            self.app.troubles.own_mistake(error)
            if call is not None:
                self.conclude(call, self.app.failed, error)
        with self.lock:
            self.turn = None
            if self._line and not isinstance(self._line[0], Ticket):
                return cast(Event, self._line.popleft())
            self._sit_down(seat)
            self.hand_on()
        # Last of all: who is answered may ask again at once, and the network's thread then finds
        # this one out of its way.
        self.before_rest()
        return None

    def retire(self, seat: Seat) -> None:
        """A thread ends, whatever it was at: nobody waits for it. Held: the lock."""
        self.leave_line(seat)
        if self._holder is seat:
            self.hand_on()

    def _sit_down(self, seat: Seat) -> None:
        if self.stopping or len(self._idle) >= MOST_IDLE_WORKERS:
            seat.dismissed = True
            seat.wake.release()
        else:
            self._idle.append(seat)

    def _run(self, seat: Seat, call: Call) -> Optional[Coroutine[Any, Any, Any]]:
        """Call a plain function; return what is to be awaited, if it made something like that."""
        seat.call, seat.is_busy = call, True
        self.turn = Turn(time.monotonic(), threading.get_ident(), call)
        try:
            value = call.start()
        except BaseException as error:
            # Whatever it was, it ends this call and nothing else.
            self.conclude(call, self.app.failed, error)
        else:
            if inspect.iscoroutine(value):
                return cast(Coroutine[Any, Any, Any], value)
            self.conclude(call, self.app.finished, value)
        finally:
            seat.call, seat.is_busy = None, False
        return None

    def _async(self) -> AsyncSide:
        if self._async_side is None:
            self._async_side = AsyncSide(self)
        return self._async_side

    # ---- sleeping and ending ------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Wait at this thread's seat and let others run meanwhile. Only from a worker."""
        seat = here.seat
        assert seat is not None
        with self.lock:
            if self.stopping:
                raise ServerStopped
            call = seat.call
            if call is not None:
                self.naps.count(call)
            self.clock.call_later(seconds, lambda: self._wake(seat))
            self._asleep.add(seat)
            self.hand_on()
        seat.wake.acquire()
        if self.stopping:
            raise ServerStopped
        self.turn = Turn(time.monotonic(), threading.get_ident(), call)

    def _wake(self, seat: Seat) -> None:
        """The time of a sleeping thread has come: it stands in line again."""
        with self.lock:
            if seat not in self._asleep:
                return
            self._asleep.remove(seat)
            self.stand_in_line(seat)

    def stand_in_line(self, seat: Seat) -> None:
        """Hand a waiting thread the baton, now or when its turn comes. Held: the lock."""
        if self._holder is None:
            self._grant(seat)
        else:
            seat.ticket = Ticket(seat)
            self._line.append(seat.ticket)

    def pass_on(self, seat: Seat) -> bool:
        """Give the baton to a certain seat, before all in line. Held: the lock and the baton.

        Returns:
            Whether its thread stood in line and has been woken; if not, it is to be told.
        """
        self._holder = seat
        if not self.leave_line(seat):
            return False
        seat.wake.release()
        return True

    def leave_line(self, seat: Seat) -> bool:
        """Give up a place in the line; return whether there was one. Held: the lock."""
        if seat.ticket is None:
            return False
        ticket, seat.ticket = seat.ticket, None
        ticket.seat = None
        return True

    def others_wait(self) -> bool:
        """Tell whether anybody stands in line. Held: the lock."""
        return bool(self._line)

    def conclude(self, call: Call, tell: Callable[[Call, Any], None], outcome: Any) -> None:
        """A call has ended, well or badly: tell the core. The caller holds the baton."""
        try:
            tell(call, outcome)
        except Exception as error:
            self.app.troubles.own_mistake(error)
        if self.naps.ended(call):
            self.feed(self.naps.take, call.client)
        if call.then is not None:
            call.then()

    def forget(self, client: Client) -> None:
        """A client has gone: what still waited behind its sleeping handlers is dropped."""
        self.naps.forget(client)

    # ---- every --------------------------------------------------------------------------------

    def schedule(self, every: Every) -> None:
        """Begin to call a function of ``@every``."""
        self._schedule(every, self.clock.now() + every.seconds)

    def _schedule(self, every: Every, due: float) -> None:
        def tick() -> Call:
            call = self.app.tick(every)
            call.then = lambda: self._schedule(every, max(due + every.seconds, self.clock.now()))
            return call

        self.clock.call_later(due - self.clock.now(), lambda: self.feed(tick))

    # ---- watching and stopping ----------------------------------------------------------------

    def busy_place(self, turn: Turn) -> Optional[Place]:
        """Return the child's line that a turn is at just now."""
        return place_in_frame(sys._current_frames().get(turn.thread))

    def settle(self, patience_s: float) -> bool:
        """Wait until nothing is left to do but what waits for time or for an event.

        Returns:
            Whether that was so within the given seconds.
        """
        if self._async_side is not None and not self._async_side.nudge(patience_s):
            return False
        with self.lock:
            if self._holder is None:
                return True
            quiet = self._quiet = threading.Event()
        return quiet.wait(patience_s)

    def stop(self, patience_s: float = 0.4) -> bool:
        """End all of the child's code; return whether it ended.

        Handlers that sleep end at once, in the middle. One that is stuck is interrupted where
        Python can, again and again, for it may catch everything; what can't be interrupted
        (``input()``, a long ``time.sleep``) stays behind on a daemon thread.

        Args:
            patience_s: So long they may take by themselves, and again when interrupted.
        """
        with self.lock:
            self.stopping = True
            waiting = [*self._seats_in_line(), *self._asleep]
            self._line.clear()
            self._asleep.clear()
            for seat in waiting:
                seat.ticket = Ticket(seat)
                self._line.append(seat.ticket)
            for seat in self._idle:
                seat.dismissed = True
                seat.wake.release()
            self._idle.clear()
            if self._async_side is not None:
                self._async_side.stop()
            if self._holder is None:
                self.hand_on()
        self.clock.stop()
        if self._join(patience_s):
            return True
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            self._interrupt_holder()
            if self._join(min(INTERRUPT_EVERY_S, patience_s)):
                return True
        return False

    def _interrupt_holder(self) -> None:
        """Raise `ServerStopped` in the thread that has the baton: all others wait for it."""
        with self.lock:
            # Under the lock, so that it can't give the baton away meanwhile; and only one that is
            # in the child's code, so that none is hit while it gives the baton away.
            seat = self._holder
            if seat is not None and seat.is_busy and seat.thread is not threading.current_thread():
                assert seat.thread is not None
                interrupt(seat.thread)

    def _living(self) -> List[threading.Thread]:
        threads = set(self._threads)
        if self._async_side is not None:
            threads |= self._async_side.threads
        return [t for t in threads if t.is_alive() and t is not threading.current_thread()]

    def _join(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        for thread in self._living():
            thread.join(max(0.0, deadline - time.monotonic()))
        return not self._living()


def _wake(seat: Seat) -> None:
    seat.wake.release()


def _nothing() -> None:
    pass
