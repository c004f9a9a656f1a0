"""What a client says around the messages: nothing, our page's receipts, or Socket.IO's packets."""

from __future__ import annotations

import json
from typing import Any, List, Mapping, Optional

Params = Mapping[str, Any]


class Plain:
    """JSON in text frames, with the message's name under "op"."""

    path = "/ws"
    is_page = False

    def path_for(self, op: str) -> str:
        """Return the path to connect to, for a workload that sends this message."""
        return self.path

    def message(self, op: str, params: Params) -> bytes:
        """Return the payload of one message."""
        return json.dumps({"op": op, **params}, separators=(",", ":")).encode()

    def greetings(self) -> List[bytes]:
        """Return what has to be said once the WebSocket is open."""
        return []

    def is_ready(self, payload: bytes) -> bool:
        """Whether the connection stands with this message of the server's."""
        return False

    waits_to_be_ready = False

    def answer(self, payload: bytes) -> Optional[bytes]:
        """Return what must be answered to a message about the connection itself.

        Empty bytes stand for a message that wants no answer; None for a message of the chat.
        """
        return None


class Bare(Plain):
    """The floor's: the path says which handler is meant, since it doesn't look into messages."""

    def path_for(self, op: str) -> str:
        """Return the path to connect to."""
        return "/" + op


class Page(Plain):
    """A page of wszero's: it announces itself, gets a session, and gives receipts."""

    path = "/ws?page=/bench.html&run="
    is_page = True
    waits_to_be_ready = True

    def is_ready(self, payload: bytes) -> bool:
        """Whether this is the server's welcome."""
        return b'"_hello"' in payload[:20]

    def answer(self, payload: bytes) -> Optional[bytes]:
        """Messages whose name begins with _ are for the page's script."""
        return b"" if payload[:20].replace(b" ", b"").startswith(b'{"op":"_') else None

    def receipt(self, heard: int) -> bytes:
        """Return what a page says now and then: so many messages have come."""
        return b'{"op":"_got","n":%d}' % heard


class SocketIO(Plain):
    """Socket.IO's fifth protocol, straight over a WebSocket."""

    path = "/socket.io/?EIO=4&transport=websocket"
    waits_to_be_ready = True

    def message(self, op: str, params: Params) -> bytes:
        """Return the payload of one message: 4 is "message", 2 is "event"."""
        return b"42" + json.dumps([op, params], separators=(",", ":")).encode()

    def greetings(self) -> List[bytes]:
        """Ask for the main namespace."""
        return [b"40"]

    def is_ready(self, payload: bytes) -> bool:
        """Whether this is the answer to the greeting."""
        return payload.startswith(b"40")

    def answer(self, payload: bytes) -> Optional[bytes]:
        """Answer a ping (2) with a pong (3)."""
        if payload.startswith(b"42"):
            return None
        return b"3" if payload == b"2" else b""
