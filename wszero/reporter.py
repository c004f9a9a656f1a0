"""The console: each trouble is said once, then counted."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from typing import Dict, Optional, TextIO, Tuple

from .errors import Place, one_line

_COUNTS_TO_SAY = frozenset({2, 5, 10, 30, 100, 300, 1_000, 10_000, 100_000, 1_000_000})
"""Soon, for whoever presses the button again to see whether it is right now; then seldom."""
_MOST_OF_A_KIND = 20
"""A page that sends a new wrong name every time must not fill the screen."""


class Reporter:
    """Says troubles on the console. May be used from any thread.

    Args:
        out: Where to write; the console's error output if not given.
    """

    def __init__(self, out: Optional[TextIO] = None) -> None:
        self._out = out
        # Re-entrant: a failed task reports itself where Python throws it away, which may be here.
        self._lock = threading.RLock()
        self._counts: Dict[Tuple[str, object], int] = {}
        self._kinds: Dict[str, int] = {}
        self._left_out: Dict[str, int] = {}
        self._labels: Dict[Tuple[str, object], str] = {}

    def knows(self, kind: str, key: object) -> bool:
        """Tell whether a trouble was said before."""
        return (kind, key) in self._counts or self._kinds.get(kind, 0) > _MOST_OF_A_KIND

    def report(
        self,
        kind: str,
        what: str,
        fix: str = "",
        place: Optional[Place] = None,
        key: object = None,
    ) -> int:
        """Say a trouble the first time; return how often it has come.

        Args:
            kind: What sort of trouble: at most 20 different ones of a sort are said.
            what: What happened.
            fix: What to try.
            place: The child's line.
            key: What makes it the same trouble again; its words and place if not given.
        """
        with self._lock:
            name = (kind, key if key is not None else _sameness(what, place))
            count = self._counts.get(name, 0) + 1
            if count == 1:
                of_kind = self._kinds[kind] = self._kinds.get(kind, 0) + 1
                if of_kind > _MOST_OF_A_KIND:
                    self._left_out[kind] = self._left_out.get(kind, 0) + 1
                    if of_kind == _MOST_OF_A_KIND + 1:
                        self._write("There is more trouble of this kind: it is only counted now.\n")
                    return self._left_out[kind]
            self._counts[name] = count
            if count == 1:
                self._labels[name] = _label(what, place)
                self._write(in_words(what, fix, place))
            elif count in _COUNTS_TO_SAY:
                self._write(f"{self._labels[name]}: {count:,} times now\n")
            return count

    def sum_up(self) -> None:
        """Say, at the end, how often each trouble came that came again since it was counted."""
        with self._lock:
            lines = [
                f"{self._labels[name]}: {count:,} times in all\n"
                for name, count in self._counts.items()
                if count > 1 and count not in _COUNTS_TO_SAY
            ]
            if lines:
                self._write("\n" + "".join(lines))

    def say(self, text: str) -> None:
        """Write a line among the troubles."""
        with self._lock:
            self._write(text + "\n")

    def write(self, text: str) -> None:
        """Write a text among the troubles as it is."""
        with self._lock:
            self._write(text)

    def tell(self, text: str) -> None:
        """Write a line that is no trouble."""
        with self._lock:
            self._write(text + "\n", self._out or sys.stdout)

    def _write(self, text: str, out: Optional[TextIO] = None) -> None:
        out = out or self._out or sys.stderr
        # A console that is gone (closed window, pythonw) is read by nobody; the server goes on.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            try:
                out.write(text)
            except UnicodeEncodeError:
                # An old Windows console knows few characters.
                known = out.encoding or "ascii"
                out.write(text.encode(known, "replace").decode(known))
            out.flush()


def _sameness(what: str, place: Optional[Place]) -> object:
    """Return what two reports of one trouble have in common.

    On one line the same mistake may be about another client or number each time.
    """
    if place is None:
        return what
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "", what), place[:2]


def _label(what: str, place: Optional[Place]) -> str:
    """Return a few words that tell one trouble from the others."""
    return one_line(place.short if place is not None else re.split(r"[,.]\s|\n", what)[0], 100)


def in_words(what: str, fix: str = "", place: Optional[Place] = None) -> str:
    """Return a trouble as it is shown: where, the line itself, what happened, what to try."""
    lines = []
    for one in (*place.via, place) if place is not None else ():
        lines.append(f"{one_line(one.short, 100)}:")
        if one.code:
            lines.append(f"    {one_line(one.code, 120)}")
    # Part of it may come from outside: an own mistake with a pupil's text in it, say.
    lines += [f"  {one_line(line, 400)}" for line in what.splitlines() + fix.splitlines()]
    return "\n" + "\n".join(lines) + "\n"
