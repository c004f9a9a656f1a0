"""Which of the paths that were served have changed since."""

from __future__ import annotations

from collections import OrderedDict
from typing import Tuple

from .pages import LONGEST_PATH, OURS, Found, Missing, Pages, path_of

Stamp = Tuple[int, int]
"""When a file was saved (nanoseconds) and its size (bytes)."""


class Watch:
    """Tells which of the paths that were served now have another answer.

    Feed it with ``served`` and ask ``poll`` now and then, about twice a second. A change is told
    once, when two polls in a row saw the same, so that no half-written file is shown. A file that
    has gone is no change: editors delete and write anew. ``/`` changes also when another file
    begins to answer it: ``quiz.html`` is created while the built-in page is shown.

    Args:
        pages: Finds the files.
        limit: So many paths are watched; then those are forgotten that were asked for longest ago,
            first of all those of files that are not there.
    """

    def __init__(self, pages: Pages, limit: int = 500) -> None:
        self._pages = pages
        self._limit = limit
        self._shown: OrderedDict[str, tuple[str, Stamp] | None] = OrderedDict()
        self._pending: dict[str, tuple[str, Stamp]] = {}

    def served(self, target: str, found: Found | Missing | None = None) -> None:
        """Watch a path from now on; also one that had no file, which may come to be.

        Args:
            target: The target of the request.
            found: What ``Pages.find`` said. Without it the disk is asked again, which may take
                long on a school's network drive.
        """
        path = path_of(target)
        if len(path) > LONGEST_PATH or path[1:] in OURS:
            return
        if path not in self._shown:
            self._shown[path] = _signature(found or self._pages.find(path))
        self._shown.move_to_end(path)
        while len(self._shown) > self._limit:
            known = list(self._shown.items())
            missing = (name for name, answer in known if answer is None)
            oldest = next(missing, known[0][0])
            self._shown.pop(oldest)
            self._pending.pop(oldest, None)

    def poll(self) -> list[str]:
        """Return the paths that have changed since they were served or told."""
        changed = []
        for path, shown in list(self._shown.items()):
            answer = _signature(self._pages.find(path))
            if answer is None or answer == shown:
                self._pending.pop(path, None)
            elif self._pending.get(path) != answer:
                self._pending[path] = answer
            elif path in self._shown:  # it may have been forgotten meanwhile
                self._pending.pop(path, None)
                self._shown[path] = answer
                changed.append(path)
        return changed


def _signature(found: Found | Missing) -> tuple[str, Stamp] | None:
    """Return what is different once the answer to a path is another one; None is no file."""
    if isinstance(found, Missing):
        return None
    return str(found.path), (found.modified_ns, found.size)
