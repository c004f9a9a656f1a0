"""What is answered with a file: status, headers, and its bytes piece by piece.

A small file is read as a whole, and so are pages, since they get the script tag; of a large one
never more than a piece is in memory.
"""

from __future__ import annotations

import os
import time
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from .pages import Found
from .ranges import plan, version_of
from .script_tag import read_page

PIECE = 64 * 1024
"""Bytes read from a large file at a time."""
LARGEST_PAGE = 8 * 1024 * 1024
"""Bytes of a page that still gets its script tag; a larger one is sent as it is."""


class FileAnswer:
    """The answer to one request.

    Args:
        found: The file.
        in_files: Calls a function that reads, with what it needs, on a thread of its own.
    """

    def __init__(self, found: Found, in_files: Callable[..., Awaitable[Any]]) -> None:
        self.status = 0
        self.headers: List[Tuple[str, str]] = []
        self.words = ""
        """What is sent instead, if the file is not."""
        self.piece = b""
        """The bytes that are to be sent next."""
        self._found = found
        self._in_files = in_files
        self._content: Optional[bytes] = None
        self._start = self._stop = 0

    async def begin(self, method: str, asked: Dict[str, str]) -> None:
        """Decide what is answered, and read the first piece.

        Args:
            method: ``GET`` or ``HEAD``.
            asked: The headers of the request.

        Raises:
            OSError: The file can't be read.
        """
        found = self._found
        if _fits(found):
            self._content = await self._in_files(read_page, found)
        size = found.size if self._content is None else len(self._content)
        version = version_of(self._content, size, found.modified_ns, time.time_ns())
        self.status, self._start, self._stop = plan(method, asked, size, version)
        if self.status == 416:
            self.words = f"The file has {size:,} bytes."
            self.headers = [("Content-Range", f"bytes */{size}")]
        elif self.status == 412:
            self.words = "The file has changed meanwhile."
        elif self.status == 304:
            self.headers = [*version.headers, ("Cache-Control", found.cache)]
        else:
            self.headers = [*found.headers, *version.headers, ("Accept-Ranges", "bytes")]
            self.headers.append(("Content-Length", str(self._stop - self._start)))
            if self.status == 206:
                part = f"bytes {self._start}-{self._stop - 1}/{size}"
                self.headers.append(("Content-Range", part))
            self.piece = await self._read(self._start)
            if self._start < self._stop and not self.piece:
                self.status, self.headers = 503, [("Retry-After", "1")]
                self.words = "The file is being saved just now. Try again."

    async def _read(self, start: int) -> bytes:
        size = min(PIECE, self._stop - start)
        if self._content is not None:
            return self._content[start : start + size]
        piece: bytes = await self._in_files(_read_piece, self._found, start, size)
        return piece

    @property
    def is_last(self) -> bool:
        """Whether nothing is left after the piece."""
        return self._start + len(self.piece) >= self._stop

    async def go_on(self) -> None:
        """The piece has been sent: read the next one. It may be tried again.

        Raises:
            OSError: The file can't be read any more, or has changed.
        """
        following = self._start + len(self.piece)
        piece = await self._read(following)
        if not piece:
            raise OSError("changed")
        self._start, self.piece = following, piece


def _fits(found: Found) -> bool:
    """Tell whether a file is read as a whole: pages are, since they get the script tag."""
    largest = LARGEST_PAGE if found.is_page else PIECE
    return found.content is not None or found.size <= largest


def _read_piece(found: Found, start: int, size: int) -> bytes:
    """Return some bytes of a file; none when it is no longer the same."""
    with open(found.path, "rb") as file:
        status = os.fstat(file.fileno())
        if (status.st_mtime_ns, status.st_size) != (found.modified_ns, found.size):
            return b""
        file.seek(start)
        return file.read(size)
