"""Looks whether each message came once and in order, at the price of comparing bytes."""

from __future__ import annotations

from typing import List, Sequence

DIGITS = 8
"""So many digits has the number that each message carries: all frames are of one size."""
SAMPLE = 98765432
"""The number of the message from which a server's way of writing is learned."""


class WrongMessage(Exception):
    """A message was lost, came twice, came out of order, or was another one."""


class Shape:
    """How a server writes a message: the bytes of its frame around the number.

    Args:
        frame: A whole frame that carries SAMPLE.
        is_numbered: False for the floor, which sends one ready-made frame whatever came.

    Raises:
        WrongMessage: The number is not in it.
    """

    def __init__(self, frame: bytes, is_numbered: bool = True) -> None:
        self.is_numbered = is_numbered
        self.size = len(frame)
        if is_numbered:
            self.head, found, self.tail = frame.partition(b"%d" % SAMPLE)
            if not found:
                raise WrongMessage(f"the answer does not carry the number {SAMPLE}: {frame!r:.200}")
        else:
            self.head, self.tail = frame, b""

    def frame(self, number: int) -> bytes:
        """Return the frame that is expected for a message."""
        if not self.is_numbered:
            return self.head
        return b"%b%0*d%b" % (self.head, DIGITS, number, self.tail)

    def number(self, frame: bytes) -> int:
        """Return a frame's number, or -1 when it is of another shape."""
        start = len(self.head)
        digits = frame[start : start + DIGITS]
        if len(frame) != self.size or not digits.isdigit() or not self.is_numbered:
            return -1
        return int(digits) if self.frame(int(digits)) == frame else -1


def expected_bytes(shapes: Sequence[Shape], numbers: Sequence[int]) -> bytes:
    """Return all that a receiver has to get for messages with these numbers."""
    return b"".join(shape.frame(number) for number in numbers for shape in shapes)


def what_went_wrong(shapes: Sequence[Shape], expected: bytes, got: bytes) -> WrongMessage:
    """Return the words for a frame that came instead of the expected one (which may be empty)."""
    numbers: List[int] = []
    for frame in (expected, got):
        known = [number for number in (shape.number(frame) for shape in shapes) if number >= 0]
        numbers.append(known[0] if known else -1)
    wanted, came = numbers
    if came < 0:
        return WrongMessage(f"another message than number {wanted} came: {got!r:.200}")
    if not expected or came < wanted:
        return WrongMessage(f"message {came} came twice, or too late")
    if came > wanted:
        return WrongMessage(f"message {wanted} was lost or overtaken: {came} came instead")
    return WrongMessage(f"message {came} came with its parts in another order")
