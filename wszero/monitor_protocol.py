"""What the panel and the server say to each other: events one way, commands the other, pure.

General layout: ``monitor_messages`` holds a frozen dataclass for each event and each command, all
importable from here; ``to_line`` and ``from_line`` turn one into a line of JSON and back;
``parse_address`` reads ``WSZERO_MONITOR``.

- **Events** go from the server to the panel. They are shortened: a line is never over 64 KiB.
- **Commands** go from the panel to the server, whole or not at all.

The panel listens on 127.0.0.1 and the server dials. Its first line is ``Hello``, which carries the
token that the panel put into the program's environment. Each line is one JSON object; its
``event`` or ``command`` names the class in snake case: ``{"event":"left","client":"c4"}``.

Versions may differ at the two ends. So a reader skips kinds it does not know (``ProtocolError``)
and ignores fields it does not know; a new field always gets a default.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from itertools import islice
from typing import Any, Callable, NamedTuple

from .errors import WszeroError
from .line_splitter import MAX_LINE_BYTES, LineSplitter
from .monitor_messages import (
    COMMANDS,
    EVENTS,
    VERSION,
    Broadcast,
    Busy,
    Command,
    Event,
    Free,
    GroupChanged,
    Hello,
    Joined,
    Kick,
    Left,
    LeftOut,
    Marked,
    MessageIn,
    MessageOut,
    Mute,
    Ran,
    Renamed,
    Send,
    Started,
    Stop,
    Stopping,
    Trouble,
)
from .shorten import BUDGET, cut_text, shorten

__all__ = [
    "COMMANDS",
    "EVENTS",
    "MAX_LINE_BYTES",
    "VERSION",
    "Address",
    "Broadcast",
    "Busy",
    "Command",
    "Event",
    "Free",
    "GroupChanged",
    "Hello",
    "Joined",
    "Kick",
    "Left",
    "LeftOut",
    "LineSplitter",
    "Marked",
    "MessageIn",
    "MessageOut",
    "Mute",
    "ProtocolError",
    "Ran",
    "Renamed",
    "Send",
    "Started",
    "Stop",
    "Stopping",
    "Trouble",
    "from_line",
    "parse_address",
    "to_line",
]


class ProtocolError(WszeroError, ValueError):
    """A line or an address of the panel link that makes no sense; skip it and go on."""


def to_line(message: Event | Command) -> bytes:
    r"""Return an event or a command as one line of JSON, its end included.

    An event is shortened so that the line stays under ``MAX_LINE_BYTES``; this never fails,
    whatever the params hold. A command goes whole.

    Raises:
        ProtocolError: For a command that is no JSON or too long.

    Example:
        >>> to_line(Left("c4"))
        b'{"event":"left","client":"c4","reason":""}\n'
    """
    kind = _KIND_OF[type(message)]
    if isinstance(message, COMMANDS):
        return _command_line(kind, message)
    for budget in (_BUDGET, _TIGHT_BUDGET):
        line = _encode(_short_fields(kind, message, budget))
        if len(line) <= MAX_LINE_BYTES:
            break
    return line


def from_line(line: bytes) -> Event | Command:
    """Return the event or the command that a line holds.

    Raises:
        ProtocolError: The line is no JSON object, of a kind that this version does not know, or
            lacks a field. Skip it: the other end may be newer.

    Example:
        >>> from_line(b'{"command":"kick","client":"c4","news":1}')
        Kick(client='c4', reason='')
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError("A line of the panel link is not JSON.") from None
    if not isinstance(found, dict):
        raise ProtocolError("A line of the panel link is not a JSON object.")
    for direction in ("event", "command"):
        kind = found.get(direction)
        if isinstance(kind, str) and (direction, kind) in _CLASSES:
            message: Event | Command = _build(_CLASSES[direction, kind], kind, found)
            return message
    raise ProtocolError(
        f"The panel link has no {cut_text(str(kind), 40)!r} in this version.",
        "Use the same wszero at both ends.",
    )


class Address(NamedTuple):
    """Where the panel listens, and the word that it wants to hear first."""

    host: str
    port: int
    token: str

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port})"  # a secret has no place in a log


def parse_address(text: str) -> Address:
    """Read ``WSZERO_MONITOR``: ``127.0.0.1:PORT:TOKEN``.

    Raises:
        ProtocolError: It looks otherwise, or names another computer: what the program does is
            shown on this one only.

    Example:
        >>> parse_address("127.0.0.1:50123:k3y").port
        50123
    """
    parts = text.strip().split(":")
    # The token may be a secret: no message repeats what was found.
    if len(parts) != 3:
        raise ProtocolError(
            "WSZERO_MONITOR does not look like 127.0.0.1:PORT:TOKEN.",
            "The editor sets it. Start the program with its Run button, or remove WSZERO_MONITOR.",
        )
    host, port, token = parts
    if host != "127.0.0.1":
        raise ProtocolError(
            "WSZERO_MONITOR names another computer.", "Only 127.0.0.1, this computer, may watch."
        )
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ProtocolError("The port in WSZERO_MONITOR is not a number from 1 to 65535.")
    if not re.fullmatch("[!-~]{1,200}", token):
        raise ProtocolError("The token in WSZERO_MONITOR is missing, or has spaces in it.")
    return Address(host, int(port), token)


# --- How lines are made and read ---------------------------------------------------------------

# Most of 64 KiB in plain letters. A text full of control characters grows sixfold in JSON; then
# the line is made again with the tight one.
_BUDGET = 24_000
_TIGHT_BUDGET = 1_000
_SMALL_TYPES = (bool, int)
_LISTS = ("clients", "handlers", "other_urls")
_MAX_LIST = 1_000
# A path that is cut opens no file, and an error's words are made to be read to their end.
_WHOLE_TEXTS = ("text", "file", "program")
_MAX_WHOLE_TEXT = 2_000

_encode_json = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def _encode(body: dict[str, Any]) -> bytes:
    return _encode_json(body).encode("utf-8") + b"\n"


def _short_fields(kind: str, event: object, budget: int) -> dict[str, Any]:
    body: dict[str, Any] = {"event": kind}
    for name in _FIELD_NAMES[type(event)]:
        value = getattr(event, name)
        if value is None or type(value) in _SMALL_TYPES:
            body[name] = value
        elif name == "clients" and getattr(event, "everybody", False):
            body[name] = []
        elif name in _LISTS:
            body[name] = _short_list(value, budget)
        elif name in _WHOLE_TEXTS:
            body[name] = shorten(value, text=min(_MAX_WHOLE_TEXT, budget))
        else:
            body[name] = shorten(value, budget=min(BUDGET, budget))
    return body


def _short_list(items: list[Any], budget: int) -> list[Any]:
    # Cut without a "… 5 more": what reads these lists expects ids and handlers in them.
    short: list[Any] = []
    for item in islice(items, _MAX_LIST):
        # A short cut for the ids of 300 clients, with every message to a group.
        is_small = type(item) is str and len(item) < 100 and item.isascii()
        small = item if is_small else shorten(item, text=_MAX_WHOLE_TEXT, budget=budget)
        budget -= len(item) if is_small else len(str(small))
        if budget < 0:
            break
        short.append(small)
    return short


def _command_line(kind: str, command: object) -> bytes:
    body = {name: getattr(command, name) for name in _FIELD_NAMES[type(command)]}
    try:
        line = _encode({"command": kind, **body})
    except (TypeError, ValueError, RecursionError):
        raise ProtocolError(
            "This message can't be sent.", "Use texts, numbers, lists and dictionaries."
        ) from None
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError("This message is too long for the panel.", "Send a shorter one.")
    return line


class _Rule(NamedTuple):
    name: str
    fits: Callable[[Any], bool]
    words: str
    required: bool


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole_number(value: Any) -> bool:
    return type(value) is int


def _is_params(value: Any) -> bool:
    return isinstance(value, dict)


# By what the field says of itself; all annotations are text here, so that 3.8 need not grasp them.
_FITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "str": (_is_text, "a text"),
    "int": (_is_whole_number, "a whole number"),
    "float": (lambda value: type(value) in (int, float), "a number"),
    "bool": (lambda value: type(value) is bool, "true or false"),
    "str | None": (lambda value: value is None or _is_text(value), "a text or null"),
    "int | None": (lambda value: value is None or _is_whole_number(value), "a number or null"),
    "dict[str, Any]": (_is_params, "an object"),
    "list[str]": (lambda value: type(value) is list and all(map(_is_text, value)), "texts"),
    "list[dict[str, Any]]": (
        lambda value: type(value) is list and all(map(_is_params, value)),
        "objects",
    ),
}


def _rules(cls: type[Any]) -> list[_Rule]:
    return [
        _Rule(
            part.name,
            *_FITS[str(part.type)],
            required=part.default is MISSING and part.default_factory is MISSING,
        )
        for part in fields(cls)
    ]


def _build(cls: type[Any], kind: str, found: dict[str, Any]) -> Any:
    values = {}
    for name, fits, words, required in _RULES[cls]:
        if name in found:
            if not fits(found[name]):
                raise ProtocolError(f"The panel link's {kind!r} needs {words} as {name!r}.")
            values[name] = found[name]
        elif required:
            raise ProtocolError(f"The panel link's {kind!r} came without {name!r}.")
    return cls(**values)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_KIND_OF: dict[type[Any], str] = {cls: _snake_case(cls.__name__) for cls in EVENTS + COMMANDS}
_CLASSES: dict[tuple[str, str], type[Any]] = {
    **{("event", _KIND_OF[cls]): cls for cls in EVENTS},
    **{("command", _KIND_OF[cls]): cls for cls in COMMANDS},
}
_RULES = {cls: _rules(cls) for cls in EVENTS + COMMANDS}
_FIELD_NAMES = {cls: tuple(part.name for part in fields(cls)) for cls in EVENTS + COMMANDS}
