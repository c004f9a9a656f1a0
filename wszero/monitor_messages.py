"""The events and commands of the panel link, as frozen dataclasses.

General layout: **events** go from the server to the panel, **commands** from the panel to the
server. ``monitor_protocol`` turns them into lines and back, and offers all of these names too:
import them from there. A new field always gets a default, because the other end may be older.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

VERSION = 1
"""Goes up when an older panel could no longer make sense of what it reads."""

# --- Events: server to panel -------------------------------------------------------------------


@dataclass(frozen=True)
class Hello:
    """The first line of all: proves that the panel itself started this program."""

    token: str = field(repr=False)
    version: int = VERSION


@dataclass(frozen=True)
class Started:
    """The server is up. Clients, counts and log of the run before no longer count."""

    program: str
    """The path of the child's program."""
    run: str
    """A word that no other run has."""
    url: str
    """The address for this computer."""
    tablet_url: str | None = None
    """The address for the others in the room; None without a network."""
    other_urls: list[str] = field(default_factory=list)
    port: int = 0
    handlers: list[dict[str, Any]] = field(default_factory=list)
    """For each handler ``{"op": …, "name": …, "file": …, "line": …}``."""
    python: str = ""
    """Python's version, ``3.8.18``."""
    pid: int = 0


@dataclass(frozen=True)
class Joined:
    """A client has connected."""

    client: str
    name: str
    address: str = ""
    page: str | None = None
    """The path of its page; empty or None for a client that is no page of ours."""


@dataclass(frozen=True)
class Left:
    """A client has gone for good."""

    client: str
    reason: str = ""


@dataclass(frozen=True)
class Renamed:
    """The program gave a client another name."""

    client: str
    name: str


@dataclass(frozen=True)
class GroupChanged:
    """A client came into a group, or went out of it."""

    client: str
    group: str
    joined: bool


@dataclass(frozen=True)
class Marked:
    """Something to know about a client began or ended.

    ``mark`` is one of ``slow`` (does not read what it is sent), ``noisy`` (sends too much),
    ``away`` (may come back) and ``muted``; later versions may have more.
    """

    client: str
    mark: str
    on: bool


@dataclass(frozen=True)
class MessageIn:
    """A message arrived."""

    client: str
    op: str
    params: dict[str, Any] = field(default_factory=dict)
    handled: bool = True
    """False when the program has no handler for it."""
    size_bytes: int = 0


@dataclass(frozen=True)
class MessageOut:
    """A message was sent, once, to however many clients."""

    clients: list[str]
    """The ids of the clients it went to. None are told when ``everybody`` is true: the panel knows
    who is there, and 300 ids with each message are a burden."""
    op: str
    params: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    everybody: bool = False
    size_bytes: int = 0


@dataclass(frozen=True)
class Ran:
    """The handler of ``op`` has run, so many times since it was told last."""

    op: str
    count: int = 1


@dataclass(frozen=True)
class Trouble:
    """Something went wrong; the same trouble again is told with a higher ``count``."""

    kind: str
    text: str
    file: str | None = None
    line: int | None = None
    client: str | None = None
    """Whose page or message it was, where that is known."""
    count: int = 1
    """How often this has happened in all."""


@dataclass(frozen=True)
class Busy:
    """One line of the program has been at work for so long that everybody waits."""

    op: str
    file: str | None = None
    line: int | None = None
    code: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Free:
    """What was busy has finished."""


@dataclass(frozen=True)
class LeftOut:
    """So many events were left out since the last time, because there were too many."""

    count: int
    messages_in: int = 0
    """How many of them were ``MessageIn``."""
    messages_out: int = 0


@dataclass(frozen=True)
class Stopping:
    """The server is about to stop."""

    reason: str = ""


# --- Commands: panel to server -----------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """Stop the server, gently."""


@dataclass(frozen=True)
class Send:
    """Send a message to one client."""

    client: str
    op: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Broadcast:
    """Send a message to a group, or to everybody."""

    op: str
    params: dict[str, Any] = field(default_factory=dict)
    group: str | None = None


@dataclass(frozen=True)
class Kick:
    """Close a client; its page says the reason and does not come back by itself."""

    client: str
    reason: str = ""


@dataclass(frozen=True)
class Mute:
    """Stop listening to a client, or listen again."""

    client: str
    muted: bool = True


Event = Union[
    Hello, Started, Joined, Left, Renamed, GroupChanged, Marked, MessageIn, MessageOut,
    Ran, Trouble, Busy, Free, LeftOut, Stopping,
]  # fmt: skip
Command = Union[Stop, Send, Broadcast, Kick, Mute]
EVENTS: tuple[type[Any], ...] = Event.__args__  # type: ignore[attr-defined]
"""Every class of event."""
COMMANDS: tuple[type[Any], ...] = Command.__args__  # type: ignore[attr-defined]
"""Every class of command."""
