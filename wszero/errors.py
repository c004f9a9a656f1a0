"""The mistakes that wszero explains, as a tree of errors.

Every leaf also inherits the built-in that a Python programmer would expect, so that ordinary
``except TypeError`` code keeps working. The text of an error has up to three parts: what happened,
where (the child's file, line and the line itself) and what to try.
"""

from __future__ import annotations

import difflib
from typing import Iterable, NamedTuple, Tuple


class Place(NamedTuple):
    """A line in the child's own code."""

    file: str
    """The path as Python knows it."""
    line: int
    """Counts from 1; 0 when only the file is known."""
    code: str
    """The line itself, stripped; empty when the file can't be read."""
    function: str = ""
    via: Tuple[Place, ...] = ()
    """Lines that led here, outermost first: who called the function, or sent the message."""

    @property
    def short(self) -> str:
        """The place in words: ``quiz.py, line 7``."""
        name = self.file.replace("\\", "/").rsplit("/", 1)[-1] or "your page"
        return f"{name}, line {self.line}" if self.line else name


class WszeroError(Exception):
    """Something in the program that wszero can explain in plain words.

    Args:
        what: One sentence that says what happened.
        fix: What to try, with right code. May be empty.
        place: The child's line; found from the call stack when it is reported, if not given.
    """

    def __init__(self, what: str, fix: str = "", place: Place | None = None) -> None:
        super().__init__(f"{what}\n  {fix}" if fix else what)
        self.what = what
        self.fix = fix
        self.place = place


class BadHandler(WszeroError, TypeError):
    """``@on`` or ``@every`` was given something that can't handle messages."""


class BadName(WszeroError, ValueError):
    """The name of a message or a group can't be used."""


class CannotSend(WszeroError, TypeError):
    """A value can't travel to a page as JSON."""


class ReadOnly(WszeroError, AttributeError):
    """The program assigned over a part of wszero."""


class NoSuchAttribute(WszeroError, AttributeError):
    """The program read something from a client that was never put there."""


class BadOption(WszeroError, TypeError):
    """``run_server`` was given a setting that it does not have, or a wrong value for one."""


class BadPort(WszeroError, ValueError):
    """The port is not a whole number from 0 to 65535."""


class PortTaken(WszeroError, OSError):
    """Another program already listens on the port."""


class AlreadyRunning(WszeroError, RuntimeError):
    """The server was started a second time while it runs."""


class BadMessage(WszeroError, ValueError):
    """A frame from outside that is not a message. ``code`` goes back to the sender."""

    def __init__(self, code: str, what: str, fix: str = "") -> None:
        super().__init__(what, fix)
        self.code = code


class ServerStopped(BaseException):
    """Ends a handler that is still at work when the server stops.

    Not an ``Exception``, so that a child's ``except Exception`` does not swallow it.
    """


def one_line(text: str, most: int = 200) -> str:
    r"""Return a text from outside as it may stand in a sentence.

    One line, not too long, and nothing in it that could move a console's cursor or colour it.

    Example:
        >>> one_line("two\nlines", 6)
        'two l…'
    """
    text = "".join(sign if sign.isprintable() else " " for sign in text[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the known word that is close to a misspelt one, or an empty string.

    Example:
        >>> did_you_mean("chta", ["chat", "buzz"])
        'chat'
    """
    if len(word) > 40:
        # Nobody misspells at such length, and to compare it would take its time.
        return ""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""
