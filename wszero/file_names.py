"""What the name of a file tells: whether it may be shown, and its content type.

Names are all that is looked at here: the same on every computer, whatever its disk.
"""

from __future__ import annotations

import os
import re
import unicodedata

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

# Looked for in the name in small letters and plain form, so that no spelling gets around it.
_NEVER = re.compile(
    r"""
      ^$                        # '//': no file has an empty name
    | ^\.                       # dotfiles, '.' and '..'
    | [\x00-\x1f\x7f/\\:]       # other separators, and Windows' second streams: quiz.txt:secret
    | %[0-9a-f]{2}              # encoded twice
    | [. ]$                     # Windows opens 'quiz.py' for 'quiz.py.' and for 'quiz.py '
    | ~$ | ^\#.*\#$ | \.(bak|backup|old|orig|rej|save|sw[a-z]|te?mp)$   # what editors leave behind
    | \.py[a-z0-9]?(?![a-z0-9])  # .py, .pyc, .py3, .py.txt, .py-old
    | ^[^.~]{1,6}~[0-9]{1,4}(\.[^.]{0,3})?$   # Windows' short names: QUIZ~1.PY
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
