"""The core: handlers, clients and groups of one program, without sockets, threads or asyncio.

The core is fed events (`join`, `message`, `leave`, `finished`, `failed`) and hands out calls to be
made and frames to be sent. Who feeds it decides where the child's code runs: `runtime.py` on its
threads, `testing.py` without a network. Everything else may be called from any thread.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, ClassVar, Dict, List, Optional, Sequence, Tuple, TypeVar

from .calls import Call, Every, failed_at_the_door
from .client import Client, Clients, refuse_values_without_names
from .errors import AlreadyRunning, BadHandler, BadName, CannotSend, ServerStopped
from .groups import ClientGroups, Groups, check_group
from .handlers import Handlers, check_function, check_op_for, mismatch
from .interfaces import Driver, Nowhere, Transport
from .mistakes import explain
from .monitor_protocol import (
    Event,
    GroupChanged,
    Joined,
    Left,
    Marked,
    MessageIn,
    MessageOut,
    Ran,
    Renamed,
)
from .places import calling_place, place_of_at
from .protocol import Message, Params, check_op, encode, encode_value
from .reporter import Reporter
from .sending_words import from_an_object, with_a_name, with_the_variable
from .troubles import Troubles

F = TypeVar("F", bound=Callable[..., Any])


class App:
    """One program's handlers, clients and server: the object behind the child's names.

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
        self.transport: Transport = Nowhere()
        # Wherever it is used it is looked at once: a stop, on another thread, takes it away.
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
        self.troubles = Troubles(self)
        self.report = self.troubles.report

    # ---- the program's side -------------------------------------------------------------------

    def on(self, op: str) -> Callable[[F], F]:
        """Make the function below the one that handles a message: see `wszero.on`.

        Example:
            @app.on('chat')
            def chat(client, text):
                app.broadcast('chat', text=text)
        """
        name = check_op_for(op)

        def register(function: F) -> F:
            self.handlers.add(name, function)
            return function

        return register

    def every(self, seconds: float) -> Callable[[F], F]:
        """Call the function below again and again while the server runs: see `wszero.every`.

        Example:
            @app.every(2)
            def move_star():
                app.broadcast('star', x=random.randint(0, 9))
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            place = place_of_at(seconds) or calling_place()
            raise BadHandler("@every needs a number of seconds.", "Try: @every(2)", place)
        if not seconds >= 0.01:  # nan is not, either
            raise BadHandler(f"@every({seconds}) is too fast.", "Try: @every(0.1)", calling_place())

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
        """Send a message to everybody, or everybody in a group: see `wszero.broadcast`.

        Example:
            app.broadcast('chat', text='hello')
        """
        group = params.pop("group", group)
        receivers = self._receivers(group, "broadcast('hello', 'red')")
        self._send("broadcast", op, args, params, receivers, group)

    def run(self, port: int = 8000, **options: Any) -> None:
        """Start the server, and return when it has been stopped.

        Args:
            port: The number in the address, 0 to 65535; 0 takes any free one.
            **options: See ``run_server``.

        Example:
            app.run(8001)
        """
        try:
            self._new_driver(port, options).run()
        except KeyboardInterrupt:
            # Pressed before the server ran, or once more when it had ended.
            self.stop()

    def start(self, port: int = 8000, **options: Any) -> None:
        """Start the server in the background, and return when pages can come.

        Example:
            app.start()
            pgzrun.go()
            app.stop()
        """
        self._new_driver(port, options).start()

    def stop(self) -> None:
        """Stop the server. Nothing happens when it does not run.

        Example:
            app.stop()
        """
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
        self.transport = Nowhere()
        self.later = self.schedule = self.observer = None
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
        but: Optional[Client] = None,
    ) -> None:
        if isinstance(op, dict):
            what = f"The first thing in {doing}() must be the message's name."
            raise BadName(what, f"Try: {from_an_object(doing)}")
        check_op(op, doing)
        if args:
            refuse_values_without_names(doing, op, args)
        if group is not None and not receivers and not params:
            self._explain_empty_group(doing, op, group)
        if but is not None:
            receivers = tuple(client for client in receivers if client is not but)
        self._deliver(op, params, receivers, group, doing == "broadcast" and group is None)

    def _deliver(
        self,
        op: str,
        params: Params,
        receivers: Sequence[Client],
        group: Optional[str] = None,
        everybody: bool = False,
    ) -> None:
        try:
            payload = encode(op, params)
        except CannotSend as error:
            place = calling_place()
            fix = with_the_variable(error.fix, place.code if place else "")
            raise CannotSend(error.what, fix) from None
        # Looked at once: on another thread a client may leave at any moment.
        links = [link for client in receivers if (link := client._link) is not None]
        if links:
            self.transport.send(payload, links)
        if (observer := self.observer) is not None:
            ids = [] if everybody else [client.id for client in receivers]
            observer(MessageOut(ids, op, dict(params), group, everybody, len(payload)))

    def _explain_empty_group(self, doing: str, op: str, group: str) -> None:
        # Most often a value without a name: broadcast('chat', 'hello').
        self.report(
            "empty group",
            f"Nobody is in a group called {group!r:.30}.",
            f"If it is what you want to send: {with_a_name(doing, group)}",
            calling_place(),
        )

    def own(self, client: Client, payload: bytes) -> None:
        """Send a client one of wszero's own messages."""
        link = client._link
        if link is not None:
            self.transport.send(payload, (link,))

    # ---- clients and groups -------------------------------------------------------------------

    def new_client(self, link: Any, page: str = "", address: str = "") -> Client:
        """Return a client for a new connection. It counts from when `join` is fed."""
        with self._lock:
            self._last_number += 1
            return Client(self, self._last_number, link, page, address)

    def hello(self, client: Client, run: str, program: str) -> Params:
        """Return what the first message to one of our pages tells it."""
        return {"run": run, "id": client.id, "name": client.name, "program": program}

    def away(self, client: Client, is_away: bool) -> None:
        """A page has lost its connection, or is back: it is the same client all the time."""
        client.__dict__["_away"] = is_away
        self.mark(client, "away", is_away)

    def mark(self, client: Client, mark: str, on: bool) -> None:
        """Let the panel show that a client is ``away``, ``slow`` or ``noisy``."""
        if (observer := self.observer) is not None:
            observer(Marked(client.id, mark, on))

    def _renamed(self, client: Client) -> None:
        link = client._link
        if link is not None and self.transport.is_page(link):
            self.own(client, encode("_name", {"name": client.name}))
        if (observer := self.observer) is not None:
            observer(Renamed(client.id, client.name))

    def _group(self, client: Client, group: str, joins: bool) -> None:
        with self._lock:
            if joins and not client._connected:
                return
            changed = (self._groups.add if joins else self._groups.remove)(group, client)
            if not changed:
                return
            groups = client._groups | {group} if joins else client._groups - {group}
            client.__dict__["_groups"] = ClientGroups(groups)
        if (observer := self.observer) is not None:
            observer(GroupChanged(client.id, group, joins))

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
        self.mark(client, "muted", muted)

    # ---- fed from outside, one at a time ------------------------------------------------------

    def join(self, client: Client) -> Optional[Call]:
        """A client is there: return the call of ``connect``."""
        with self._lock:
            self._members[client] = None
            self._client_tuple = tuple(self._members)
        if (observer := self.observer) is not None:
            observer(Joined(client.id, client.name, client._address, client._page))
        handler = self.handlers.get("connect")
        return Call(handler, client, {}) if handler else None

    def leave(self, client: Client, reason: str) -> Optional[Call]:
        """A client has gone: return the call of ``disconnect``.

        It is no longer in ``clients`` and gets no broadcast, but the handler still sees its
        attributes and the groups that it was in.
        """
        self._forget(client)
        if (observer := self.observer) is not None:
            observer(Left(client.id, reason))
        handler = self.handlers.get("disconnect")
        return Call(handler, client, {}) if handler else None

    def message(self, client: Client, message: Message, size_bytes: int) -> Optional[Call]:
        """A message has come: return the call of its handler, or answer why there is none."""
        op, params, ask = message
        handler = self.handlers.get(op)
        if (observer := self.observer) is not None:
            handled = handler is not None and not client._muted
            observer(MessageIn(client.id, op, dict(params), handled, size_bytes))
        if client._muted:
            self.troubles.refuse(
                client, op, ask, "muted", "Your messages are switched off just now."
            )
            return None
        if handler is None:
            self.troubles.no_handler(client, op, ask)
            return None
        return Call(handler, client, params, ask)

    def tick(self, every: Every) -> Call:
        """The time has come for a function of ``@every``."""
        return Call(every.handler, None, {})

    def finished(self, call: Call, value: Any) -> None:
        """A handler has returned: its value answers the page that asked."""
        if (observer := self.observer) is not None:
            observer(Ran(call.handler.op, 1))
        if call.ask is None or call.client is None:
            return
        try:
            answer = encode_value("_answer", {"ask": call.ask}, "value", value)
        except CannotSend as error:
            self.troubles.bad_answer(call, error)
            return
        self.own(call.client, answer)

    def failed(self, call: Call, error: BaseException) -> None:
        """A handler ended with an error: explain it. Nobody else is harmed."""
        if isinstance(error, ServerStopped):
            return
        if isinstance(error, TypeError) and failed_at_the_door(error):
            why = mismatch(call.handler, call.params) if call.client else None
            if why is not None:
                self.troubles.mismatch(call, why)
                return
        if (observer := self.observer) is not None:
            observer(Ran(call.handler.op, 1))
        what, fix, place = explain(error, call.handler)
        self.report("mistake", what, fix, place, client=call.client)
        if call.client is not None and call.ask is not None:
            text = "The program made a mistake: its console says which."
            self.troubles.refuse(call.client, call.handler.op, call.ask, "failed", text)
