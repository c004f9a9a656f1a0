"""Addresses, who is let in, ports and listening sockets."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
from contextlib import ExitStack
from typing import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.errors import BadOption, BadPort, PortTaken
from wszero.network import (
    HIGHEST_PORT,
    LOOKUP_LIMIT_S,
    MORE_PORTS,
    Kind,
    _own_name,
    addresses,
    find_interfaces,
    is_allowed_host,
    is_allowed_origin,
    kind_of,
    listen,
    parse_port,
    rank,
    why_not_host,
    why_not_origin,
)

# --- addresses ----------------------------------------------------------------------------------


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


# --- Host ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LocalHost:8000",
        "192.168.1.5:8000",
        "8.8.8.8",
        "[::1]:8000",
        "[fe80::1]",
        "teacher-pc:8000",
        "PC_12",
        "raspberrypi.local",
        "raspberrypi.local.:8000",
        "a.b.local:1",
    ],
)
def test_addresses_and_names_of_the_own_network_are_hosts(host):
    assert is_allowed_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        " ",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "192.168.1.5.evil.example:8000",
        "evil.local.example",
        ".local",
        "127.1",
        "::1",
        "[::1",
        "[evil]:80",
        "a b",
        "user@localhost",
        "localhost/x",
        "localhost:80:80",
        "localhost:port",
        "localhost\n",
    ],
)
def test_every_other_host_is_refused_in_words(host):
    assert not is_allowed_host(host)
    assert why_not_host(host)


def test_a_refused_host_is_told_how_to_allow_it():
    words = why_not_host("quiz.school.example:8000")
    assert words is not None
    assert "run_server(allow=['quiz.school.example'])" in words


@pytest.mark.parametrize("allow", ["quiz.example", ["quiz.example"], ["quiz.example:8000"], "*"])
def test_a_host_can_be_allowed(allow):
    assert is_allowed_host("quiz.example:8000", allow)
    assert is_allowed_host("QUIZ.example:8000", allow)


@pytest.mark.parametrize("allow", [None, [], "", [""], "example", ["quiz.example:9000"], "le:8000"])
def test_a_host_is_not_allowed_by_something_like_it(allow):
    assert not is_allowed_host("quiz.example:8000", allow)


# --- Origin -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost:8000", "192.168.1.5", "[::1]:8000", "pi.local:8000"])
def test_a_page_of_this_server_may_join(host):
    assert is_allowed_origin(f"http://{host}", host)


def test_a_client_that_is_no_browser_may_join():
    assert is_allowed_origin(None, "localhost:8000")
    assert is_allowed_origin(None, None)


def test_a_page_is_not_let_in_without_a_host():
    assert not is_allowed_origin("http://None", None)
    assert not is_allowed_origin("http://", "")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://localhost",
        "http://localhost:8001",
        "https://localhost:8000",
        "http://localhost:8000/",
        "http://localhost:8000.evil.example",
        "http://127.0.0.1:8000",
        "http://localhost:80000",
        "file://",
        "localhost:8000",
    ],
)
def test_a_page_from_elsewhere_may_not_join(origin):
    assert not is_allowed_origin(origin, "localhost:8000")
    assert why_not_origin(origin, "localhost:8000")


def test_a_page_opened_as_a_file_is_told_the_address():
    assert why_not_origin("null", "localhost:8000") == (
        "This page was opened as a file. "
        "Open http://localhost:8000/ in the browser instead of the file."
    )


@pytest.mark.parametrize(
    "allow",
    [
        ["http://localhost:5173"],
        "http://localhost:5173/",
        ["localhost:5173"],
        ["localhost"],
        ["elsewhere", "LOCALHOST:5173"],
        "*",
    ],
)
def test_an_origin_can_be_allowed(allow):
    assert is_allowed_origin("http://localhost:5173", "localhost:8000", allow)


@pytest.mark.parametrize(
    "allow", [["http://localhost:5174"], ["https://localhost:5173"], ["http://localhost"], ["host"]]
)
def test_an_origin_is_not_allowed_by_something_like_it(allow):
    assert not is_allowed_origin("http://localhost:5173", "localhost:8000", allow)


def test_an_allowed_name_is_not_found_in_the_middle_of_another():
    assert not is_allowed_origin("evil://x://quiz.example", "h", ["quiz.example"])
    assert not is_allowed_origin("http://quiz.example.evil", "h", ["quiz.example"])
    assert not is_allowed_origin("http://quiz.example:80@evil", "h", ["quiz.example"])


@given(st.text(), st.none() | st.text())
def test_whatever_is_sent_the_words_are_short_and_plain(origin, host):
    for words in (why_not_origin(origin, host), why_not_host(origin)):
        assert words is None or (len(words) < 400 and words.isprintable())


# --- ports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "port"), [("8000", 8000), (" 80 ", 80), (0, 0), ("65535", 65535), (5000, 5000)]
)
def test_a_port_is_a_number(value, port):
    assert parse_port(value) == port


@pytest.mark.parametrize("value", ["", "abc", "-1", -1, "65536", "8e3", 80.0, None, True, "8" * 99])
def test_what_is_no_port_is_refused_in_words(value):
    with pytest.raises(BadPort, match="whole number from 0 to 65535: WSZERO_PORT=8000"):
        parse_port(value)


def test_the_words_name_what_the_child_wrote():
    with pytest.raises(BadPort, match=r"port is 'abc'.*\n.*run_server\(port=8000\)"):
        parse_port("abc", "port")


# --- listening ----------------------------------------------------------------------------------


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """Closes the sockets of a test at its end."""
    with ExitStack() as stack:
        yield stack


def opened(closing: ExitStack, host: str | None = None, port: int = 0, **words) -> int:
    """Listen, and return the one port of all the sockets."""
    sockets = [closing.enter_context(sock) for sock in listen(host, port, **words)]
    (found,) = {sock.getsockname()[1] for sock in sockets}
    return found


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", [None, "", "0.0.0.0", "localhost"])
def test_localhost_arrives_whatever_it_stands_for(closing, host):
    port = opened(closing, host)
    for ip in ["127.0.0.1", *(["::1"] if has_ipv6() else [])]:
        socket.create_connection((ip, port), timeout=10).close()


def test_a_single_address_can_be_named(closing):
    (sock,) = listen("127.0.0.1", 0)
    closing.enter_context(sock)
    assert sock.getsockname()[0] == "127.0.0.1"
    assert not sock.getblocking()


@pytest.mark.parametrize("other", ["", "127.0.0.1"])
def test_a_taken_port_is_told_in_words(closing, other):
    port = opened(closing, other)
    with pytest.raises(PortTaken, match=f"Port {port} is taken(.|\n)*run_server\\(port="):
        listen(None, port)


def test_a_port_that_is_taken_only_on_ipv6_is_taken(closing):
    other = closing.enter_context(socket.socket(socket.AF_INET6 if has_ipv6() else socket.AF_INET))
    other.bind(("::1" if has_ipv6() else "127.0.0.1", 0))
    other.listen()
    with pytest.raises(PortTaken):
        listen(None, other.getsockname()[1])


def test_with_search_the_next_free_port_is_taken(closing):
    port = opened(closing)
    assert port < opened(closing, port=port, search=True) <= port + MORE_PORTS


def test_a_search_ends_at_the_highest_port(closing):
    taken = closing.enter_context(socket.socket())
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", HIGHEST_PORT))
    taken.listen()
    with pytest.raises(PortTaken):
        listen(None, HIGHEST_PORT, search=True)


def test_what_could_not_be_opened_leaves_nothing_open(closing):
    other = closing.enter_context(socket.socket(socket.AF_INET6 if has_ipv6() else socket.AF_INET))
    other.bind(("::1" if has_ipv6() else "127.0.0.1", 0))
    other.listen()
    port = other.getsockname()[1]
    with pytest.raises(PortTaken):
        listen(None, port)
    if has_ipv6():
        assert opened(closing, "127.0.0.1", port) == port


def test_a_port_is_free_again_at_once_after_a_run_with_visitors(closing):
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    visitor = socket.create_connection(("127.0.0.1", port), timeout=10)
    sockets[0].setblocking(True)
    guest, _ = sockets[0].accept()
    guest.close()  # the server closes first: its side of the connection counts down
    sockets[0].close()
    visitor.close()
    assert opened(closing, "127.0.0.1", port) == port


@pytest.mark.parametrize("host", ["203.0.113.77", "fe80::1%nowhere", "a..b", "x" * 70, "\0"])
def test_a_host_that_is_not_this_computer_is_told_in_words(host):
    with pytest.raises(BadOption, match="does not have the address"):
        listen(host, 0)


def test_a_port_that_the_system_keeps_is_told_in_words(monkeypatch):
    def refuse(*where):
        raise PermissionError(errno.EACCES, "Permission denied")

    # Whether port 80 is kept depends on the computer and on who runs the tests.
    monkeypatch.setattr("wszero.network._bound", refuse)
    with pytest.raises(BadPort, match="keeps port 80 for itself"):
        listen(None, 80, search=True)
