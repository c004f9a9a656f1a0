"""Bytes on their way into one socket, from whichever thread has them.

A thread that has the lock of `Outgoing` writes to the socket itself, as long as that takes all of
it: so no other thread need be woken. What it does not take goes through asyncio's transport, on the
network thread, and everything after it, too, until the transport has sent it: so the order stays.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING, Callable, List

if TYPE_CHECKING:
    from .server import Server


class Pipe:
    """Writes to one socket.

    Args:
        server: Has the lock, the limits and the network thread.
        transport: The socket's.
        overflows: Called, on the network thread, with `max_waiting` when more waits than that.
    """

    __slots__ = (
        "_fd",
        "_is_full",
        "_overflows",
        "_pending",
        "_push_is_due",
        "_server",
        "_transport",
        "is_blocked",
        "waiting",
    )

    def __init__(
        self, server: Server, transport: asyncio.Transport, overflows: Callable[[int], None]
    ) -> None:
        self._server = server
        self._transport = transport
        self._overflows = overflows
        self._fd = _handle_of(transport, server.loop)
        self.is_blocked = False
        """The socket takes no more just now: what is written goes through the transport …"""
        self._is_full = False
        """… which has something that is not sent yet."""
        self._pending: List[bytes] = []
        self.waiting = 0
        """Bytes that were written and that the other side has not taken, more or less."""
        self._push_is_due = False
        transport.set_write_buffer_limits(high=0)

    def write(self, data: bytes) -> None:
        """Send bytes. From any thread that has the lock of `Outgoing`."""
        if not self.is_blocked:
            if self._fd >= 0:
                try:
                    sent = os.write(self._fd, data)
                except (BlockingIOError, InterruptedError):
                    sent = 0
                except OSError:
                    # Broken; the network thread finds out, too, and tells everybody.
                    self.is_blocked = True
                    self._server.call(self._transport.abort)
                    return
                if sent == len(data):
                    return
                data = data[sent:]
            elif threading.get_ident() == self._server.thread.ident:
                self._transport.write(data)
                return
        self._pending.append(data)
        self.is_blocked = True
        self.waiting += len(data)
        if not self._push_is_due:
            self._push_is_due = True
            self._server.call(self._push)
        limit = self._server.options.max_waiting
        if limit is not None and self.waiting > limit // 2:
            self._server.outgoing.is_crowded = True

    # ---- on the network thread ----------------------------------------------------------------

    def _push(self) -> None:
        """Give what waits to the transport."""
        with self._server.outgoing.lock:
            self._push_is_due = False
            pending, self._pending = self._pending, []
            if self._transport.is_closing():
                return
            # A transport that can't send all of it says so, at once, by `pause_writing`.
            self._transport.write(b"".join(pending))
            self.is_blocked = self._is_full
            self.waiting = self._transport.get_write_buffer_size()
            limit = self._server.options.max_waiting
            if limit is not None and self.waiting > limit:
                self._overflows(limit)

    def pause(self) -> None:
        """The socket takes no more. Called only from within `transport.write`, under the lock."""
        self._is_full = self.is_blocked = True

    def resume(self) -> None:
        """The transport has sent everything."""
        with self._server.outgoing.lock:
            self.waiting = 0
            self._is_full = False
            self.is_blocked = bool(self._pending)

    def close(self) -> None:
        """The socket is about to be closed: its number may be another one's in a moment."""
        with self._server.outgoing.lock:
            self._fd = -1
            self.is_blocked = True
            self._pending.clear()


def _handle_of(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> int:
    """Return the number of a socket that other threads may write to; -1 where they can't.

    Only asyncio's own selector loop tells, before it closes a socket, that it is gone; and only
    POSIX writes to sockets by number.
    """
    sock = transport.get_extra_info("socket")
    if sys.platform == "win32" or sock is None or not isinstance(loop, asyncio.SelectorEventLoop):
        return -1
    return int(sock.fileno())
