"""The addresses of this computer, and which one is for a tablet in the same room."""

from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from wszero.network import (
    LOOKUP_LIMIT_S,
    Kind,
    _own_name,
    addresses,
    find_interfaces,
    kind_of,
    rank,
)


def ranked(found: list[tuple[str, str]], leads_out: str | None = None) -> list[str]:
    return [address.ip for address in rank(found, leads_out)]


def test_the_interface_that_leads_out_comes_first():
    found = [("192.168.1.5", "eth0"), ("10.0.0.7", "wlan0")]
    assert ranked(found, "10.0.0.7") == ["10.0.0.7", "192.168.1.5"]


def test_without_a_way_out_home_networks_come_first():
    found = [("8.8.4.4", "a"), ("172.20.0.2", "b"), ("10.0.0.7", "c"), ("192.168.4.1", "wlan0")]
    assert ranked(found) == ["192.168.4.1", "10.0.0.7", "172.20.0.2", "8.8.4.4"]


@pytest.mark.parametrize(
    ("ip", "interface"),
    [
        ("172.17.0.1", "docker0"),
        ("172.18.0.1", "br-3f0a"),
        ("192.168.56.1", "vboxnet0"),
        ("192.168.122.1", "virbr0"),
        ("192.168.99.1", "vmnet8"),
        ("10.8.0.2", "tun0"),
        ("10.9.0.2", "utun4"),
        ("10.7.0.2", "wg0"),
        ("100.101.102.103", "tailscale0"),
        ("100.64.0.1", ""),
        ("192.168.56.1", ""),
        ("169.254.10.20", "eth0"),
    ],
)
def test_what_no_tablet_can_open_comes_last(ip, interface):
    assert kind_of(ip, interface) in (Kind.VIRTUAL, Kind.LINK_LOCAL)
    assert ranked([(ip, interface), ("172.20.0.2", "wlan0")], ip) == ["172.20.0.2", ip]


@pytest.mark.parametrize(
    ("ip", "interface", "kind"),
    [
        ("192.168.56.1", "wlan0", Kind.PRIVATE),
        ("172.17.0.2", "eth0", Kind.PRIVATE),
        ("192.168.2.1", "bridge100", Kind.PRIVATE),
        ("131.130.1.1", "eth0", Kind.PUBLIC),
    ],
)
def test_a_name_says_more_than_the_range_of_the_address(ip, interface, kind):
    assert kind_of(ip, interface) is kind


def test_only_ipv4_addresses_that_others_can_use_are_shown():
    odd = ["127.0.0.1", "0.0.0.0", "224.0.0.1", "fe80::1", "fd00::2", "nonsense", ""]
    assert ranked([(ip, "x") for ip in odd], "127.0.0.1") == []


def test_each_address_is_shown_once_and_with_its_name():
    found = rank([("10.0.0.7", ""), ("10.0.0.7", "wlan0"), ("10.0.0.7", "")], "10.0.0.7")
    assert [(address.ip, address.interface) for address in found] == [("10.0.0.7", "wlan0")]


def test_without_a_network_there_is_no_address():
    assert addresses(lambda: None, lambda: [("127.0.0.1", "lo")]) == []


def test_the_addresses_of_this_computer_are_found_at_once():
    started = time.monotonic()
    found = addresses()
    assert time.monotonic() - started < 5  # far below a name server's time limit
    for address in found:  # each of them is really ours
        with socket.socket() as sock:
            sock.bind((address.ip, 0))


def test_the_interfaces_of_this_computer_include_itself_and_their_names():
    if sys.platform == "linux":
        assert ("127.0.0.1", "lo") in find_interfaces()
    assert all(socket.inet_aton(ip) for ip, _ in find_interfaces())


def test_a_name_server_that_thinks_for_long_holds_nothing_up():
    answers = threading.Event()

    def slow() -> list[str]:
        answers.wait(30)
        return ["10.0.0.7"]

    started = time.monotonic()
    assert _own_name(slow) == []
    assert time.monotonic() - started >= LOOKUP_LIMIT_S / 2
    assert not answers.is_set()
    answers.set()


def test_a_name_that_nobody_knows_is_no_trouble():
    def fail() -> list[str]:
        raise socket.gaierror("unknown")

    assert _own_name(fail) == []
    assert _own_name(lambda: ["10.0.0.7"]) == ["10.0.0.7"]
