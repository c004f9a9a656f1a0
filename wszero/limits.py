"""What is said, and shown in the panel, when a client comes to one of the limits.

Each limit is a setting of `run_server`, and is named here. The console says each once, then counts.
"""

from __future__ import annotations

from typing import Callable

from .app import App
from .link import MOST_KEPT, Link
from .options import MIB, Options

NOISY_S = 2.0
"""So long a client is marked as noisy after it has been."""


class Limits:
    """The words for limits that are reached.

    Args:
        app: Has the console and the panel.
        options: Has the limits.
        now: Returns the time in seconds.
    """

    def __init__(self, app: App, options: Options, now: Callable[[], float]) -> None:
        self._app = app
        self._options = options
        self._now = now

    def full(self, limit: int) -> None:
        """Somebody had to be turned away."""
        what = f"The house is full, so one more was turned away (max_clients={limit})."
        self._app.report("full", what, "For more: run_server(max_clients=...)", key="full")

    def missed(self, link: Link, count: int) -> None:
        """More was sent to a page that was away than is kept for it."""
        what = f"{link.client.name} was away for a moment and has missed {count:,} messages."
        limit = self._options.max_waiting
        fix = f"At most {MOST_KEPT} are kept for a page that is away (max_waiting={limit})."
        self._say("missed", what, fix, link)

    def unread(self, link: Link, limit: int) -> None:
        """A client does not read what it is sent."""
        name = link.client.name
        what = f"{name} does not read its messages, so it was dropped (max_waiting={limit})."
        self._say("unread", what, "Is the tablet asleep?", link)

    def too_big(self, link: Link) -> None:
        """A client sent a message over the limit."""
        limit = self._options.max_message
        what = f"{link.client.name} sent a message that is too big, so it was cut off."
        fix = f"At most {limit:,} bytes may come. For more: run_server(max_message=...)"
        self._say("too big", what, fix, link)

    def noisy(self, link: Link) -> None:
        """A client sends more than it may: it is read more slowly."""
        is_news = not link.noisy_at
        link.noisy_at = self._now()
        if is_news:
            name, rate = link.client.name, self._options.max_rate
            what = f"{name} sends more than {rate} messages a second: some have to wait."
            fix = "Nothing is lost. To allow more: run_server(max_rate=...)"
            self._say("noisy", what, fix, link)
            self._app.mark(link.client, "noisy", True)

    def slow(self, link: Link, on: bool) -> None:
        """A client reads more slowly than it is sent to, or has caught up."""
        link.is_slow = on
        self._app.mark(link.client, "slow", on)

    def look(self, link: Link, waiting: int) -> None:
        """Look now and then whether a client has become slow, or is noisy no more.

        Args:
            link: The client's.
            waiting: Bytes that it has not taken.
        """
        if link.noisy_at and self._now() - link.noisy_at > NOISY_S:
            link.noisy_at = 0.0
            self._app.mark(link.client, "noisy", False)
        if not link.is_slow and waiting > (self._options.max_waiting or MIB) // 2:
            self.slow(link, True)

    def _say(self, kind: str, what: str, fix: str, link: Link) -> None:
        self._app.report(kind, what, fix, key=kind, client=link.client)
