"""Which file answers which path, what is never shown, and the script tag in a child's page.

Pure decisions about files: no sockets, no threads, no clock. Layout of this module:

- the rules for names, and the table of content types
- ``Pages``: finds the file for a path (``Found``) or says that there is none (``Missing``)
- ``read_page``: the bytes to send, with the script tag for ``/wszero.js`` in a child's HTML
- ``Watch``: which of the paths that were served have changed since
"""

from __future__ import annotations

import base64
import codecs
import os
import re
import stat
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Iterable, Iterator, Sequence, Tuple
from urllib.parse import quote, unquote_to_bytes

STATIC = Path(__file__).parent / "static"
OURS = ("wszero.js", "wszero.mjs", "wszero.d.ts")
FOLDERS = ("static", "images", "sounds")
BESIDE = (".html", ".js", ".css")
TAG = b'<script src="/wszero.js"></script>'

# Longer paths are nobody's file; far below what any file system takes.
LONGEST_PATH = 2000
# For error messages: a line of a page, and the largest file in which one is looked up.
LONGEST_LINE = 200
LARGEST_SOURCE = 4 * 1024 * 1024

# Written down here and not taken from `mimetypes`: on Windows that asks the registry, where some
# program may have made .js a text/plain, which browsers then refuse to run.
_TEXT = "; charset=utf-8"
CONTENT_TYPES = {
    **dict.fromkeys((".html", ".htm"), "text/html" + _TEXT),
    **dict.fromkeys((".js", ".mjs", ".cjs"), "text/javascript" + _TEXT),
    **dict.fromkeys((".txt", ".text", ".md", ".ts"), "text/plain" + _TEXT),
    **dict.fromkeys((".json", ".map"), "application/json" + _TEXT),
    **dict.fromkeys((".jpg", ".jpeg", ".jfif"), "image/jpeg"),
    **dict.fromkeys((".ogg", ".oga", ".opus"), "audio/ogg"),
    **dict.fromkeys((".m4a", ".aac"), "audio/mp4"),
    **dict.fromkeys((".mp4", ".m4v"), "video/mp4"),
    ".css": "text/css" + _TEXT,
    ".csv": "text/csv" + _TEXT,
    ".vtt": "text/vtt" + _TEXT,
    ".xml": "text/xml" + _TEXT,
    ".svg": "image/svg+xml" + _TEXT,
    ".webmanifest": "application/manifest+json" + _TEXT,
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".webp": "image/webp",
    ".flac": "audio/flac",
    ".mid": "audio/midi",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".mov": "video/quicktime",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json" + _TEXT,
    ".pdf": "application/pdf",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
UNKNOWN_TYPE = "application/octet-stream"

# A small round zero. Browsers ask for it with every page; a 404 each time would only be noise.
_ICON = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQMAAABJtOi3AAAABlBMVEX///8Kj4+ZSUydAAAAAnRSTlMA/1uRIrUAAABF"
    "SURBVHjaY2BAAP4PQEL+B5Cw/wMk6v8Bif//GRgY/9g3MDD+kIcSzB/4D0CJB+zEEXAdCFPAhoKNh1gEthJsOdgZMAAA"
    "AosEryQ9kXXsAAAAASUVORK5CYII="
)

# Looked for in the name in small letters and plain form, so that no spelling gets around it.
_NEVER = re.compile(
    r"""
      ^$                        # '//': no file has an empty name
    | ^\.                       # dotfiles, '.' and '..'
    | [\x00-\x1f\x7f/\\:]       # other separators, and Windows' second streams: quiz.txt:secret
    | %[0-9a-f]{2}              # encoded twice
    | [. ]$                     # Windows opens 'quiz.py' for 'quiz.py.' and for 'quiz.py '
    | ~$ | ^\#.*\#$ | \.(bak|backup|old|orig|rej|save|sw[a-z]|te?mp)$   # what editors leave behind
    | \.py[a-z]?(?![a-z0-9])    # .py, .pyc, .py.txt, .py-old
    | \.(ipynb|sh|bash|bat|cmd|ps1|php|rb|pl)$   # sources that other servers would run
    | ^__pycache__$
    | ^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9]|lpt[0-9])\ *(\.|$)   # Windows' devices
    """,
    re.VERBOSE,
)


def may_be_shown(name: str) -> bool:
    """Whether a file or folder of this name may ever be sent to a page.

    Example:
        >>> may_be_shown("cat.png"), may_be_shown("QUIZ.PY"), may_be_shown(".git")
        (True, False, False)
    """
    # NFKC turns look-alikes such as a full-width dot into the plain sign. Invisible signs (Cf) are
    # dropped because macOS may ignore them in names; they stay allowed, many emojis contain one.
    plain = unicodedata.normalize("NFKC", name)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf").casefold()
    return _NEVER.search(plain) is None


def content_type_of(name: str) -> str:
    """Return the ``Content-Type`` for a file name; the same on every computer."""
    return CONTENT_TYPES.get(os.path.splitext(name)[1].lower(), UNKNOWN_TYPE)


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
            others = [f for f in _children(self._root) if f.lower().endswith((".html", ".htm"))]
            if isinstance(found, Found) and found.is_ours and others:
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


def _names(target: str) -> list[str] | None:
    """Split a target into names, all of which may be shown; a folder's slash leaves a last ''."""
    path = _path_of(target)
    if not path.startswith("/") or len(path) > LONGEST_PATH:
        return None
    names = unquote_to_bytes(path).decode("utf-8").split("/")[1:]
    needed = names if names[-1] else names[:-1]
    return names if all(map(may_be_shown, needed)) else None


def _path_of(target: str) -> str:
    return re.split(r"[?#]", target, maxsplit=1)[0]


def _ours(name: str) -> Found:
    """Return a file of wszero's own; wherever an installer's links lead, it is meant."""
    status = os.stat(STATIC / name)
    return _found(STATIC / name, status, is_ours=True)


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
        path = quote(unquote_to_bytes(_path_of(target))) + "/"
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
    name = _path_of(target[:LONGEST_PATH]).rsplit("/", 1)[-1][:60]
    if not name or not name.isprintable():
        return "There is no page here."
    return f"There is nothing called {name} here. Is the name spelt right?"


# --- the script tag -----------------------------------------------------------------------------


def read_page(found: Found) -> bytes:
    """Return the bytes to send: a child's HTML with the script tag, any other file as it is.

    The tag comes first in ``<head>``, so that the page's own scripts find ``HANDLERS``, and adds
    no line, so that line numbers in error messages stay true. It is left out when the page loads
    wszero itself, opens a WebSocket of its own, or says ``<meta name="wszero" content="off">``.

    Raises:
        OSError: The file has gone or can't be read.
    """
    if found.content is not None:
        return found.content
    html = found.path.read_bytes()
    return add_tag(html) if found.is_page else html


def add_tag(html: bytes) -> bytes:
    """Return the page with the script tag, unless it does without.

    Example:
        >>> add_tag(b"<head><title>Quiz</title>")
        b'<head><script src="/wszero.js"></script><title>Quiz</title>'
    """
    position = _place_for_tag(html)
    return html if position is None else html[:position] + TAG + html[position:]


# Thirty tablets load the same page in the same second.
@lru_cache(maxsize=8)
def _place_for_tag(html: bytes) -> int | None:
    if html.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in html[:1000]:
        return None  # UTF-16: our bytes would be nonsense in it
    position = len(codecs.BOM_UTF8) if html.startswith(codecs.BOM_UTF8) else 0
    in_head = False
    for piece in _pieces(html, position):
        if _has_own_client(piece):
            return None
        # Browsers begin the head at the first thing that is neither doctype nor <html>.
        if not in_head and piece.name in (b"!doctype", b"html", b"head"):
            position = piece.end
        in_head = in_head or piece.name not in (b"!doctype", b"html")
    return position


@dataclass(frozen=True)
class _Piece:
    """A tag (``head``, ``/head``, ``!doctype``) or text (name "") of a page; comments are none."""

    name: bytes
    end: int
    attributes: bytes = b""
    inside: bytes = b""
    """What stands in a script."""


_OPENING = re.compile(rb"<(!--|!doctype\b|/?[a-z][^\s/>]*|[!?/])", re.IGNORECASE)
_COMMENT_END = re.compile(rb"--!?>")
_QUOTE_OR_END = re.compile(rb">|=\s*([\"'])")
# Elements in which "<head>" is only text.
_RAW = (b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes")


def _pieces(html: bytes, start: int) -> Iterator[_Piece]:
    """Take a page apart as browsers do; each byte is looked at a bounded number of times."""
    position = start
    while True:
        opening = _OPENING.search(html, position)
        if html[position : opening.start() if opening else len(html)].strip():
            yield _Piece(b"", position)
        if opening is None:
            return
        name, position = opening.group(1).lower(), opening.end()
        if name == b"!--":
            position = _end_of_comment(html, position)
        elif name in (b"!", b"?", b"/"):
            position = (html.find(b">", position) + 1) or len(html)
        else:
            attributes_start, position = position, _end_of_tag(html, position)
            attributes, inside = html[attributes_start:position], b""
            tag_end = position
            if name in _RAW:
                closing = re.compile(rb"</" + name + rb"[\s/>]", re.IGNORECASE)
                found = closing.search(html, position)
                position = found.start() if found else len(html)
                inside = html[tag_end:position]
            yield _Piece(name, tag_end, attributes, inside)


def _end_of_comment(html: bytes, position: int) -> int:
    for nothing in (b">", b"->"):  # <!--> and <!---> are whole comments
        if html.startswith(nothing, position):
            return position + len(nothing)
    end = _COMMENT_END.search(html, position)
    return end.end() if end else len(html)


def _end_of_tag(html: bytes, position: int) -> int:
    """Return where a tag ends; a ``>`` in the quotes of an attribute does not end it."""
    while True:
        found = _QUOTE_OR_END.search(html, position)
        if found is None:
            return len(html)
        if found.group(1) is None:
            return found.end()
        position = (html.find(found.group(1), found.end()) + 1) or len(html)


_ATTRIBUTE = re.compile(rb"""([^\s=/>"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_LOADS_OURS = re.compile(rb"(?:^|/)wszero\.m?js(?:[?#]|$)")
_NAMES_OURS = re.compile(rb"""["'`](?:[^"'`\n]*/)?wszero\.m?js(?:\?[^"'`\n]*)?["'`]""")
_OPENS_SOCKET = re.compile(rb"\bnew\s+(?:\w+\s*\.\s*)?WebSocket\b")
# Strings are matched (and kept) so that a // in "http://…" begins no comment.
_STRING_OR_COMMENT = re.compile(
    rb"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?(?:\*/|\Z)""",
    re.DOTALL,
)


def _has_own_client(piece: _Piece) -> bool:
    """Whether this tag loads wszero, opens a WebSocket, or says that wszero keeps out."""
    if piece.name not in (b"script", b"meta"):
        return False
    attributes: dict[bytes, bytes] = {
        name.lower(): double or single or bare
        for name, double, single, bare in _ATTRIBUTE.findall(piece.attributes)
    }
    if piece.name == b"meta":
        value = attributes.get(b"content", b"").strip().lower()
        return attributes.get(b"name", b"").lower() == b"wszero" and value == b"off"
    if _LOADS_OURS.search(attributes.get(b"src", b"").strip()):
        return True
    code = _STRING_OR_COMMENT.sub(lambda match: match.group(1) or b" ", piece.inside)
    return bool(_NAMES_OURS.search(code) or _OPENS_SOCKET.search(code))


# --- what has changed ---------------------------------------------------------------------------

Stamp = Tuple[int, int]
"""When a file was saved (nanoseconds) and its size (bytes)."""


def snapshot(paths: Iterable[str | Path]) -> dict[str, Stamp | None]:
    """Return for each path when it was saved and its size; None for what is not there."""
    stamps: dict[str, Stamp | None] = {}
    for path in paths:
        try:
            status = os.stat(path)
            stamps[str(path)] = (status.st_mtime_ns, status.st_size)
        except (OSError, ValueError):
            stamps[str(path)] = None
    return stamps


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
        path = _path_of(target)
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
