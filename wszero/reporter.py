"""The console: each trouble is said once, then counted."""

from __future__ import annotations

import sys
import threading
from typing import Dict, Optional, TextIO, Tuple

from .errors import Place

_COUNTS_TO_SAY = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
_MOST_OF_A_KIND = 20
"""A page that sends a new wrong name every time must not fill the screen."""


class Reporter:
    """Says troubles on the console. May be used from any thread.

    Args:
        out: Where to write; the console's error output if not given.
    """

    def __init__(self, out: Optional[TextIO] = None) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._counts: Dict[Tuple[str, object], int] = {}
        self._kinds: Dict[str, int] = {}
        self._left_out: Dict[str, int] = {}
        self._first_words: Dict[Tuple[str, object], str] = {}

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
            name = (kind, key if key is not None else (what, place and place[:2]))
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
                self._first_words[name] = f"{place.short}: {what.splitlines()[0]}" if place else what.splitlines()[0]
                self._write(in_words(what, fix, place))
            elif count in _COUNTS_TO_SAY:
                where = f"{place.short}: " if place else ""
                self._write(f"{where}{what.splitlines()[0]} ({count:,} times now)\n")
            return count

    def sum_up(self) -> None:
        """Say, at the end, how often each trouble came that came more than once."""
        with self._lock:
            lines = []
            for (kind, key), count in self._counts.items():
                if count > 1 and (kind, key) in self._first_words:
                    lines.append(f"  {count:,} times: {self._first_words[kind, key]}")
            if lines:
                self._write("\n" + "\n".join(lines[:_MOST_OF_A_KIND]) + "\n")

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
        try:
            out.write(text)
            out.flush()
        except UnicodeEncodeError:
            # An old Windows console knows few characters.
            out.write(text.encode("ascii", "replace").decode())
            out.flush()
        except (OSError, ValueError, AttributeError):
            # The console is gone (closed window, pythonw): nobody reads it, and the server goes on.
            pass


def in_words(what: str, fix: str = "", place: Optional[Place] = None) -> str:
    """Return a trouble as it is shown: where, the line itself, what happened, what to try."""
    lines = []
    if place is not None:
        lines.append(f"{place.short}:")
        if place.code:
            lines.append(f"    {place.code}")
    lines += [f"  {line}" for line in what.splitlines() + fix.splitlines()]
    return "\n" + "\n".join(lines) + "\n"
