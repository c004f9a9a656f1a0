"""Where this computer can be reached: its addresses, the one for a tablet in the same room first.

No packet leaves the computer here, nothing asks a name server and waits for it.
"""

from __future__ import annotations

import contextlib
import enum
import ipaddress
import os
import re
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Callable, Iterable

NO_NETWORK = (
    "This computer is in no network, so only its own browser can join. "
    "Connect it to the tablets' Wi-Fi and run the program again."
)


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
