"""A file of the child's that has the name of one of Python's own modules hides it from everybody.

A program saved as random.py can't even import wszero: whoever needs Python's random gets the
program instead. What Python then says names some line that has nothing to do with it. So this is
looked at before anything else is imported, with what Python has loaded by itself.
"""

from __future__ import annotations

import os
import sys

NEEDED = (
    "copy",
    "datetime",
    "email",
    "enum",
    "http",
    "inspect",
    "json",
    "keyword",
    "locale",
    "logging",
    "math",
    "operator",
    "queue",
    "random",
    "secrets",
    "select",
    "signal",
    "socket",
    "ssl",
    "string",
    "struct",
    "threading",
    "token",
    "types",
    "typing",
    "uuid",
    "warnings",
)
"""What wszero needs of Python, as far as a child might call a program so."""


def refuse_hiding_files() -> None:
    """End the program, in words, when a file beside it hides what wszero needs.

    Raises:
        SystemExit: There is such a file.
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = os.path.dirname(os.path.abspath(file)) if file else ""
    if not folder or not sys.path or os.path.abspath(sys.path[0]) != folder:
        # Only beside a program that was started as such do files come before Python's own.
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        module = name[:-3] if name.endswith(".py") else ""
        if module in NEEDED and _hides(module, folder):
            sys.stderr.write(
                f"\n  Your file {name} hides Python's own {module}, which wszero needs.\n"
                f"  Give it another name: my_{name}\n"
            )
            raise SystemExit(1)


def _hides(module: str, folder: str) -> bool:
    """Tell whether Python would take the file in the folder, or has taken it already."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return True
    file = getattr(loaded, "__file__", None)
    return file is not None and os.path.dirname(os.path.abspath(file)) == folder


# At import, for every other import of the package comes later.
refuse_hiding_files()
