"""The shape of WebSocket frames, as far as the fast way through needs it (RFC 6455, section 5.2).

Pure. All rules about frames are websockets' own; this module only finds where a frame ends, takes
the mask off and puts a head on.
"""

from __future__ import annotations

import struct
from typing import List, NamedTuple, Optional, Union

try:
    from websockets.speedups import apply_mask
except ImportError:  # a wheel without the part in C
    from websockets.utils import apply_mask

FIN_TEXT = 0x81
"""The first byte of a text that comes in one frame."""
MASKED = 0x80

unmask = apply_mask
"""``unmask(data, mask)``: in C where the platform's wheel of websockets has it."""

_SHORT_HEADS: List[bytes] = [bytes((FIN_TEXT, size)) for size in range(126)]


def text_frame(payload: bytes) -> bytes:
    r"""Return the whole frame for a text: the same bytes go to every receiver.

    Example:
        >>> text_frame(b"hi")
        b'\x81\x02hi'
    """
    size = len(payload)
    if size < 126:
        return _SHORT_HEADS[size] + payload
    if size < 65_536:
        return b"\x81\x7e" + struct.pack("!H", size) + payload
    return b"\x81\x7f" + struct.pack("!Q", size) + payload


class Head(NamedTuple):
    """What the first bytes of a client's frame say."""

    start: int
    """Where its payload starts."""
    stop: int
    """Where it ends."""


def head_at(data: Union[bytes, bytearray], at: int) -> Optional[Head]:
    """Return the head of the frame that begins at a place; ``None`` when it has not all come."""
    have = len(data) - at
    if have < 2:
        return None
    second = data[at + 1]
    length, size = second & 0x7F, 2
    if length == 126:
        if have < 4:
            return None
        length, size = (data[at + 2] << 8) | data[at + 3], 4
    elif length == 127:
        if have < 10:
            return None
        length, size = int.from_bytes(data[at + 2 : at + 10], "big"), 10
    if second & MASKED:
        size += 4
    return Head(at + size, at + size + length)
