"""The door: connections are taken from the listening sockets, a few at a time.

asyncio can do that by itself, but when a process has no file handle left, its loop takes as many
turns as the queue is long and complains in each of them. Here that is said once, the door stays
shut for a moment, and opens again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from typing import Any, Callable, Optional, Sequence, Set

from .listening import BACKLOG
from .visitors import Visitors

AT_ONCE = 64
"""So many are let in before everybody else has a turn."""
PAUSE_S = 0.5
"""So long the door stays shut when nobody can be let in."""

# Whoever wanted in has gone meanwhile, or the network says so (accept(2)): the next one, please.
_GONE = (
    *(errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.ENOPROTOOPT, errno.EHOSTUNREACH),
    *(errno.EOPNOTSUPP, errno.ENETUNREACH, errno.ETIMEDOUT, errno.ECONNRESET),
)
_WORDS = b"This computer can't open anything more just now. Try again in a moment.\n"
_SORRY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nRetry-After: 2\r\nConnection: close\r\n\r\n%s" % (len(_WORDS), _WORDS)
)


class Door:
    """Lets in who knocks at some listening sockets.

    Args:
        loop: The event loop; all of this happens on its thread.
        sockets: They listen already. They are closed with the door.
        make_protocol: Returns the protocol for one connection.
        visitors: Are told when the computer has no room, and make some.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: Sequence[socket.socket],
        make_protocol: Callable[[], asyncio.Protocol],
        visitors: Visitors,
    ) -> None:
        self._loop: Any = loop  # older stubs leave connect_accepted_socket out
        self._sockets = sockets
        self._make_protocol = make_protocol
        self._visitors = visitors
        self._servers: list[asyncio.AbstractServer] = []
        self._is_open = False
        self._reopens: dict[socket.socket, asyncio.TimerHandle] = {}
        self._entering: Set[asyncio.Task[None]] = set()
        self._spare: Optional[int] = None
        """A file handle to let go when there is no other: somebody can be turned away with it."""

    async def open(self) -> None:
        """Begin to let in."""
        self._is_open = True
        self._keep_spare()
        for sock in self._sockets:
            try:
                self._listen(sock)
            except NotImplementedError:
                # Windows' default loop watches no sockets; it takes connections in another way.
                self._servers.append(
                    await self._loop.create_server(self._make_protocol, sock=sock, backlog=BACKLOG)
                )

    def close(self) -> None:
        """Let nobody in any more."""
        self._is_open = False
        for timer in self._reopens.values():
            timer.cancel()
        for server in self._servers:
            server.close()
        if not self._servers:
            for sock in self._sockets:
                self._loop.remove_reader(sock)
                sock.close()
        self._let_spare_go()

    def _listen(self, sock: socket.socket) -> None:
        self._reopens.pop(sock, None)
        if self._is_open:
            self._loop.add_reader(sock, self._knock, sock)

    def _knock(self, sock: socket.socket) -> None:
        """Somebody is there."""
        for _ in range(AT_ONCE):
            try:
                visitor, _address = sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _GONE:
                    self._shut(sock, error)
                    return
            else:
                task = self._loop.create_task(self._enter(visitor))
                self._entering.add(task)
                task.add_done_callback(self._entering.discard)

    async def _enter(self, visitor: socket.socket) -> None:
        try:
            made = await self._loop.connect_accepted_socket(self._make_protocol, visitor)
        except BaseException as error:
            visitor.close()
            if not isinstance(error, OSError):  # gone meanwhile
                raise
        else:
            if not self._is_open:
                made[0].close()

    def _shut(self, sock: socket.socket, error: OSError) -> None:
        """Nobody can be let in for now."""
        # Else the loop would come back at once, and again, with the same error.
        self._loop.remove_reader(sock)
        self._reopens[sock] = self._loop.call_later(PAUSE_S, self._listen, sock)
        if self._visitors.is_scarce(error) and not self._visitors.make_room():
            # Nobody is there who could go: those outside had better know than wait.
            for _ in range(AT_ONCE):
                if not self._turn_away(sock) or _has_room():
                    break

    def _turn_away(self, sock: socket.socket) -> bool:
        """Say to one who waits that there is no room; tell whether there was one."""
        self._let_spare_go()
        try:
            visitor, _address = sock.accept()
        except OSError:
            return False
        else:
            with contextlib.closing(visitor), contextlib.suppress(OSError):
                visitor.setblocking(False)
                # What is unread when the socket is closed would break the answer off.
                with contextlib.suppress(BlockingIOError):
                    visitor.recv(65536)
                visitor.send(_SORRY)
                visitor.shutdown(socket.SHUT_WR)
            return True
        finally:
            self._keep_spare()

    def _keep_spare(self) -> None:
        with contextlib.suppress(OSError):
            self._spare = self._spare or os.open(os.devnull, os.O_RDONLY)

    def _let_spare_go(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None


def _has_room() -> bool:
    """Tell whether there are file handles again, beside the spare one."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True
