"""WebSockets by hand, for clients that behave badly: nothing stands between them and the bytes.

Frames are masked with four zeros, which RFC 6455 allows and which costs nothing: what is sent in a
flood is made once.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socket
import struct
import time
from typing import Any, Iterator

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
WAIT_S = 10.0


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A client's frame."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", size)
    return head + b"\0\0\0\0" + payload


def text(op: str, **params: Any) -> bytes:
    """A client's frame with a message."""
    return frame(TEXT, json.dumps({"op": op, **params}).encode())


def handshake(path: str = "/ws", headers: dict[str, str] | None = None) -> bytes:
    """A request for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    all_headers = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


class Refused(Exception):
    """The handshake was answered with something else."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.answer = answer


class Peer:
    """A client.

    Args:
        port: The server's.
        path: Of the WebSocket.
        headers: More headers of the handshake.
        receive_bytes: The size of the socket's buffer for what comes in, if it matters.
    """

    def __init__(
        self,
        port: int,
        path: str = "/ws",
        headers: dict[str, str] | None = None,
        receive_bytes: int = 0,
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(WAIT_S)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._waiting = b""
        self._at = 0
        try:
            self.socket.connect(("127.0.0.1", port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(handshake(path, headers))
            while b"\r\n\r\n" not in self._waiting:
                data = self.socket.recv(65536)
                if not data:
                    break
                self._waiting += data
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            self.head = head.decode("latin-1")
            status = int(head.split()[1]) if head else 0
            if status != 101:
                with contextlib.suppress(OSError):
                    self._waiting += self.socket.recv(65536)
                raise Refused(status, self._waiting.decode("latin-1"))
        except BaseException:
            self.socket.close()
            raise

    # ---- out ----------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Sends bytes; waits ten seconds at most for the server to take them."""
        self.socket.sendall(data)

    def offer(self, data: bytes, seconds: float = 0.0) -> int:
        """Sends as much as the server takes.

        Args:
            data: The bytes.
            seconds: How long it may take none before this gives up.

        Returns:
            How many bytes it has taken.
        """
        self.socket.setblocking(False)
        view, sent = memoryview(data), 0
        try:
            while sent < len(data):
                try:
                    sent += self.socket.send(view[sent : sent + 262_144])
                except BlockingIOError:
                    if not select.select([], [self.socket], [], seconds)[1]:
                        break
                except OSError:
                    break
        finally:
            self.socket.settimeout(WAIT_S)
        return sent

    # ---- in -----------------------------------------------------------------------------------

    def frames(self, seconds: float = WAIT_S) -> Iterator[tuple[int, bytes]]:
        """The frames that come, until the server closes or says nothing for so long."""
        while True:
            one = self.take_frame()
            if one is not None:
                yield one
                continue
            self.socket.settimeout(seconds)
            try:
                data = self.socket.recv(262_144)
            except socket.timeout:
                return
            except OSError:
                return
            finally:
                with contextlib.suppress(OSError):
                    self.socket.settimeout(WAIT_S)
            if not data:
                return
            self.add(data)

    def add(self, data: bytes) -> None:
        """Takes bytes that have come."""
        self._waiting = self._waiting[self._at :] + data
        self._at = 0

    def take_frame(self) -> tuple[int, bytes] | None:
        """Returns the next frame, if it has come whole."""
        data, at = self._waiting, self._at
        if len(data) < at + 2:
            return None
        size, start = data[at + 1], at + 2
        if size == 126:
            start = at + 4
            size = int.from_bytes(data[at + 2 : start], "big")
        elif size == 127:
            start = at + 10
            size = int.from_bytes(data[at + 2 : start], "big")
        if len(data) < start + size:
            return None
        self._at = start + size
        return data[at] & 15, data[start : start + size]

    def messages(self, seconds: float = WAIT_S) -> Iterator[dict[str, Any]]:
        """The messages that come. Other frames are left out."""
        for opcode, payload in self.frames(seconds):
            if opcode == TEXT:
                yield json.loads(payload)

    def hear(self, op: str, seconds: float = WAIT_S) -> dict[str, Any] | None:
        """Waits for a message with this name."""
        deadline = time.monotonic() + seconds
        for message in self.messages(seconds):
            if message.get("op") == op:
                return message
            if time.monotonic() > deadline:
                break
        return None

    def close_code(self, seconds: float = WAIT_S) -> int | str:
        """Reads to the end.

        Returns:
            The code of the close frame; "cut" when the socket ended without one; "open" when it
            did not end in time.
        """
        deadline = time.monotonic() + seconds
        for opcode, payload in self.frames(seconds):
            if opcode == CLOSE:
                return struct.unpack("!H", payload[:2])[0] if payload else 1005
            if time.monotonic() > deadline:
                return "open"
        return "open" if not self.is_cut() else "cut"

    def is_cut(self) -> bool:
        """Whether the server has dropped this connection. Reads nothing."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP | select.POLLERR | select.POLLHUP)
        return bool(poll.poll(0))

    # ---- the end ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Breaks off, as a computer does that is switched off and on."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Ends without a word."""
        self.socket.close()


def get(port: int, path: str = "/", seconds: float = WAIT_S) -> tuple[int, float]:
    """Loads a page.

    Returns:
        The status, 0 when there was none in time, and the seconds that it took.
    """
    began = time.monotonic()
    status = 0
    with contextlib.suppress(OSError), socket.create_connection(
        ("127.0.0.1", port), seconds
    ) as sock:
        sock.settimeout(seconds)
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while data := sock.recv(65536):
            answer += data
        if answer:
            status = int(answer.split()[1])
    return status, time.monotonic() - began
