"""Which file answers which path.

Pure decisions about files: no sockets, no threads, no clock. ``Pages`` finds the file for a path
(``Found``) or says that there is none (``Missing``); it knows the lines of pages for error
messages, and a hint for the child when a file is not where pages look for it.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Sequence
from urllib.parse import quote, unquote_to_bytes

from .file_names import UNKNOWN_TYPE, content_type_of, may_be_shown

STATIC = Path(__file__).parent / "static"
OURS = ("wszero.js", "wszero.mjs", "wszero.d.ts")
FOLDERS = ("static", "images", "sounds")
BESIDE = (".html", ".js", ".css")

# Longer paths are nobody's file; far below what any file system takes.
LONGEST_PATH = 2000
# For error messages: a line of a page, and the largest file in which one is looked up.
LONGEST_LINE = 200
LARGEST_SOURCE = 4 * 1024 * 1024

# A small round zero. Browsers ask for it with every page; a 404 each time would only be noise.
_ICON = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQMAAABJtOi3AAAABlBMVEX///8Kj4+ZSUydAAAAAnRSTlMA/1uRIrUAAABF"
    "SURBVHjaY2BAAP4PQEL+B5Cw/wMk6v8Bif//GRgY/9g3MDD+kIcSzB/4D0CJB+zEEXAdCFPAhoKNh1gEthJsOdgZMAAA"
    "AosEryQ9kXXsAAAAASUVORK5CYII="
)


@dataclass(frozen=True)
class Found:
    """The file that answers a path. ``read_page`` gives its bytes."""

    path: Path
    content_type: str
    is_page: bool = False
    """HTML, into which ``read_page`` puts the script tag."""
    is_ours: bool = False
    """A part of wszero, not a file of the program's."""
    size: int = 0
    """Bytes on the disk; a page that gets the script tag is longer when it is sent."""
    modified_ns: int = 0
    content: bytes | None = None
    """The bytes themselves, for the one answer that is no file (the icon); else None."""
    cache: str = "no-store"
    nosniff: bool = True

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that go with the file, its length not among them."""
        headers = [("Content-Type", self.content_type), ("Cache-Control", self.cache)]
        if self.nosniff:
            headers.append(("X-Content-Type-Options", "nosniff"))
        if self.content_type == UNKNOWN_TYPE:
            headers.append(("Content-Disposition", "attachment"))
        return headers


@dataclass(frozen=True)
class Missing:
    """No file answers the path: status 404, or a redirect when ``moved_to`` is set."""

    words: str
    """One sentence for the browser's window."""
    moved_to: str | None = None
    """The path to go to instead (status 302): the same folder with its slash at the end."""


class Pages:
    """The files that a program shows.

    Args:
        program: The child's program, ``quiz.py``; None shows only the built-in page.
        folder: Shows this whole folder instead of the program's own files; when it is relative,
            it is looked for beside the program.

    Example:
        >>> pages = Pages(Path("quiz.py"))
        >>> pages.find("/wszero.js").content_type
        'text/javascript; charset=utf-8'
    """

    def __init__(self, program: Path | None, folder: str | Path | None = None) -> None:
        self.program = program
        # The place of the program is trusted, so links on the way to it are followed once, here.
        self._root = None if program is None else _real(program.parent)
        self.folder = None if folder is None else (self._root or Path()) / folder

    def find(self, target: str) -> Found | Missing:
        """Return the file for the target of a request, as it came: ``/cat%201.png?x=1``.

        Answers for every string and never raises. What may not be shown is ``Missing`` like what
        is not there, so that nobody can tell the two apart.
        """
        try:
            names = _names(target)
            found = self._find(names, target) if names else None
        except (OSError, ValueError, RuntimeError):  # too long, not UTF-8, links in a circle
            found = None
        return found or Missing(_nothing_called(target))

    def _find(self, names: list[str], target: str) -> Found | Missing | None:
        if len(names) == 1 and names[0] in OURS:
            return _ours(names[0])
        answer = self._beside(names, target)
        for place, parts in self._places(names):
            answer = answer or _look(place, parts, target)
        if answer is not None:
            return answer
        if names == ["favicon.ico"]:
            return Found(STATIC / "favicon.ico", "image/png", is_ours=True, content=_ICON)
        if self.folder is not None:
            # A page that draws its own addresses (React Router, Vue Router): /room/5
            is_address = "." not in names[-1]
            return _look(_real(self.folder), ["index.html"], target) if is_address else None
        return _ours("index.html") if names == [""] else None

    def _beside(self, names: list[str], target: str) -> Found | Missing | None:
        """Answer with ``quiz.html``, ``quiz.js`` or ``quiz.css``, if that is what is meant."""
        if self._root is None or self.program is None or self.folder is not None or len(names) > 1:
            return None
        beside = [self.program.stem + suffix for suffix in BESIDE]
        name = names[0] or beside[0]
        if name not in beside:
            return None
        answer = _look(self._root, [name], target)
        # Everything else in that folder is hidden, so a link to something else there counts as out.
        return answer if isinstance(answer, Found) and answer.path == self._root / name else None

    def _places(self, names: list[str]) -> Iterator[tuple[Path, list[str]]]:
        """Yield where else to look, in order: a folder, and the names below it."""
        if self.folder is not None:
            yield _real(self.folder), names
        elif self._root is not None:
            if names[0] in FOLDERS and len(names) > 1:
                yield self._root / names[0], names[1:]
            elif names[0] in FOLDERS and (self._root / names[0]).is_dir():
                yield self._root, names  # the folder itself: sent on to its slash
            yield self._root / "static", names

    def source_of(self, url_path: str) -> Path | None:
        """Return the child's own file behind a path, for error messages: ``/`` is ``quiz.html``."""
        found = self.find(url_path)
        return found.path if isinstance(found, Found) and not found.is_ours else None

    def source_line(self, url_path: str, line: int | None) -> str:
        """Return one line (from 1) of the child's page or script, or an empty string.

        Both values may come from a page, so nothing is expected of them.
        """
        file = self.source_of(url_path)
        is_text = file is not None and "charset" in content_type_of(file.name)
        if file is None or not is_text or not isinstance(line, int) or line < 1:
            return ""
        try:
            with file.open("rb") as source:
                text = source.read(LARGEST_SOURCE).decode("utf-8-sig", "replace")
        except OSError:
            return ""
        code = "".join(re.split(r"\r\n|\r|\n", text)[line - 1 : line]).strip()
        return code if len(code) <= LONGEST_LINE else code[: LONGEST_LINE - 1] + "…"

    def hint(self, target: str) -> str:
        """Return a sentence for the child when a file is not shown that seems to be meant, or "".

        For the console, not for the browser: it says what lies beside the program.
        """
        try:
            return self._hint(_names(target) or [])
        except (OSError, ValueError, RuntimeError):
            return ""

    def _hint(self, names: list[str]) -> str:
        if self._root is None or self.program is None or self.folder is not None or not names:
            return ""
        page, wanted = self.program.stem + ".html", names[-1]
        if names == [""]:
            found = self.find("/")
            others = self._spare_pages() if isinstance(found, Found) and found.is_ours else []
            if others:
                return f"To show {others[0]} instead of wszero's own page, rename it to {page}."
            return ""
        names_there = [*_children(self._root / "static"), *_children(self._root)]
        if len(names) > 1:
            names_there = _children(self._root / names[0]) if names[0] in FOLDERS else []
        for name in names_there:
            if name != wanted and name.lower() == wanted.lower():
                return f"There is no {wanted}, but {name}: big and small letters must be the same."
        if wanted in _children(self._root):
            kind = content_type_of(wanted).split("/")[0]
            folder = {"image": "images", "audio": "sounds"}.get(kind, "static")
            return (
                f"{wanted} is beside {self.program.name}, where pages can't see it. "
                f"Put it into a folder called {folder} and write: {folder}/{wanted}"
            )
        return ""

    def _spare_pages(self) -> list[str]:
        """Return the pages beside the program that belong to no other one, the likeliest first."""
        assert self._root is not None
        pages = [Path(f) for f in _children(self._root) if f.lower().endswith((".html", ".htm"))]
        spare = [p.name for p in pages if not (self._root / p.with_suffix(".py")).is_file()]
        return sorted(spare, key=lambda name: not name.lower().startswith("index."))


def _names(target: str) -> list[str] | None:
    """Split a target into names, all of which may be shown; a folder's slash leaves a last ''."""
    path = path_of(target)
    if not path.startswith("/") or len(path) > LONGEST_PATH:
        return None
    names = unquote_to_bytes(path).decode("utf-8").split("/")[1:]
    needed = names if names[-1] else names[:-1]
    return names if all(map(may_be_shown, needed)) else None


def path_of(target: str) -> str:
    """Return a request's target without what follows ``?`` or ``#``."""
    return re.split(r"[?#]", target, maxsplit=1)[0]


def _ours(name: str) -> Found:
    """Return a file of wszero's own; wherever an installer's links lead, it is meant."""
    status = os.stat(STATIC / name)
    found = _found(STATIC / name, status, is_ours=True)
    # Thirty tablets load the script with every page: it may be kept, if its version is asked for.
    return found if found.is_page else replace(found, cache="no-cache")


def _found(file: Path, status: os.stat_result, is_ours: bool = False) -> Found:
    content_type = content_type_of(file.name)
    is_page = content_type.startswith("text/html")
    return Found(file, content_type, is_page, is_ours, status.st_size, status.st_mtime_ns)


def _look(place: Path, names: Sequence[str], target: str) -> Found | Missing | None:
    """Return the file below a place, or its folder's page; None when there is nothing to show."""
    file = _real(place.joinpath(*names))
    try:
        status = os.stat(file)
        is_folder = stat.S_ISDIR(status.st_mode)
        if is_folder:
            file = _real(file / "index.html")
            status = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    # A link is judged by where it leads: out of the place (a ValueError, also when the place itself
    # is a link), or to a name that is never shown.
    inside = file.relative_to(place).parts
    if not stat.S_ISREG(status.st_mode) or not all(map(may_be_shown, inside)):
        return None
    has_slash = names[-1] == ""
    if has_slash and not is_folder:
        return None
    if is_folder and not has_slash:
        # Without the slash at the end, the relative addresses in that page would miss.
        path = quote(unquote_to_bytes(path_of(target))) + "/"
        query = target.partition("#")[0].partition("?")[2]
        moved_to = path + "?" + quote(query, "=&%+,;:@/") if query else path
        return Missing(f"The page of this folder is {path}", moved_to)
    return _found(file, status)


def _real(path: Path) -> Path:
    """Return the path with every link followed."""
    return Path(os.path.realpath(path))  # pathlib's own is slow on Python 3.8


def _children(folder: Path) -> list[str]:
    """Return the names of the files in a folder that could be shown, in order."""
    if _real(folder) != folder or not folder.is_dir():
        return []
    names = (entry.name for entry in os.scandir(folder) if entry.is_file())
    return sorted(n for n in names if may_be_shown(n) and content_type_of(n) != UNKNOWN_TYPE)


def _nothing_called(target: str) -> str:
    name = path_of(target[:LONGEST_PATH]).rsplit("/", 1)[-1][:60]
    if not name or not name.isprintable():
        return "There is no page here."
    return f"There is nothing called {name} here. Is the name spelt right?"
