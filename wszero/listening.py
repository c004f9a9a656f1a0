"""A port, and the sockets that listen on it."""

from __future__ import annotations

import errno
import os
import re
import socket
import sys
from typing import Callable, Iterable

from .errors import BadOption, BadPort, PortTaken
from .origins import shown

HIGHEST_PORT = 65535
# So many ports after the wanted one are tried. A teacher finds the server's line in the console.
MORE_PORTS = 20
# A whole class may knock in the same moment. The system may hold it lower.
BACKLOG = 511
_EVERYWHERE = ("", "0.0.0.0", "::", "*")
# Windows says EACCES also for a port that another program keeps for itself.
_TAKEN = (errno.EADDRINUSE, errno.EACCES)
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT, errno.EINVAL)


def parse_port(value: object, name: str = "WSZERO_PORT") -> int:
    """Return a port number; 0 stands for any free one.

    Args:
        value: What the environment or the program says.
        name: Where it says so, for the words of the error.

    Raises:
        BadPort: It is no whole number from 0 to 65535.
    """
    text = str(value).strip() if isinstance(value, (str, int)) else ""
    is_number = re.fullmatch(r"[0-9]{1,6}", text) is not None
    if not is_number or int(text) > HIGHEST_PORT:
        example = f"{name}=8000" if name.isupper() else "run_server(port=8000)"
        said = f"'{shown(value)}'" if isinstance(value, str) else shown(repr(value))
        raise BadPort(
            f"{name} is {said}, which is no port.",
            f"A port is a whole number from 0 to {HIGHEST_PORT}: {example}",
        )
    return int(text)


def listen(
    host: str | None,
    port: int,
    *,
    search: bool = False,
    named_by: str = "",
    make_room: Callable[[int], Iterable[object]] = lambda port: (),
) -> list[socket.socket]:
    """Return sockets that listen on a port; ask one of them for its number when it may differ.

    On all interfaces there is one socket for IPv4 and, where the computer has it, one for IPv6, so
    that ``localhost`` arrives here whatever it stands for.

    Args:
        host: None, "" or "0.0.0.0" is every interface; else an address or a name of this computer.
        port: 0 is any free one.
        search: Takes the first free one of the next 20 when the port is taken.
        named_by: What named the port, if it was not the program: ``WSZERO_PORT``.
        make_room: Called with a port that is taken; as often as it yields, the port is tried again.

    Raises:
        PortTaken: Somebody listens there already.
        BadPort: The system keeps the port for itself.
        BadOption: The host is no address of this computer.
    """
    last = min(port + MORE_PORTS, HIGHEST_PORT) if search and port else port
    is_forbidden = False
    for candidate in range(port, last + 1):
        try:
            return _listen_patiently(host, candidate, make_room)
        except (OSError, ValueError) as error:  # no name at all is a ValueError
            code = error.errno if isinstance(error, OSError) else None
            is_unknown = isinstance(error, (socket.gaierror, ValueError))
            if is_unknown or code == errno.EADDRNOTAVAIL:
                raise BadOption(
                    f"This computer does not have the address {shown(str(host))}.",
                    "Leave host away: run_server()",
                ) from None
            if code not in _TAKEN:
                raise
            is_forbidden = code == errno.EACCES and os.name == "posix"
    if is_forbidden:
        raise BadPort(
            f"This computer keeps port {port} for itself.",
            "Choose one from 1024 on: run_server(port=8000)",
        )
    numbers = f"Port {port} is" if last == port else f"All ports from {port} to {last} are"
    another = f"choose another port: run_server(port={_another(last)})"
    if named_by:
        another = f"set {named_by} to another one, {_another(last)} say"
    raise PortTaken(
        f"{numbers} taken: another program already listens there.",
        f"Stop that program, or {another}",
    )


def _another(port: int) -> int:
    return port + 1 if port < HIGHEST_PORT else 8000


def _listen_patiently(
    host: str | None, port: int, make_room: Callable[[int], Iterable[object]]
) -> list[socket.socket]:
    try:
        return _listen_everywhere(host, port)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        taken = error
    for _ in make_room(port):
        try:
            return _listen_everywhere(host, port)
        except OSError as error:
            taken = error
    raise taken


def _listen_everywhere(host: str | None, port: int) -> list[socket.socket]:
    """Listen on all that ``host`` stands for, with one port for all of it, or on nothing."""
    tries = MORE_PORTS if port == 0 else 1
    while True:
        tries -= 1
        try:
            return _listen_on(_families(host), port, is_everywhere=(host or "") in _EVERYWHERE)
        except OSError as error:
            # The free port that IPv4 got may be taken on IPv6.
            if error.errno != errno.EADDRINUSE or tries <= 0:
                raise


def _families(host: str | None) -> list[tuple[socket.AddressFamily, str]]:
    both = (socket.AF_INET, socket.AF_INET6)
    if (host or "") in _EVERYWHERE:
        return list(zip(both, ("0.0.0.0", "::")))
    if host == "localhost":
        return list(zip(both, ("127.0.0.1", "::1")))
    known = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    found = [(family, str(address[0])) for family, _, _, _, address in known if family in both]
    return list(dict.fromkeys(found))


def _listen_on(
    families: list[tuple[socket.AddressFamily, str]], port: int, is_everywhere: bool
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, ip in families:
            try:
                if is_everywhere and port:
                    _check_loopback(family, port)
                sockets.append(_bound(family, ip, port))
            except OSError as error:
                # IPv6 may be switched off. IPv4 comes first.
                if not sockets or error.errno not in _NO_IPV6:
                    raise
            port = sockets[-1].getsockname()[1]
        for sock in sockets:
            sock.listen(BACKLOG)
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _bound(family: socket.AddressFamily, ip: str, port: int) -> socket.socket:
    # With its protocol named, the connections have it, too: asyncio lets those of TCP send at once.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            # There, SO_REUSEADDR would let two servers share a port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Run again at once: connections of the last run still count down.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((ip, port))
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _check_loopback(family: socket.AddressFamily, port: int) -> None:
    """Raise OSError when another server has the port for ``localhost`` only.

    macOS and Windows allow both at a time, and the child's browser would meet the other one.
    """
    _bound(family, "127.0.0.1" if family == socket.AF_INET else "::1", port).close()
