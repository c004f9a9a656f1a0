"""What of a file is sent: all of it, a part, or word that the browser has it already.

Pure decisions after RFC 9110, sections 13 and 14. A tablet by Apple plays no sound and no film
from a server that does not send parts.

The child's files are ``no-store`` (a page that was changed must be seen), so a browser has nothing
to ask about when it loads them again. They carry an ``ETag`` and ``Last-Modified`` all the same:
without those, nobody could tell that the second part of a film belongs to the first (``If-Range``),
and whoever does ask is answered, since a condition must be heeded whatever a cache may do.
"""

from __future__ import annotations

import calendar
import hashlib
import re
from email.utils import formatdate, parsedate
from typing import Mapping, NamedTuple, Optional, Tuple

RECENT_NS = 3 * 10**9
"""A file saved so lately may be saved once more within one tick of its disk's clock (FAT: 2 s)."""

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t,]*([0-9]{0,18})-([0-9]{0,18})[ \t,]*", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"[^"]*"')


class Version(NamedTuple):
    """Tells one state of a file from all others."""

    etag: str
    modified: str = ""
    """The date for ``Last-Modified``; empty when it is not known."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that say so."""
        date = [("Last-Modified", self.modified)] if self.modified else []
        return [("ETag", self.etag), *date]


class Plan(NamedTuple):
    """An answer: its status, and the bytes from ``start`` up to, not with, ``stop``."""

    status: int
    start: int = 0
    stop: int = 0


def version_of(content: Optional[bytes], size: int, modified_ns: int, now_ns: int) -> Version:
    """Return the version of a file.

    Args:
        content: All of it, if it is at hand: then nothing depends on the clock of its disk.
        size: Its bytes.
        modified_ns: When it was saved, in nanoseconds since 1970; 0 is not known.
        now_ns: The time now.
    """
    if content is not None:
        etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    else:
        # Weak (RFC 9110, section 8.8.1): good for "has it changed?", not for joining parts.
        weak = "W/" if now_ns - modified_ns < RECENT_NS else ""
        etag = f'{weak}"{modified_ns:x}-{size:x}"'
    # A date that has not come yet would be no use (section 8.8.2.1).
    is_known = 0 < modified_ns <= now_ns
    return Version(etag, http_date(modified_ns / 10**9) if is_known else "")


def http_date(timestamp_s: float) -> str:
    """Return a time as HTTP writes it.

    Example:
        >>> http_date(0)
        'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return formatdate(timestamp_s, usegmt=True)


def plan(method: str, headers: Mapping[str, str], size: int, version: Version) -> Plan:
    """Decide what is sent of a file.

    Args:
        method: ``GET`` or ``HEAD``.
        headers: Of the request, names in small letters.
        size: Bytes of the file.
        version: Its version.

    Returns:
        A plan with status 200 (all of it), 206 (a part), 304 (the browser has it), 412 (it is no
        longer what the browser wants) or 416 (there is no such part).
    """
    unmet = _condition(headers, version)
    if unmet:
        return Plan(unmet)
    asked = headers.get("range")
    # Section 14.2: only GET has ranges, and those that can't be read are not heeded. Several at
    # once need not be answered one by one; players ask for one.
    if asked is None or method != "GET" or not _may_be_part(headers.get("if-range"), version):
        return Plan(200, 0, size)
    bounds = _bounds(asked, size)
    if bounds is None:
        return Plan(200, 0, size)
    start, stop = bounds
    return Plan(206, start, stop) if start < stop else Plan(416)


def _condition(headers: Mapping[str, str], version: Version) -> int:
    """Return the status when a condition is not met, or 0; the order is that of section 13.2.2."""
    wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
    if wanted is not None:
        is_strong = not version.etag.startswith("W/")
        if wanted.strip() != "*" and not (is_strong and version.etag in _TAG.findall(wanted)):
            return 412
    elif version.modified and _seconds(headers.get("if-unmodified-since")) < _seconds(
        version.modified
    ):
        return 412
    if unwanted is not None:
        ours = version.etag.replace("W/", "")
        tags = [tag.replace("W/", "") for tag in _TAG.findall(unwanted)]
        return 304 if unwanted.strip() == "*" or ours in tags else 0
    if not version.modified or "if-modified-since" not in headers:
        return 0
    since = _seconds(headers["if-modified-since"])
    return 304 if _seconds(version.modified) <= since != _NEVER_S else 0


_NEVER_S = 2**62


def _seconds(date: Optional[str]) -> int:
    """Return a date in seconds since 1970; far away when it is none, so that it changes nothing."""
    try:
        parts = parsedate(date or "")
        return calendar.timegm(parts) if parts else _NEVER_S
    except (ValueError, TypeError, IndexError, OverflowError):
        return _NEVER_S


def _may_be_part(condition: Optional[str], version: Version) -> bool:
    """Tell whether ``If-Range`` allows a part: what the browser has is of the same version."""
    if condition is None:
        return True
    if version.etag.startswith("W/"):
        return False
    return condition.strip() in (version.etag, version.modified or version.etag)


def _bounds(asked: str, size: int) -> Optional[Tuple[int, int]]:
    """Return where a part begins and ends; None for what is no single range."""
    match = _ONE_RANGE.fullmatch(asked.strip())
    first, last = match.groups() if match else ("", "")
    if first:
        stop = min(int(last) + 1, size) if last else size
        return None if last and int(last) < int(first) else (int(first), stop)
    # The last so many bytes: bytes=-500
    return (max(size - int(last), 0), size) if last else None
