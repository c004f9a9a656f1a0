"""Python's own words for a mistake, said so that a child understands them.

Python's text stays where it is plain ("division by zero"). For the commonest mistakes there is a
sentence of our own, and a line on what to try; in all others at least the words that a child does
not know are replaced. The texts of all Pythons from 3.8 on are known here.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from typing import Callable, Match, Optional, Pattern, Tuple

from .errors import did_you_mean, one_line

Words = Tuple[str, str]
"""What happened, and what to try."""

NO_VALUE = "Something here is None: it has no value yet."

_PLAIN = (
    (re.compile(r"got an unexpected keyword argument"), "does not know the name"),
    (re.compile(r"\bkeyword arguments?\b"), "named value"),
    (re.compile(r"\bpositional(?:-only)? arguments?\b"), "value"),
    (re.compile(r"\bpositional\b"), "plain"),
    (re.compile(r"\barguments\b", re.I), "values"),
    (re.compile(r"\bargument\b", re.I), "value"),
    (re.compile(r"\bcoroutine(s?)\b", re.I), r"async function\1"),
    (re.compile(r"\bexception(s?)\b", re.I), r"mistake\1"),
    (re.compile(r"\bdecorator(s?)\b", re.I), r"@ line\1"),
    (re.compile(r"\btraceback\b", re.I), "report"),
)

_KINDS = {
    "NoneType": "None",
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "True or False",
    "dict": "a dictionary",
    "type": "a class",
    "Client": "a client",
    "Clients": "clients",
    "ClientGroups": "client.groups",
    "method": "a function",
    "builtin_function_or_method": "a function",
}


def plain(text: str) -> str:
    """Return Python's words without those that a child does not know."""
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    return text


def text_of(error: BaseException) -> str:
    """Return what an error says, in one line."""
    try:
        text = str(error)
    except Exception:
        return ""
    return " ".join(one_line(text).split())


def in_plain_words(error: BaseException) -> Words:
    """Return what happened, and what to try; the latter may be empty."""
    kind = "Mistake" if type(error) is Exception else type(error).__name__
    text = text_of(error)
    known = _known(error, text)
    if known is not None:
        return f"{kind}: {known[0]}", known[1]
    if not text:
        return plain(kind), ""
    return plain(f"{kind}: {text}"), NO_VALUE if "NoneType" in text else ""


def _known(error: BaseException, text: str) -> Optional[Words]:
    if isinstance(error, KeyError):
        return f"{text} is not in the dictionary.", "To see what is in it, print the dictionary."
    if isinstance(error, ZeroDivisionError):
        return "division by zero.", "Look first whether the number is 0."
    if isinstance(error, RecursionError):
        return "a function calls itself for ever.", "It needs an if that ends it."
    if isinstance(error, AssertionError) and not text:
        return "what follows assert is not true.", ""
    if isinstance(error, EOFError):
        return "input() finds no keyboard here.", "Ask on the page instead."
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"there is no file called {_file(error)}.", "Is it in the same folder?"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Python has no module called {error.name}.", _module_instead(error.name)
    for pattern, say in _TEXTS:
        found = pattern.search(text)
        if found:
            return say(found)
    return None


def _file(error: FileNotFoundError) -> str:
    name = os.fspath(error.filename) if not isinstance(error.filename, int) else ""
    return one_line(re.split(r"[/\\]", os.fsdecode(name))[-1], 40)


def _module_instead(name: str) -> str:
    close = did_you_mean(name, ("wszero", *COMMON_MODULES))
    return f"Did you mean {close}?" if close and close != name else "Is it spelt right?"


COMMON_MODULES = ("random", "time", "math", "json", "datetime", "asyncio", "os", "sys", "string")
"""What children's programs import."""


def a_kind(name: str) -> str:
    """Return a type's name as a child would call it: ``a text`` for ``str``."""
    return _KINDS.get(name) or f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _two(operator: str, one: str, other: str) -> Words:
    kinds = {a_kind(one), a_kind(other)}
    if "None" in kinds:
        return f"None can't be used with {operator}.", NO_VALUE
    if "a function" in kinds:
        return f"a function can't be used with {operator}.", "Are its brackets () missing?"
    if kinds == {"a text", "a number"}:
        joins = operator in ("+", "+=")
        what = "can't be added" if joins else f"don't go together with {operator}"
        return f"a text and a number {what}.", "Make both the same: str(...) or int(...)"
    return f"{a_kind(one)} and {a_kind(other)} don't go together with {operator}.", ""


def _not_callable(found: Match[str]) -> Words:
    kind = found.group(1)
    what = f"{a_kind(kind)} can't be called with brackets ( )."
    if kind == "NoneType":
        return what, NO_VALUE
    if kind == "module":
        return what, "Name what you need of it: random.randint(1, 6)"
    if kind in ("list", "tuple", "dict"):
        return what, "For one of its values write square ones: [0]"
    return what, "Take the brackets away."


def _no_brackets(found: Match[str]) -> Words:
    kind = found.group(1)
    what = f"{a_kind(kind)} can't have square brackets [ ] behind it."
    if kind == "NoneType":
        return what, NO_VALUE
    return what, "To call it, write round ones: ( )" if a_kind(kind) == "a function" else ""


def _not_iterable(found: Match[str]) -> Words:
    kind = found.group(1) or found.group(2)
    what = f"{a_kind(kind)} has nothing in it to go through."
    if kind == "NoneType":
        return what, NO_VALUE
    return what, "To count: for i in range(10)" if kind == "int" else ""


def _no_attribute(found: Match[str]) -> Words:
    kind, name = found.groups()
    what = f"{a_kind(kind)} has no {name}."
    if kind == "NoneType":
        return what, NO_VALUE
    if kind == "Clients":
        if name in ("send", "broadcast", "eval_js"):
            return what, "To send to everybody: broadcast('chat', text='hello')"
        return what, "To go through them: for client in clients:"
    if kind == "ClientGroups":
        return what, "To join a group: client.add_to_group('red')"
    builtin = {"str": str, "list": list, "dict": dict, "set": set, "tuple": tuple}.get(kind)
    close = did_you_mean(name, [word for word in dir(builtin) if word[0] != "_"]) if builtin else ""
    return what, f"Did you mean {close}?" if close else ""


def _no_module_attribute(found: Match[str]) -> Words:
    module, name = found.groups()
    loaded = sys.modules.get(module)
    if is_hidden(module):
        return (
            f"your own {module}.py hides Python's {module}.",
            f"Give your file another name: my_{module}.py",
        )
    close = did_you_mean(name, [word for word in dir(loaded) if word[0] != "_"])
    return f"{module} has no {name}.", f"Did you mean {module}.{close}?" if close else ""


def is_hidden(module: str) -> bool:
    """Tell whether a file of the child's took the place of a module of Python's."""
    file: Optional[str] = getattr(sys.modules.get(module), "__file__", None)
    original = os.path.join(sysconfig.get_paths()["stdlib"], f"{module}.py")
    if not file or not os.path.exists(original):
        return False
    return not os.path.samefile(file, original)


def _always(what: str, fix: str = "") -> Callable[[Match[str]], Words]:
    return lambda found: (found.expand(what), found.expand(fix))


_SAY = Callable[[Match[str]], Words]

_TEXTS: Tuple[Tuple[Pattern[str], _SAY], ...] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        (
            r"can only concatenate (\w+) \(not \"(\w+)\"\) to",
            lambda found: _two("+", found.group(1), found.group(2)),
        ),
        (
            r"unsupported operand type\(s\) for (\S+?):?(?: or pow\(\):)? '(\w+)' and '(\w+)'",
            lambda found: _two(*found.groups()),
        ),
        (
            r"'([<>]=?)' not supported between instances of '(\w+)' and '(\w+)'",
            lambda found: _two(*found.groups()),
        ),
        (r"'(\w+)' object is not callable", _not_callable),
        (r"'(\w+)' object is not subscriptable", _no_brackets),
        (r"'(\w+)' object is not iterable|cannot unpack non-iterable (\w+)", _not_iterable),
        (r"'(\w+)' object has no attribute '(\w+)'", _no_attribute),
        (r"module '([\w.]+)' has no attribute '(\w+)'", _no_module_attribute),
        (
            r"(list|tuple|string|str) indices must be integers(?: or slices)?,? not '?(\w+)'?",
            lambda found: (
                f"a place in square brackets is a number, not {a_kind(found.group(2))}.",
                "Names as places: only in a dictionary.",
            ),
        ),
        (
            r"object (\w+) can't be used in 'await' expression|'(\w+)' object can't be awaited",
            _always("there is nothing to wait for.", "Take await away."),
        ),
        (
            r"(int|float)\(\) argument must be .* not '(\w+)'",
            lambda found: (
                f"{found.group(1)}() can't make a number of {a_kind(found.group(2))}.",
                NO_VALUE if found.group(2) == "NoneType" else "",
            ),
        ),
        (
            r"object of type '(\w+)' has no len\(\)",
            lambda found: (f"{a_kind(found.group(1))} has no length.", ""),
        ),
        (
            r"can't multiply sequence by non-int of type '(\w+)'",
            _always("a text or list can be multiplied by a whole number only."),
        ),
        (
            r"unhashable type: '(\w+)'",
            lambda found: (
                f"{a_kind(found.group(1))} can't be a key, or lie in a set.",
                "Use a text or a number.",
            ),
        ),
        (
            r"'(\w+)' object does not support item assignment",
            lambda found: (
                f"parts of {a_kind(found.group(1))} can't be changed.",
                "Make a new one.",
            ),
        ),
        (
            r"sequence item \d+: expected str instance, (\w+) found",
            lambda found: (f"join() puts texts together, not {a_kind(found.group(1))}.", ""),
        ),
        (
            r"invalid literal for int\(\) with base 10: (.*)",
            _always(r"int() can't make a number of \1.", "It needs digits: int('12')"),
        ),
        (
            r"could not convert string to float: (.*)",
            _always(r"float() can't make a number of \1.", "It needs digits: float('1.5')"),
        ),
        (
            r"too many values to unpack \(expected (\d+)",
            _always(r"more values than names: left of = there are only \1."),
        ),
        (
            r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)\)",
            _always(r"fewer values than names: \1 names, but \2 values."),
        ),
        (
            r"list\.remove\(x\): x not in list",
            _always("the list does not hold what is to be removed.", "Look first: if x in cards:"),
        ),
        (
            r"empty range (?:for|in) rand",
            _always("there is no number between these.", "The smaller one comes first: (1, 6)"),
        ),
        (
            r"(?:list|tuple|string)(?: assignment)? index out of range",
            _always("there are fewer than that.", "The first place is 0, the last one -1."),
        ),
        (
            r"pop from empty list|Cannot choose from an empty sequence",
            _always("the list is empty.", "Look first: if cards:"),
        ),
        (
            r"(dictionary|[Ss]et) changed (?:size|keys) during iteration",
            _always("it was changed while for goes through it.", "Go through list(...) of it."),
        ),
        (
            r"no running event loop",
            _always("this works in an async def only.", "Write async def instead of def."),
        ),
        (
            r"asyncio\.run\(\) cannot be called from a running event loop",
            _always("asyncio.run() can't be used in an async def.", "Write await instead of it."),
        ),
    )
)
