"""Which lines are the child's own.

Python shows every line between the mistake and the start of the program. A child needs only
those of their own files: all that lies in wszero, in Python itself or in an installed package is
left out.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from types import FrameType, TracebackType

from .errors import Place

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


def place_of(filename: str, line: int, function: str = "") -> Place:
    """Return the place of a line, with the line's text."""
    linecache.checkcache(filename)
    return Place(filename, line, linecache.getline(filename, line).strip(), function)


def place_in_traceback(traceback: TracebackType | None) -> Place | None:
    """Return the innermost of the child's lines that a mistake went through."""
    places = places_in_traceback(traceback)
    return places[-1] if places else None


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
    while frame is not None:
        code = frame.f_code
        if is_child_file(code.co_filename):
            return place_of(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None


def calling_place() -> Place | None:
    """Return the child's line that is calling wszero right now."""
    return place_in_frame(sys._getframe(1))


def program_file() -> str:
    """Return the path of the program that was started; empty in an interactive session."""
    main = sys.modules.get("__main__")
    return os.path.abspath(getattr(main, "__file__", None) or "") if main else ""
