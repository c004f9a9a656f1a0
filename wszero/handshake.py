"""The handshake of a WebSocket, which is websockets' own (RFC 6455, section 4)."""

from __future__ import annotations

from typing import Iterable, Optional, Tuple

from websockets.server import ServerProtocol


def shake_hands(
    headers: Iterable[Tuple[bytes, bytes]], max_size: Optional[int]
) -> Optional[ServerProtocol]:
    """Return the protocol of a new WebSocket, with its answer ready to be sent.

    Args:
        headers: Of a request that `requests.handshake_fault` has found nothing wrong with; names
            in small letters.
        max_size: Bytes that one message may have; None is no limit.

    Returns:
        None when websockets does not take the request.
    """
    protocol = ServerProtocol(max_size=max_size)
    protocol.receive_data(_head_for_websockets(headers))
    request = next(iter(protocol.events_received()), None)
    if request is None:
        return None
    response = protocol.accept(request)  # type: ignore[arg-type]
    if response.status_code != 101:
        return None
    protocol.send_response(response)
    return protocol


def _head_for_websockets(headers: Iterable[Tuple[bytes, bytes]]) -> bytes:
    """Return the head of the request with what matters here: websockets has limits of its own."""
    lines = [b"GET /ws HTTP/1.1"]
    for name, value in headers:
        if name.startswith(b"sec-websocket-") or name in (b"host", b"upgrade", b"connection"):
            lines.append(name + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"
