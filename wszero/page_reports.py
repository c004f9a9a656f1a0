"""What a page tells about its own mistakes, in words for the console.

A child needs no developer tools: what goes wrong in the page is shown where the program runs.
All of it comes from outside, so nothing in it is trusted but as text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from .errors import Place, did_you_mean
from .mistakes import plain
from .protocol import Params

SourceOf = Callable[[str], Optional[Path]]
LineOf = Callable[[str, int], str]


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

    def error(self, params: Params) -> PageReport:
        """Return the words for an ``_error`` frame."""
        place = self.place(params)
        kind = params.get("kind")
        msg = _text(params.get("msg"), 200)
        about = _text(params.get("about"), 40)
        if kind == "no_handler" and about:
            known = params.get("known")
            ops = [op for op in known if isinstance(op, str)] if isinstance(known, list) else []
            close = did_you_mean(about, ops[:200])
            page = place.file if place else "page"
            what = f'The page {_name(page)} got "{about}", but nothing there listens for it.'
            fix = (
                f'Did you mean "{close}"?' if close else f"Try: on('{about}', function (msg) {{}})"
            )
            return PageReport("page no_handler", what, fix, None, (about, page))
        if kind == "eval_js":
            what = f"The JavaScript in eval_js() has a mistake: {plain(msg)}"
            return PageReport("page eval_js", what, "", None, msg)
        fix = _what_to_try(msg)
        what = f"A mistake in the page's JavaScript. {plain(msg)}"
        return PageReport("page error", what, fix, place, (msg, place and place[:2]))

    def where(self, params: Params) -> str:
        """Return one line that shows where a page sent something; empty when it is not known."""
        place = self.place(params)
        if place is None:
            return ""
        if not place.line:
            return f"The page: {_name(place.file)}"
        return f"The page: {place.short}" + (f": {place.code[:80]}" if place.code else "")

    def place(self, params: Params) -> Optional[Place]:
        """Return the line of a page's file that a frame names, if it is one of the child's."""
        path, line = params.get("file"), params.get("line")
        if not isinstance(path, str) or not path.startswith("/") or len(path) > 500:
            return None
        source = self._source_of(path)
        file = str(source) if source else path
        if isinstance(line, bool) or not isinstance(line, int) or not 0 < line < 1_000_000:
            return Place(file, 0, "")
        return Place(file, line, self._line_of(path, line).strip())


def _name(file: str) -> str:
    return re.split(r"[/\\]", file)[-1] or file


def _text(value: Any, most: int) -> str:
    text = value if isinstance(value, str) else ""
    # One line, and nothing that could move a console's cursor or colour it.
    text = "".join(c if c.isprintable() else " " for c in text[: most * 2]).strip()
    return text if len(text) <= most else text[: most - 1] + "…"


def _what_to_try(msg: str) -> str:
    found = re.search(r"(\w+) is not defined", msg) or re.search(r"variable: (\w+)", msg)
    if found:
        close = did_you_mean(found.group(1), ("on", "send", "ask", "HANDLERS", "send_message"))
        return f"Did you mean {close}?" if close else "Is the name spelt right?"
    if "of null" in msg or "null is not an object" in msg:
        return "Is there an element with that id in the page?"
    if "SyntaxError" in msg or "Unexpected" in msg:
        return "Look for a missing bracket, quote or comma."
    return ""
