"""Many cheap clients in one process: plain sockets, one epoll, ready-made frames.

What comes is compared, as bytes, with what has to come. Only where that differs (a ping, a receipt,
half a frame) frames are taken apart.
"""

from __future__ import annotations

import resource
import select
import socket
import struct
import time
from typing import Callable, Dict, List, Sequence, Tuple

from benchmarks.checking import Shape, WrongMessage, what_went_wrong
from benchmarks.dialects import Page, Plain
from benchmarks.frames import CLOSE, PING, PONG, TEXT, client_frame, handshake, split_frames

ANSWER_S = 20
"""So long nothing may come before a server counts as stuck."""
SETTLE_S = 0.1
"""Time for a server to enter new connections into its lists."""
KNOCKING = 64
"""So many connections are opened at the same time."""
READ = 1 << 18
RECEIPT_EVERY = 250
"""A page says what it has got after so many messages …"""
RECEIPT_S = 1.0
"""… or after so long."""


class Stuck(Exception):
    """A server has not answered for long, or has closed a connection."""


def raise_limit() -> int:
    """Allow as many open files as the system lets us, and return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1_000_000


class Connection:
    """One client."""

    __slots__ = ("heard", "is_ready", "offset", "own", "recv", "rest", "send", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.recv = sock.recv
        self.send = sock.sendall
        self.rest = b""
        self.offset = 0
        self.own = 0
        self.heard = 0
        self.is_ready = False


class Crowd:
    """Clients of one server.

    Args:
        dialect: What they say around the messages.
        port: Where the server is.
        op: The message that they are going to send.

    Raises:
        WrongMessage: From all that reads: not each message came once and in order.
        Stuck: From all that reads: nothing came for long, or a connection was closed.
    """

    def __init__(self, dialect: Plain, port: int, op: str) -> None:
        self.dialect = dialect
        self.port = port
        self.op = op
        self.all: List[Connection] = []
        self.by_fd: Dict[int, Connection] = {}
        self.epoll = select.epoll()
        self.expected = b""
        self.shapes: Sequence[Shape] = ()
        self.check: Callable[[Connection, bytes], None] = self._check
        self._size = 1
        self._receipt_at = 0.0

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *what: object) -> None:
        self.close()

    # ---- connecting ---------------------------------------------------------------------------

    def open(self, count: int) -> None:
        """Connect so many clients; returns when all of them can talk."""
        self.knock(count)
        time.sleep(SETTLE_S)

    def knock(self, count: int) -> None:
        """Connect so many clients, some at the same time, and wait for the server's answers."""
        request = handshake(self.dialect.path_for(self.op), self.port)
        waiting = 0
        while count or waiting:
            while count and waiting < KNOCKING:
                # Connecting on loopback is done when the call returns: only the handshake takes.
                sock = socket.create_connection(("127.0.0.1", self.port), ANSWER_S)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # Python's own timeouts cost a system call for each read, the system's none.
                sock.settimeout(None)
                for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                    sock.setsockopt(socket.SOL_SOCKET, limit, struct.pack("ll", ANSWER_S, 0))
                sock.sendall(request)
                self.by_fd[sock.fileno()] = Connection(sock)
                self.epoll.register(sock.fileno(), select.EPOLLIN)
                count -= 1
                waiting += 1
            for connection in self.ready():
                if not connection.is_ready and self._shake_hands(connection):
                    self.all.append(connection)
                    waiting -= 1

    def ready(self, seconds: float = ANSWER_S, may_be_none: bool = False) -> List[Connection]:
        """Return the connections that have something to read."""
        found = [self.by_fd[fd] for fd, _ in self.epoll.poll(seconds, 512)]
        if not found and not may_be_none:
            raise Stuck(f"nothing came for {seconds:.0f} s")
        return found

    def _shake_hands(self, connection: Connection) -> bool:
        is_new = b"\r\n\r\n" not in connection.rest and connection.heard == 0
        connection.rest += self.read(connection)
        if is_new:
            head, found, rest = connection.rest.partition(b"\r\n\r\n")
            if not found:
                return False
            if b" 101 " not in head[:16]:
                status = head.partition(b"\r\n")[0].decode("latin-1")
                raise Stuck(f"the server did not let a client in: {status}")
            connection.heard = 1
            connection.rest = rest
            for payload in self.dialect.greetings():
                connection.send(client_frame(payload))
        for opcode, _, payload_at, end in split_frames(connection.rest):
            if opcode == TEXT and self.dialect.is_ready(connection.rest[payload_at:end]):
                connection.rest = connection.rest[end:]
                connection.is_ready = True
                break
        if not self.dialect.waits_to_be_ready:
            connection.is_ready = True
        if connection.is_ready:
            connection.heard = 0
        return connection.is_ready

    def close(self) -> None:
        """Say goodbye, as pages do, and wait until the server has closed the sockets."""
        goodbye = client_frame(b"\x03\xe9", CLOSE)  # 1001: the page is being left
        for connection in self.by_fd.values():
            try:
                connection.send(goodbye)
            except OSError:
                continue
        deadline = time.monotonic() + 3.0
        while self.by_fd and time.monotonic() < deadline:
            for connection in self.ready(0.2, may_be_none=True):
                try:
                    data = connection.recv(READ)
                except OSError:
                    data = b""
                # After its close frame some servers wait for us to close the socket.
                if not data or b"\x88" in data:
                    self._forget(connection)
        for connection in tuple(self.by_fd.values()):
            self._forget(connection)
        self.epoll.close()
        self.all = []

    def _forget(self, connection: Connection) -> None:
        fd = connection.sock.fileno()
        self.epoll.unregister(fd)
        del self.by_fd[fd]
        connection.sock.close()

    # ---- reading ------------------------------------------------------------------------------

    def read(self, connection: Connection) -> bytes:
        """Return what has come."""
        try:
            data = connection.recv(READ)
        except BlockingIOError:
            raise Stuck(f"nothing came for {ANSWER_S} s") from None
        if not data:
            raise Stuck("the server closed a connection")
        return data

    def expect(self, expected: bytes, shapes: Sequence[Shape]) -> None:
        """Name the bytes that each client has to get next."""
        self.expected = expected
        self.shapes = shapes
        self._size = shapes[0].size
        self.check = self._check
        for connection in self.all:
            connection.offset = 0

    def feed(self, connection: Connection, data: bytes) -> bool:
        """Check what came; returns whether this client has got all that it has to get."""
        expected = self.expected
        if not connection.rest:
            if expected.startswith(data, connection.offset):
                connection.offset += len(data)
                return connection.offset == len(expected)
            whole = connection.offset - connection.offset % self._size
            connection.rest = expected[whole : connection.offset]
            connection.offset = whole
        connection.rest += data
        self.take_apart(connection)
        return connection.offset == len(expected)

    def take_apart(self, connection: Connection) -> None:
        """Look at each frame: those about the connection are answered, the others checked."""
        rest, end = connection.rest, 0
        for opcode, start, payload_at, end in split_frames(rest):
            payload = rest[payload_at:end]
            if opcode == TEXT:
                answer = self.dialect.answer(payload)
                if answer is None:
                    self.check(connection, rest[start:end])
                elif answer:
                    connection.send(client_frame(answer))
                elif not payload.startswith(b'{"op":"_got"'):
                    connection.own += 1
            elif opcode == PING:
                connection.send(client_frame(payload, PONG))
            elif opcode == CLOSE:
                raise Stuck(f"the server closed a connection: {payload[2:].decode('utf-8')}")
        connection.rest = rest[end:]

    def _check(self, connection: Connection, frame: bytes) -> None:
        wanted = self.expected[connection.offset : connection.offset + self._size]
        if frame != wanted:
            raise what_went_wrong(self.shapes, wanted, frame)
        connection.offset += self._size

    def drain(self, seconds: float = 0) -> None:
        """Answer what came in between, and check that no message did: it would be one too many."""
        while True:
            found = self.ready(seconds, may_be_none=True)
            for connection in found:
                connection.offset = len(self.expected)
                self.feed(connection, self.read(connection))
            if not found:
                return

    # ---- what pages do ------------------------------------------------------------------------

    def receipts(self, new: int) -> None:
        """Say what has been got, as our page does, after so many new messages for each client."""
        dialect = self.dialect
        if not isinstance(dialect, Page):
            return
        now = time.monotonic()
        is_time = now - self._receipt_at > RECEIPT_S
        for connection in self.all:
            before = connection.heard // RECEIPT_EVERY
            connection.heard += new
            if is_time or connection.heard // RECEIPT_EVERY != before:
                connection.send(client_frame(dialect.receipt(connection.heard + connection.own)))
        if is_time:
            self._receipt_at = now

    # ---- learning -----------------------------------------------------------------------------

    def learn(self, frame: bytes, count: int, is_numbered: bool) -> List[Shape]:
        """Send a sample from the first client, and return how the server writes its answers."""
        connection = self.all[0]
        connection.send(frame)
        shapes: List[Shape] = []
        while len(shapes) < count:
            self.ready()
            connection.rest += self.read(connection)
            end = 0
            for opcode, start, payload_at, end in split_frames(connection.rest):
                if opcode == TEXT and self._is_chat(connection, payload_at, end):
                    shapes.append(Shape(connection.rest[start:end], is_numbered))
            connection.rest = connection.rest[end:]
        if len({shape.size for shape in shapes}) != 1 or len(shapes) > count:
            raise WrongMessage(f"{count} messages of one size had to come")
        self.receipts(count)
        return shapes

    def _is_chat(self, connection: Connection, start: int, end: int) -> bool:
        payload = connection.rest[start:end]
        is_chat = self.dialect.answer(payload) is None
        if not is_chat and not payload.startswith(b'{"op":"_got"'):
            connection.own += 1
        return is_chat


def burst(crowd: Crowd, frame: bytes, expected: bytes) -> Tuple[float, float]:
    """Send one frame from the first client, and wait until everybody has got what is expected.

    Returns:
        Seconds until the first one had it, and until the last one had it.
    """
    by_fd, poll, feed = crowd.by_fd, crowd.epoll.poll, crowd.feed
    waiting, size, first = len(crowd.all), len(expected), 0.0
    crowd.expected = expected
    for connection in crowd.all:
        connection.offset = 0
    begin = time.perf_counter()
    crowd.all[0].send(frame)
    while waiting:
        events = poll(ANSWER_S, 512)
        if not events:
            raise Stuck(f"{waiting} clients got nothing for {ANSWER_S} s")
        for fd, _ in events:
            connection = by_fd[fd]
            data = connection.recv(READ)
            if data == expected and not connection.offset and not connection.rest:
                connection.offset = size
                waiting -= 1
            elif not data:
                raise Stuck("the server closed a connection")
            else:
                was_complete = connection.offset == size
                waiting -= feed(connection, data) and not was_complete
        first = first or time.perf_counter() - begin
    return first, time.perf_counter() - begin
