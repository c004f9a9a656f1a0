"""What `run_server` can be told, with a classroom's defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any, Dict, Optional, Sequence

from .errors import BadOption, did_you_mean
from .listening import parse_port

MIB = 1024 * 1024


@dataclass
class Options:
    """The settings of one server."""

    port: int = 8000
    port_is_named: bool = False
    """The program or WSZERO_PORT asked for just this port, so no other one is taken."""
    port_is_forced: bool = False
    """WSZERO_PORT named it."""
    host: Optional[str] = None
    """The address to listen on; all of this computer's if not given."""
    folder: Optional[str] = None
    show: bool = True
    allow: Sequence[str] = field(default_factory=tuple)
    max_clients: Optional[int] = 500
    max_message: Optional[int] = MIB
    """Bytes in one message."""
    max_waiting: Optional[int] = 2 * MIB
    """Bytes that wait for a client that does not read."""
    max_rate: Optional[int] = 200
    """Messages a second of one client; more are read more slowly."""
    away: Optional[float] = 30
    """Seconds that a page may be away and is still the same client; None: as long as it likes."""


_SETTINGS = tuple(
    setting.name for setting in fields(Options) if not setting.name.startswith("port")
)


def make_options(port: object, given: Dict[str, Any]) -> Options:
    """Return the settings that a program asked for.

    Raises:
        BadOption: There is no such setting, or its value is of the wrong kind.
        BadPort: The port is no port.
    """
    options = Options()
    forced = os.environ.get("WSZERO_PORT", "").strip()
    own = parse_port(port, "The port")
    options.port = parse_port(forced) if forced else own
    options.port_is_forced = bool(forced)
    options.port_is_named = bool(forced) or port != Options.port
    before = os.environ.get("WSZERO_PORT_BEFORE", "").strip()
    if before and (options.port == 0 or not options.port_is_named):
        # `wszero quiz.py` starts it once more: the open pages know the port that was free then.
        options.port, options.port_is_named = parse_port(before, "WSZERO_PORT_BEFORE"), False
    for name, value in given.items():
        if name not in _SETTINGS:
            close = did_you_mean(name, ("port", *_SETTINGS))
            known = f"Did you mean {close}=?" if close else f"It has: {', '.join(_SETTINGS)}."
            raise BadOption(f"run_server() has no setting called {name}.", known)
        setattr(options, name, _checked(name, value))
    return options


def _checked(name: str, value: Any) -> Any:
    if name in ("host", "folder"):
        if value is not None and not isinstance(value, (str, os.PathLike)):
            example = "dist" if name == "folder" else "127.0.0.1"
            raise BadOption(f"{name} must be a text.", f"Try: run_server({name}='{example}')")
        return None if value is None else os.fspath(value)
    if name == "show":
        return bool(value)
    if name == "allow":
        is_list = isinstance(value, (list, tuple, set, frozenset))
        if not is_list or not all(isinstance(one, str) for one in value):
            raise BadOption(
                "allow must be a list of addresses.",
                "Try: run_server(allow=['http://localhost:5173'])",
            )
        return tuple(value)
    if name == "away":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 <= value < float("inf")):
            raise BadOption(
                "away must be a number of seconds, 0 or more.", "Try: run_server(away=30)"
            )
        return value
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if value is not None and not is_count:
        raise BadOption(
            f"{name} must be a whole number above 0, or None.", f"Try: run_server({name}=100)"
        )
    return value
