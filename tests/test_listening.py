"""Ports, and the sockets that listen on them."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Iterator

import pytest

from wszero.errors import BadOption, BadPort, PortTaken
from wszero.listening import HIGHEST_PORT, MORE_PORTS, listen, parse_port

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
    monkeypatch.setattr("wszero.listening._bound", refuse)
    with pytest.raises(BadPort, match="keeps port 80 for itself"):
        listen(None, 80, search=True)
