"""Telling what went wrong: to the console, to the panel, and to the client it concerns."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Callable, Dict, Optional, Tuple

from .calls import Call
from .client import Client
from .errors import BadMessage, CannotSend, Place, did_you_mean, one_line
from .handlers import Handler, Mismatch
from .monitor_protocol import Trouble
from .places import place_of
from .program_text import return_line
from .protocol import AskId, encode
from .sending_words import with_the_variable

if TYPE_CHECKING:
    from .app import App

WAIT_FOR_PAGE_S = 0.5
"""How long an error waits for the page to tell which of its lines sent the message."""
MOST_WAITING = 20
"""A page that sends only nonsense must not make up a long queue of such errors."""


class Troubles:
    """The voice of one app.

    Args:
        app: Has the console, the panel and the clients.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._wait_for_page: Dict[Tuple[str, str], Callable[[Optional[Place]], None]] = {}

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
        count = self._app.reporter.report(kind, what, fix, place, key)
        observer = self._app.observer
        if observer is not None:
            way = [f"{one.short}: {one.code}" for one in place.via] if place else []
            text = "\n".join([*way, what, *([fix] if fix else [])])
            observer(
                Trouble(
                    kind,
                    text,
                    place.file if place else None,
                    place.line if place else None,
                    client.id if client else None,
                    count,
                )
            )

    def own_mistake(self, error: BaseException) -> None:
        """Something failed in wszero itself: say where, each once, and go on."""
        details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        what = f"wszero itself made a mistake. Please report it:\n{details}"
        self._app.report("own", what, key=repr(error)[:200])

    def no_handler(self, client: Client, op: str, ask: Optional[AskId]) -> None:
        """A page sent a message that no function handles."""
        shown = one_line(op, 40)
        known = self._app.handlers.ops()
        close = did_you_mean(op, known)
        what = f'A page sent "{shown}", but no function handles it.'
        if close:
            fix = f'Did you mean "{close}"?'
        elif shown == op and op.isidentifier():
            fix = f"Try: @on('{shown}')"
        else:
            fix = "Write the same name on both sides."
        self._report_with_page_line(client, "no_handler", op, what, fix, None)
        self.refuse(client, op, ask, "no_handler", f"{what} {fix}")

    def mismatch(self, call: Call, why: Mismatch) -> None:
        """A message's parameters don't fit its function."""
        client, op, handler = call.client, call.handler.op, call.handler
        assert client is not None
        what = str(why)
        self._report_with_page_line(client, "parameters", op, what, why.fix, handler.place)
        self.refuse(client, op, call.ask, "parameters", f"{what} {why.fix}")

    def bad_answer(self, call: Call, error: CannotSend) -> None:
        """What a handler returned can't travel to the page that asked."""
        client, handler = call.client, call.handler
        assert client is not None
        what = f"{handler.name}() returned a value, but {error.what}"
        place = _place_of_return(handler)
        line = place.code if place and place.code.startswith("return") else "return"
        fix = with_the_variable(error.fix, line)
        self.report("answer", what, fix, place, client=client)
        self.refuse(client, handler.op, call.ask, "failed", what)

    def _report_with_page_line(
        self, client: Client, code: str, op: str, what: str, fix: str, place: Optional[Place]
    ) -> None:
        """Report after our page has told which of its lines it was, or could not tell in time."""
        key = (client.id, op)

        def say(page: Optional[Place] = None) -> None:
            if self._wait_for_page.pop(key, None) is None:
                return
            shown = place or page
            if place is not None and page is not None:
                shown = place._replace(via=(page,))
            self.report(code, what, fix, shown, key=what, client=client)

        may_wait = len(self._wait_for_page) < MOST_WAITING
        is_new = may_wait and not self._app.reporter.knows(code, what)
        link, later = client._link, self._app.later
        if later and is_new and link is not None and self._app.transport.is_page(link):
            self._wait_for_page.setdefault(key, say)
            later(WAIT_FOR_PAGE_S, say)
        else:
            self._wait_for_page[key] = say
            say()

    def bad_message(self, client: Client, error: BadMessage) -> None:
        """A frame came that is no message: its sender is told, and the console once."""
        what = f"{one_line(client.name, 40)} sent something that can't be handled. {error.what}"
        self.report(error.code, what, error.fix, key=error.what, client=client)
        self.error(client, error.code, f"{error.what} {error.fix}".strip())

    def where(self, client: Client, op: str, page: Optional[Place]) -> None:
        """Our page tells which of its lines sent a message that could not be handled."""
        say = self._wait_for_page.get((client.id, op))
        if say is not None:
            say(page)

    def refuse(self, client: Client, op: str, ask: Optional[AskId], code: str, words: str) -> None:
        """Answer a message that can't be handled, to its sender.

        Args:
            client: The sender.
            op: The message's name.
            ask: The number of the answer that it waits for, if any.
            code: One word for programs.
            words: A sentence for people.
        """
        if ask is not None:
            self._app.own(client, encode("_answer", {"ask": ask, "error": words, "code": code}))
        else:
            self.error(client, code, words, op)

    def error(self, client: Client, code: str, msg: str, about: str = "") -> None:
        """Tell a client about a mistake of its own."""
        fields = {"code": code, "msg": msg, **({"about": about} if about else {})}
        self._app.own(client, encode("error", fields))


def _place_of_return(handler: Handler) -> Optional[Place]:
    """Return the line of a function's only ``return``, or that of its ``def``."""
    place = handler.place
    line = return_line(place.file, place.line) if place else 0
    return place_of(place.file, line) if place and line else place
