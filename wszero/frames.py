"""The shape of WebSocket frames, as far as the fast way through needs it (RFC 6455, section 5.2).

Pure. All rules about frames are websockets' own; this module only finds where a frame ends, takes
the mask off and puts a head on.
"""

from __future__ import annotations

import struct
from typing import List, NamedTuple, Optional, Tuple, Union

try:
    from websockets.speedups import apply_mask
except ImportError:  # a wheel without the part in C
    from websockets.utils import apply_mask

FIN_TEXT = 0x81
"""The first byte of a text that comes in one frame."""
MASKED = 0x80
CLOSE = 0x08
LONG = MASKED + 126
"""A second byte from here on means that the length comes in the bytes behind it."""
NO_CODE = 1005
"""RFC 6455, section 7.4.1: stands for the code of a close frame that has none."""

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


def find_goodbye(data: bytes, at: int) -> Tuple[int, Optional[int]]:
    """Look for a close frame of a client.

    Args:
        data: Frames, the last of which may not be all there.
        at: Where one of them begins; from there on is looked.

    Returns:
        Where the search goes on when more has come, and the code of the close frame, once it is
        all there.
    """
    end = len(data)
    while at + 1 < end:
        # A flood is made of short texts: there may be 50,000 of them here.
        while data[at] == FIN_TEXT and MASKED <= data[at + 1] < LONG:
            at += data[at + 1] - MASKED + 6
            if at + 1 >= end:
                return at, None
        head = head_at(data, at)
        if head is None:
            break
        start, stop = head
        if data[at] & 0x0F == CLOSE:
            if stop > end or not data[at + 1] & MASKED:
                break
            code = unmask(data[start : min(start + 2, stop)], data[start - 4 : start])
            return at, int.from_bytes(code, "big") or NO_CODE
        at = stop
    return at, None
