"""Plain words for a call with the wrong values in its brackets.

Python counts the object before the dot as well (``client.kick('a', 'b')`` "takes 2 … but 3 were
given"), and calls a class by ``__init__``. A child counts what stands in the brackets.
"""

from __future__ import annotations

import inspect
import re
from types import FrameType
from typing import Any, NamedTuple, Optional

from .errors import one_line
from .python_words import Words

_MISSING = re.compile(
    r"<?(\w+)>?\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.*)"
)
_TOO_MANY = re.compile(
    r"<?(\w+)>?\(\) takes (?:from )?(\d+)(?: to (\d+))? positional arguments? but (\d+)"
)
_BUILTIN = re.compile(
    r"(\w+)(?:\(\))? (?:takes|expected) (?:exactly |at (?:least|most) )?(\w+)"
    r"(?: positional)? arguments?(?:,? (?:\(|got |but )(\d+)|$)"
)
_NO_NAME = re.compile(
    r"(\w+)\(\) got an unexpected keyword argument '(\w+)'(?:.*Did you mean '(\w+)')?"
)
_TWICE = re.compile(r"(\w+)\(\) got multiple values for (?:keyword )?argument '(\w+)'")
_NOT_BY_NAME = re.compile(
    r"(\w+)\(\) (?:takes no keyword arguments|got some positional-only arguments passed as)"
)

_OURS = {
    "on": ("@on needs one thing in its brackets: the message's name.", "Try: @on('chat')"),
    "every": ("@every needs one thing in its brackets: a number of seconds.", "Try: @every(2)"),
    "sleep": ("sleep() needs one thing in its brackets: a number of seconds.", "Try: sleep(1)"),
    "broadcast": (
        "broadcast() needs the message's name first.",
        "Try: broadcast('chat', text='hello')",
    ),
    "run_server": ("run_server() takes one plain value, the port.", "Try: run_server(8000)"),
    "send": (
        "client.send() needs the message's name first.",
        "Try: client.send('chat', text='hello')",
    ),
    "send_others": (
        "client.send_others() needs the message's name first.",
        "Try: client.send_others('chat', text='hello')",
    ),
    "eval_js": (
        "client.eval_js() needs one text, with JavaScript.",
        "Try: client.eval_js('alert(1)')",
    ),
    "kick": ("client.kick() takes one text, the reason.", "Try: client.kick('Be kind!')"),
    "add_to_group": (
        "client.add_to_group() needs one name of a group.",
        "Try: client.add_to_group('red')",
    ),
    "remove_from_group": (
        "client.remove_from_group() needs one name of a group.",
        "Try: client.remove_from_group('red')",
    ),
}


class _Called(NamedTuple):
    """What a line has called."""

    name: str
    """As the child writes it."""
    counts_itself: bool
    """Python counts the object before the dot, or the new one, among the values."""
    is_ours: bool


def call_in_words(text: str, code: str, frame: Optional[FrameType]) -> Optional[Words]:
    """Return the words for a call that failed before it began; ``None`` if it is no such mistake.

    Args:
        text: Python's words.
        code: The line that calls.
        frame: Where the line stands, to look up its names.
    """
    for pattern, say in (
        (_MISSING, _missing),
        (_TOO_MANY, _too_many),
        (_BUILTIN, _builtin),
        (_NO_NAME, _no_name),
        (_TWICE, _twice),
        (_NOT_BY_NAME, _not_by_name),
    ):
        found = pattern.search(text)
        if found:
            called = _called(found.group(1), code, frame)
            if called.is_ours and found.group(1) in _OURS:
                return _OURS[found.group(1)]
            return say(found, called)
    return None


def _missing(found: re.Match[str], called: _Called) -> Words:
    names = re.findall(r"'(\w+)'", found.group(2))
    shown = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{called.name}() needs {shown} in its brackets.", ""


def _too_many(found: re.Match[str], called: _Called) -> Words:
    itself = 1 if called.counts_itself else 0
    takes = int(found.group(3) or found.group(2)) - itself
    return _counted(called.name, takes, int(found.group(4)) - itself)


def _builtin(found: re.Match[str], called: _Called) -> Words:
    words = {"no": 0, "one": 1, "two": 2}
    takes = words.get(found.group(2), -1)
    takes = int(found.group(2)) if found.group(2).isdigit() else takes
    if found.group(3) is None:
        return f"{called.name}() takes {'nothing' if takes == 0 else 'less'} in its brackets.", ""
    got = int(found.group(3))
    if takes < 0:
        return f"{called.name}() can't take {got} values in its brackets.", ""
    return _counted(called.name, takes, got)


def _counted(name: str, takes: int, got: int) -> Words:
    values = "nothing" if takes <= 0 else "1 value" if takes == 1 else f"{takes} values"
    return f"{name}() takes {values} in its brackets, but got {got or 'none'}.", ""


def _no_name(found: re.Match[str], called: _Called) -> Words:
    close = found.group(3)
    fix = f"Did you mean {close}?" if close else ""
    return f"{called.name}() has nothing called {found.group(2)} in its brackets.", fix


def _twice(found: re.Match[str], called: _Called) -> Words:
    return f"{called.name}() got {found.group(2)} twice.", "Give it once."


def _not_by_name(found: re.Match[str], called: _Called) -> Words:
    return f"{called.name}() wants its values without names.", ""


def _called(name: str, code: str, frame: Optional[FrameType]) -> _Called:
    """Find out what was called: Python tells only the last part of its name."""
    for found in re.finditer(r"([A-Za-z_][\w.]*)\s*\(", code):
        dotted = found.group(1)
        thing = _look_up(dotted, frame)
        if name == "__init__":
            if inspect.isclass(thing):
                return _Called(dotted, True, False)
        elif dotted.rsplit(".", 1)[-1] == name:
            is_ours = str(getattr(thing, "__module__", "")).split(".")[0] == "wszero"
            # Behind a bracket, as in Dog('Rex').bark(3), nobody can tell whose it is: an object's.
            is_method = inspect.ismethod(thing) or code[: found.start()].endswith(".")
            return _Called(dotted, is_method, is_ours)
    if re.search(rf"@(?:\w+\.)?{name}\b", code):
        return _Called(name, False, True)
    return _Called("It" if name == "__init__" else one_line(name, 40), name == "__init__", False)


def _look_up(dotted: str, frame: Optional[FrameType]) -> Any:
    if frame is None:
        return None
    first, *rest = dotted.split(".")
    found = frame.f_locals.get(first, frame.f_globals.get(first))
    for name in rest:
        # Not by getattr() alone: a property of the child's would run its code once more.
        static = inspect.getattr_static(type(found), name, None)
        if isinstance(static, property):
            return None
        try:
            found = getattr(found, name)
        except Exception:
            return None
    return found
