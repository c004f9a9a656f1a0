"""How the network thread waits for its sockets, beside the threads that run handlers.

Each time before it waits, it does what costs least just then:

- It wakes the thread that is to handle what has come. Earlier, that thread would at once have to
  wait for Python's own lock, which only one thread has at a time.
- It waits for a moment only, once, when a handler has begun: so what a handler sends is written
  even if the handler goes on for long, and its thread need wake nobody. When so much comes that
  there is never a moment of peace, it looks after that moment all the same.
"""

from __future__ import annotations

import selectors
import threading
from time import monotonic
from typing import Callable, List, Optional, Tuple

from .baton import Seat

MOMENT_S = 0.001


class NetworkSelector(selectors.DefaultSelector):
    """The platform's selector, with an eye on the handlers.

    Args:
        look: Called when a handler that has begun has not ended within a moment.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look
        self._to_wake: List[Seat] = []
        self._thread = 0
        self.expects = False
        """A handler has begun, or is about to."""
        self._look_at = 0.0

    def expect(self) -> None:
        """A handler is about to begin. On the network thread."""
        self.expects = True
        self._look_at = monotonic() + MOMENT_S

    def wake(self, seat: Seat) -> None:
        """Wake the thread at a seat: at once, or before this thread waits. From any thread."""
        if threading.get_ident() == self._thread:
            self._to_wake.append(seat)
        else:
            seat.wake.release()

    def select(self, timeout: Optional[float] = None) -> List[Tuple[selectors.SelectorKey, int]]:
        """Wait for sockets, as asyncio asks before each round of callbacks."""
        self._thread = threading.get_ident()
        while self._to_wake:
            self._to_wake.pop().wake.release()
        if not self.expects:
            return super().select(timeout)
        is_short = timeout is not None and timeout <= MOMENT_S
        events = super().select(timeout if is_short else MOMENT_S)
        has_peace = not events and not is_short
        if has_peace or monotonic() >= self._look_at:
            self.expects = False
            self._look()
        return super().select(timeout) if has_peace else events
