"""Which lines are the child's own.

Python shows every line between the mistake and the start of the program. A child needs only
those of their own files: all that lies in wszero, in Python itself or in an installed package is
left out.
"""

from __future__ import annotations

import inspect
import linecache
import os
import re
import sys
import sysconfig
from types import FrameType, TracebackType
from typing import Dict, List, Tuple

from .errors import Place

_kept: Dict[str, Tuple[int, List[str]]] = {}

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_DEMO = os.path.join(_PACKAGE, "demo") + os.sep
_LIBRARY = tuple(
    {
        os.path.normcase(os.path.abspath(path)) + os.sep
        for name, path in sysconfig.get_paths().items()
        if name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
)


def is_child_file(filename: str) -> bool:
    """Tell whether a file is the child's: not wszero's, Python's or an installed package's."""
    if filename.startswith("<"):
        return False
    path = os.path.abspath(filename)
    if path.startswith(_PACKAGE):
        # The demo is shown to people as if they had written it.
        return path.startswith(_DEMO)
    path = os.path.normcase(path)
    if "site-packages" in path or "dist-packages" in path:
        return False
    return not path.startswith(_LIBRARY)


def keep_source(filename: str) -> None:
    """Remember a file as it is now: what a child goes on to type does not run yet."""
    linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    if lines:
        _kept[filename] = (_stamp(filename), lines)


def was_changed(filename: str) -> bool:
    """Tell whether a file that was kept holds something else by now."""
    if filename not in _kept or _stamp(filename) == _kept[filename][0]:
        return False
    linecache.checkcache(filename)
    return linecache.getlines(filename) != _kept[filename][1]


def source_text(filename: str) -> str:
    """Return the text of a file: as it was at the program's start, if that is known."""
    if filename in _kept:
        return "".join(_kept[filename][1])
    linecache.checkcache(filename)
    return "".join(linecache.getlines(filename))


def source_line(filename: str, line: int) -> str:
    """Return a line of a file, stripped: as it was at the program's start, if that is known."""
    if filename in _kept:
        lines = _kept[filename][1]
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""
    linecache.checkcache(filename)
    return linecache.getline(filename, line).strip()


def place_of(filename: str, line: int, function: str = "") -> Place:
    """Return the place of a line, with the line's text."""
    return Place(filename, line, source_line(filename, line), function)


def place_of_function(function: object) -> Place | None:
    """Return the place of a function's ``def`` line; ``None`` when it has none."""
    at = place_of_at(function)
    if at is None:
        return None
    for line in range(at.line, at.line + 20):
        # By its name: a lambda has no def, and must not be taken for the next function below.
        if re.match(rf"(async\s+)?def\s+{re.escape(at.function)}\b", source_line(at.file, line)):
            return place_of(at.file, line, at.function)
    return at


def place_of_at(function: object) -> Place | None:
    """Return the place where a function begins: its first @ line, or ``def``."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return place_of(code.co_filename, code.co_firstlineno, code.co_name) if code else None


def place_in_traceback(traceback: TracebackType | None) -> Place | None:
    """Return the innermost of the child's lines that a mistake went through, and the way there."""
    places = places_in_traceback(traceback)
    if not places:
        return None
    # A function that calls itself went through the same lines many times.
    way = list(dict.fromkeys(places[:-1]))
    return places[-1]._replace(via=tuple(place for place in _ends(way) if place != places[-1]))


def _ends(way: List[Place]) -> List[Place]:
    """Leave out the middle of a long way: where it began and where it led are enough."""
    return way if len(way) <= 2 else [way[0], way[-1]]


def places_in_traceback(traceback: TracebackType | None) -> list[Place]:
    """Return the child's lines that a mistake went through, outermost first."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if is_child_file(code.co_filename):
            places.append(place_of(code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return places


def place_in_frame(frame: FrameType | None) -> Place | None:
    """Return the innermost of the child's lines in a running stack."""
    while frame is not None and not is_child_file(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None
    return place_of(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def calling_place() -> Place | None:
    """Return the child's line that is calling wszero right now."""
    return place_in_frame(sys._getframe(1))


def calling_line() -> Tuple[str, int] | None:
    """Return file and number of the child's line that is calling wszero; reads no file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_child_file(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None


def program_file() -> str:
    """Return the path of the program that was started; empty in an interactive session.

    At its end Python forgets it.
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(file) if file else ""


def _stamp(filename: str) -> int:
    try:
        return os.stat(filename).st_mtime_ns
    except OSError:
        return 0
