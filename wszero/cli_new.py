"""``wszero new quiz``: writes a small program and its page."""

from __future__ import annotations

import keyword
import pkgutil
import re
import sys
import sysconfig
from pathlib import Path
from typing import FrozenSet, Tuple

TEMPLATE = Path(__file__).parent / "template"

# Modules of others that programs like these import. A program that is called like one of them
# would be imported instead of it.
_OTHERS = (
    "wszero websockets h11 gpiozero colorzero pigpio lgpio picamera picamera2 sense_hat microbit "
    "numpy pandas matplotlib pygame pgzero pgzrun guizero flask requests serial pip setuptools "
    "pkg_resources main test tests conftest sitecustomize usercustomize"
)
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


class CannotWrite(Exception):
    """The program can't be written: says why, and what to write instead."""


def write_program(name: str, folder: Path) -> Tuple[str, str]:
    """Write a program and its page; neither may be there already.

    Args:
        name: What it shall be called, with or without ``.py``.
        folder: Where to write it.

    Returns:
        The names of the two files.

    Raises:
        CannotWrite: The name can't be used, or there is such a file already.
    """
    stem = name[:-3] if name.lower().endswith(".py") else name
    why = why_not(stem)
    if why:
        raise CannotWrite(why)
    files = {f"{stem}.py": _filled("program.txt", stem), f"{stem}.html": _filled("page.txt", stem)}
    for file in files:
        if (folder / file).exists():
            raise CannotWrite(
                f"{file} is here already, so nothing was written. Try another name: {stem}2"
            )
    for file, text in files.items():
        try:
            with open(folder / file, "x", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            raise CannotWrite(f"{file} can't be written: {error.strerror or error}.") from None
    program, page = files
    return program, page


def why_not(stem: str) -> str:
    """Return why a program can't have this name, in words with a better one; "" if it can.

    Example:
        >>> why_not("random")
        'There is a random already that programs import: yours would hide it. Try: my_random'
    """
    if not stem.replace("-", "_").isidentifier() or not re.match(r"[^\W_]", stem):
        better = re.sub(r"\W+", "_", stem).strip("_") or "quiz"
        better = f"my_{better}" if better[0].isdigit() else better
        return (
            "A name has letters, numbers and _ in it, and begins with a letter. "
            f"Try: {better if better.isidentifier() else 'quiz'}"
        )
    better = f"my_{stem}"
    if keyword.iskeyword(stem) or _WINDOWS_DEVICE.fullmatch(stem):
        return f"{stem} has a meaning of its own for the computer. Try: {better}"
    if stem.lower() in _taken_names():
        return f"There is a {stem} already that programs import: yours would hide it. Try: {better}"
    return ""


def _taken_names() -> FrozenSet[str]:
    known = getattr(sys, "stdlib_module_names", None)
    if known is None:  # before Python 3.10
        folder = sysconfig.get_paths()["stdlib"]
        known = {
            *sys.builtin_module_names,
            *(module.name for module in pkgutil.iter_modules([folder])),
        }
    return frozenset(name.lower() for name in (*known, *_OTHERS.split()))


def _filled(template: str, stem: str) -> str:
    return (TEMPLATE / template).read_text(encoding="utf-8").replace("NAME", stem)
