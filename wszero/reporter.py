"""What is said on the console: each trouble once, then counted."""

from __future__ import annotations

import os
import re
import sys
import threading
import weakref
from typing import Dict, Optional, TextIO, Tuple

from .console import console, write_now
from .errors import Place, one_line

_COUNTS_TO_SAY = frozenset({2, 5, 10, 30, 100, 300, 1_000, 10_000, 100_000, 1_000_000})
"""Soon, for whoever presses the button again to see whether it is right now; then seldom."""
_OWN_KINDS = frozenset({"mistake", "program", "await", "busy", "answer", "task", "panel"})
"""Mistakes in the program's own lines, of which there are only so many."""
_MOST_OF_OWN_KIND = 20
_MOST_OF_A_KIND = 5
"""A page that sends a new wrong name every time must not fill the screen."""
_MOST_COUNTS = 12
"""Lines with counts, for all troubles of a kind together."""

Name = Tuple[str, object]


class Reporter:
    """Says troubles on the console. May be used from any thread.

    While a server runs, nobody waits for a console that stands still, see `Console`.

    Args:
        out: Where to write, always at once; the console if not given.
    """

    def __init__(self, out: Optional[TextIO] = None) -> None:
        self._out = out
        self._renew_lock()
        self._counts: Dict[Name, int] = {}
        self._kinds: Dict[str, int] = {}
        self._left_out: Dict[str, int] = {}
        self._counts_said: Dict[str, int] = {}
        self._labels: Dict[Name, str] = {}
        _reporters.add(self)

    def _renew_lock(self) -> None:
        # Re-entrant: a failed task reports itself where Python throws it away, which may be here.
        self._lock = threading.RLock()

    def knows(self, kind: str, key: object) -> bool:
        """Tell whether a trouble was said before."""
        family = _family(kind)
        return (kind, key) in self._counts or self._kinds.get(family, 0) > _most(family)

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
            kind: What sort of trouble: of each, only so many different ones are said. Kinds that
                begin with the same word are one, since a page may think of ever new ones.
            what: What happened.
            fix: What to try.
            place: The child's line.
            key: What makes it the same trouble again; its words and place if not given.
        """
        with self._lock:
            count = self._count(kind, what, fix, place, key)
        self._keep_in_order()
        return count

    def _count(self, kind: str, what: str, fix: str, place: Optional[Place], key: object) -> int:
        family = _family(kind)
        name = (kind, key if key is not None else _sameness(what, place))
        count = self._counts.get(name, 0) + 1
        if count == 1:
            of_kind = self._kinds.get(family, 0) + 1
            if of_kind > _most(family):
                self._left_out[family] = self._left_out.get(family, 0) + 1
                if of_kind == _most(family) + 1:
                    self._kinds[family] = of_kind
                    self._write("There is more trouble of this kind: it is only counted now.\n")
                return self._left_out[family]
            self._kinds[family] = of_kind
        self._counts[name] = count
        if count == 1:
            self._labels[name] = _label(what, place)
            self._write(in_words(what, fix, place))
        elif count in _COUNTS_TO_SAY and self._may_say_count(family):
            self._write(f"{self._labels[name]}: {count:,} times now\n")
        return count

    def _may_say_count(self, family: str) -> bool:
        said = self._counts_said[family] = self._counts_said.get(family, 0) + 1
        return said <= _MOST_COUNTS

    def sum_up(self) -> None:
        """Say, at the end, how often each trouble came that came again since it was counted."""
        with self._lock:
            lines = [
                f"{self._labels[name]}: {count:,} times in all\n"
                for name, count in self._counts.items()
                if count > 1 and count not in _COUNTS_TO_SAY
            ]
            left_out = sum(self._left_out.values())
            if left_out:
                lines.append(f"More trouble, which was only counted: {left_out:,} times in all\n")
            if lines:
                self._write("\n" + "".join(lines))

    def say(self, text: str) -> None:
        """Write a line among the troubles."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write a text among the troubles as it is."""
        with self._lock:
            self._write(text)
        self._keep_in_order()

    def tell(self, text: str) -> None:
        """Write a line that is no trouble."""
        with self._lock:
            self._write(text + "\n", sys.stdout)
        self._keep_in_order()

    def _write(self, text: str, out: Optional[TextIO] = None) -> None:
        if self._out is not None:
            write_now(text, self._out)
        else:
            console.write(text, out)

    def _keep_in_order(self) -> None:
        if self._out is None:
            console.keep_in_order()


_reporters: weakref.WeakSet[Reporter] = weakref.WeakSet()


def _renew_locks() -> None:
    """In a forked process, nobody is left who would give a lock back."""
    for reporter in _reporters:
        reporter._renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def _family(kind: str) -> str:
    return kind.split(" ", 1)[0]


def _most(family: str) -> int:
    return _MOST_OF_OWN_KIND if family in _OWN_KINDS else _MOST_OF_A_KIND


def _sameness(what: str, place: Optional[Place]) -> object:
    """Return what two reports of one trouble have in common.

    On one line the same mistake may be about another client or number each time, and what follows
    "ValueError:" may be what a pupil has typed.
    """
    if place is None:
        return what
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+|:.*", "", what, flags=re.DOTALL), place[:2]


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
