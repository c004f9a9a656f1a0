"""The floor: what asyncio alone costs, below which no server on asyncio's own sockets comes.

A bare protocol that writes one ready-made frame for each that came: back to its sender (/echo), or
to every socket (/chat, /four). Only when drawing (/draw) it reads the message and passes it on.
No keepalive, no limits, no checks: nobody should serve with it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from typing import Any, Callable, Set, cast

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
CLOSE = 0x88


def ready_made(payload: bytes) -> bytes:
    """Return a short text frame."""
    return bytes([0x81, len(payload)]) + payload


# As long as what the other servers send.
ECHO = ready_made(b'{"op":"echo","text":"00000000 hello to all of the room"}')
CHAT = ready_made(b'{"op":"chat","text":"00000000 hello to all of the room"}')

everybody: Set[asyncio.Transport] = set()


class Floor(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport
    handle: Callable[[bytes, int, int], None]

    def __init__(self) -> None:
        self.data = b""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Any) -> None:
        """Somebody has gone."""
        everybody.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        """Find the frames; all are short."""
        if not self.is_open:
            self.shake_hands(data)
            return
        if self.data:
            data = self.data + data
        start = 0
        while len(data) >= start + 2:
            end = start + 6 + (data[start + 1] & 0x7F)
            if len(data) < end:
                break
            if data[start] == CLOSE:
                self.transport.write(b"\x88\x00")
                self.transport.close()
                return
            self.handle(data, start, end)
            start = end
        self.data = data[start:]

    def shake_hands(self, data: bytes) -> None:
        """Answer the request, which has to come in one piece."""
        path = data.split(b" ", 2)[1]
        key = data.split(b"Sec-WebSocket-Key: ", 1)[1].split(b"\r\n", 1)[0]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.is_open = True
        everybody.add(self.transport)
        self.handle = {b"/echo": self.echo, b"/draw": self.draw}.get(path, self.chat)

    def echo(self, data: bytes, start: int, end: int) -> None:
        """Write one frame back."""
        self.transport.write(ECHO)

    def chat(self, data: bytes, start: int, end: int) -> None:
        """Write one frame to every socket."""
        for transport in everybody:
            transport.write(CHAT)

    def draw(self, data: bytes, start: int, end: int) -> None:
        """Read a message, and write it to every socket."""
        size = end - start - 6
        mask = data[start + 2 : start + 6] * (size // 4 + 1)
        number = int.from_bytes(data[start + 6 : end], "big") ^ int.from_bytes(mask[:size], "big")
        payload = number.to_bytes(size, "big")
        if json.loads(payload)["op"] == "draw":
            frame = ready_made(payload)
            for transport in everybody:
                transport.write(frame)


async def main(port: int) -> None:
    """Serve for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Floor, "127.0.0.1", port, backlog=511)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[-1])))
