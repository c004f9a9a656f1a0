"""Handlers: the child's functions, each for one message.

Everything that can be wrong with a handler is looked at once, when it is registered, at the
child's own line. Per message nothing is looked at: the function is called straight away, and only
a call that failed before it entered the function is explained.
"""

from __future__ import annotations

import inspect
import keyword
import os
import re
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from .errors import BadHandler, BadName, did_you_mean, one_line
from .name_words import OUR_NAMES
from .places import calling_place, place_of_at, place_of_function
from .protocol import Params, check_op

EVENTS = ("connect", "disconnect")
"""Not sent by anybody: wszero itself calls these handlers, with the client alone."""

MOST_NAMES = 3
"""So many names are listed in a sentence; of more, nobody reads any."""

Function = Callable[..., Any]


class Handler:
    """A function of the program, with what an error message needs to know about it."""

    def __init__(self, op: str, function: Function) -> None:
        self.op = op
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        self.name = getattr(function, "__name__", op)
        self.place = place_of_function(function)
        self.first = ""
        self.needs: Tuple[str, ...] = ()
        self.may_have: Tuple[str, ...] = ()
        self.takes_all = False
        self._read_signature()

    def _read_signature(self) -> None:
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            # Some functions written in C don't tell: any message may try.
            self.first, self.takes_all = "client", True
            return
        if parameters and parameters[0].kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            self.first = parameters.pop(0).name
        elif parameters and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
            self.first = parameters[0].name
        needs: List[str] = []
        may_have: List[str] = []
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                self.takes_all = True
            elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                raise BadHandler(
                    f"{self.name}() has a / in its brackets: a message can't fill in "
                    f"what stands before it.",
                    f"Try: def {self.name}({self.first}, {parameter.name}):",
                    self.place,
                )
            elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
                bare = parameter.default is inspect.Parameter.empty
                (needs if bare else may_have).append(parameter.name)
        self.needs, self.may_have = tuple(needs), tuple(may_have)

    def example(self, names: Tuple[str, ...]) -> str:
        """Return the first line that this function would need to take the given parameters."""
        words = "async def" if self.is_async else "def"
        inside = (self.first or "client", *(one_line(name, 30) for name in names))
        return f"{words} {self.name}({', '.join(inside)}):"

    def describe(self) -> Dict[str, Any]:
        """Return what the panel shows about this handler."""
        return {
            "op": self.op,
            "name": self.name,
            "file": self.place.file if self.place else "",
            "line": self.place.line if self.place else 0,
        }


class Mismatch(Exception):
    """A message whose parameters don't fit the function. ``lines`` are the words, in two halves."""

    def __init__(self, handler: Handler, sent: Tuple[str, ...], fix: str) -> None:
        self.handler = handler
        self.sent = sent
        self.wants = handler.needs + handler.may_have
        self.fix = fix
        what = f'The page sent "{handler.op}" with {names(sent)}'
        # Its first name is the client: that it wants nothing would be no help.
        is_first = handler.first in sent and not self.wants
        wants = "" if is_first else f", but {handler.name}() wants {names(self.wants)}"
        super().__init__(f"{what}{wants}.")


def names(words: Tuple[str, ...]) -> str:
    """Return names for a sentence: ``nothing``, ``text`` or ``text and size``."""
    if not words:
        return "nothing"
    shown = [one_line(word, 30) for word in words[:MOST_NAMES]]
    if len(words) > MOST_NAMES:
        shown.append(f"{len(words) - MOST_NAMES} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]


def mismatch(handler: Handler, params: Params) -> Optional[Mismatch]:
    """Return why a message does not fit a function; ``None`` when it fits."""
    sent = tuple(params)
    if handler.first in params:
        return Mismatch(handler, sent, _fix_for_first(handler, sent))
    missing = tuple(name for name in handler.needs if name not in params)
    wants = handler.needs + handler.may_have
    extra = () if handler.takes_all else tuple(name for name in sent if name not in wants)
    if not missing and not extra:
        return None
    odd = next((name for name in extra if not name.isidentifier()), None)
    word = next((name for name in extra if keyword.iskeyword(name.rstrip("_"))), None)
    if word is not None and not missing:
        bare = word.rstrip("_")
        inside = tuple(f"{bare}_" if name == word else name for name in wants + extra)
        fix = f"In Python, {bare} is called {bare}_: {handler.example(inside[:MOST_NAMES])}"
    elif odd is not None:
        fix = f'"{one_line(odd, 30)}" can\'t be a name in Python: choose another.'
    elif len(missing) == 1 and len(extra) == 1 and did_you_mean(extra[0], missing):
        fix = f"Is it {missing[0]} or {one_line(extra[0], 30)}? Write the same on both sides."
    elif extra and not missing:
        fix = f"Try: {handler.example(wants + extra[:MOST_NAMES])}"
    elif missing and not extra:
        fix = f"Send {names(missing)} too, or try: {handler.example(sent[:MOST_NAMES])}"
    else:
        fix = f"Try: {handler.example(sent[:MOST_NAMES])}"
    return Mismatch(handler, sent, fix)


def _fix_for_first(handler: Handler, sent: Tuple[str, ...]) -> str:
    if handler.first == "client":
        return 'In the page, give "client" another name.'
    inside = [one_line(name, 30) for name in sent[:MOST_NAMES] if name.isidentifier()]
    example = f"def {handler.name}({', '.join(('client', *inside))}):"
    return f"The client comes first in the brackets: {example}"


class Handlers:
    """The handlers of one program, by the message's name."""

    def __init__(self) -> None:
        self._by_op: Dict[str, Handler] = {}

    def __iter__(self) -> Iterator[Handler]:
        return iter(tuple(self._by_op.values()))

    def __len__(self) -> int:
        return len(self._by_op)

    def get(self, op: str) -> Optional[Handler]:
        """Return the handler of a message, or ``None``."""
        return self._by_op.get(op)

    def ops(self) -> List[str]:
        """Return the names of all messages that a page may send."""
        return [op for op in self._by_op if op not in EVENTS]

    def add(self, op: str, function: Function) -> Handler:
        """Register a function for a message.

        Raises:
            BadHandler: It can't handle messages, or another function does already.
        """
        check_function(function, f"@on({op!r})")
        handler = Handler(op, function)
        if not handler.first:
            raise BadHandler(
                f"{handler.name}() has no place in its brackets for the client.",
                f"Try: {handler.example(handler.needs)}",
                handler.place,
            )
        if "client" in (*handler.needs, *handler.may_have):
            # Not only when a message comes: many a page sends nothing to this function at first.
            names_inside = [handler.first, *handler.needs, *handler.may_have]
            others = tuple(name for name in names_inside if name not in ("self", "client"))
            is_method = handler.first == "self"
            handler.first = "client"
            raise BadHandler(
                "@on works on functions outside a class."
                if is_method
                else "The client comes first in the brackets.",
                f"Try: {handler.example(others)}",
                handler.place,
            )
        if handler.first == "self":
            raise BadHandler(
                f"{handler.name}() is part of a class, so its first name would be the client.",
                f"Put it outside of the class: def {handler.name}(client):",
                handler.place,
            )
        if op in EVENTS and handler.needs:
            raise BadHandler(
                f'"{op}" brings the client, and nothing else.',
                f"Try: {handler.example(())}",
                handler.place,
            )
        before = self._by_op.get(op)
        if before is not None and not _same_place(before, handler):
            where = f" in {before.place.short}" if before.place else ""
            raise BadHandler(
                f'Two functions for "{op}": this one, and {before.name}(){where}.',
                "Put both into one function."
                if op in EVENTS
                else f"Keep one of them, or rename one: @on('{op}2')",
                place_of_at(function),
            )
        self._by_op[op] = handler
        return handler


def check_op_for(op: object) -> str:
    """Return the name that ``@on`` was given.

    Raises:
        BadHandler: ``@on`` has no brackets, or no name in them.
        BadName: The name belongs to wszero.
    """
    if not callable(op):
        name = check_op(op, "@on")
        if name != name.strip():
            what = "This name has a space at its end, or in front: no page sends that."
            raise BadName(what, f"Try: @on({name.strip()!r})")
        return name
    fix = f"Try: @on('{getattr(op, '__name__', 'hello')}')"
    place = calling_place()
    own = place_of_at(op)
    if own is not None and re.match(r"@(\w+\.)?on\s*(#|$)", own.code):
        what = "@on needs brackets, with the message's name in quotes."
        raise BadHandler(what, fix, own)
    raise BadHandler("@on needs the message's name in quotes.", fix, place)


def check_function(function: object, doing: str) -> None:
    """Refuse what can't be a handler.

    Raises:
        BadHandler: It is no function, or one whose name or shape can't work.
    """
    if not callable(function) or inspect.isclass(function):
        raise BadHandler(f"{doing} must stand right above a function.", "Try: def hello(client):")
    name = getattr(function, "__name__", "")
    place = place_of_function(function)
    if name in OUR_NAMES:
        raise BadHandler(
            f"A function called {name}() would hide wszero's own {name}().",
            f"Choose another name: my_{name}",
            place,
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise BadHandler(
            f"{name}() has yield in it, so it would never run.", "Use return instead.", place
        )


def _same_place(one: Handler, other: Handler) -> bool:
    """Tell whether a function was registered again: a cell of a notebook that runs twice."""
    if one.place is None or other.place is None:
        return one.function is other.function
    if one.place.file.startswith("<ipython") or not os.path.exists(one.place.file):
        return one.name == other.name
    return one.place[:2] == other.place[:2] and one.name == other.name
