"""Who may come in: the rules for ``Host`` and ``Origin``, with the words for those who may not."""

from __future__ import annotations

import ipaddress
import re
from typing import Iterable

_PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,63}", re.IGNORECASE)
_LOCAL_NAME = re.compile(r"([a-z0-9_-]{1,63}\.){1,8}local", re.IGNORECASE)
_PORT = re.compile(r":[0-9]+$")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]/@\s]+)(?::([0-9]{1,5}))?", re.IGNORECASE)


def is_allowed_host(host: str | None, allow: str | Iterable[str] | None = None) -> bool:
    """Whether a ``Host`` header is one of ours: an address, a name without dots, a .local name.

    A page from elsewhere can make its own name point at this computer (DNS rebinding), and its
    scripts would then count as ours; but it can't choose such a ``Host``.

    Args:
        host: The header, ``192.168.1.5:8000``; None when it is missing, which is refused.
        allow: Other names (``quiz.school.example``), with or without a port; ``"*"`` is all.
    """
    return why_not_host(host, allow) is None


def why_not_host(host: str | None, allow: str | Iterable[str] | None = None) -> str | None:
    """Return None for a ``Host`` that is allowed, else a sentence with what to do (status 421)."""
    if host is None:
        return "The request does not say which server it wants (the Host header is missing)."
    parts = _HOST.fullmatch(host)
    if parts is None:
        return f"The name {shown(host)!r} is no name of a server."
    name = parts.group(1).strip("[]")
    is_name = _PLAIN_NAME.fullmatch(name) or _LOCAL_NAME.fullmatch(name.rstrip("."))
    if is_name or _is_ip(name) or _is_named(host, allow):
        return None
    return (
        f"This server does not answer to the name {shown(name)}. Use its address in numbers, "
        f"or allow the name in the program: run_server(allow=[{shown(name)!r}])"
    )


def is_allowed_origin(
    origin: str | None, host: str | None, allow: str | Iterable[str] | None = None
) -> bool:
    """Whether a page with this ``Origin`` header may open a WebSocket here.

    Clients that send none are no browsers and are let in. A browser's page must come from this
    server itself: ``http://`` and the ``Host``, exactly.

    Args:
        origin: The header, ``http://192.168.1.5:8000``; None when it is missing.
        host: The ``Host`` header of the same request.
        allow: Others (``http://localhost:5173``, or without the ``http://``); ``"*"`` is all.
    """
    return why_not_origin(origin, host, allow) is None


def why_not_origin(
    origin: str | None, host: str | None, allow: str | Iterable[str] | None = None
) -> str | None:
    """Return None for an ``Origin`` that is allowed, else a sentence with what to do (403)."""
    if origin is None or (host and origin == f"http://{host}") or _is_named(origin, allow):
        return None
    here = f"http://{shown(host or 'localhost')}/"
    if origin == "null":
        return f"This page was opened as a file. Open {here} in the browser instead of the file."
    return (
        f"A page from {shown(origin)} may not join. Open {here} instead, "
        f"or allow it in the program: run_server(allow=[{shown(origin)!r}])"
    )


def is_own_page(referer: str | None, host: str | None) -> bool:
    """Whether a page or a style sheet of this server asked for a file.

    Args:
        referer: The ``Referer`` header, the address of what asked; None when it is missing.
        host: The ``Host`` header of the same request.
    """
    return bool(host) and (referer or "").startswith(f"http://{host}/")


def _is_named(text: str, allow: str | Iterable[str] | None) -> bool:
    """Whether ``allow`` names an origin or a host; without a port it means every port."""
    scheme, rest = _split_scheme(text)
    for entry in [allow] if isinstance(allow, str) else allow or ():
        allowed_scheme, allowed = _split_scheme(str(entry).strip().rstrip("/"))
        if allowed == "*":
            return True
        is_scheme_right = not allowed_scheme or not scheme or allowed_scheme == scheme
        is_exact = bool(allowed_scheme or _PORT.search(allowed))
        if allowed and is_scheme_right and allowed == (rest if is_exact else _PORT.sub("", rest)):
            return True
    return False


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.lower().partition("://")
    return (scheme, rest) if mark else ("", scheme)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def shown(text: str) -> str:
    """Return what strangers sent, short and plain enough for a console."""
    plain = "".join(sign if " " <= sign <= "~" and sign not in "<>\"'\\" else "?" for sign in text)
    return plain if len(plain) <= 60 else plain[:59] + "…"
