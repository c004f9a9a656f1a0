"""The core: handlers, clients and groups of one program, without sockets, threads or asyncio.

The core is fed events (`join`, `message`, `leave`, `finished`, `failed`) and hands out calls to be
made and frames to be sent. Who feeds it decides where the child's code runs: `runtime.py` on its
threads, `testing.py` without a network. Everything else may be called from any thread.
"""

from __future__ import annotations

import threading
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    Iterator,
    List,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    overload,
)

from .client import Client, refuse_values_without_names
from .errors import AlreadyRunning, BadHandler, BadMessage, CannotSend, Place, ServerStopped, did_you_mean
from .groups import ClientGroups, Groups, check_group
from .handlers import Handler, Handlers, Mismatch, check_function, check_op_for, mismatch
from .mistakes import explain
from .monitor_protocol import (
    Event,
    GroupChanged,
    Joined,
    Left,
    MessageIn,
    MessageOut,
    Ran,
    Renamed,
    Trouble,
)
from .places import calling_place
from .protocol import AskId, Message, Params, check_op, encode, encode_value
from .reporter import Reporter

F = TypeVar("F", bound=Callable[..., Any])

WAIT_FOR_PAGE_S = 0.5
"""How long an error waits for the page to tell which of its lines sent the message."""


class Transport(Protocol):
    """What the core needs from whoever moves the frames."""

    def send(self, payload: bytes, links: Sequence[Any]) -> None:
        """Send one frame to several connections; from any thread, returns at once."""

    def close(self, link: Any, code: int, reason: str) -> None:
        """Close a connection after what was sent before."""

    def is_page(self, link: Any) -> bool:
        """Tell whether our page is at the other end."""


class Driver(Protocol):
    """Runs an app: opens the port, the threads, the panel link."""

    def run(self) -> None:
        """Run until the server is stopped."""

    def start(self) -> None:
        """Run in the background; returns when pages can come."""

    def stop(self) -> None:
        """Stop, and return when all is over."""

    @property
    def port(self) -> int:
        """The port that pages use."""


class _Nowhere:
    """The transport of an app that does not run: there is nobody to send to."""

    def send(self, payload: bytes, links: Sequence[Any]) -> None:
        pass

    def close(self, link: Any, code: int, reason: str) -> None:
        pass

    def is_page(self, link: Any) -> bool:
        return False


class Call:
    """One call of a handler that is to be made."""

    __slots__ = ("ask", "client", "handler", "may_sleep", "params", "then")

    def __init__(
        self,
        handler: Handler,
        client: Optional[Client],
        params: Params,
        ask: Optional[AskId] = None,
    ) -> None:
        self.handler = handler
        self.client = client
        self.params = params
        self.ask = ask
        self.may_sleep = False
        """Whether it counts among its client's sleeping handlers."""
        self.then: Optional[Callable[[], None]] = None
        """What follows when it has ended."""

    def start(self) -> Any:
        """Call the function. For an ``async def`` this makes the coroutine and runs nothing."""
        if self.client is None:
            return self.handler.function()
        return self.handler.function(self.client, **self.params)


class Every:
    """A function that is called again and again while the server runs."""

    def __init__(self, seconds: float, function: Callable[..., Any]) -> None:
        self.seconds = seconds
        self.handler = Handler(f"every {seconds:g} s", function)


class Clients(Sequence[Client]):
    """The clients that are there now: ``for client in clients``, ``len(clients)``, ``in``."""

    def __init__(self, app: Callable[[], App]) -> None:
        self._app = app

    def __iter__(self) -> Iterator[Client]:
        return iter(self._app()._client_tuple)

    def __len__(self) -> int:
        return len(self._app()._client_tuple)

    def __contains__(self, client: object) -> bool:
        return client in self._app()._client_tuple

    @overload
    def __getitem__(self, index: int) -> Client: ...
    @overload
    def __getitem__(self, index: slice) -> Tuple[Client, ...]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[Client, Tuple[Client, ...]]:
        return self._app()._client_tuple[index]

    def __repr__(self) -> str:
        return f"<{len(self)} clients: {', '.join(client.name for client in self)}>"


class App:
    """One program's handlers, clients and server: the object behind ``on``, ``broadcast`` …

    A child never sees it. It is for tests, for two servers in one program, and for a server that
    runs beside something else.

    Example:
        app = App()

        @app.on('hello')
        def hello(client):
            client.send('welcome', text='Hello!')

        app.start(port=8001)
    """

    make_driver: ClassVar[Optional[Callable[[App, int, Dict[str, Any]], Driver]]] = None
    """Set by the package; `wszero.testing` swaps it, so that programs run without a network."""

    def __init__(self) -> None:
        self.handlers = Handlers()
        self.everies: List[Every] = []
        self.clients = Clients(lambda: self)
        self.reporter = Reporter()
        self.transport: Transport = _Nowhere()
        self.observer: Optional[Callable[[Event], None]] = None
        self.later: Optional[Callable[[float, Callable[[], None]], object]] = None
        self.schedule: Optional[Callable[[Every], None]] = None
        self.was_started = False
        self._driver: Optional[Driver] = None
        self._groups = Groups()
        self._lock = threading.Lock()
        self._members: Dict[Client, None] = {}
        self._client_tuple: Tuple[Client, ...] = ()
        self._last_number = 0
        self._wait_for_page: Dict[Tuple[str, str], Callable[[str], None]] = {}

    # ---- the program's side -------------------------------------------------------------------

    def on(self, op: str) -> Callable[[F], F]:
        """Make the function below the one that handles a message.

        The function gets the client first; what the message carries comes by name. The special
        messages ``connect`` and ``disconnect`` come when a client does or leaves. What the
        function returns answers the page's ``await ask(op)``.

        Args:
            op: The message's name.

        Raises:
            BadHandler: The function can't handle messages, or another one does already.
            BadName: The name belongs to wszero.

        Example:
            @on('chat')
            def chat(client, text):
                broadcast('chat', text=text)
        """
        name = check_op_for(op)

        def register(function: F) -> F:
            self.handlers.add(name, function)
            return function

        return register

    def every(self, seconds: float) -> Callable[[F], F]:
        """Call the function below again and again while the server runs.

        It never overlaps itself: when it takes longer, the next call comes later.

        Args:
            seconds: The time from one call to the next, at least 0.01.

        Raises:
            BadHandler: It is no number, or the function wants something in its brackets.

        Example:
            @every(2)
            def move_star():
                broadcast('star', x=random.randint(0, 9))
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0.01:
            raise BadHandler(
                "@every needs a number of seconds.", "Try: @every(2)", calling_place()
            )

        def register(function: F) -> F:
            check_function(function, f"@every({seconds})")
            every = Every(seconds, function)
            if every.handler.first or every.handler.needs:
                raise BadHandler(
                    "@every brings nothing, so the function's brackets stay empty.",
                    f"Try: def {every.handler.name}():",
                    every.handler.place,
                )
            self.everies.append(every)
            if self.schedule is not None:
                self.schedule(every)
            return function

        return register

    def broadcast(self, op: str, group: Optional[str] = None, /, *args: Any, **params: Any) -> None:
        """Send a message to everybody, or to everybody in a group.

        May be called from any thread; returns at once, before the message has travelled. It goes
        to those who are there at the moment of the call.

        Args:
            op: The message's name.
            group: Only to those in this group.
            **params: What it carries: texts, numbers, True, False, None, lists, dictionaries.

        Raises:
            CannotSend: A value can't travel, or has no name.
            BadName: The name of the message or the group can't be used.

        Example:
            broadcast('chat', text='hello')
            broadcast('go', 'red', colour='red')
        """
        group = params.pop("group", group)
        receivers = self._receivers(group, "broadcast('hello', 'red')")
        if group is not None and not receivers and not params and not args:
            self._explain_empty_group(op, group)
        self._send("broadcast", op, args, params, receivers, group)

    def run(self, port: int = 8000, **options: Any) -> None:
        """Start the server, and return when it has been stopped.

        Args:
            port: The number in the address, 0 to 65535; 0 takes any free one.
            **options: See ``run_server``.
        """
        self._new_driver(port, options).run()

    def start(self, port: int = 8000, **options: Any) -> None:
        """Start the server in the background, and return when pages can come.

        Example:
            app.start()
            pgzrun.go()
            app.stop()
        """
        self._new_driver(port, options).start()

    def stop(self) -> None:
        """Stop the server. Nothing happens when it does not run."""
        if self._driver is not None:
            self._driver.stop()

    @property
    def port(self) -> int:
        """The port that pages use, 0 while the server does not run."""
        return self._driver.port if self._driver is not None else 0

    def _new_driver(self, port: int, options: Dict[str, Any]) -> Driver:
        self.was_started = True
        if self._driver is not None:
            raise AlreadyRunning(
                "The server runs already.", "Keep one run_server(), as the last line."
            )
        make_driver = App.make_driver
        assert make_driver is not None
        self._driver = make_driver(self, port, options)
        return self._driver

    def driver_ended(self) -> None:
        """Forget the driver: the server may be started again. Nobody is connected any more."""
        self._driver = None
        self.transport = _Nowhere()
        self.later = self.schedule = None
        for client in self._client_tuple:
            self._forget(client)

    # ---- sending ------------------------------------------------------------------------------

    def _receivers(self, group: Optional[str], example: str) -> Tuple[Client, ...]:
        if group is None:
            return self._client_tuple
        return self._groups.members(check_group(group, example))

    def _send(
        self,
        doing: str,
        op: str,
        args: Tuple[Any, ...],
        params: Params,
        receivers: Sequence[Client],
        group: Optional[str] = None,
    ) -> None:
        check_op(op, doing)
        if args:
            refuse_values_without_names(doing, args)
        self._deliver(op, params, receivers, group, doing == "broadcast" and group is None)

    def _deliver(
        self,
        op: str,
        params: Params,
        receivers: Sequence[Client],
        group: Optional[str] = None,
        everybody: bool = False,
    ) -> None:
        payload = encode(op, params)
        links = [client._link for client in receivers if client._link is not None]
        if links:
            self.transport.send(payload, links)
        if self.observer is not None:
            ids = [client.id for client in receivers]
            self.observer(MessageOut(ids, op, dict(params), group, everybody, len(payload)))

    def _explain_empty_group(self, op: str, group: str) -> None:
        self.report(
            "empty group",
            f"Nobody is in a group called {group!r:.30}.",
            f"If it is what you want to send: broadcast({op!r}, text={group!r:.30})",
            calling_place(),
        )

    def _own(self, client: Client, payload: bytes) -> None:
        """Send a client one of wszero's own messages."""
        if client._link is not None:
            self.transport.send(payload, (client._link,))

    def _error(self, client: Client, code: str, msg: str, about: str = "") -> None:
        fields = {"code": code, "msg": msg, **({"about": about} if about else {})}
        self._own(client, encode("error", fields))

    # ---- clients and groups -------------------------------------------------------------------

    def new_client(self, link: Any, page: str = "", address: str = "") -> Client:
        """Return a client for a new connection. It counts from when `join` is fed."""
        with self._lock:
            self._last_number += 1
            return Client(self, self._last_number, link, page, address)

    def hello(self, client: Client, run: str, program: str) -> bytes:
        """Return the first frame for one of our pages."""
        return encode(
            "_hello", {"run": run, "id": client.id, "name": client.name, "program": program}
        )

    def _renamed(self, client: Client) -> None:
        if client._link is not None and self.transport.is_page(client._link):
            self._own(client, encode("_name", {"name": client.name}))
        if self.observer is not None:
            self.observer(Renamed(client.id, client.name))

    def _group(self, client: Client, group: str, joins: bool) -> None:
        with self._lock:
            if joins and not client._connected:
                return
            changed = (self._groups.add if joins else self._groups.remove)(group, client)
            if not changed:
                return
            groups = client._groups | {group} if joins else client._groups - {group}
            client.__dict__["_groups"] = ClientGroups(groups)
        if self.observer is not None:
            self.observer(GroupChanged(client.id, group, joins))

    def _kick(self, client: Client, reason: str) -> None:
        link = client._link
        if link is not None:
            client.__dict__["_link"] = None
            self.transport.close(link, 4001, reason)

    def _forget(self, client: Client) -> None:
        with self._lock:
            client.__dict__.update(_link=None, _connected=False)
            if self._members.pop(client, self) is None:
                self._client_tuple = tuple(self._members)
            for group in client._groups:
                self._groups.remove(group, client)

    def client_with_id(self, id: str) -> Optional[Client]:
        """Return the client that the panel means, or ``None`` when it has gone."""
        return next((client for client in self._client_tuple if client.id == id), None)

    def mute(self, client: Client, muted: bool) -> None:
        """Let a client's messages be ignored, or listened to again: for the panel."""
        client.__dict__["_muted"] = muted

    # ---- fed from outside, one at a time ------------------------------------------------------

    def join(self, client: Client) -> Optional[Call]:
        """A client is there: return the call of ``connect``."""
        with self._lock:
            self._members[client] = None
            self._client_tuple = tuple(self._members)
        if self.observer is not None:
            self.observer(Joined(client.id, client.name, client._address, client._page))
        handler = self.handlers.get("connect")
        return Call(handler, client, {}) if handler else None

    def leave(self, client: Client, reason: str) -> Optional[Call]:
        """A client has gone: return the call of ``disconnect``.

        It is no longer in ``clients`` and gets no broadcast, but the handler still sees its
        attributes and the groups that it was in.
        """
        self._forget(client)
        if self.observer is not None:
            self.observer(Left(client.id, reason))
        handler = self.handlers.get("disconnect")
        return Call(handler, client, {}) if handler else None

    def message(self, client: Client, message: Message, size_bytes: int) -> Optional[Call]:
        """A message has come: return the call of its handler, or answer why there is none."""
        op, params, ask = message
        handler = self.handlers.get(op)
        if self.observer is not None:
            handled = handler is not None and not client._muted
            self.observer(MessageIn(client.id, op, dict(params), handled, size_bytes))
        if client._muted:
            self._refuse(client, op, ask, "muted", "Your messages are switched off just now.")
            return None
        if handler is None:
            self._explain_no_handler(client, op, ask)
            return None
        return Call(handler, client, params, ask)

    def tick(self, every: Every) -> Call:
        """The time has come for a function of ``@every``."""
        return Call(every.handler, None, {})

    def finished(self, call: Call, value: Any) -> None:
        """A handler has returned: its value answers the page that asked."""
        if self.observer is not None:
            self.observer(Ran(call.handler.op, 1))
        if call.ask is None or call.client is None:
            return
        try:
            answer = encode_value("_answer", {"ask": call.ask}, "value", value)
        except CannotSend as error:
            name = call.handler.name
            what = error.what.replace("value", f"What {name}() returns", 1)
            self.report("answer", what, error.fix, call.handler.place, client=call.client)
            self._refuse(call.client, call.handler.op, call.ask, "failed", what)
            return
        self._own(call.client, answer)

    def failed(self, call: Call, error: BaseException) -> None:
        """A handler ended with an error: explain it. Nobody else is harmed."""
        if isinstance(error, ServerStopped):
            return
        if isinstance(error, TypeError) and _failed_at_the_door(error):
            why = mismatch(call.handler, call.params) if call.client else None
            if why is not None:
                self._explain_mismatch(call, why)
                return
        if self.observer is not None:
            self.observer(Ran(call.handler.op, 1))
        what, fix, place = explain(error, call.handler)
        self.report("mistake", what, fix, place, client=call.client)
        if call.client is not None and call.ask is not None:
            text = "The program made a mistake: its console says which."
            self._refuse(call.client, call.handler.op, call.ask, "failed", text)

    def _refuse(
        self, client: Client, op: str, ask: Optional[AskId], code: str, words: str
    ) -> None:
        if ask is not None:
            self._own(client, encode("_answer", {"ask": ask, "error": words, "code": code}))
        else:
            self._error(client, code, words, op)

    # ---- words --------------------------------------------------------------------------------

    def report(
        self,
        kind: str,
        what: str,
        fix: str = "",
        place: Optional[Place] = None,
        *,
        key: object = None,
        client: Optional[Client] = None,
    ) -> None:
        """Say what went wrong: on the console once, in the panel with a count."""
        count = self.reporter.report(kind, what, fix, place, key)
        if self.observer is not None:
            text = f"{what}\n{fix}" if fix else what
            self.observer(
                Trouble(
                    kind,
                    text,
                    place.file if place else None,
                    place.line if place else None,
                    client.id if client else None,
                    count,
                )
            )

    def _explain_no_handler(self, client: Client, op: str, ask: Optional[AskId]) -> None:
        shown = op if len(op) <= 40 else op[:39] + "…"
        known = self.handlers.ops()
        close = did_you_mean(op, known)
        what = f'A page sent "{shown}", but no function handles it.'
        if close:
            fix = f'Did you mean "{close}"?'
        elif op.isidentifier():
            fix = f"Try: @on('{shown}')"
        else:
            fix = "Write the same name on both sides."
        self._explain_with_page_line(client, "no_handler", op, what, fix, None)
        self._refuse(client, op, ask, "no_handler", f"{what} {fix}")

    def _explain_mismatch(self, call: Call, why: Mismatch) -> None:
        client, op, handler = call.client, call.handler.op, call.handler
        assert client is not None
        what = f'"{op}": {why}.'
        self._explain_with_page_line(client, "parameters", op, what, why.fix, handler.place)
        self._refuse(client, op, call.ask, "parameters", f"{what} {why.fix}")

    def _explain_with_page_line(
        self, client: Client, code: str, op: str, what: str, fix: str, place: Optional[Place]
    ) -> None:
        """Report after our page has told which of its lines it was, or could not tell in time."""
        key = (client.id, op)

        def say(page_line: str = "") -> None:
            if self._wait_for_page.pop(key, None) is not None:
                text = f"{what}\n{page_line}" if page_line else what
                self.report(code, text, fix, place, key=what, client=client)

        link = client._link
        is_new = not self.reporter.knows(code, what)
        if self.later and is_new and link is not None and self.transport.is_page(link):
            self._wait_for_page.setdefault(key, say)
            self.later(WAIT_FOR_PAGE_S, say)
        else:
            self._wait_for_page[key] = say
            say()

    def bad_message(self, client: Client, error: BadMessage) -> None:
        """A frame came that is no message: its sender is told, and the console once."""
        what = f"{client.name} sent something that is no message. {error.what}"
        self.report(error.code, what, error.fix, key=error.what, client=client)
        self._error(client, error.code, f"{error.what} {error.fix}".strip())

    def where(self, client: Client, op: str, page_line: str) -> None:
        """Our page tells which of its lines sent a message that could not be handled."""
        say = self._wait_for_page.get((client.id, op))
        if say is not None:
            say(page_line)


def _failed_at_the_door(error: TypeError) -> bool:
    """Tell whether a call failed before it entered the function: no frame lies beyond ours."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_code is Call.start.__code__

