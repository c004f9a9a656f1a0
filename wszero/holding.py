"""Those who have sent enough for now: what has come of them waits, and is looked after.

A client is held when too many of its messages wait for their handlers, or when it sends more than
`max_rate`. When many are held, each gets less.
"""

from __future__ import annotations

import asyncio
from typing import Callable, Dict

from .hangups import hung_up
from .link import MOST_OF_MANY, MOST_UNHANDLED
from .options import MIB
from .wire import MOST_HELD, READ_SIZE, Wire

MANY = 8
"""More than so many who are held get less each."""
MOST_HELD_IN_ALL = 64 * MIB
"""What has come of all of them and waits here, about."""
LOOK_EVERY_S = 0.05


class Holding:
    """The wires that are held. On the network thread.

    Args:
        loop: Its loop.
        now: Returns the time in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        self.wires: Dict[Wire, None] = {}
        self.most_unhandled = MOST_UNHANDLED
        """So many messages of one client wait for their handlers."""
        self._loop = loop
        self._now = now
        self._look_is_due = False

    @property
    def most_held(self) -> int:
        """Bytes of one client that wait here; then its socket is not read any more."""
        return min(MOST_HELD, max(READ_SIZE, MOST_HELD_IN_ALL // (len(self.wires) + 1)))

    def hold(self, wire: Wire) -> None:
        """Look after a client soon."""
        self.wires[wire] = None
        if len(self.wires) > MANY:
            self.most_unhandled = MOST_OF_MANY
        if not self._look_is_due:
            self._look_is_due = True
            self._loop.call_later(LOOK_EVERY_S, self._look)

    def forget(self, wire: Wire) -> None:
        """A socket is gone."""
        self.wires.pop(wire, None)

    def stop(self) -> None:
        """The server ends: nobody is looked after any more."""
        self.wires.clear()

    def _look(self) -> None:
        self._look_is_due = False
        wires, self.wires = self.wires, {}
        if len(wires) <= MANY:
            self.most_unhandled = MOST_UNHANDLED
        for wire, has_hung_up in hung_up(wires):
            if not wire.is_held:
                continue
            # It is not silent: we don't listen.
            wire.last_heard = self._now()
            if has_hung_up is None:
                wire.transport.abort()
            elif has_hung_up:
                wire.hung_up()
            elif wire.link.has_caught_up():
                wire.go_on()
            else:
                self.hold(wire)
