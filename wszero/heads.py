"""The head of an HTTP request: where it ends, and what is wrong with it.

Pure: bytes in, decisions out. Everything is looked at here before h11 gets it, for three reasons.
What is wrong is known as soon as its first line is there, and named: TLS, HTTP/2, a path without
end. The sizes hold also for what comes in one piece. And a run of blanks, which is no use in any
header, costs h11's patterns a time that grows with its square: 64 KB of them are half a minute.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Union

MAX_HEAD = 16 * 1024
"""Bytes in all lines of a request together; browsers' stay far below."""
MAX_LINE = 8 * 1024
"""Bytes in the first of them (RFC 9112, section 3, asks for at least 8,000)."""

_TOKEN = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}"
_FIRST_LINE = re.compile(rb"(%s) ([!-~]+) HTTP/([0-9])\.[0-9]\r?" % _TOKEN)
_MAY_BECOME_ONE = re.compile(rb"%s(?: [!-~]*(?: [HTP]{0,4}(?:/[0-9.\r]{0,4})?)?)?" % _TOKEN)
_END = re.compile(rb"\n\r?\n")
# Control characters, a lone CR, a line that goes on in the next one (RFC 9112, sections 2.2
# and 5.2): other programs on the way may read such a head as another one.
_NEVER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\n[ \t]|[ \t]{64}")


class Fault(NamedTuple):
    """A request that gets no answer but this one, and the end of the connection."""

    status: int
    words: str
    is_tls: bool = False
    """The visitor speaks https."""


NOT_HTTP = Fault(400, "This address speaks http: open it as http://…, in a browser.")
TLS = NOT_HTTP._replace(words="Use http:// in the address: this server has no https.", is_tls=True)
HTTP_2 = Fault(505, "This server speaks HTTP/1.1.")
LONG_TARGET = Fault(414, f"The address is too long: at most {MAX_LINE:,} bytes.")
LONG_HEAD = Fault(431, f"The headers are too long: at most {MAX_HEAD:,} bytes.")
STRANGE_HEAD = Fault(400, "The headers have signs in them that don't belong there.")
NO_UPLOADS = Fault(413, "Nothing can be uploaded here.")


class Heads:
    r"""Takes heads of requests, one by one, out of what a visitor sends.

    Example:
        >>> heads = Heads()
        >>> heads.feed(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET")
        >>> heads.next()
        b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
        >>> heads.next() is None
        True
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self._is_begun = False
        """The first line is all there, and right."""

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._data += data

    def next(self) -> Union[bytes, Fault, None]:
        """Return the next head, with its empty line; None while it is not all there."""
        data = self._data
        while data[:2] == b"\r\n":  # RFC 9112, section 2.2: some send one line too many
            del data[:2]
        if not data or data == b"\r":
            return None
        if not self._is_begun:
            line_end = data.find(b"\n", 0, MAX_LINE)
            fault = _why_not(data, line_end)
            if fault is not None or line_end < 0:
                return fault
            self._is_begun = True
        end = _END.search(data, max(self._searched - 2, 0))
        self._searched = len(data)
        if (end.end() if end else len(data)) > MAX_HEAD:
            return LONG_HEAD
        if end is None:
            return None
        head = bytes(data[: end.end()])
        del data[: end.end()]
        self._searched, self._is_begun = 0, False
        return STRANGE_HEAD if _NEVER.search(head) else head

    def rest(self) -> bytes:
        """Return and forget what came after the last head: the first frames of a WebSocket."""
        rest = bytes(self._data)
        self._data.clear()
        return rest


def _why_not(data: bytearray, line_end: int) -> Optional[Fault]:
    """Return what is wrong with the first line, or with so much of it as is there."""
    if data[0] == 0x16:  # RFC 8446, section 5.1: the handshake of TLS; no method begins so
        return TLS
    if line_end < 0:
        may_be_one = _MAY_BECOME_ONE.fullmatch(bytes(data[:MAX_LINE]))
        return (LONG_TARGET if len(data) >= MAX_LINE else None) if may_be_one else NOT_HTTP
    line = _FIRST_LINE.fullmatch(bytes(data[:line_end]))
    if line is None:
        return NOT_HTTP
    return None if line.group(3) == b"1" else HTTP_2


def body_fault(length: Optional[str], transfer_encoding: Optional[str]) -> Optional[Fault]:
    """Return why a request with these headers is refused: one that brings a body.

    No request that is answered here has one, so there is nothing that could be taken for the next
    request by mistake (RFC 9112, section 11.2).

    Args:
        length: The header ``Content-Length``, which is a number.
        transfer_encoding: The header ``Transfer-Encoding``.
    """
    if length is not None and transfer_encoding is not None:
        return Fault(400, "Content-Length and Transfer-Encoding exclude each other.")
    return NO_UPLOADS if transfer_encoding is not None or int(length or 0) > 0 else None
