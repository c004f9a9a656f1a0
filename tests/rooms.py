"""The core alone: the test feeds it events, a recording transport keeps what it sends."""

from __future__ import annotations

import io
import json
from typing import Any, Callable, Sequence

from wszero.app import App
from wszero.calls import Call
from wszero.client import Client
from wszero.errors import BadMessage
from wszero.monitor_protocol import Event
from wszero.protocol import decode
from wszero.reporter import Reporter


class Link:
    """One end of a connection, as the transport knows it."""

    def __init__(self, is_page: bool) -> None:
        self.is_page = is_page
        self.messages: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None


class Room:
    """An app without runtime and network. It is its own transport.

    Example:
        room = Room()
        amy = room.join()
        room.app.broadcast("hello")
        assert room.heard(amy) == [{"op": "hello"}]
    """

    def __init__(self) -> None:
        self.app = App()
        self.on = self.app.on
        self.out = io.StringIO()
        self.app.reporter = Reporter(self.out)
        self.app.transport = self
        self.app.observer = self._note
        self.events: list[Event] = []
        self.frames: list[tuple[bytes, int]] = []
        """Each frame that was handed to the transport, and to how many links."""
        self._links: dict[Client, Link] = {}
        self._due: list[Callable[[], None]] = []

    @property
    def console(self) -> str:
        """What was said to the child."""
        return self.out.getvalue()

    # ---- clients ------------------------------------------------------------------------------

    def join(self, name: str = "", *, is_page: bool = False) -> Client:
        """A client comes, and `connect` is run."""
        link = Link(is_page)
        client = self.app.new_client(link, "/" if is_page else "", "127.0.0.1")
        self._links[client] = link
        if name:
            client.name = name
        self.run(self.app.join(client))
        self.forget()
        return client

    def leave(self, client: Client, reason: str = "left") -> None:
        """A client goes, and `disconnect` is run."""
        self.run(self.app.leave(client, reason))

    def get(self, client: Client, text: str) -> None:
        """A frame comes from a client, and is handled."""
        try:
            message = decode(text)
        except BadMessage as error:
            self.app.troubles.bad_message(client, error)
        else:
            self.run(self.app.message(client, message, len(text)))

    def message(self, client: Client, op: str, **params: Any) -> None:
        """A message comes from a client, and is handled."""
        self.get(client, json.dumps({"op": op, **params}))

    def run(self, call: Call | None) -> None:
        """Make a call as a runtime does, without its threads."""
        if call is None:
            return
        try:
            value = call.start()
        except BaseException as error:
            self.app.failed(call, error)
        else:
            self.app.finished(call, value)

    # ---- what came out ------------------------------------------------------------------------

    def heard(self, client: Client) -> list[dict[str, Any]]:
        """What a client was sent, the oldest first."""
        return self._links[client].messages

    def closed(self, client: Client) -> tuple[int, str] | None:
        """With which code and reason a client was closed."""
        return self._links[client].closed

    def forget(self) -> None:
        """Forget what was sent and noted so far."""
        self.frames.clear()
        self.events.clear()
        for link in self._links.values():
            link.messages.clear()

    def seen(self, kind: type[Event]) -> list[Any]:
        """The panel's events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def _note(self, event: Event) -> None:
        self.events.append(event)

    # ---- time ---------------------------------------------------------------------------------

    def has_a_clock(self) -> None:
        """Let things happen later: with `time_passes`."""
        self.app.later = lambda seconds, function: self._due.append(function)

    def time_passes(self) -> None:
        """Let all happen that was to happen later."""
        due, self._due = self._due, []
        for function in due:
            function()

    # ---- the transport ------------------------------------------------------------------------

    def send(self, payload: bytes, links: Sequence[Link]) -> None:
        """Keep a frame."""
        self.frames.append((payload, len(links)))
        for link in links:
            link.messages.append(json.loads(payload))

    def close(self, link: Link, code: int, reason: str) -> None:
        """Keep a goodbye."""
        link.closed = (code, reason)

    def is_page(self, link: Link) -> bool:
        """Tell what the test said."""
        return link.is_page
