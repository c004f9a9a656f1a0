"""Plain words for Python's own errors, when one happens in a child's code.

Python's text stays where it is plain ("division by zero"). Words that a child does not know
are replaced, and the commonest mistakes get a line on what to try.
"""

from __future__ import annotations

import builtins
import difflib
import re
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from .errors import Place, WszeroError, did_you_mean
from .places import calling_place, place_in_traceback

if TYPE_CHECKING:
    from .handlers import Handler

_PLAIN = (
    (re.compile(r"\b(\w+)\(\) takes no arguments \((\d+) given\)"), r"\1() takes nothing in its brackets"),
    (
        re.compile(r"(\w+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)"),
        r"\1() needs \2 in its brackets",
    ),
    (
        re.compile(r"(\w+)\(\) takes (?:from )?(\d+)(?: to \d+)? positional arguments? but (\d+) (?:was|were) given"),
        r"\1() takes \2 in its brackets, and got \3",
    ),
    (re.compile(r"got an unexpected keyword argument"), "does not know the name"),
    (re.compile(r"\bkeyword arguments?\b"), "named value"),
    (re.compile(r"\bpositional arguments?\b"), "value"),
    (re.compile(r"\bpositional\b"), "plain"),
    (re.compile(r"\barguments\b"), "values"),
    (re.compile(r"\bargument\b"), "value"),
    (re.compile(r"\bcoroutine\b"), "async function"),
    (re.compile(r"\bexception(s?)\b", re.I), r"mistake\1"),
    (re.compile(r"\bdecorator\b"), "@ line"),
    (re.compile(r"\btraceback\b", re.I), "report"),
)


def explain(
    error: BaseException, handler: Optional[Handler] = None
) -> Tuple[str, str, Optional[Place]]:
    """Return what happened, what to try, and the child's line.

    Args:
        error: What the child's code raised.
        handler: The handler that it happened in; ``None`` at the top of the program.
    """
    place = place_in_traceback(error.__traceback__)
    if isinstance(error, WszeroError):
        place = error.place or place or calling_place()
        return error.what, error.fix, place
    if place is None and handler is not None:
        place = handler.place
    if isinstance(error, SystemExit):
        return (
            "exit() in a handler does not stop the server: any page could do that.",
            "To stop: press Stop, or Ctrl-C.",
            place,
        )
    if isinstance(error, NameError):
        return (*_name_error(error, place), place)
    name = type(error).__name__
    text = plain(_text_of(error))
    what = f"{name}: {text}" if text else name
    if name.lower().endswith("exception"):
        what = plain(what)
    return what, _what_to_try(error), place


def plain(text: str) -> str:
    """Return Python's words without those that a child does not know."""
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    return text


def _text_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return ""
    return text if len(text) <= 200 else text[:199] + "…"


def _name_error(error: NameError, place: Optional[Place]) -> Tuple[str, str]:
    found = re.search(r"'(\w+)'", str(error))
    name = found.group(1) if found else "?"
    code = place.code if place else ""
    if isinstance(error, UnboundLocalError):
        return (
            f"The function changes {name}, which lives outside it.",
            f"First line inside the function: global {name}",
        )
    if re.match(rf"@on\(\s*{name}\b", code):
        return "@on needs the message's name in quotes.", f"Try: @on('{name}')"
    close = did_you_mean(name, _known_names(error)) or _close_builtin(name)
    if close:
        return f"Python does not know the name {name}.", f"Did you mean {close}?"
    if re.search(rf"\.send\(\s*{name}\b|broadcast\(\s*{name}\b|=\s*{name}\b", code):
        return f"Python does not know the name {name}.", f"If it is a text, use quotes: '{name}'"
    return f"Python does not know the name {name}.", "Is it spelt right? Does it come later?"


def _known_names(error: BaseException) -> List[str]:
    """Return the names that were known where the mistake happened, the nearest first."""
    traceback = error.__traceback__
    names: Dict[str, None] = {}
    while traceback is not None:
        frame = traceback.tb_frame
        if traceback.tb_next is None:
            names.update(dict.fromkeys([*frame.f_locals, *frame.f_globals]))
        traceback = traceback.tb_next
    return [name for name in names if not name.startswith("_")]


def _close_builtin(name: str) -> str:
    # Python knows so many words that only a very close one helps: "score" is not "sorted".
    known = [word for word in dir(builtins) if word.islower() and not word.startswith("_")]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return close[0] if close else ""


def _what_to_try(error: BaseException) -> str:
    text = str(error) if isinstance(error, (TypeError, AttributeError)) else ""
    if isinstance(error, KeyError):
        return "This key is not in the dictionary. Print the dictionary to see its keys."
    if isinstance(error, IndexError):
        return "The list is shorter than that. The first place is 0."
    if isinstance(error, ZeroDivisionError):
        return "Check that the number is not 0 first."
    if isinstance(error, RecursionError):
        return "A function calls itself for ever."
    if "NoneType" in text:
        return "Something here is None: it has no value yet."
    if isinstance(error, TypeError) and "str" in text and ("int" in text or "float" in text):
        return "A text and a number don't mix. Try int(...) or str(...)."
    if isinstance(error, TypeError) and "was never awaited" in text:
        return "Write await before it."
    return ""
