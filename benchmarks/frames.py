"""WebSocket frames and handshakes as a cheap client needs them."""

from __future__ import annotations

import struct
from typing import Iterator, Tuple

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FIN = 0x80
MASKED = 0x80
MASK = b"\x5a\xc3\x17\x9e"
_SHORT = 126
"""RFC 6455, section 5.2: from here on the length has bytes of its own."""
_LONG = 127


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a masked frame. The mask is always the same: nobody is to be kept out here."""
    size = len(payload)
    if size < _SHORT:
        head = bytes([FIN | opcode, MASKED | size])
    elif size < 65536:
        head = struct.pack("!BBH", FIN | opcode, MASKED | _SHORT, size)
    else:
        head = struct.pack("!BBQ", FIN | opcode, MASKED | _LONG, size)
    mask = int.from_bytes((MASK * (size // 4 + 1))[:size], "big")
    masked = int.from_bytes(payload, "big") ^ mask
    return head + MASK + masked.to_bytes(size, "big")


def server_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a frame as servers send it."""
    size = len(payload)
    if size < _SHORT:
        return bytes([FIN | opcode, size]) + payload
    return struct.pack("!BBH", FIN | opcode, _SHORT, size) + payload


def split_frames(data: bytes) -> Iterator[Tuple[int, int, int, int]]:
    """Yield each whole frame of what a server sent: opcode, start, start of payload, end."""
    start = 0
    while len(data) >= start + 2:
        size, payload = data[start + 1] & 0x7F, start + 2
        if size == _SHORT:
            payload += 2
            if len(data) < payload:
                return
            (size,) = struct.unpack_from("!H", data, start + 2)
        elif size == _LONG:
            payload += 8
            if len(data) < payload:
                return
            (size,) = struct.unpack_from("!Q", data, start + 2)
        end = payload + size
        if len(data) < end:
            return
        yield data[start] & 0x0F, start, payload, end
        start = end


def handshake(path: str, port: int) -> bytes:
    """Return the request that opens a WebSocket. It offers no compression."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
