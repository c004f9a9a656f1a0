from __future__ import annotations

import pytest

from wszero import welcome as welcome_module
from wszero.network import Address, Kind
from wszero.welcome import Addresses, welcome


@pytest.fixture
def network(monkeypatch):
    """Pretends to be in networks: `network("192.168.1.5", "10.0.0.7")`, the best first."""

    def put_into(*ips):
        found = [Address(ip, "", Kind.PRIVATE) for ip in ips]
        monkeypatch.setattr(welcome_module, "addresses", lambda: found)

    put_into()
    return put_into


def test_the_address_on_this_computer_needs_no_network(network):
    assert Addresses(8000).local == "http://localhost:8000"


def test_the_best_address_is_for_the_tablet_and_the_others_are_kept(network):
    network("192.168.1.5", "10.0.0.7", "172.17.0.1")
    where = Addresses(8001)
    assert where.tablet == "http://192.168.1.5:8001"
    assert where.others == ("http://10.0.0.7:8001", "http://172.17.0.1:8001")


@pytest.mark.parametrize("host", [None, "", "0.0.0.0", "::"])
def test_a_server_that_listens_everywhere_can_be_reached_by_a_tablet(network, host):
    network("192.168.1.5")
    assert Addresses(8000, host).tablet == "http://192.168.1.5:8000"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_server_that_listens_on_this_computer_only_can_not(network, host):
    network("192.168.1.5")
    where = Addresses(8000, host)
    assert (where.local, where.tablet, where.others) == ("http://localhost:8000", "", ())


def test_a_server_that_listens_on_one_address_is_reached_there_and_nowhere_else(network):
    network("192.168.1.5", "10.0.0.7")
    where = Addresses(8000, "10.0.0.7")
    assert (where.tablet, where.others) == ("http://10.0.0.7:8000", ())
    assert where.local == "http://10.0.0.7:8000"


def test_an_ipv6_address_stands_in_brackets(network):
    assert Addresses(8000, "fd00::7").tablet == "http://[fd00::7]:8000"


def test_before_the_port_is_known_no_network_is_looked_at(network, monkeypatch):
    monkeypatch.setattr(welcome_module, "addresses", lambda: 1 / 0)
    assert Addresses(0).tablet == ""


def test_the_first_words_are_the_addresses_and_how_to_stop(network):
    network("192.168.1.5", "10.0.0.7")
    words = welcome("quiz.py", Addresses(8000))
    assert words.splitlines() == [
        "quiz.py is running.",
        "  On this computer:     http://localhost:8000",
        "  On a tablet nearby:   http://192.168.1.5:8000",
        "  If that fails:        http://10.0.0.7:8000",
        "  To stop:              press Ctrl-C here, or Stop in your editor",
    ]


def test_without_a_network_the_first_words_say_so(network):
    words = welcome("quiz.py", Addresses(8000))
    assert "No network here: other devices can't come in." in words
    assert "tablet" not in words
    assert "If that fails" not in words


def test_no_more_than_three_other_addresses_are_shown(network):
    network(*(f"10.0.0.{n}" for n in range(1, 9)))
    words = welcome("quiz.py", Addresses(8000))
    assert "http://10.0.0.4:8000" in words
    assert "http://10.0.0.5:8000" not in words


def test_another_port_than_the_wanted_one_is_said_first_of_all(network):
    words = welcome("quiz.py", Addresses(8003), taken_port=8000)
    first = "Port 8000 is taken by another program: this one uses 8003."
    assert words.splitlines()[0] == first
