"""The first words on the console: where am I, and how do I stop?"""

from __future__ import annotations

from typing import Optional, Tuple

from .network import addresses

_EVERYWHERE = (None, "", "0.0.0.0", "::")


class Addresses:
    """What to type into a browser to come to this server.

    Args:
        port: The port that it listens on.
        host: The one address that it listens on; all if not given.
    """

    def __init__(self, port: int, host: Optional[str] = None) -> None:
        self.port = port
        self._ips = [address.ip for address in addresses()] if port and host in _EVERYWHERE else []
        self._only = "" if host in (*_EVERYWHERE, "localhost", "127.0.0.1", "::1") else str(host)
        if self._only:
            self._ips = [self._only]

    @property
    def local(self) -> str:
        """The address on this computer."""
        return self._url(self._only) if self._only else f"http://localhost:{self.port}"

    @property
    def tablet(self) -> str:
        """The address for a tablet in the same room; empty without a network."""
        return self._url(self._ips[0]) if self._ips else ""

    @property
    def others(self) -> Tuple[str, ...]:
        """More addresses that may work."""
        return tuple(self._url(ip) for ip in self._ips[1:])

    def _url(self, ip: str) -> str:
        return f"http://[{ip}]:{self.port}" if ":" in ip else f"http://{ip}:{self.port}"


def welcome(name: str, where: Addresses, taken_port: int = 0) -> str:
    """Return the words for a server that has just started.

    Args:
        name: The program.
        where: Its addresses.
        taken_port: The port that it wanted first, if another program has it.
    """
    lines = []
    if taken_port:
        lines += [f"Port {taken_port} is taken by another program: this one uses {where.port}.", ""]
    lines += [f"{name} is running.", f"  On this computer:     {where.local}"]
    if where.tablet:
        lines.append(f"  On a tablet nearby:   {where.tablet}")
    else:
        lines.append("  No network here: other devices can't come in.")
    if where.others:
        lines.append(f"  If that fails:        {' '.join(where.others[:3])}")
    lines.append("  To stop:              press Ctrl-C here, or Stop in your editor")
    return "\n".join(lines)
