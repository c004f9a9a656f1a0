"""What happened, where, and what to try, for whatever a child's code raised."""

from __future__ import annotations

import ast
import re
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Optional, Tuple

from .call_words import call_in_words
from .errors import Place, WszeroError
from .name_words import OUR_NAMES, name_in_words, unbound_in_words
from .places import calling_place, place_in_traceback, source_line, was_changed
from .program_text import function_at, hiding_line
from .python_words import Words, in_plain_words, text_of
from .python_words import plain as plain

if TYPE_CHECKING:
    from .handlers import Handler

MOST_WORDS = 25
"""In one text, without the lines of code that it shows: more than that nobody reads."""


def explain(
    error: BaseException, handler: Optional[Handler] = None
) -> Tuple[str, str, Optional[Place]]:
    """Return what happened, what to try, and the child's line.

    Args:
        error: What the child's code raised.
        handler: The handler that it happened in; ``None`` at the top of the program.
    """
    error = _first(error)
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        place: Optional[Place] = _place_of_syntax_error(error.filename, error.lineno)
    else:
        place = place_in_traceback(error.__traceback__)
    if isinstance(error, WszeroError):
        place = error.place or place or calling_place()
    elif place is None and handler is not None:
        place = handler.place
    what, fix = _words(error, place, handler)
    if place is not None and was_changed(place.file):
        again = f"{place.short.split(',')[0]} was changed meanwhile: run it again."
        fix = again if len(f"{what} {fix} {again}".split()) > MOST_WORDS - 3 else f"{fix}\n{again}"
    return what, fix.strip(), place


def _first(error: BaseException) -> BaseException:
    """Return the first of several mistakes that came up at once, as tasks of Python 3.11 tell."""
    while True:
        inner = getattr(error, "exceptions", None)
        if not (isinstance(inner, tuple) and inner and isinstance(inner[0], BaseException)):
            return error
        error = inner[0]


def _place_of_syntax_error(file: str, line: int) -> Place:
    return Place(file, line, source_line(file, line))


def _words(error: BaseException, place: Optional[Place], handler: Optional[Handler]) -> Words:
    code = place.code if place else ""
    frame = _last_frame(error.__traceback__)
    if isinstance(error, WszeroError):
        return error.what, error.fix
    if isinstance(error, SystemExit):
        found = re.search(r"\b(?:sys\.)?(?:exit|quit)\(", code)
        called = f"{found.group()})" if found else "exit()"
        return (
            f"{called} does not stop the server: any page could do that.",
            "To stop it: press Stop, or Ctrl-C.",
        )
    if isinstance(error, KeyboardInterrupt):
        return (
            "KeyboardInterrupt does not stop the server here.",
            "To stop it: press Stop, or Ctrl-C.",
        )
    if isinstance(error, UnboundLocalError):
        return unbound_in_words(error, frame)
    if isinstance(error, NameError):
        return name_in_words(error, code, frame)
    if isinstance(error, TypeError):
        words = _hidden(text_of(error), place) or call_in_words(text_of(error), code, frame)
        if words is not None:
            return words
    return in_plain_words(error)


def _hidden(text: str, place: Optional[Place]) -> Optional[Words]:
    """Return what to say when a name of wszero's was called that means something else by now."""
    called = re.search(rf"(?<![\w.])({'|'.join(OUR_NAMES)})\s*\(", place.code) if place else None
    if place is None or called is None or "object is not callable" not in text:
        return None
    name = called.group(1)
    line = hiding_line(place.file, name)
    if not line:
        return None
    what = f"{name} hides wszero's own {name} since line {line}."
    return what, f"Choose another name there: my_{name}"


def forgotten_await(name: str, place: Place) -> Words:
    """Return what to say about an async function that was called and never ran.

    Args:
        name: The function's name.
        place: The line that called it.
    """
    what = f"{name}() needs await in front of it, or it never runs."
    written = re.search(rf"[\w.]*\b{name}\(.*\)", place.code)
    call = f"await {written.group() if written and len(written.group()) < 40 else name + '(...)'}"
    function = function_at(place.file, place.line)
    if function is None or isinstance(function, ast.AsyncFunctionDef):
        return what, f"Try: {call}"
    return what, f"Make it async def {function.name}, and write: {call}"


def _last_frame(traceback: Optional[TracebackType]) -> Optional[FrameType]:
    """Return where the mistake came up: the innermost line, whoever wrote it."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame if traceback is not None else None
