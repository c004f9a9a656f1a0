"""What the program sends, on its way from its threads to the network thread.

In order, and never without end: a handler that sends in an endless loop is slowed down, so that
pages go on loading and those who read have time to. Nobody waits for a tablet that does not read.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable, Deque, NamedTuple, Sequence, Tuple, Union

from .link import Link, text_frame

BATCH = 256
"""Messages that are written before the network thread looks at its sockets again."""
MOST_WAITING = 1_000
"""So many messages may wait for the network thread; then their sender waits for it."""
ROOM_S = 0.5
FREE_SENDS = 200
"""So many messages one handler may send before it is slowed down for those who read slowly …"""
PAUSE_S = 0.01
"""… by this much for each further one, as long as their buffers are half full."""


class _Goodbye(NamedTuple):
    """A connection that is to be closed, after what was sent before."""

    link: Link
    code: int
    reason: str


_Out = Union[Tuple[bytes, Sequence[Link]], _Goodbye]


class Outgoing:
    """The messages that wait for the network thread.

    Args:
        call: Calls a function on the network thread, soon.
        turn: Tells whose turn it is to run the child's code: any object that is another one in
            the next turn.
    """

    def __init__(
        self, call: Callable[[Callable[[], None]], None], turn: Callable[[], object]
    ) -> None:
        self._call = call
        self._turn = turn
        self._waiting: Deque[_Out] = deque()
        self._flush_is_due = False
        self._has_room = threading.Event()
        self._network_thread = 0
        self._sender: object = None
        self._sent = 0
        self.is_crowded = False
        """A receiver's buffer is half full. Set by the links, looked at and cleared here."""

    # ---- from any thread ----------------------------------------------------------------------

    def send(self, payload: bytes, links: Sequence[Link]) -> None:
        """Send one message to several clients."""
        self._waiting.append((payload, links))
        self._flush_soon()
        if len(self._waiting) > MOST_WAITING or self.is_crowded:
            self._slow_down()
        sender = self._turn()
        if sender is not self._sender:
            self._sender, self._sent = sender, 0
        self._sent += 1

    def close(self, link: Link, code: int, reason: str) -> None:
        """Close a connection."""
        self._waiting.append(_Goodbye(link, code, reason))
        self._flush_soon()

    def _flush_soon(self) -> None:
        # Two threads may both see False here: the second flush then finds nothing, and no harm.
        if not self._flush_is_due:
            self._flush_is_due = True
            self._call(self._flush)

    def _slow_down(self) -> None:
        if threading.get_ident() == self._network_thread:
            return
        if len(self._waiting) > MOST_WAITING:
            self._has_room.clear()
            if len(self._waiting) > MOST_WAITING:
                self._has_room.wait(ROOM_S)
        if self.is_crowded and self._sent > FREE_SENDS:
            self.is_crowded = False
            time.sleep(PAUSE_S)

    # ---- on the network thread ----------------------------------------------------------------

    def flush_all(self) -> None:
        """Write all that waits now."""
        self._write(len(self._waiting))

    def _flush(self) -> None:
        self._network_thread = threading.get_ident()
        try:
            self._write(min(len(self._waiting), BATCH))
        finally:
            # Whatever failed, what still waits is sent. In this order: who puts something there in
            # between sees that a flush is needed.
            self._flush_is_due = False
            if self._waiting:
                self._flush_soon()
            if len(self._waiting) <= MOST_WAITING // 2:
                self._has_room.set()

    def _write(self, count: int) -> None:
        for _ in range(count):
            out = self._waiting.popleft()
            if isinstance(out, _Goodbye):
                out.link.close(out.code, out.reason)
            else:
                payload, links = out
                frame = text_frame(payload)
                for link in links:
                    link.write(frame)
