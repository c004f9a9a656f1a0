"""Where this computer can be reached, who may come in, and the sockets that listen.

Layout of this module:

- ``addresses``: the addresses of this computer, the one for a tablet in the same room first
- ``why_not_origin``, ``why_not_host``: who is let in, with the words for those who are not
- ``parse_port``, ``listen``: a port, and the listening sockets on it

No packet leaves the computer here, nothing asks a name server and waits for it.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import ipaddress
import os
import re
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Callable, Iterable

from wszero.errors import BadOption, BadPort, PortTaken

NO_NETWORK = (
    "This computer is in no network, so only its own browser can join. "
    "Connect it to the tablets' Wi-Fi and run the program again."
)

# --- addresses ----------------------------------------------------------------------------------


class Kind(enum.Enum):
    """What an address is good for."""

    PRIVATE = "private"
    """The ordinary case: a network at home or at school."""
    PUBLIC = "public"
    """Some universities give every computer an address of the whole internet."""
    VIRTUAL = "virtual"
    """Docker, VirtualBox, a VPN: no tablet in the room can open it."""
    LINK_LOCAL = "link-local"
    """169.254.…: nobody gave this computer an address. Works over a direct cable at most."""


@dataclass(frozen=True)
class Address:
    """One IPv4 address of this computer."""

    ip: str
    interface: str
    """``wlan0``; empty where the system does not tell (Windows)."""
    kind: Kind


# Of interfaces that lead to no tablet: containers, virtual machines, VPNs.
_VIRTUAL_NAME = re.compile(
    r"^(docker|br-|veth|virbr|vnet|vbox|vmnet|vmware|vethernet|lxc|lxd|cni|flannel|cali|kube|podman"
    r"|tun|tap|utun|wg|ppp|ipsec|tailscale|zt|ham|dummy|nordlynx|proton|gpd)",
    re.IGNORECASE,
)
_TAILSCALE = ipaddress.ip_network("100.64.0.0/10")
# What Docker and VirtualBox take when nobody tells them otherwise; asked where there is no name.
_VIRTUAL_NETWORKS = tuple(map(ipaddress.ip_network, ("172.17.0.0/16", "192.168.56.0/24")))
# In this order: homes and hotspots, then big networks, then what is mostly virtual.
_PRIVATE_NETWORKS = tuple(
    map(ipaddress.ip_network, ("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12"))
)
# To be connected to over UDP, which sends nothing but makes the system choose an interface. The
# first is kept free for documentation, so it leads where the internet is; the others find
# interfaces of a network without internet.
_PROBES = ("192.0.2.1", "192.168.255.254", "10.255.255.254", "172.31.255.254", "169.254.255.254")
# The resolver of a school network may think for many seconds.
LOOKUP_LIMIT_S = 0.2


def addresses(
    leads_out: Callable[[], str | None] | None = None,
    interfaces: Callable[[], Iterable[tuple[str, str]]] | None = None,
) -> list[Address]:
    """Return this computer's IPv4 addresses, the one for a tablet in the same room first.

    Without a network the list is empty; ``NO_NETWORK`` has the words for it. Takes at most about
    0.3 seconds and never raises.

    Args:
        leads_out: Gives the address of the interface that leads out, or None; for tests.
        interfaces: Gives pairs of address and interface name; for tests.

    Example:
        >>> addresses(lambda: "192.168.1.5", lambda: [("172.17.0.1", "docker0")])[0].ip
        '192.168.1.5'
    """
    outward = (leads_out or find_leading_out)()
    return rank((interfaces or find_interfaces)(), outward)


def rank(found: Iterable[tuple[str, str]], leads_out: str | None = None) -> list[Address]:
    """Sort pairs of address and interface name: first what a tablet in the room can open."""
    names = {leads_out: ""} if leads_out else {}
    for ip, interface in found:
        names[ip] = names.get(ip) or interface
    known = [Address(ip, name, kind_of(ip, name)) for ip, name in names.items() if _is_shown(ip)]
    kinds = list(Kind)

    def order(address: Address) -> tuple[bool, bool, int, int]:
        is_odd = address.kind in (Kind.VIRTUAL, Kind.LINK_LOCAL)
        ip = ipaddress.ip_address(address.ip)
        private = [number for number, net in enumerate(_PRIVATE_NETWORKS) if ip in net]
        return is_odd, address.ip != leads_out, kinds.index(address.kind), sum(private)

    return sorted(known, key=order)


def kind_of(ip: str, interface: str = "") -> Kind:
    """Tell what an IPv4 address is good for.

    Example:
        >>> kind_of("100.101.7.3").value
        'virtual'
    """
    address = ipaddress.ip_address(ip)
    if address.is_link_local:
        return Kind.LINK_LOCAL
    is_guess = not interface and any(address in network for network in _VIRTUAL_NETWORKS)
    if _VIRTUAL_NAME.match(interface) or address in _TAILSCALE or is_guess:
        return Kind.VIRTUAL
    is_private = any(address in network for network in _PRIVATE_NETWORKS)
    return Kind.PRIVATE if is_private else Kind.PUBLIC


def _is_shown(ip: str) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    is_ours_alone = address.is_loopback or address.is_unspecified or address.is_multicast
    return address.version == 4 and not is_ours_alone


def find_leading_out() -> str | None:
    """Return the address of the interface that leads out of here, or None. Sends nothing."""
    return _source_of(_PROBES[0])


def find_interfaces() -> list[tuple[str, str]]:
    """Return pairs of address and interface name; the names are empty where none are told."""
    named = _ask_kernel()
    if named:
        return named
    probed = [_source_of(probe) for probe in _PROBES]
    return [(ip, "") for ip in [*filter(None, probed), *_own_name()]]


def _source_of(destination: str) -> str | None:
    """Return the address from which this computer would send there. It does not send."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((destination, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def _ask_kernel() -> list[tuple[str, str]]:
    """Return what Linux and macOS know about the interfaces that are up."""
    if sys.platform == "win32":
        return []
    import fcntl  # not there on Windows

    get_address, get_flags = (
        (0xC0206921, 0xC0206911) if sys.platform == "darwin" else (0x8915, 0x8913)
    )
    is_up_and_running = 0x1 | 0x40
    found = []
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _, name in socket.if_nameindex():
                request = struct.pack("256s", os.fsencode(name)[:15])
                try:
                    flags = fcntl.ioctl(asking, get_flags, request)[16:18]
                    address = fcntl.ioctl(asking, get_address, request)[20:24]
                except OSError:  # an interface without an IPv4 address
                    continue
                if struct.unpack("H", flags)[0] & is_up_and_running == is_up_and_running:
                    found.append((socket.inet_ntoa(address), name))
    except OSError:
        return []
    return found


def _own_name(look_up: Callable[[], list[str]] | None = None) -> list[str]:
    """Return the addresses that this computer's name has, if that is known at once."""
    found: list[str] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend((look_up or _look_up_own_name)())

    # A thread, because a look-up can't be given a time limit. Left behind, it harms nobody.
    asking = threading.Thread(target=ask, name="wszero-own-name", daemon=True)
    asking.start()
    asking.join(LOOKUP_LIMIT_S)
    return list(found)


def _look_up_own_name() -> list[str]:
    known = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return [str(entry[4][0]) for entry in known]


# --- who may come in ----------------------------------------------------------------------------

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
        return f"The name {_shown(host)!r} is no name of a server."
    name = parts.group(1).strip("[]")
    is_name = _PLAIN_NAME.fullmatch(name) or _LOCAL_NAME.fullmatch(name.rstrip("."))
    if is_name or _is_ip(name) or _is_named(host, allow):
        return None
    return (
        f"This server does not answer to the name {_shown(name)}. Use its address in numbers, "
        f"or allow the name in the program: run_server(allow=[{_shown(name)!r}])"
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
    here = f"http://{_shown(host or 'localhost')}/"
    if origin == "null":
        return f"This page was opened as a file. Open {here} in the browser instead of the file."
    return (
        f"A page from {_shown(origin)} may not join. Open {here} instead, "
        f"or allow it in the program: run_server(allow=[{_shown(origin)!r}])"
    )


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


def _shown(text: str) -> str:
    """Return what strangers sent, short and plain enough for a console."""
    plain = "".join(sign if " " <= sign <= "~" and sign not in "<>\"'\\" else "?" for sign in text)
    return plain if len(plain) <= 60 else plain[:59] + "…"


# --- ports --------------------------------------------------------------------------------------

HIGHEST_PORT = 65535
# So many ports after the wanted one are tried. A teacher finds the server's line in the console.
MORE_PORTS = 20
# A whole class may knock in the same moment. The system may hold it lower.
BACKLOG = 511
_EVERYWHERE = ("", "0.0.0.0", "::", "*")
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
        said = f"'{_shown(value)}'" if isinstance(value, str) else _shown(repr(value))
        raise BadPort(
            f"{name} is {said}, which is no port.",
            f"A port is a whole number from 0 to {HIGHEST_PORT}: {example}",
        )
    return int(text)


def listen(host: str | None, port: int, *, search: bool = False) -> list[socket.socket]:
    """Return sockets that listen on a port; ask one of them for its number when it may differ.

    On all interfaces there is one socket for IPv4 and, where the computer has it, one for IPv6, so
    that ``localhost`` arrives here whatever it stands for.

    Args:
        host: None, "" or "0.0.0.0" is every interface; else an address or a name of this computer.
        port: 0 is any free one.
        search: Takes the first free one of the next 20 when the port is taken.

    Raises:
        PortTaken: Somebody listens there already.
        BadPort: The system keeps the port for itself.
        BadOption: The host is no address of this computer.
    """
    last = min(port + MORE_PORTS, HIGHEST_PORT) if search and port else port
    is_forbidden = False
    for candidate in range(port, last + 1):
        try:
            return _listen_everywhere(host, candidate)
        except (OSError, ValueError) as error:  # no name at all is a ValueError
            code = error.errno if isinstance(error, OSError) else None
            is_unknown = isinstance(error, (socket.gaierror, ValueError))
            if is_unknown or code == errno.EADDRNOTAVAIL:
                raise BadOption(
                    f"This computer does not have the address {_shown(str(host))}.",
                    "Leave host away: run_server()",
                ) from None
            # Windows says EACCES also for a port that another program keeps for itself.
            if code not in (errno.EADDRINUSE, errno.EACCES):
                raise
            is_forbidden = code == errno.EACCES and os.name == "posix"
    if is_forbidden:
        raise BadPort(
            f"This computer keeps port {port} for itself.",
            "Choose one from 1024 on: run_server(port=8000)",
        )
    numbers = f"Port {port} is" if last == port else f"All ports from {port} to {last} are"
    raise PortTaken(
        f"{numbers} taken: another program already listens there.",
        f"Stop that program, or choose another port: run_server(port={_another(last)})",
    )


def _another(port: int) -> int:
    return port + 1 if port < HIGHEST_PORT else 8000


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
    sock = socket.socket(family, socket.SOCK_STREAM)
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
