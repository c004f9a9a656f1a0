"""The panel's list of messages: the newest 1,000, filtered, paused, cleared, saved as text.

General layout: a ``LogEntry`` for each message, cheap to make because 5,000 come in a second; its
words are made only for the entries that somebody looks at. ``MessageLog`` holds them.
"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any, Iterable, NamedTuple

MAX_ENTRIES = 1_000
"""Older messages fall out at the other end."""


class LogEntry(NamedTuple):
    """One message that came in or went out."""

    time: float
    """Seconds since 1970."""
    incoming: bool
    """True: from a client to the program. False: from the program."""
    clients: tuple[str, ...]
    """The ids of the clients; empty when it went to everybody."""
    names: tuple[str, ...]
    """The names that the clients had then, the first few of them."""
    op: str
    params: dict[str, Any]
    group: str | None = None
    everybody: bool = False
    handled: bool = True
    """False when the program has no handler for it."""
    size_bytes: int = 0

    @property
    def who(self) -> str:
        """The other end, in words: a name, a group, ``everybody`` or ``3 clients``."""
        if self.everybody:
            return "everybody"
        if self.group is not None:
            return f"group {self.group}"
        if len(self.clients) == 1:
            return self.names[0]
        return f"{len(self.clients)} clients"

    @property
    def text(self) -> str:
        """The values, as a child writes them: ``text='hi', n=3``."""
        return ", ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.params.items()
        )

    @property
    def line(self) -> str:
        """The whole entry as one line of a text file."""
        clock = time.strftime("%H:%M:%S", time.localtime(self.time))
        arrow = "->" if self.incoming else "<-"
        unheard = "" if self.handled else "  (no handler)"
        return f"{clock}  {self.who} {arrow} {self.op}  {self.text}".rstrip() + unheard

    def matches(self, client: str | None, op: str | None) -> bool:
        """Tell whether it has to do with this client and this op; None stands for any."""
        return (op is None or op == self.op) and (
            client is None or self.everybody or client in self.clients
        )


class MessageLog:
    """The newest messages, at most ``MAX_ENTRIES``; older ones are forgotten.

    Example:
        >>> log = MessageLog()
        >>> log.add(LogEntry(0.0, True, ("c1",), ("Amy",), "chat", {"text": "hi"}))
        >>> [entry.text for entry in log.entries(op="chat")]
        ['text="hi"']
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=max_entries)
        self._held: list[LogEntry] | None = None
        self.total = 0
        """Messages ever added, since the last ``clear``."""
        self.unseen = 0
        """Messages that came while the log was paused."""

    def add(self, entry: LogEntry) -> None:
        """Put a message at the end."""
        self._entries.append(entry)
        self.total += 1
        if self._held is not None:
            self.unseen += 1

    @property
    def paused(self) -> bool:
        """Whether what is shown stands still."""
        return self._held is not None

    def pause(self) -> None:
        """Let what is shown stand still, to be read. New messages are kept meanwhile."""
        if self._held is None:
            self._held = list(self._entries)

    def resume(self) -> None:
        """Show the newest messages again."""
        self._held = None
        self.unseen = 0

    def clear(self) -> None:
        """Forget all messages. A paused log stays paused."""
        self._entries.clear()
        self.total = self.unseen = 0
        if self._held is not None:
            self._held = []

    def entries(
        self,
        *,
        client: str | None = None,
        op: str | None = None,
        newest: int | None = None,
    ) -> list[LogEntry]:
        """Return the messages to show, oldest first.

        Args:
            client: Only those that this client sent or received.
            op: Only those of this op.
            newest: At most so many, the newest.
        """
        shown: Iterable[LogEntry] = self._entries if self._held is None else self._held
        found = [entry for entry in shown if entry.matches(client, op)]
        return found if newest is None else found[max(0, len(found) - newest) :]

    def ops(self) -> list[str]:
        """Return the ops that are in the log, sorted: what a filter can offer."""
        return sorted({entry.op for entry in self._entries})

    def export(self, *, client: str | None = None, op: str | None = None) -> str:
        """Return what is shown as the text of a file, one message a line."""
        return "".join(entry.line + "\n" for entry in self.entries(client=client, op=op))
