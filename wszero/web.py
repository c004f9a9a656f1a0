"""One HTTP connection: pages and files, and the door to a WebSocket.

h11 reads and writes HTTP; this module decides what is answered. The handshake of a WebSocket is
websockets' own (RFC 6455, section 4).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, urlsplit

import h11
from websockets.server import ServerProtocol

from .link import Link
from .origins import is_own_page, why_not_host, why_not_origin
from .pages import Found, Missing, path_of
from .script_tag import read_page

if TYPE_CHECKING:
    from .server import Server

HANDSHAKE_S = 10.0
"""A browser sends its request at once; who says nothing for so long is no browser."""
KEEP_ALIVE_S = 30.0
LINGER_S = 2.0
"""So long a visitor may go on sending what nobody reads, after our last answer."""
MAX_HEAD = 16 * 1024
PIECE = 256 * 1024
"""Bytes read from a large file at a time."""

Headers = List[Tuple[str, str]]


class WebConnection(asyncio.Protocol):
    """One connection from its first byte, until it becomes a `Link` or ends."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.drop_at = server.now() + HANDSHAKE_S
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._task: Optional[asyncio.Task[None]] = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._address = ""
        self._is_over = False
        self._method = b""
        """Of the request that is being answered: the answer to HEAD has no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]).replace("::ffff:", "") if peer else ""
        self.server.web_made(self)

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
        """The browser sends no more requests; an answer under way is finished first."""
        if self._task is None or self._is_over:
            return False
        self._http.receive_data(b"")
        return True

    def data_received(self, data: bytes) -> None:
        """Bytes of a request have come."""
        if self._is_over:
            return
        try:
            self._http.receive_data(data)
        except RuntimeError:  # after the end of the conversation
            self.transport.close()
            return
        if self._task is None:
            self._next_request()

    def _next_request(self) -> None:
        while not self._is_over:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                words = "This address speaks http: open it as http://…, in a browser."
                self._refuse(error.error_status_hint or 400, words)
                return
            if isinstance(event, h11.Request):
                self._request(event)
            elif isinstance(event, h11.ConnectionClosed):
                if self._task is None:
                    self.transport.close()
                return
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return
            # A body, which no GET has, is read and left.

    # ---- answers ------------------------------------------------------------------------------

    def _request(self, request: h11.Request) -> None:
        self.drop_at = 0.0
        self._method = request.method
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        target = request.target.decode("latin-1")
        host, allow = headers.get("host"), self.server.options.allow
        why = why_not_host(host, allow)
        if why:
            self._respond(421, why)
        elif request.method not in (b"GET", b"HEAD"):
            self._respond(405, "Only GET works here.", [("Allow", "GET, HEAD")])
        elif target.split("?")[0] == "/ws":
            why = why_not_origin(headers.get("origin"), host, allow)
            if why:
                self.server.refused_origin(why)
                self._respond(403, why)
            else:
                self._upgrade(request, headers, target)
        else:
            # The start page is typed in. What else strangers try is no news for the child.
            is_ours = path_of(target) == "/" or is_own_page(headers.get("referer"), host)
            self._task = self.server.loop.create_task(self._send_file(target, is_ours))

    async def _send_file(self, target: str, is_ours: bool) -> None:
        found = await self.server.in_files(self.server.pages.find, target)
        self.server.served(target, found)
        if isinstance(found, Missing):
            if found.moved_to:
                location = [("Location", found.moved_to)]
                self._respond(302, found.words, location, close=False)
            else:
                self._respond(404, found.words, close=False)
        else:
            await self._send_found(found)
        is_missed = isinstance(found, Missing) or (found.is_ours and path_of(target) == "/")
        if is_missed and is_ours:
            self.server.look_for_hint(target)
        self._task = None
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self.drop_at = self.server.now() + KEEP_ALIVE_S
            self._next_request()
        elif self._http.our_state is not h11.SEND_BODY:
            self.transport.close()

    async def _send_found(self, found: Found) -> None:
        try:
            content = await self.server.in_files(_first_piece, found)
        except OSError:
            self._respond(404, "The file has just gone.", close=False)
            return
        length = len(content) if _fits(found) else found.size
        headers = [*found.headers, ("Content-Length", str(length))]
        self._write(h11.Response(status_code=200, headers=headers))
        if self._method == b"GET":
            self._write(h11.Data(data=content))
            sent = len(content)
            while sent < length:
                await self._can_write.wait()
                size = min(PIECE, length - sent)
                content = await self.server.in_files(_piece, found, sent, size)
                if not content:
                    # It was made shorter meanwhile: only a broken connection tells the browser.
                    self.transport.abort()
                    return
                self._write(h11.Data(data=content))
                sent += len(content)
        self._write(h11.EndOfMessage())

    def _respond(
        self,
        status: int,
        words: str,
        headers: Optional[Headers] = None,
        close: bool = True,
    ) -> None:
        body = f"{words}\n".encode()
        all_headers = [
            *(headers or []),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
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
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def _refuse(self, status: int, words: str) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._respond(status, words)
        else:
            self.transport.close()

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data and not self.transport.is_closing():
            self.transport.write(data)

    # ---- the door to a WebSocket --------------------------------------------------------------

    def _upgrade(self, request: h11.Request, headers: Dict[str, str], target: str) -> None:
        if "websocket" not in headers.get("upgrade", "").lower():
            words = "This address is for WebSockets: new WebSocket('ws://…/ws')."
            self._respond(426, words, [("Upgrade", "websocket")])
            return
        if self.server.is_full():
            self._respond(503, "The house is full. Try again later (max_clients).")
            return
        protocol = ServerProtocol(max_size=self.server.options.max_message)
        protocol.receive_data(_head_of(request))
        handshake = next(iter(protocol.events_received()), None)
        if handshake is None:
            self._respond(400, "This is no WebSocket handshake.")
            return
        response = protocol.accept(handshake)  # type: ignore[arg-type]
        if response.status_code != 101:
            self._respond(response.status_code, "This is no WebSocket handshake.")
            return
        protocol.send_response(response)
        query = parse_qs(urlsplit(target).query, keep_blank_values=True)
        page = query["page"][0][:200] if "page" in query else None
        link = Link(self.server, self.transport, protocol, page, self._address)
        self.transport.set_protocol(link)
        self.server.web_lost(self)
        link.flush()
        self.server.link_made(link, query.get("run", [""])[0])
        self._http.next_event()
        trailing = self._http.trailing_data[0]
        if trailing:
            link.data_received(trailing)


def _head_of(request: h11.Request) -> bytes:
    lines = [request.method + b" " + request.target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _fits(found: Found) -> bool:
    """Tell whether a file is sent in one piece: pages are, whatever their size."""
    return found.is_page or found.content is not None or found.size <= PIECE


def _first_piece(found: Found) -> bytes:
    return read_page(found) if _fits(found) else _piece(found, 0, PIECE)


def _piece(found: Found, start: int, size: int) -> bytes:
    with open(found.path, "rb") as file:
        file.seek(start)
        return file.read(size)
