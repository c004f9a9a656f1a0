"""All HTTP connections together: how many there may be, and who goes when it gets crowded.

Counted are those that are no WebSockets (yet): `max_clients` is the limit of the others. Who is
idle goes first: browsers keep connections that they may never use again, and open a new one when
they miss it.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from typing import Callable, Collection, Optional, Protocol

MOST = 1000
"""HTTP connections at a time; thirty browsers keep two hundred at the most."""
ROOM = 16
"""So many are dropped at once when there are too many, so that they are looked through seldom."""

SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Visitor(Protocol):
    """What counts of a connection here."""

    transport: asyncio.Transport
    idle_since: float
    """The loop's time at which it began to wait for a request, the first one or the next."""

    @property
    def address(self) -> str:
        """Where it comes from."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""


class Visitors:
    """Keeps the number of HTTP connections down.

    Args:
        webs: All of them; kept by whoever makes them.
        report: Says a trouble: kind, what, what to try, and a `key` that makes it the same again.
    """

    def __init__(self, webs: Collection[Visitor], report: Callable[..., object]) -> None:
        self._webs = webs
        self._report = report

    def is_crowded(self, newest: Visitor) -> bool:
        """Tell whether one is too many, after some room was made if there could be."""
        return len(self._webs) > MOST and self.make_room(newest) == 0

    def make_room(self, newest: Optional[Visitor] = None) -> int:
        """Drop some who are idle, but not the newest, and return how many.

        First of all from the computer that has most connections: a pupil who opens a thousand
        loses his own. Then who is idle for longest.
        """
        counts = Counter(web.address for web in self._webs)
        others = (web for web in self._webs if web is not newest)
        idle = [web for web in others if web.is_idle and not web.transport.is_closing()]
        idle.sort(key=lambda web: (-counts[web.address], web.idle_since))
        for web in idle[:ROOM]:
            web.transport.abort()
        return min(len(idle), ROOM)

    def is_scarce(self, error: BaseException) -> bool:
        """Tell whether an error says that the computer has none left of what connections need.

        If so, that is reported.
        """
        is_thread = isinstance(error, RuntimeError) and "thread" in str(error)
        code = error.errno if isinstance(error, OSError) else None
        if code not in SCARCE and not is_thread:
            return False
        if code in (errno.EMFILE, errno.ENFILE):
            what = "No more files can be opened, so some browsers have to wait."
            fix = "Does the program close its files? Try: with open('words.txt') as file:"
        else:
            what = "This computer's memory is full, so some browsers have to wait."
            fix = "Close other programs."
        self._report("handles", what, fix, key="handles")
        return True
