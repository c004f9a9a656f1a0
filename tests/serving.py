"""A server in the tests' own process, and a socket that speaks to it byte by byte."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import socket
import struct
from typing import Iterator, NamedTuple

from wszero.app import App

# Long, since it is only reached when something is broken, and the machine may be very slow.
DEADLINE_S = 30


@contextlib.contextmanager
def serve(app: App | None = None, **options) -> Iterator[App]:
    """Runs a server in the background, on this computer only and any free port.

    Args:
        app: The app; a new one if not given.
        options: As for `run_server`.
    """
    app = app or App()
    app.start(0, **{"host": "localhost", **options})
    try:
        yield app
    finally:
        app.stop()


def url(app: App) -> str:
    """The server's address."""
    return f"http://127.0.0.1:{app.port}"


def free_port() -> int:
    """A port at which nobody listens.

    None that the system gives to those who connect: who knocks at such a port before anybody
    listens there may be given that very port, and then talks to himself.
    """
    for port in range(32_000, 20_000, -1):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all of these ports are taken")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Raw:
    r"""A socket to a server, with nothing between the test and the bytes.

    Example:
        raw = Raw(app.port)
        raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw.answer().status == 200
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        """Connects; from another of this computer's addresses, 127.0.0.2 say."""
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S, (source, 0))
        self._reader = self.socket.makefile("rb")

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self._reader.close()
        self.socket.close()

    def reset(self) -> None:
        """Breaks the connection off, as a computer does that is switched off and on."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self.socket.sendall(data)

    def send_in_crumbs(self, data: bytes) -> None:
        """Sends each byte in a packet of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(data)):
            self.socket.sendall(data[number : number + 1])

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """Asks for a path and returns the answer. Header names may have _ for -."""
        self.ask(path, method, **headers)
        return self.answer(method)

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> None:
        """Asks for a path and does not wait for the answer."""
        all_headers = {"Host": "localhost", **headers}
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in all_headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def answer(self, method: str = "GET") -> Answer:
        """Reads one answer."""
        response = http.client.HTTPResponse(_KeptOpen(self._reader), method=method)
        response.begin()
        body = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)

    def shake_hands(self, path: str = "/ws", more: bytes = b"", **headers: str) -> Answer:
        """Opens a WebSocket.

        Args:
            path: Its path.
            more: Bytes that go with the request, in one piece.
            headers: More headers; `Origin`, say.
        """
        self.send(handshake(path, **headers) + more)
        return self.answer()

    def send_frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        """Sends a WebSocket frame."""
        self.send(frame(opcode, payload, fin=fin))

    def read(self, size: int) -> bytes:
        """Reads so many bytes; fewer when the server closes."""
        return self._reader.read(size)

    def read_frame(self) -> tuple[int, bytes]:
        """Reads a WebSocket frame of the server: its opcode and what it carries."""
        first, second = self.read(2)
        assert second < 128, "servers do not mask"
        size = second
        if second == 126:
            (size,) = struct.unpack("!H", self.read(2))
        elif second == 127:
            (size,) = struct.unpack("!Q", self.read(8))
        assert first & 0x80, "wszero sends each message in one piece"
        return first & 0x0F, self.read(size)

    def read_close_code(self) -> int:
        """Reads up to the close frame and returns its code."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return int(struct.unpack("!H", payload[:2])[0])

    def is_closed(self) -> bool:
        """Waits for the end of what the server sends, which must be all that comes."""
        try:
            return self._reader.read(1) == b""
        except ConnectionResetError:
            return True


class _KeptOpen:
    """Lets `http.client` read one answer without closing what the next one comes from."""

    def __init__(self, reader) -> None:
        self._reader = reader

    def makefile(self, mode: str):
        return self

    def close(self) -> None:
        pass

    flush = close

    def __getattr__(self, name: str):
        return getattr(self._reader, name)


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def handshake(path: str = "/ws", **headers: str) -> bytes:
    """The request that opens a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    all_headers = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{n}: {v}" for n, v in all_headers.items() if v)]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True) -> bytes:
    """A WebSocket frame, written after RFC 6455 and not with the library that reads it."""
    bits = bytes([(0x80 if fin else 0) | opcode])
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        bits += bytes([mask_bit | len(payload)])
    elif len(payload) < 65536:
        bits += bytes([mask_bit | 126]) + struct.pack("!H", len(payload))
    else:
        bits += bytes([mask_bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return bits + payload
    size, mask = len(payload), os.urandom(4)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return bits + mask + (int.from_bytes(payload, "big") ^ pattern).to_bytes(size, "big")
