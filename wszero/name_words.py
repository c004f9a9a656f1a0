"""Plain words for a name that Python does not know: the commonest mistake of all."""

from __future__ import annotations

import builtins
import difflib
import re
from types import FrameType
from typing import List, Optional

from .errors import did_you_mean
from .python_words import COMMON_MODULES, Words

OUR_NAMES = ("App", "broadcast", "clients", "every", "on", "run_server", "sleep")
"""What ``from wszero import *`` brings; the same as ``wszero.__all__``."""

_OF_A_CLIENT = {
    "send": "'chat', text='hi'",
    "send_others": "'chat', text='hi'",
    "eval_js": "'alert(1)'",
    "kick": "'Be kind!'",
    "add_to_group": "'red'",
    "remove_from_group": "'red'",
}
"""What stands in the brackets of what only a client does, not Python by itself."""

_FROM_ELSEWHERE = {
    "true": "True",
    "false": "False",
    "null": "None",
    "none": "None",
    "undefined": "None",
    "randint": "random.randint",
    "choice": "random.choice",
    "shuffle": "random.shuffle",
}
"""How other languages, or worksheets, write it."""


def name_in_words(error: NameError, code: str, frame: Optional[FrameType]) -> Words:
    """Return what to say about a name that Python does not know.

    Args:
        error: Python's error.
        code: The line.
        frame: Where the line stands, with the names that are known there.
    """
    name = _name_in(error)
    what = f"Python does not know the name {name}."
    if re.match(rf"@(?:\w+\.)?on\(\s*{name}\b", code):
        return "@on needs the message's name in quotes.", f"Try: @on('{name}')"
    if re.search(rf"(?:\.send|\.send_others|\bbroadcast)\(\s*{name}\s*[,)]", code):
        return "The message's name needs quotes.", f"Try: '{name}'"
    if re.search(rf"_group\(\s*{name}\s*\)", code):
        return "The group's name needs quotes.", f"Try: '{name}'"
    if name in _OF_A_CLIENT and re.search(rf"(?<![\w.]){name}\s*\(", code):
        shown = f"Try: client.{name}({_OF_A_CLIENT[name]})"
        everybody = " or broadcast('chat', text='hi')" if name == "send" else ""
        does = "sends" if name.startswith("send") else "does this"
        return f"In Python a client {does}.", f"{shown}{everybody}"
    if re.search(r"\brun-server\b", code):
        return what, "Write an underscore _ between the words: run_server()"
    if name in OUR_NAMES:
        return what, "Try as the first line: from wszero import *"
    if name in COMMON_MODULES:
        return what, f"Try as the first line: import {name}"
    other = _FROM_ELSEWHERE.get(name)
    if other is not None:
        return what, f"In Python it is {other}." if "." not in other else f"Try: {other}"
    if name == "client":
        return what, "Only a function with client in its brackets has one."
    close = did_you_mean(name, _known_names(frame)) or _close_builtin(name)
    if close:
        return what, f"Did you mean {close}?"
    if re.search(rf"=\s*{name}\s*[,)]", code):
        return what, f"If it is a text, it needs quotes: '{name}'"
    return what, "Is it spelt right? Does it come later?"


def unbound_in_words(error: UnboundLocalError, frame: Optional[FrameType]) -> Words:
    """Return what to say about a name that has no value yet in its function."""
    name = _name_in(error)
    if frame is not None and name in frame.f_globals:
        return (
            f"{name} lives outside this function, which wants to change it.",
            f"Try as the function's first line: global {name}",
        )
    return f"{name} has no value yet.", f"Give it one above this line: {name} = 0"


def _name_in(error: NameError) -> str:
    found = re.search(r"'(\w+)'", str(error))
    return found.group(1) if found else "?"


def _known_names(frame: Optional[FrameType]) -> List[str]:
    """Return the names that are known in a line, the nearest first."""
    if frame is None:
        return []
    names = dict.fromkeys([*frame.f_locals, *frame.f_globals])
    return [name for name in names if not name.startswith("_")]


def _close_builtin(name: str) -> str:
    # Python knows so many words that only a very close one helps: "score" is not "sorted".
    known = [word for word in dir(builtins) if word.islower() and not word.startswith("_")]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return close[0] if close else ""
