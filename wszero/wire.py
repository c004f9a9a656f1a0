"""One socket that speaks WebSocket: frames in, frames out.

A wire has no task, no queue and no timer of its own. Texts that come in one frame are taken out of
the stream at once; everything else goes through websockets' Sans-I/O protocol, which knows the
rules. What comes in goes to the wire's `Link`; a link may outlive its wire.

**Reading** is slowed down, never given up: after 32 frames others get their turn, and the link says
when its client has enough messages waiting, or sends too many a second. What has come and is not
looked at yet waits here, bounded, and the rest in the network. We go on reading up to that bound:
in a socket that nobody reads, nobody sees that the other side has hung up.

**Writing** is done by the wire's `Pipe`.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Optional, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from .frames import FIN_TEXT, NO_CODE, find_goodbye, head_at, unmask
from .pipe import Pipe

if TYPE_CHECKING:
    from .link import Link
    from .server import Server

CLOSING_S = 2.0
"""How long the other side may take to answer our close before its socket is dropped."""
TURN = 32
"""Frames of one client in a row, before others are looked at."""
BIG = 65_536
"""A frame larger than this goes through in pieces, as it comes."""
READ_SIZE = 65_536
"""Bytes that are read at a time."""
MOST_HELD = 1_048_576
"""So many bytes wait here; then the socket is not read any more."""
LAST_FRAMES = 32
"""So many frames of somebody who has hung up are still handled: a vote, then the tab is closed."""

BAD_TEXT = 1007
TOO_BIG = 1009
"""RFC 6455, section 7.4.1: the close codes for text that is not UTF-8, and for too much of it …"""
NO_GOODBYE = 1006
"""… and the one for an end without a close frame."""


class Wire(asyncio.BufferedProtocol):
    """The socket of one client, from its accepted handshake to its end."""

    __slots__ = (
        "_at",
        "_is_reading",
        "_parts",
        "_parts_are_text",
        "_passing",
        "_pipe",
        "_rest",
        "_seen",
        "drop_at",
        "is_held",
        "is_over",
        "last_frames",
        "last_heard",
        "link",
        "protocol",
        "server",
        "transport",
        "was_pinged",
        "write",
    )

    def __init__(
        self, server: Server, transport: asyncio.Transport, protocol: ServerProtocol
    ) -> None:
        self.server = server
        self.transport = transport
        self.protocol = protocol
        self.link: Link
        self.last_heard = monotonic()
        self.was_pinged = False
        self.drop_at = 0.0
        """When the socket is dropped, if it is still there; 0 while all is well."""
        self.is_over = False
        """Nothing that comes from now on is looked at."""
        self.is_held = False
        """What has come waits: here, and the rest in the network."""
        self.last_frames = -1
        """How many frames are still taken in; -1 as long as nobody has hung up."""
        self._rest = b""
        self._at = 0
        """So much of the rest has been looked at."""
        self._seen = 0
        """So far the rest was searched for a goodbye, while it waits."""
        self._passing = 0
        """So many bytes of a big frame are still to come."""
        self._parts: Optional[bytearray] = None
        self._parts_are_text = True
        self._is_reading = True
        self._pipe = Pipe(server, transport, self._overflows)
        self.write = self._pipe.write
        """Sends bytes. From any thread that has the lock of `Outgoing`."""

    # ---- from the network: bytes --------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the buffer that all wires share: it is emptied before the next one reads."""
        return self.server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self.last_heard = monotonic()
        self.was_pinged = False
        data = bytes(self.server.buffer[:nbytes])
        if self.is_over:
            return
        if self.is_held:
            self._keep(data)
        elif self._rest:
            self._take(self._rest + data)
        else:
            self._take(data)

    def feed(self, data: bytes) -> None:
        """Take in what came right behind the handshake."""
        self._take(data)

    def eof_received(self) -> bool:
        """The other side sends no more; the last of what it has sent is still looked at."""
        if self.is_held and not self.is_over:
            self.hung_up()
        self.protocol.receive_eof()
        self.flush()
        return False

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The socket is gone."""
        self._pipe.close()
        self._rest = b""
        is_reset = exc is not None or self.is_held
        self.is_over = True
        self.server.wire_gone(self)
        self.link.wire_lost(self, "lost" if is_reset else "gone")

    def hung_up(self, code: int = NO_GOODBYE) -> None:
        """Somebody has hung up who has more to say than is taken in: take the next few frames.

        Args:
            code: Of the goodbye.
        """
        if self.last_frames < 0 and self.link.may_come_back(code):
            # What waits here was not counted, so the page sends it again.
            self._end()
        elif self.last_frames < 0:
            self.last_frames = max(0, LAST_FRAMES - self.link.fed + self.link.handled)
            self.go_on()

    # ---- from the network: frames -------------------------------------------------------------

    def go_on(self) -> None:
        """Look at what waits here, then read on."""
        if self.is_held and not self.is_over:
            self.is_held = False
            data, self._rest = self._rest, b""
            self._take(data, self._at)
            if len(self._rest) - self._at < self.server.holding.most_held:
                self._read(True)

    def _hold(self, data: bytes, at: int) -> None:
        self.is_held = True
        self._rest, self._at = data, at
        self._seen = max(self._seen, at)
        if len(data) - at >= self.server.holding.most_held:
            self._read(False)

    def _wait(self) -> None:
        """The link takes no more just now."""
        code = self._goodbye()
        if code is None:
            self.server.holding.hold(self)
        else:
            self.hung_up(code)

    def _keep(self, data: bytes) -> None:
        """More has come while what came before still waits."""
        self._seen -= self._at
        self._rest = self._rest[self._at :] + data
        self._at = 0
        code = self._goodbye()
        if code is not None:
            self.hung_up(code)
        elif len(self._rest) >= self.server.holding.most_held:
            self._read(False)

    def _goodbye(self) -> Optional[int]:
        """Return the code of the close frame among what waits, if there is one."""
        self._seen, code = find_goodbye(self._rest, self._seen)
        return code

    def _read(self, on: bool) -> None:
        if on != self._is_reading and not self.transport.is_closing():
            self._is_reading = on
            if on:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _take(self, data: bytes, at: int = 0) -> None:
        end, left = len(data), TURN
        link, plain_below = self.link, self.server.plain_below
        if self._passing:
            size = min(self._passing, end - at)
            self._passing -= size
            self._by_the_rules(data[at : at + size])
            at += size
        while end - at >= 2 and not self.is_over:
            first, second = data[at], data[at + 1]
            is_plain = first == FIN_TEXT and 0x80 <= second < plain_below and self._parts is None
            if is_plain:
                start = at + 6
                stop = start + second - 0x80
            else:
                head = head_at(data, at)
                if head is None:
                    break
                start, stop = head
            if stop > end and not self._is_big(start, stop):
                break
            if self.last_frames >= 0:
                if self.last_frames == 0:
                    self._give_up()
                    return
                self.last_frames -= 1
            elif left == 0 or not link.may_take():
                self._hold(data, at)
                if left == 0:
                    self.server.loop.call_soon(self.go_on)
                else:
                    self._wait()
                return
            left -= 1
            if is_plain:
                self._text(unmask(data[start:stop], data[at + 2 : start]))
                at = stop
            else:
                self._passing = max(0, stop - end)
                self._by_the_rules(data[at:stop])
                at = min(stop, end)
        self._rest = data[at:] if at < end and not self.is_over else b""
        self._at = self._seen = 0

    def _is_big(self, start: int, stop: int) -> bool:
        """Tell whether a frame that has not all come is begun all the same.

        One over the limit, too: websockets refuses it at its head.
        """
        limit = self.server.options.max_message
        size = stop - start
        return size > BIG or (limit is not None and size > limit)

    def _by_the_rules(self, data: bytes) -> None:
        """Give a frame, or a piece of one, to websockets' protocol."""
        protocol = self.protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if self.is_over:
                break
            self._frame(cast(Frame, event))
        if protocol.state is not OPEN and not self.is_over:
            sent = protocol.close_sent
            if sent is not None and sent.code == TOO_BIG:
                self.link.too_big()
            self._broken()
        self.flush()

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT and frame.fin:
            self._text(bytes(frame.data))
        elif opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if self._parts is None:
                self._parts = bytearray()
                self._parts_are_text = opcode is Opcode.TEXT
            self._parts += frame.data
            if frame.fin:
                data, self._parts = bytes(self._parts), None
                if self._parts_are_text:
                    self._text(data)
                else:
                    self.link.received_binary(data)
        elif opcode is Opcode.CLOSE:
            close = self.protocol.close_rcvd
            self.is_over = True
            self.link.said_goodbye(self, close.code if close is not None else NO_CODE)

    def _text(self, data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            # RFC 6455, section 8.1: text that is not UTF-8 fails the connection.
            self.protocol.fail(BAD_TEXT, "not UTF-8")
            self._broken()
            self.flush()
            return
        self.link.received(text, len(data))

    def _broken(self) -> None:
        self.is_over = True
        self._rest = b""
        self._read(True)
        self.link.broke(self)

    def _give_up(self) -> None:
        """Too much came before the end: nobody hears the rest."""
        self.link.said_goodbye(self, 1001)
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._rest = b""
        if self.protocol.state is OPEN:
            self.protocol.send_close(1000)
        self.flush()
        self.transport.close()

    # ---- to the network -----------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The socket takes no more."""
        self._pipe.pause()

    def resume_writing(self) -> None:
        """The transport has sent everything."""
        self._pipe.resume()
        self.link.reads_again()

    @property
    def waiting(self) -> int:
        """Bytes that were written and that the other side has not taken."""
        return self._pipe.waiting

    def _overflows(self, limit: int) -> None:
        self.server.call(self.link.does_not_read, self, limit)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the socket is dropped when the other side does not answer."""
        if self.protocol.state is OPEN:
            # RFC 6455, section 5.5: at most 125 bytes, two of them for the code.
            short = reason.encode()[:123].decode("utf-8", "ignore")
            self.protocol.send_close(code, short)
        self.flush()
        self.drop_at = self.drop_at or self.server.now() + CLOSING_S
        # What comes before the answer is of no interest; the answer itself is.
        self._read(True)

    def ping(self) -> None:
        """Ask whether somebody is still there."""
        if self.protocol.state is OPEN:
            self.was_pinged = True
            self.protocol.send_ping(b"")
            self.flush()

    def flush(self) -> None:
        """Write what websockets' protocol has to say: pongs, closes, failures."""
        for data in self.protocol.data_to_send():
            if data:
                with self.server.outgoing.lock:
                    self.write(data)
            elif self._pipe.is_blocked:
                self.drop_at = self.drop_at or self.server.now() + CLOSING_S
            elif self.transport.can_write_eof() and not self.transport.is_closing():
                self.transport.write_eof()
        if self.protocol.close_expected() and not self.drop_at:
            self.drop_at = self.server.now() + CLOSING_S
