"""The script tag for ``/wszero.js`` in a child's page: where it goes, and when it is left out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Iterator

from .pages import Found

TAG = b'<script src="/wszero.js"></script>'


def read_page(found: Found) -> bytes:
    """Return the bytes to send: a child's HTML with the script tag, any other file as it is.

    The tag comes first in ``<head>``, so that the page's own scripts find ``HANDLERS``, and adds
    no line, so that line numbers in error messages stay true. It is left out when the page loads
    wszero itself, opens a WebSocket of its own, or says ``<meta name="wszero" content="off">``.

    Raises:
        OSError: The file has gone or can't be read.
    """
    if found.content is not None:
        return found.content
    html = found.path.read_bytes()
    return add_tag(html) if found.is_page else html


def add_tag(html: bytes) -> bytes:
    """Return the page with the script tag, unless it does without.

    Example:
        >>> add_tag(b"<head><title>Quiz</title>")
        b'<head><script src="/wszero.js"></script><title>Quiz</title>'
    """
    position = _place_for_tag(html)
    return html if position is None else html[:position] + TAG + html[position:]


# Thirty tablets load the same page in the same second.
@lru_cache(maxsize=8)
def _place_for_tag(html: bytes) -> int | None:
    if html.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in html[:1000]:
        return None  # UTF-16: our bytes would be nonsense in it
    position = len(codecs.BOM_UTF8) if html.startswith(codecs.BOM_UTF8) else 0
    in_head = False
    for piece in _pieces(html, position):
        if _has_own_client(piece):
            return None
        # Browsers begin the head at the first thing that is neither doctype nor <html>.
        if not in_head and piece.name in (b"!doctype", b"html", b"head"):
            position = piece.end
        in_head = in_head or piece.name not in (b"!doctype", b"html")
    return position


@dataclass(frozen=True)
class _Piece:
    """A tag (``head``, ``/head``, ``!doctype``) or text (name "") of a page; comments are none."""

    name: bytes
    end: int
    attributes: bytes = b""
    inside: bytes = b""
    """What stands in a script."""


_OPENING = re.compile(rb"<(!--|!doctype\b|/?[a-z][^\s/>]*|[!?/])", re.IGNORECASE)
_COMMENT_END = re.compile(rb"--!?>")
_QUOTE_OR_END = re.compile(rb">|=\s*([\"'])")
# Elements in which "<head>" is only text.
_RAW = (b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes")


def _pieces(html: bytes, start: int) -> Iterator[_Piece]:
    """Take a page apart as browsers do; each byte is looked at a bounded number of times."""
    position = start
    while True:
        opening = _OPENING.search(html, position)
        if html[position : opening.start() if opening else len(html)].strip():
            yield _Piece(b"", position)
        if opening is None:
            return
        name, position = opening.group(1).lower(), opening.end()
        if name == b"!--":
            position = _end_of_comment(html, position)
        elif name in (b"!", b"?", b"/"):
            position = (html.find(b">", position) + 1) or len(html)
        else:
            attributes_start, position = position, _end_of_tag(html, position)
            attributes, inside = html[attributes_start:position], b""
            tag_end = position
            if name in _RAW:
                closing = re.compile(rb"</" + name + rb"[\s/>]", re.IGNORECASE)
                found = closing.search(html, position)
                position = found.start() if found else len(html)
                inside = html[tag_end:position]
            yield _Piece(name, tag_end, attributes, inside)


def _end_of_comment(html: bytes, position: int) -> int:
    for nothing in (b">", b"->"):  # <!--> and <!---> are whole comments
        if html.startswith(nothing, position):
            return position + len(nothing)
    end = _COMMENT_END.search(html, position)
    return end.end() if end else len(html)


def _end_of_tag(html: bytes, position: int) -> int:
    """Return where a tag ends; a ``>`` in the quotes of an attribute does not end it."""
    while True:
        found = _QUOTE_OR_END.search(html, position)
        if found is None:
            return len(html)
        if found.group(1) is None:
            return found.end()
        position = (html.find(found.group(1), found.end()) + 1) or len(html)


_ATTRIBUTE = re.compile(rb"""([^\s=/>"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_LOADS_OURS = re.compile(rb"(?:^|/)wszero\.m?js(?:[?#]|$)")
_NAMES_OURS = re.compile(rb"""["'`](?:[^"'`\n]*/)?wszero\.m?js(?:\?[^"'`\n]*)?["'`]""")
_OPENS_SOCKET = re.compile(rb"\bnew\s+(?:\w+\s*\.\s*)?WebSocket\b")
# Strings are matched (and kept) so that a // in "http://…" begins no comment.
_STRING_OR_COMMENT = re.compile(
    rb"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?(?:\*/|\Z)""",
    re.DOTALL,
)


def _has_own_client(piece: _Piece) -> bool:
    """Whether this tag loads wszero, opens a WebSocket, or says that wszero keeps out."""
    if piece.name not in (b"script", b"meta"):
        return False
    attributes: dict[bytes, bytes] = {
        name.lower(): double or single or bare
        for name, double, single, bare in _ATTRIBUTE.findall(piece.attributes)
    }
    if piece.name == b"meta":
        value = attributes.get(b"content", b"").strip().lower()
        return attributes.get(b"name", b"").lower() == b"wszero" and value == b"off"
    if _LOADS_OURS.search(attributes.get(b"src", b"").strip()):
        return True
    code = _STRING_OR_COMMENT.sub(lambda match: match.group(1) or b" ", piece.inside)
    return bool(_NAMES_OURS.search(code) or _OPENS_SOCKET.search(code))
