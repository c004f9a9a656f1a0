"""The network thread: it owns the sockets and nothing else.

asyncio and websockets are known here and below (`web.py`, `link.py`) only. The child's code never
runs on this thread: what comes in is fed to the runtime, and what goes out is handed over through
one outbox, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import traceback
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
from .errors import BadMessage
from .link import Link, text_frame
from .options import Options
from .outgoing import Outgoing
from .page_reports import PageReports
from .pages import Found, Missing, Pages
from .protocol import Message, decode, encode
from .runtime import Runtime
from .visitors import Visitors
from .watch import Watch
from .web import WebConnection

SWEEP_EVERY_S = 0.5
PING_AFTER_S = 10.0
"""A client that says nothing for so long is asked whether it is there …"""
SILENT_S = 22.0
"""… and one that has said nothing for so long is gone."""
WATCH_EVERY_S = 0.4
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
        self.loop = asyncio.new_event_loop()
        self._run_id = run
        self._program = program
        self._links: Set[Link] = set()
        self._webs: Set[WebConnection] = set()
        self.outgoing = Outgoing(self.call, lambda: runtime.turn)
        self._files = ThreadPoolExecutor(2, thread_name_prefix="wszero-files")
        self._watch = Watch(pages)
        self._watch_task: Optional[asyncio.Task[None]] = None
        self._reports = PageReports(pages.source_of, pages.source_line)
        self._started = threading.Event()
        self._failed: Optional[BaseException] = None
        self._ending: Optional[asyncio.Future[Tuple[int, str]]] = None
        self.before_end: Callable[[], Awaitable[None]] = _no_wait
        self.thread = threading.Thread(target=self._run, name="wszero-network", daemon=True)

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
        details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        what = f"wszero itself made a mistake. Please report it:\n{details}"
        self.app.report("own", what, key=repr(error)[:200])

    def _end(self, code: int, reason: str) -> None:
        if self._ending is not None and not self._ending.done():
            self._ending.set_result((code, reason))

    async def _say_goodbye(self, code: int, reason: str) -> None:
        self.outgoing.flush_all()
        for link in tuple(self._links):
            link.close(code, reason)
        for web in tuple(self._webs):
            web.transport.close()
        deadline = self.now() + STOP_S
        while (self._links or self._webs) and self.now() < deadline:
            await asyncio.sleep(0.01)
        for link in self._links:
            link.transport.abort()
        for web in self._webs:
            web.transport.abort()
        await asyncio.sleep(0)

    async def _sweep(self) -> None:
        """One timer for all connections: who is silent, who does not go."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            now = self.now()
            self.every_sweep()
            for web in tuple(self._webs):
                if web.drop_at and now > web.drop_at:
                    web.transport.abort()
            for link in tuple(self._links):
                silent_s = now - link.last_heard
                if (link.drop_at and now > link.drop_at) or silent_s > SILENT_S:
                    link.transport.abort()
                elif silent_s > PING_AFTER_S and not link.was_pinged:
                    link.ping()

    # ---- files --------------------------------------------------------------------------------

    def in_files(self, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Read files on a thread of their own: a school's network drive may take seconds."""
        return self.loop.run_in_executor(self._files, function, *args)

    def served(self, target: str, found: Union[Found, Missing]) -> None:
        """A path was asked for: its page is renewed when the answer changes."""
        self._watch.served(target, found)

    def look_for_hint(self, target: str) -> None:
        """A page of ours asked for a file in vain: tell the child where it is, if that is known."""
        looking = self.in_files(self.pages.hint, target)
        looking.add_done_callback(lambda done: self._say_hint(done.result()))

    def _say_hint(self, words: str) -> None:
        # Not counted: each tablet asks again with every page that it loads.
        if words and not self.app.reporter.knows("missing file", words):
            self.app.report("missing file", words, key=words)

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            pages = [link for link in self._links if link.page is not None]
            changed = await self.in_files(self._watch.poll) if pages else []
            if changed:
                self.send(encode("_changed", {"paths": changed}), pages)

    # ---- connections --------------------------------------------------------------------------

    def web_made(self, web: WebConnection) -> None:
        """Somebody has connected."""
        self._webs.add(web)

    def web_lost(self, web: WebConnection) -> None:
        """A connection has ended, or has become a WebSocket."""
        self._webs.discard(web)

    def is_full(self) -> bool:
        """Tell whether no more clients may come."""
        limit = self.options.max_clients
        return limit is not None and len(self._links) >= limit

    def link_made(self, link: Link, run: str) -> None:
        """A WebSocket is open: its client joins."""
        self._links.add(link)
        client = link.client = self.app.new_client(link, link.page or "", link.address)
        if link.page is not None:
            if run != self._run_id and link.is_from_here:
                self.old_page_came = True
            link.write(text_frame(self.app.hello(client, self._run_id, self._program)))
        self.runtime.feed(self.app.join, client)

    def link_lost(self, link: Link) -> None:
        """The socket of a WebSocket is gone."""
        self._links.discard(link)

    def client_left(self, link: Link, reason: str) -> None:
        """A client has gone, well or badly."""
        if link.client is not None:
            self.runtime.feed(self._leave, link.client, reason)

    def _leave(self, client: Any, reason: str) -> Any:
        self.runtime.forget(client)
        return self.app.leave(client, reason)

    def drop_unread(self, link: Link, limit: int) -> None:
        """A client does not read what it is sent."""
        assert link.client is not None
        self.app.report(
            "unread",
            f"{link.client.name} does not read its messages, so it was dropped "
            f"(max_waiting={limit}).",
            "Is the tablet asleep?",
            key=link.client.id,
            client=link.client,
        )
        link.leave("does not read")
        link.transport.abort()

    def too_big(self, link: Link) -> None:
        """A client sent a message over the limit."""
        if link.client is not None:
            limit = self.options.max_message
            what = f"{link.client.name} sent a message that is too big, so it was cut off."
            fix = f"At most {limit:,} bytes may come. For more: run_server(max_message=...)"
            self.app.report("too big", what, fix, key="too big", client=link.client)

    def refused_origin(self, why: str) -> None:
        """A page from elsewhere wanted in."""
        self.app.report("origin", why)

    # ---- messages -----------------------------------------------------------------------------

    def received(self, link: Link, text: str, size_bytes: int) -> None:
        """A text frame has come."""
        client = link.client
        assert client is not None
        try:
            message = decode(text, link.page is not None)
        except BadMessage as error:
            self.app.troubles.bad_message(client, error)
            return
        if message.op.startswith("_"):
            self._page_says(link, message)
        else:
            self.runtime.feed(self.app.message, client, message, size_bytes)

    def received_binary(self, link: Link) -> None:
        """A binary frame has come, which is no message."""
        if link.client is not None:
            error = BadMessage("binary", "Messages are text, not binary.", "Send JSON as text.")
            self.app.troubles.bad_message(link.client, error)

    def _page_says(self, link: Link, message: Message) -> None:
        client = link.client
        assert client is not None
        if message.op == "_error":
            report = self._reports.error(message.params, client._place_of_script)
            self.app.report(*report[:4], key=report.key, client=client)
        elif message.op == "_where":
            about = message.params.get("about")
            if isinstance(about, str):
                self.app.troubles.where(client, about, self._reports.where(message.params))


async def _no_wait() -> None:
    pass
