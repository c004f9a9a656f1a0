"""One HTTP connection: pages and files, and the door to a WebSocket.

`heads` cuts out the requests, h11 reads and writes HTTP, `file_answers` reads what is sent; this
module decides what is answered, and keeps the time. No request takes a body, and each has an answer
or an end within a minute, whatever the other side does.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Dict, Optional, Sequence, Tuple
from urllib.parse import parse_qs, urlsplit

import h11

from .file_answers import FileAnswer
from .handshake import shake_hands
from .heads import MAX_HEAD, Fault, Heads, body_fault
from .origins import is_own_page, why_not_host, why_not_origin
from .pages import Found, Missing, path_of
from .ranges import http_date
from .requests import handshake_fault, split_target
from .wire import Wire

if TYPE_CHECKING:
    from .server import Server
    from .visitors import Visitors

HANDSHAKE_S = 10.0
"""A browser sends its request at once; who needs so long for it is no browser."""
KEEP_ALIVE_S = 30.0
STALL_S = 60.0
"""So long nothing may move while an answer is under way."""
LINGER_S = 2.0
"""So long a visitor may go on sending what nobody reads, after our last answer."""
RETRY_S = 0.5
"""So long an answer under way waits for a file handle, again and again."""

Query = Dict[str, str]
"""What stands behind the question mark of an address."""


class WebConnection(asyncio.Protocol):
    """One connection from its first byte, until it becomes a `Link` or ends."""

    def __init__(self, server: Server, visitors: Visitors) -> None:
        self.server = server
        self.visitors = visitors
        self.idle_since = server.now()
        self.drop_at = self.idle_since + HANDSHAKE_S
        self._heads = Heads()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * MAX_HEAD)
        self._task: Optional[asyncio.Task[None]] = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._address = ""
        self._is_over = False
        self._is_half_closed = False
        self._method = b""
        """Of the request that is being answered: the answer to HEAD has no body."""

    @property
    def address(self) -> str:
        """Where the visitor comes from."""
        return self._address

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self._task is None

    # ---- from the network ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]).replace("::ffff:", "") if peer else ""
        self.server.web_made(self)
        if self.visitors.is_crowded(self):
            self._respond(503, "Too many browsers are here just now. Try again in a moment.")

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The socket is gone."""
        self._can_write.set()
        if self._task is not None:
            self._task.cancel()
        self.server.web_lost(self)

    def pause_writing(self) -> None:
        """The receiver is slower than the file is read."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """The receiver has caught up."""
        self._can_write.set()

    def eof_received(self) -> bool:
        """The browser sends no more requests; those that came are answered first."""
        self._is_half_closed = True
        return self._task is not None and not self._is_over

    def data_received(self, data: bytes) -> None:
        """Bytes of a request have come."""
        if self._is_over:
            return
        self._heads.feed(data)
        if self._task is None:
            self._next_request()
        elif len(self._heads) > 2 * MAX_HEAD:
            # Requests that nobody waited for an answer with: no more of them for now.
            self.transport.pause_reading()

    def _next_request(self) -> None:
        while self._task is None and not self._is_over:
            head = self._heads.next()
            if isinstance(head, Fault):
                self._refuse(head)
            elif head is not None:
                self._read(head)
            else:
                if self._is_half_closed:
                    self._close()
                elif len(self._heads):
                    self.drop_at = min(self.drop_at, self.server.now() + HANDSHAKE_S)
                return

    def _read(self, head: bytes) -> None:
        try:
            self._http.receive_data(head)
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            self._refuse(Fault(error.error_status_hint or 400, "The headers make no sense."))
            return
        assert isinstance(event, h11.Request)
        self._request(event)

    # ---- answers ------------------------------------------------------------------------------

    def _request(self, request: h11.Request) -> None:
        self.drop_at = self.server.now() + STALL_S
        self._method = request.method
        headers: Dict[str, str] = {}
        for raw_name, raw_value in request.headers:
            name, value = raw_name.decode(), raw_value.decode("latin-1")
            # RFC 9110, section 5.3. What must come once only is nonsense then, as it should be.
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        target, host = split_target(request.target.decode("latin-1"), headers.get("host"))
        body = body_fault(headers.get("content-length"), headers.get("transfer-encoding"))
        allow = self.server.options.allow
        why = why_not_host(host, allow)
        if body is not None and body.status == 400:
            self._refuse(body)
        elif why:
            self._respond(421, why)
        elif request.method not in (b"GET", b"HEAD"):
            self._respond(405, "Only GET works here.", [("Allow", "GET, HEAD")])
        elif not target:
            self._respond(400, "The address has to begin with a slash.")
        elif body is not None:
            self._refuse(body)
        elif target.split("?")[0] == "/ws":
            self._knock(request, headers, target, host)
        else:
            self._http.next_event()  # the end of the request
            # The start page is typed in. What else strangers try is no news for the child.
            is_ours = path_of(target) == "/" or is_own_page(headers.get("referer"), host)
            self._task = self.server.loop.create_task(self._answer(target, headers, is_ours))

    def _knock(
        self, request: h11.Request, headers: Dict[str, str], target: str, host: Optional[str]
    ) -> None:
        """Somebody wants a WebSocket."""
        why = why_not_origin(headers.get("origin"), host, self.server.options.allow)
        if why:
            self.server.refused_origin(why)
            self._respond(403, why)
            return
        fault = handshake_fault(request.method, request.http_version, headers)
        if fault is not None:
            self._respond(fault.status, fault.words, fault.headers)
            return
        rest = self._heads.rest()
        if rest:
            self._http.receive_data(rest)
        self._upgrade(request, target)

    async def _answer(self, target: str, headers: Dict[str, str], is_ours: bool) -> None:
        try:
            await self._moves()
            found = await self.server.in_files(self.server.pages.find, target)
            self.server.served(target, found)
            if isinstance(found, Found):
                await self._send(found, headers)
            elif found.moved_to:
                self._respond(302, found.words, [("Location", found.moved_to)], close=False)
            else:
                self._respond(404, found.words, close=False)
            is_missed = isinstance(found, Missing) or (found.is_ours and path_of(target) == "/")
            if is_missed and is_ours:
                self.server.look_for_hint(target)
        except (OSError, RuntimeError, MemoryError) as error:
            self._fail(error)
        self._task = None
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self.idle_since = self.server.now()
            self.drop_at = self.idle_since + KEEP_ALIVE_S
            if len(self._heads) < MAX_HEAD:
                self.transport.resume_reading()
            self._next_request()
        elif not self._is_over:
            self._close()

    async def _send(self, found: Found, headers: Dict[str, str]) -> None:
        answer = FileAnswer(found, self.server.in_files)
        await answer.begin(self._method.decode(), headers)
        if answer.words:
            self._respond(answer.status, answer.words, answer.headers, close=False)
            return
        self._write(h11.Response(status_code=answer.status, headers=[*answer.headers, _date()]))
        if self._method == b"GET":
            await self._send_pieces(answer)
        self._write(h11.EndOfMessage())

    async def _send_pieces(self, answer: FileAnswer) -> None:
        while answer.piece:
            self._write(h11.Data(data=answer.piece))
            if answer.is_last:
                return
            await self._moves()
            await self._go_on(answer)

    async def _go_on(self, answer: FileAnswer) -> None:
        while True:
            try:
                await answer.go_on()
                return
            except OSError as error:
                # When it was changed meanwhile, only a broken connection tells the browser.
                if not self.visitors.is_scarce(error):
                    raise
            await asyncio.sleep(RETRY_S)  # and on, until it comes or STALL_S is over

    async def _moves(self) -> None:
        """Wait until the other side has read most of what it was sent."""
        self.drop_at = self.server.now() + STALL_S
        await self._can_write.wait()
        self.drop_at = self.server.now() + STALL_S

    def _fail(self, error: BaseException) -> None:
        """The file could not be read, or not to its end."""
        if self._http.our_state is not h11.SEND_RESPONSE:
            self.transport.abort()
        elif isinstance(error, OSError) and not self.visitors.is_scarce(error):
            self._respond(404, "The file has just gone.", close=False)
        else:
            if not isinstance(error, OSError):
                self.visitors.is_scarce(error)
            self.visitors.make_room()
            words = "This computer can't open anything more just now. Try again in a moment."
            self._respond(503, words, [("Retry-After", "2")])

    def _respond(
        self,
        status: int,
        words: str,
        headers: Sequence[Tuple[str, str]] = (),
        close: bool = True,
    ) -> None:
        body = f"{words}\n".encode()
        all_headers = [
            *headers,
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            _date(),
            *([("Connection", "close")] if close else []),
        ]
        self._write(h11.Response(status_code=status, headers=all_headers))
        if self._method != b"HEAD":
            self._write(h11.Data(data=body))
        self._write(h11.EndOfMessage())
        if close:
            self._linger()

    def _linger(self) -> None:
        """Send nothing more, and wait for the visitor to go.

        Closing at once, while something that was sent to us is unread, would break the connection
        off, and with it our answer (RFC 9112, section 9.6).
        """
        self._is_over = True
        self.drop_at = self.server.now() + LINGER_S
        self.transport.resume_reading()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def _close(self) -> None:
        """End the connection after what was sent; soon, though nobody reads that."""
        self._is_over = True
        self.drop_at = self.server.now() + STALL_S
        self.transport.close()

    def _refuse(self, fault: Fault) -> None:
        """Answer what is no request, or none that could be followed by another one."""
        if self._http.our_state is not h11.SEND_RESPONSE:
            self._method = b""  # not that of the request before
        if fault.is_tls and not self.server.app.reporter.knows("https", "https"):
            # Said once: browsers try https by themselves, with every address that is typed in.
            what = "A browser came with https, which this server does not speak."
            self.server.app.report("https", what, "Begin the address with http://", key="https")
        self._respond(fault.status, fault.words)

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data and not self.transport.is_closing():
            self.transport.write(data)

    # ---- the door to a WebSocket --------------------------------------------------------------

    def _upgrade(self, request: h11.Request, target: str) -> None:
        shaken = shake_hands(request.headers, self.server.options.max_message)
        if shaken is None:
            self._respond(400, "This is no WebSocket handshake.")
            return
        query = _query_of(target)
        page = query["page"][:200] if "page" in query else None
        # The last question of all: somebody may have to go for the answer.
        if not self.server.makes_room(page, query):
            self._respond(503, "The house is full. Try again later (max_clients).")
            return
        wire = Wire(self.server, self.transport, shaken)
        self.transport.set_protocol(wire)
        self.server.web_lost(self)
        wire.flush()
        self.server.wire_made(wire, page, self._address, query)
        self._http.next_event()
        trailing = self._http.trailing_data[0]
        if trailing:
            wire.feed(trailing)


def _query_of(target: str) -> Query:
    """Return what stands behind the question mark; of several of one name, the first."""
    found = parse_qs(urlsplit(target).query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _date() -> Tuple[str, str]:
    return "Date", http_date(time.time())
