"""The baton's small parts: a thread's seat, a turn, and whose thread this is."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Tuple

from .errors import ServerStopped

if TYPE_CHECKING:
    from .calls import Call


class Ticket:
    """A place in the line, for a thread that waits for the baton."""

    __slots__ = ("seat",)

    def __init__(self, seat: Seat) -> None:
        self.seat: Optional[Seat] = seat
        """``None`` once the thread has left the line: a line is long, and nobody looks for it."""


class Seat:
    """A thread's place: it waits here until it is handed the baton."""

    __slots__ = ("call", "dismissed", "is_busy", "item", "thread", "ticket", "wake")

    def __init__(self) -> None:
        # A lock that is always taken: releasing it lets the waiting thread go on, once.
        self.wake = threading.Lock()
        self.wake.acquire()
        self.item: Optional[Tuple[Any, ...]] = None
        self.ticket: Optional[Ticket] = None
        """Stands in the line."""
        self.call: Optional[Call] = None
        self.thread: Optional[threading.Thread] = None
        self.is_busy = False
        """The child's code runs here, which may be interrupted when the server stops."""
        self.dismissed = False
        """Go home: there are threads enough, or the server stops."""


class Turn(NamedTuple):
    """Who holds the baton, and since when."""

    since: float
    """Seconds of `time.monotonic`."""
    thread: int
    call: Optional[Call]
    """The handler's call; ``None`` for the asyncio loop, which may be at any of its own."""


class _Here(threading.local):
    runtime: Any = None
    seat: Optional[Seat] = None


here = _Here()
"""The runtime and the seat of the current thread; ``None`` on threads that aren't a runtime's."""


def interrupt(thread: threading.Thread) -> None:
    """Raise `ServerStopped` in a thread, at its next line of Python. Only CPython can."""
    with contextlib.suppress(AttributeError):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(ServerStopped)
        )
