"""One WebSocket: frames in, frames out, on websockets' Sans-I/O protocol.

A link has no task, no queue and no timer of its own. It knows nothing of handlers: what comes in
goes to the server, which made it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, List, Optional, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from .client import Client
    from .server import Server

TOO_BIG = 1009
"""RFC 6455, section 7.4.1: the close code for a message over the limit."""
CLOSING_S = 2.0
"""How long the other side may take to answer our close before its socket is dropped."""


class Link(asyncio.Protocol):
    """The WebSocket of one client, from its accepted handshake to its end."""

    def __init__(
        self,
        server: Server,
        transport: asyncio.Transport,
        protocol: ServerProtocol,
        page: Optional[str],
        address: str,
    ) -> None:
        self.server = server
        self.transport = transport
        self.protocol = protocol
        self.page = page
        """The path of our page that has announced itself; ``None`` for a plain client."""
        self.address = address
        self.client: Optional[Client] = None
        self.last_heard = server.now()
        self.was_pinged = False
        self.drop_at = 0.0
        """When the socket is dropped, if it is still there; 0 while all is well."""
        self.has_left = False
        self._parts: List[bytes] = []
        self._parts_are_text = True

    @property
    def is_from_here(self) -> bool:
        """Whether the other side is on this computer: both ends have the same address."""
        ends = [self.transport.get_extra_info(end) for end in ("peername", "sockname")]
        return bool(ends[0] and ends[1] and ends[0][0] == ends[1][0])

    # ---- from the network ---------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self.last_heard = self.server.now()
        self.was_pinged = False
        protocol = self.protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            self._frame(cast(Frame, event))
        if protocol.state is not OPEN and not self.has_left:
            if protocol.close_sent is not None and protocol.close_sent.code == TOO_BIG:
                self.server.too_big(self)
            self.leave("broken")
        self.flush()

    def eof_received(self) -> bool:
        """The other side sends no more."""
        self.protocol.receive_eof()
        self.flush()
        return False

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The socket is gone."""
        self.leave("lost" if exc else "gone")
        self.server.link_lost(self)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._text(bytes(frame.data))
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._parts_are_text = frame.opcode is Opcode.TEXT
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data = b"".join(self._parts)
                self._parts = []
                if self._parts_are_text:
                    self._text(data)
                else:
                    self.server.received_binary(self)
        elif frame.opcode is Opcode.CLOSE:
            self.leave("left")

    def _text(self, data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            # RFC 6455, section 8.1: text that is not UTF-8 fails the connection.
            self.protocol.fail(1007, "not UTF-8")
            self.leave("broken")
            return
        if self.client is not None and not self.has_left:
            self.server.received(self, text, len(data))

    # ---- to the network -----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send a ready-made frame, unless the connection is closing."""
        if self.protocol.state is OPEN and not self.transport.is_closing():
            self.transport.write(data)
            limit = self.server.options.max_waiting
            if limit is not None:
                waiting = self.transport.get_write_buffer_size()
                if waiting > limit:
                    self.server.drop_unread(self, limit)
                elif waiting > limit // 2:
                    self.server.outgoing.is_crowded = True

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the socket is dropped when the other side does not answer."""
        if self.protocol.state is OPEN:
            # RFC 6455, section 5.5: at most 125 bytes, two of them for the code.
            short = reason.encode()[:123].decode("utf-8", "ignore")
            self.protocol.send_close(code, short)
        self.flush()
        self.drop_at = self.drop_at or self.server.now() + CLOSING_S
        self.leave("kicked" if code == 4001 else "closed")

    def ping(self) -> None:
        """Ask whether somebody is still there."""
        if self.protocol.state is OPEN:
            self.was_pinged = True
            self.protocol.send_ping(b"")
            self.flush()

    def leave(self, reason: str) -> None:
        """Tell the server, once, that the client has gone."""
        if not self.has_left:
            self.has_left = True
            self.server.client_left(self, reason)

    def flush(self) -> None:
        """Write what websockets' protocol has to say: pongs, closes, failures."""
        for data in self.protocol.data_to_send():
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                self.transport.write_eof()
        if self.protocol.close_expected() and not self.drop_at:
            self.drop_at = self.server.now() + CLOSING_S


def text_frame(payload: bytes) -> bytes:
    """Return the whole frame for a text: the same bytes go to every receiver."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)
