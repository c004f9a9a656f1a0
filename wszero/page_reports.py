"""What a page tells about its own mistakes, in words for the console.

A child needs no developer tools: what goes wrong in the page is shown where the program runs.
All of it comes from outside, so nothing in it is trusted but as text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Pattern, Tuple

from .errors import Place, did_you_mean, one_line
from .places import place_of, program_file
from .program_text import sending_line
from .protocol import Params
from .python_words import plain

SourceOf = Callable[[str], Optional[Path]]
LineOf = Callable[[str, int], str]
PlaceOfScript = Callable[[str], Optional[Place]]

_PAGE_NAMES = ("on", "send", "ask", "HANDLERS", "send_message", "document", "window", "console")
_MOST_WORDS = 22
"""In one text; three more tell the place."""


class PageReport(NamedTuple):
    """A trouble in a page, ready to be reported."""

    kind: str
    what: str
    fix: str
    place: Optional[Place]
    key: object


class PageReports:
    """Turns the frames in which a page reports its mistakes into words.

    Args:
        source_of: The child's file for a path, or ``None``.
        line_of: One line of it.
    """

    def __init__(self, source_of: SourceOf, line_of: LineOf) -> None:
        self._source_of = source_of
        self._line_of = line_of

    def error(self, params: Params, place_of_script: PlaceOfScript) -> PageReport:
        """Return the words for an ``_error`` frame.

        Args:
            params: What the page says.
            place_of_script: Finds the line of the program that sent a script with ``eval_js``.
        """
        kind = params.get("kind")
        msg = _text(params.get("msg"), 200)
        about = _text(params.get("about"), 200)
        place = self.place(params)
        if kind == "no_handler" and about:
            return self._no_handler(params, one_line(about, 40), place)
        what = "The page has a mistake:"
        if kind == "eval_js":
            what = "The JavaScript in eval_js() has a mistake:"
            place = place_of_script(about)
        fix = _what_to_try(msg, place.code if place is not None else "")
        words = plain(re.sub(r"^Error: ", "", msg)).split()
        room = _MOST_WORDS - len(what.split()) - len(fix.split())
        if len(words) > room:
            words[room - 1 :] = ["…"]
        what = " ".join([what, *words])
        return PageReport(f"page {kind}"[:20], what, fix, place, (msg, place and place[:2]))

    def _no_handler(self, params: Params, op: str, place: Optional[Place]) -> PageReport:
        known = params.get("known")
        ops = [name for name in known if isinstance(name, str)] if isinstance(known, list) else []
        close = did_you_mean(op, ops[:200])
        page = place._replace(line=0).short if place is not None else "your page"
        name = "Your page" if page == "your page" else f"The page {page}"
        what = f'{name} got "{op}", but nothing in it listens for that.'
        fix = f'Did you mean "{close}"?' if close else f"Try there: on('{op}', function (msg) {{}})"
        program = program_file()
        line = sending_line(program, op) if program else 0
        sent = place_of(program, line) if line else None
        return PageReport("page no_handler", what, fix, sent, (op, page))

    def where(self, params: Params) -> Optional[Place]:
        """Return the line of the child's page that sent something; ``None`` if it is not known."""
        place = self.place(params)
        return place if place is not None and place.code else None

    def place(self, params: Params) -> Optional[Place]:
        """Return the line of a page's file that a frame names, if it is one of the child's."""
        path, line = params.get("file"), params.get("line")
        if not isinstance(path, str) or not path.startswith("/") or len(path) > 500:
            return None
        source = self._source_of(path)
        file = str(source) if source else one_line(path)
        if isinstance(line, bool) or not isinstance(line, int) or not 0 < line < 1_000_000:
            return Place(file, 0, "")
        return Place(file, line, self._line_of(path, line).strip())


def _text(value: Any, most: int) -> str:
    return one_line(value, most).strip() if isinstance(value, str) else ""


def _what_to_try(msg: str, code: str) -> str:
    found = re.search(r"(\w+) is not defined", msg) or re.search(r"variable: (\w+)", msg)
    if found:
        name = found.group(1)
        if name in ("broadcast", "client", "clients", "run_server"):
            return "That is for Python. In a page: send('chat', {text: 'hello'})"
        if re.search(rf"\b(?:on|send|ask)\(\s*{name}\b|HANDLERS\[{name}\]", code):
            return f"The message's name needs quotes: '{name}'"
        close = did_you_mean(name, _PAGE_NAMES)
        return f"Did you mean {close}?" if close else "Is the name spelt right?"
    for pattern, fix in _FIXES:
        if pattern.search(msg):
            return fix
    return ""


_FIXES: Tuple[Tuple[Pattern[str], str], ...] = tuple(
    (re.compile(pattern), fix)
    for pattern, fix in (
        (r"of null|null is not an object|is null$", "Is there an element with that id?"),
        (r"of undefined|undefined is not an object", "Something here has no value yet."),
        (r"is not a function", "Is its name spelt right?"),
        (r"constant variable|read-?only", "Write let instead of const."),
        (r"already been declared|redeclaration", "Write let or const only once."),
        (r"await is only valid", "Write async in front of function."),
        (r"SyntaxError|Unexpected|missing", "Look for a missing bracket, quote or comma."),
    )
)
