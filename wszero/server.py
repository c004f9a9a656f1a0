"""The network thread: it owns the sockets and nothing else.

asyncio and websockets are known here and below only. The child's code never runs on this thread:
what comes in is fed to the runtime, and what goes out is collected in `Outgoing`, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import (
    Any,
    Awaitable,
    Callable,
    Dict,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
)

from .accepting import Door
from .app import App
from .holding import Holding
from .limits import Limits
from .link import KICKED, Link
from .options import Options
from .outgoing import Outgoing
from .page_reports import PageReports
from .pages import Found, Missing, Pages
from .protocol import Message, encode
from .runtime import Runtime
from .sessions import Sessions
from .visitors import Visitors
from .waiting import MOMENT_S, NetworkSelector
from .watch import Watch
from .web import Query, WebConnection
from .wire import READ_SIZE, Wire

SWEEP_EVERY_S = 0.5
PING_AFTER_S = 10.0
"""A client that says nothing for so long is asked whether it is there …"""
SILENT_S = 22.0
"""… and one that has said nothing for so long is gone."""
WATCH_EVERY_S = 0.4
SHORT = 125
"""Bytes in a frame that has its length in one byte: RFC 6455, section 5.2."""
STOP_S = 0.4
"""How long pages may take to answer our goodbye."""


class Server:
    """Sockets for one app.

    Args:
        app: The core that gets what comes in.
        runtime: Feeds the core, one event at a time.
        pages: The files to show.
        options: Limits and the rest.
        run: A text that tells this run of the program from others.
    """

    def __init__(
        self, app: App, runtime: Runtime, pages: Pages, options: Options, run: str, program: str
    ) -> None:
        self.app = app
        self.runtime = runtime
        self.pages = pages
        self.options = options
        self.old_page_came = False
        """A page of an earlier run has come back on this computer: no new one need be opened."""
        self.every_sweep: Callable[[], None] = lambda: None
        self.loop = self._make_loop()
        self._run_id = run
        self._program = program
        self.buffer = memoryview(bytearray(READ_SIZE))
        """What a socket has brought, for as long as its wire takes to look at it."""
        most = options.max_message
        self.plain_below = 0x80 + 1 + (SHORT if most is None else min(SHORT, most))
        """A frame whose second byte is less is short, and masked."""
        self._links: Set[Link] = set()
        self._wires: Set[Wire] = set()
        self._webs: Set[WebConnection] = set()
        self._sessions = Sessions()
        self.holding = Holding(self.loop, self.now)
        self.limits = Limits(app, options, self.now)
        self.outgoing = Outgoing(self.call, self._expect, lambda: runtime.turn)
        runtime.before_rest = self.outgoing.flush
        self._files = ThreadPoolExecutor(2, thread_name_prefix="wszero-files")
        self._watch = Watch(pages)
        self._watch_task: Optional[asyncio.Task[None]] = None
        self._reports = PageReports(pages.source_of, pages.source_line)
        self._started = threading.Event()
        self._failed: Optional[BaseException] = None
        self._ending: Optional[asyncio.Future[Tuple[int, str]]] = None
        self.before_end: Callable[[], Awaitable[None]] = _no_wait
        self.thread = threading.Thread(target=self._run, name="wszero-network", daemon=True)

    def _make_loop(self) -> asyncio.AbstractEventLoop:
        self._selector: Optional[NetworkSelector] = None
        if sys.platform == "win32":
            # Its own loop there knows no selector, and more than 512 sockets.
            return asyncio.new_event_loop()
        self._selector = NetworkSelector(lambda: self.outgoing.look())
        self.runtime.wake = self._selector.wake
        return asyncio.SelectorEventLoop(self._selector)

    # ---- from other threads -------------------------------------------------------------------

    def start(self, sockets: List[socket.socket], on_loop: Callable[[], Awaitable[None]]) -> None:
        """Begin to serve on listening sockets; returns when clients can come."""
        self._sockets = sockets
        self._on_loop = on_loop
        self.thread.start()
        self._started.wait()
        if self._failed is not None:
            raise self._failed

    def end(self, code: int, reason: str) -> None:
        """Begin to say goodbye to everybody; returns at once."""
        self.call(self._end, code, reason)

    def stop(self) -> None:
        """Say goodbye to everybody, if that was not begun, and end the thread."""
        self.end(1001, "The program has stopped.")
        if self.thread.ident is None:
            # Never started: something went wrong before.
            self._files.shutdown(wait=False)
            self.loop.close()
        elif threading.current_thread() is not self.thread:
            self.thread.join(STOP_S + 1.0)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the network thread, soon."""
        # An error: the loop has ended, and there is nobody left to send to.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *args)

    def send(self, payload: bytes, links: Sequence[Link]) -> None:
        """Send one message to several clients, from any thread; does not wait for them."""
        self.outgoing.send(payload, links)

    def close(self, link: Link, code: int, reason: str) -> None:
        """Close a client's connection, after what was sent to it before."""
        if code == KICKED:
            # At once, not when the network thread comes to it: what waits of it is not heard.
            link.is_dead = True
        self.outgoing.close(link, code, reason)

    def is_page(self, link: Link) -> bool:
        """Tell whether our page is at the other end."""
        return link.page is not None

    # ---- the network thread -------------------------------------------------------------------

    def now(self) -> float:
        """Return the loop's time in seconds."""
        return self.loop.time()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(self._unhandled)
        try:
            self.loop.run_until_complete(self._main())
        except BaseException as error:
            self._failed = error
        finally:
            self._started.set()
            self._files.shutdown(wait=False)
            self.loop.close()

    async def _main(self) -> None:
        self._ending = self.loop.create_future()
        visitors = Visitors(self._webs, self.app.report)
        door = Door(self.loop, self._sockets, lambda: WebConnection(self, visitors), visitors)
        await door.open()
        await self._on_loop()
        self._watch_task = self.loop.create_task(self._watch_files())
        sweeper = self.loop.create_task(self._sweep())
        self._started.set()
        code, reason = await self._ending
        door.close()
        sweeper.cancel()
        self._watch_task.cancel()
        await self._say_goodbye(code, reason)
        await self.before_end()

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: Dict[str, Any]) -> None:
        """Something failed in a callback: the console gets it once, not a page a time."""
        error = context.get("exception")
        if error is None or isinstance(error, OSError):
            # Sockets break; that is daily life, and `connection_lost` deals with it.
            return
        self.app.troubles.own_mistake(error)

    def _end(self, code: int, reason: str) -> None:
        if self._ending is not None and not self._ending.done():
            self._ending.set_result((code, reason))

    async def _say_goodbye(self, code: int, reason: str) -> None:
        self.outgoing.flush()
        self.holding.stop()
        for link in tuple(self._links):
            link.close(code, reason)
        for web in tuple(self._webs):
            web.transport.close()
        deadline = self.now() + STOP_S
        while (self._wires or self._webs) and self.now() < deadline:
            await asyncio.sleep(0.01)
        for wire in self._wires:
            wire.transport.abort()
        for web in self._webs:
            web.transport.abort()
        await asyncio.sleep(0)

    async def _sweep(self) -> None:
        """One timer for all connections: who is silent, who does not go."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            now = self.now()
            self._guarded(self.every_sweep)
            for web in tuple(self._webs):
                if web.drop_at and now > web.drop_at:
                    self._guarded(web.transport.abort)
            for wire in tuple(self._wires):
                self._guarded(self._sweep_wire, wire, now)
            for link in tuple(self._links):
                self._guarded(self._sweep_link, link, now)

    def _guarded(self, part: Callable[..., object], *args: Any) -> None:
        """Do a part of something that must go on, whatever happens to the part."""
        try:
            part(*args)
        except Exception as error:
            self.app.troubles.own_mistake(error)

    def _sweep_wire(self, wire: Wire, now: float) -> None:
        silent_s = now - wire.last_heard
        if (wire.drop_at and now > wire.drop_at) or silent_s > SILENT_S:
            wire.transport.abort()
        elif silent_s > PING_AFTER_S and not wire.was_pinged:
            wire.ping()

    def _sweep_link(self, link: Link, now: float) -> None:
        wire, away = link.wire, self.options.away
        if wire is None:
            if away is not None and now - link.away_since > away:
                link.leave("stayed away")
            return
        if link.page is not None:
            link.receipt()
        self.limits.look(link, wire.waiting)

    # ---- files --------------------------------------------------------------------------------

    def in_files(self, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Read files on a thread of their own: a school's network drive may take seconds."""
        return self.loop.run_in_executor(self._files, function, *args)

    def served(self, target: str, found: Union[Found, Missing]) -> None:
        """A path was asked for: its page is renewed when the answer changes."""
        self._watch.served(target, found)

    def look_for_hint(self, target: str) -> None:
        """A page of ours asked for a file in vain: tell the child where it is, if that is known."""
        # An error: no thread can be started just now. The page asks again when it is loaded again.
        with contextlib.suppress(RuntimeError):
            self.in_files(self.pages.hint, target).add_done_callback(self._say_hint)

    def _say_hint(self, looking: asyncio.Future[str]) -> None:
        # Cancelled: the server ends.
        words = "" if looking.cancelled() else looking.result()
        # Not counted: each tablet asks again with every page that it loads.
        if words and not self.app.reporter.knows("missing file", words):
            self.app.report("missing file", words, key=words)

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            pages = [link for link in self._links if link.page is not None]
            changed = await self._changed_files() if pages else []
            if changed:
                self.send(encode("_changed", {"paths": changed}), pages)

    async def _changed_files(self) -> List[str]:
        try:
            changed: List[str] = await self.in_files(self._watch.poll)
        except Exception as error:
            # That no thread can be started just now, passes.
            if not isinstance(error, (OSError, RuntimeError)):
                self.app.troubles.own_mistake(error)
            return []
        return changed

    # ---- connections --------------------------------------------------------------------------

    def web_made(self, web: WebConnection) -> None:
        """Somebody has connected."""
        self._webs.add(web)

    def web_lost(self, web: WebConnection) -> None:
        """A connection has ended, or has become a WebSocket."""
        self._webs.discard(web)

    def makes_room(self, page: Optional[str], query: Query) -> bool:
        """Tell whether one more client may come; who is away is the first to go."""
        limit = self.options.max_clients
        if limit is None or len(self._links) < limit:
            return True
        key = query.get("key", "") if page is not None else ""
        ended = self._sessions.why_ended(key)
        if self._sessions.find(key) is not None or (ended is not None and ended.kicked):
            # It needs no room: it has its place, or is only told that it has none.
            return True
        away = [link for link in self._links if link.wire is None]
        if not away:
            self.limits.full(limit)
            return False
        min(away, key=lambda link: link.away_since).leave("stayed away")
        return True

    def wire_made(self, wire: Wire, page: Optional[str], address: str, query: Query) -> None:
        """A WebSocket is open: its client joins, or is back."""
        self._wires.add(wire)
        key = query.get("key", "") if page is not None else ""
        link = self._sessions.find(key)
        if link is not None:
            hello = self.app.hello(link.client, self._run_id, self._program)
            got = query.get("got", "")
            link.come_back(wire, hello, int(got) if got.isdecimal() and len(got) < 16 else 0)
            return
        link = Link(self, page, address)
        link.begin(wire)
        ended = self._sessions.why_ended(key)
        if ended is not None and ended.kicked:
            # It missed the message that said so.
            link.has_left = link.is_dead = True
            wire.close(KICKED, ended.why)
            return
        self._links.add(link)
        link.client = self.app.new_client(link, page or "", address)
        if page is not None:
            self._sessions.begin(link, instead_of=key)
            if query.get("run") != self._run_id and link.is_from_here:
                self.old_page_came = True
            hello = self.app.hello(link.client, self._run_id, self._program)
            link.greet({**hello, **({"why": ended.why} if ended is not None else {})})
        self.runtime.feed(self.app.join, link.client)

    def wire_gone(self, wire: Wire) -> None:
        """The socket of a WebSocket is gone."""
        self._wires.discard(wire)
        self.holding.forget(wire)

    def client_left(self, link: Link, reason: str, why: str, kicked: bool) -> None:
        """A client has gone for good, well or badly."""
        self._links.discard(link)
        if link.is_dead:
            self.runtime.forget(link.client)
        self._sessions.end(link, why, kicked)
        self.runtime.feed(self._leave, link.client, reason)

    def _leave(self, client: Any, reason: str) -> Any:
        self.runtime.forget(client)
        return self.app.leave(client, reason)

    def is_away(self, link: Link) -> None:
        """A page has lost its connection; it is kept for a while."""
        self.app.away(link.client, True)

    def is_back(self, link: Link) -> None:
        """A page that was away is connected again."""
        self.app.away(link.client, False)

    def refused_origin(self, why: str) -> None:
        """A page from elsewhere wanted in."""
        self.app.report("origin", why)

    # ---- messages -----------------------------------------------------------------------------

    def _expect(self) -> None:
        if self._selector is not None:
            self._selector.expect()
        else:
            self.loop.call_later(MOMENT_S, self.outgoing.look)

    def feed(self, begins: Callable[..., Any], message: Message, size_bytes: int) -> None:
        """A message has come that is for the program."""
        self.runtime.feed(begins, message, size_bytes)
        self.outgoing.expect()

    def page_says(self, link: Link, message: Message) -> None:
        """A page of ours tells what a child may want to know."""
        client = link.client
        if message.op == "_error":
            report = self._reports.error(message.params, client._place_of_script)
            self.app.report(*report[:4], key=report.key, client=client)
        elif message.op == "_where":
            about = message.params.get("about")
            if isinstance(about, str):
                self.app.troubles.where(client, about, self._reports.where(message.params))


async def _no_wait() -> None:
    pass
