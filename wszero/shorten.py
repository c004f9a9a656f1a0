"""Make any value small enough to show: the panel sees the beginning of what travels, never 1 MiB.

General layout: ``shorten`` walks a value once and gives back JSON-ready data. A budget that all
parts of the value share bounds the result, whatever the shape: a list of lists of lists as well as
one long text. Nothing here raises, and nothing here runs a child's ``__repr__`` without a net.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

MAX_TEXT = 200
"""Characters of a text that are kept."""
MAX_ITEMS = 20
"""Items of a list, or pairs of a dict, that are kept."""
MAX_DEPTH = 4
"""Lists in lists in lists in lists; what lies deeper is shown as ``[…]``."""
BUDGET = 1_000
"""Characters for a whole value: more than a line of the panel's log can show. Also bounds the time
that a value takes, to that of about 100 items."""

# Python refuses to print whole numbers over 4,300 digits, and is slow long before that.
_MAX_BITS = 1_024
_MORE = "…"


def shorten(value: object, *, text: int = MAX_TEXT, budget: int = BUDGET) -> Any:
    """Return a small copy of a value, made of JSON's own types only.

    Args:
        value: Anything; what JSON does not know is shown as text.
        text: Characters of each text that are kept.
        budget: Characters for the whole, about; each item costs four more than its text.

    Returns:
        The copy. A cut text ends with ``…``; a cut list or dict says how many more there were.

    Example:
        >>> shorten({"names": ["Amy"] * 30, "n": 1})["names"][-1]
        '… 10 more'
    """
    return _Shortener(text, budget).value(value, MAX_DEPTH)


def cut_text(value: str, limit: int = MAX_TEXT) -> str:
    """Return the text, or its first ``limit`` characters and ``…``; always fit for UTF-8."""
    if len(value) > limit:
        value = value[:limit] + _MORE
    if not value.isascii():
        # Half a surrogate pair is legal in JSON, but no file and no socket takes it.
        value = value.encode("utf-8", "replace").decode("utf-8")
    return value


class _Shortener:
    def __init__(self, text: int, budget: int) -> None:
        self.text = text
        self.left = budget

    def value(self, value: object, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]
        self.left -= 8
        if value is None or kind is bool:
            return value
        try:
            if isinstance(value, int):
                return self._whole_number(int(value))
            if isinstance(value, float):
                # JSON has no word for infinity and "not a number".
                return float(value) if math.isfinite(value) else str(float(value))
            return self._other(value, depth)
        except Exception:  # a dict that another thread changes meanwhile, a __repr__ that fails
            return self._text(f"<{kind.__name__}>")

    def _other(self, value: object, depth: int) -> Any:
        if isinstance(value, dict):
            return self._dict(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._list(value, depth)
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, (bytes, bytearray)):
            return self._text(repr(value[: self.text]))
        return self._text(repr(value))

    def _whole_number(self, value: int) -> Any:
        if value.bit_length() <= _MAX_BITS:
            return value
        return f"<a whole number of about {int(value.bit_length() * math.log10(2)) + 1} digits>"

    def _list(self, value: Any, depth: int) -> Any:
        if not depth:
            return f"[{_MORE}]" if value else []
        short: list[Any] = []
        for item in islice(value, MAX_ITEMS):
            if self.left <= 0:
                break
            short.append(self.value(item, depth - 1))
        if len(short) < len(value):
            short.append(f"{_MORE} {len(value) - len(short)} more")
        return short

    def _dict(self, value: Any, depth: int) -> Any:
        if not depth:
            return f"{{{_MORE}}}" if value else {}
        short = {}
        taken = 0
        for key, item in islice(value.items(), MAX_ITEMS):
            if self.left <= 0:
                break
            name = key if type(key) is str else str(key)
            short[self._text(name)] = self.value(item, depth - 1)
            taken += 1
        if taken < len(value):
            short[_MORE] = f"{len(value) - taken} more"
        return short

    def _text(self, text: str) -> str:
        if len(text) > self.text or not text.isascii():
            text = cut_text(text, self.text)
        self.left -= len(text) + 4
        return text
