"""What a request asks for: its target, and whether it opens a WebSocket.

Pure, and the same with every version of websockets.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

_ABSOLUTE = re.compile(r"http://([^/?#]*)(.*)", re.IGNORECASE)


class HandshakeFault(NamedTuple):
    """Why a handshake is refused."""

    status: int
    words: str
    headers: Sequence[Tuple[str, str]] = ()


def split_target(target: str, host: Optional[str]) -> Tuple[str, Optional[str]]:
    """Return the path that is asked for, and the server that is meant.

    Args:
        target: As it came: ``/cat.png?x=1``, or the whole address, as a proxy gets it.
        host: The ``Host`` header. An address overrules it (RFC 9112, section 3.2.2).

    Returns:
        The path is empty when the target is neither: ``*``, ``example.org:443``.
    """
    if target.startswith("/"):
        return target, host
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        return "", host
    path = match.group(2)
    return path if path.startswith("/") else f"/{path}", match.group(1)


def handshake_fault(
    method: bytes, http_version: bytes, headers: Mapping[str, str]
) -> Optional[HandshakeFault]:
    """Return why a request can't open a WebSocket, or None (RFC 6455, section 4.2).

    Args:
        method: ``b"GET"``
        http_version: ``b"1.1"``
        headers: Names in small letters.
    """
    if "websocket" not in _words(headers.get("upgrade")):
        words = "This address is for WebSockets: new WebSocket('ws://…/ws')."
        return HandshakeFault(426, words, [("Upgrade", "websocket")])
    if method != b"GET":
        return HandshakeFault(405, "Only GET opens a WebSocket.", [("Allow", "GET")])
    if http_version < b"1.1":
        return HandshakeFault(400, "A WebSocket needs HTTP/1.1.")
    if "upgrade" not in _words(headers.get("connection")):
        return HandshakeFault(400, "The header Connection has to say Upgrade.")
    if headers.get("sec-websocket-version", "").strip() != "13":
        version = [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        return HandshakeFault(426, "This server speaks version 13 of WebSockets.", version)
    if not _is_key(headers.get("sec-websocket-key", "")):
        return HandshakeFault(400, "The header Sec-WebSocket-Key has to be 16 bytes in base64.")
    return None


def _words(header: Optional[str]) -> List[str]:
    return [word.strip().lower() for word in (header or "").split(",")]


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip().encode("latin-1"), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
