"""Who has hung up: told by the system, for sockets that nobody reads."""

from __future__ import annotations

import select
import socket
import struct
from types import SimpleNamespace

import pytest

from tests.games import until
from wszero.hangups import hung_up


class Pair:
    """Two ends of a connection; the near one belongs to a wire."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.far = socket.create_connection(listener.getsockname())
            self.near = listener.accept()[0]
        ends = {"socket": self.near}
        self.wire = SimpleNamespace(transport=SimpleNamespace(get_extra_info=ends.get))

    def has_hung_up(self) -> bool | None:
        ((wire, state),) = hung_up([self.wire])
        assert wire is self.wire
        return state

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def make_pair():
    pairs = []

    def make() -> Pair:
        pairs.append(Pair())
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.close()


@pytest.fixture
def pair(make_pair):
    return make_pair()


def test_who_is_there_has_not_hung_up(pair):
    assert pair.has_hung_up() is False
    pair.far.sendall(b"hello")
    assert pair.has_hung_up() is False


def test_who_sends_no_more_has_hung_up_though_nobody_has_read_the_rest(pair):
    pair.far.sendall(b"x" * 10_000)
    pair.far.shutdown(socket.SHUT_WR)
    until(lambda: pair.has_hung_up() is True)
    assert len(pair.near.recv(20_000, socket.MSG_WAITALL)) == 10_000


def test_who_closes_has_hung_up(pair):
    pair.far.close()
    until(lambda: pair.has_hung_up() is True)


def test_who_breaks_off_is_told_apart(pair):
    pair.far.sendall(b"hello")
    pair.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.far.close()
    until(lambda: pair.has_hung_up() is None)


def test_of_many_each_gets_its_own_answer(make_pair):
    there, gone, closed = make_pair(), make_pair(), make_pair()
    gone.far.close()
    closed.near.close()
    wires = [each.wire for each in (there, gone, closed)]
    expected = list(zip(wires, [False, True, False]))
    until(lambda: list(hung_up(wires)) == expected)


def test_nobody_asked_about_is_nobody_told():
    assert list(hung_up([])) == []


def test_where_the_system_can_not_tell_nobody_has(pair, monkeypatch):
    pair.far.close()
    monkeypatch.delattr(select, "poll")
    assert pair.has_hung_up() is False
