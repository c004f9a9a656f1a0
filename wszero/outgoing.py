"""What the program sends, on its way from its threads to the sockets.

In order, and never without end. What a handler sends is collected and written when the handler has
ended, by its own thread, so that no other one need be woken; several messages to one client travel
together. When the handler takes longer, the network thread writes after a moment.

Nobody waits for a tablet that does not read: but a handler that sends in an endless loop is slowed
down, so that those who do read have time to.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable, Deque, Dict, List, NamedTuple, Sequence, Tuple, Union

from .baton import here
from .frames import text_frame
from .link import Link

BATCH = 128
"""Messages that are written in one go, before any other thread may write."""
FREE_SENDS = 200
"""So many messages one handler may send to those who read slowly before it is slowed down …"""
PAUSE_S = 0.01
"""… by this much for each further one, as long as their buffers are half full."""


class _Goodbye(NamedTuple):
    """A connection that is to be closed, after what was sent before."""

    link: Link
    code: int
    reason: str


_Out = Union[Tuple[bytes, Sequence[Link]], _Goodbye]


class Outgoing:
    """The messages that wait to be written.

    Args:
        call: Calls a function on the network thread, soon.
        expect: Lets the network thread call `look` within a moment. From the network thread.
        turn: Tells whose turn it is to run the child's code: any object that is another one in
            the next turn.
    """

    def __init__(
        self,
        call: Callable[..., None],
        expect: Callable[[], object],
        turn: Callable[[], object],
    ) -> None:
        self.lock = threading.Lock()
        """Held by whoever writes to sockets."""
        self._call = call
        self._expect = expect
        self._turn = turn
        self._waiting: Deque[_Out] = deque()
        self._network_looks = False
        """The network thread will look here by itself, within a moment."""
        self._sender: object = None
        self._sent = 0
        self.is_crowded = False
        """A receiver's buffer is half full. Set by the wires, looked at and cleared here."""

    # ---- from any thread ----------------------------------------------------------------------

    def send(self, payload: bytes, links: Sequence[Link]) -> None:
        """Send one message to several clients."""
        self._waiting.append((payload, links))
        if here.runtime is None:
            # No handler, whose end could be waited for.
            self.flush()
            return
        if len(self._waiting) >= BATCH:
            self.flush()
        elif not self._network_looks:
            self._network_looks = True
            self._call(self.look)
        if self.is_crowded:
            self._hold_back()

    def _hold_back(self) -> None:
        sender = self._turn()
        if sender is not self._sender:
            self._sender, self._sent = sender, 0
        self._sent += 1
        if self._sent > FREE_SENDS:
            self.is_crowded = False
            time.sleep(PAUSE_S)

    def close(self, link: Link, code: int, reason: str) -> None:
        """Close a connection."""
        self._waiting.append(_Goodbye(link, code, reason))
        self.flush()

    def flush(self) -> None:
        """Write what waits. Called when a handler has ended, above all."""
        waiting = self._waiting
        while waiting:
            with self.lock:
                out: List[_Out] = []
                while waiting and len(out) < BATCH:
                    out.append(waiting.popleft())
                if out:  # else another thread was here just now
                    self._write(out)

    def _write(self, out: List[_Out]) -> None:
        if len(out) > 1 or isinstance(out[0], _Goodbye):
            self._write_together(out)
            return
        payload, links = out[0]
        frame = text_frame(payload)
        for link in links:
            try:
                # What `link.write` does, with one call less for each of very many.
                if link.kept is not None:
                    link.keep(frame)
                wire = link.wire
                if wire is not None:
                    wire.write(frame)
            except Exception as error:
                self._call(_raise, error)

    def _write_together(self, out: List[_Out]) -> None:
        frames: Dict[Link, List[bytes]] = {}
        for each in out:
            if isinstance(each, _Goodbye):
                # Made when we have given back the lock: after all that is written here.
                self._call(each.link.close, each.code, each.reason)
                continue
            payload, links = each
            frame = text_frame(payload)
            for link in links:
                if link in frames:
                    frames[link].append(frame)
                else:
                    frames[link] = [frame]
        for link, several in frames.items():
            try:
                link.write(several)
            except Exception as error:
                self._call(_raise, error)

    # ---- on the network thread ----------------------------------------------------------------

    def expect(self) -> None:
        """A handler is about to run: look soon what it has sent, should it take its time."""
        if not self._network_looks:
            self._network_looks = True
            self._expect()

    def look(self) -> None:
        """Write what handlers have sent that go on."""
        # In this order: who sends in between sees that the network thread must be told.
        self._network_looks = False
        self.flush()


def _raise(error: Exception) -> None:
    """A fault of ours: the network's loop reports it, and the other links go on."""
    raise error
