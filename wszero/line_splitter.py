"""Finds the lines in what a socket brings, and never keeps more than one line's worth.

General layout: pure; both ends of the panel link feed it with whatever bytes came.
"""

from __future__ import annotations

MAX_LINE_BYTES = 65_536
"""The longest line, its end included. Readers skip what is longer."""


class LineSplitter:
    """Cuts what a socket brings into lines.

    Feed it with ``feed``. It holds back at most ``max_bytes``: a longer line is dropped to
    its end and counted in ``overlong``.
    """

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self.overlong = 0
        self._rest = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they came; return the lines that are complete now, without their ends."""
        self._rest += data
        if b"\n" in data:
            *lines, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
            if self._dropping:
                self._dropping = False
                del lines[0]
        else:
            lines = []
        kept = [line for line in lines if len(line) < self._max_bytes]
        self.overlong += len(lines) - len(kept)
        if self._dropping:
            self._rest.clear()
        elif len(self._rest) >= self._max_bytes:
            self.overlong += 1
            self._dropping = True
            self._rest.clear()
        return [line for line in kept if line.strip()]
