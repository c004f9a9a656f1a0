"""Those who have sent enough for now get their turn, and less each when they are many."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace

import pytest

from wszero.holding import MANY, MOST_HELD_IN_ALL, Holding
from wszero.link import MOST_OF_MANY, MOST_UNHANDLED
from wszero.wire import MOST_HELD, READ_SIZE


class Held:
    """What `Holding` needs of a wire, with a real socket."""

    def __init__(self, sock: socket.socket, calls: list[object]) -> None:
        self.transport = SimpleNamespace(get_extra_info=lambda name: sock)
        self.link = SimpleNamespace(has_caught_up=lambda: True)
        self.is_held = True
        self.last_heard = 0.0
        self.go_on = lambda: calls.append(self)


@pytest.fixture
def holding():
    loop = asyncio.new_event_loop()
    yield Holding(loop, lambda: 7.0)
    loop.close()


@pytest.fixture
def sock():
    near, far = socket.socketpair()
    with near, far:
        yield near


def test_who_has_caught_up_goes_on_and_was_not_silent(holding, sock):
    calls: list[object] = []
    wire = Held(sock, calls)
    holding.hold(wire)
    holding._look()
    assert (calls, wire.last_heard, holding.wires) == ([wire], 7.0, {})


def test_who_has_not_caught_up_waits_on(holding, sock):
    calls: list[object] = []
    wire = Held(sock, calls)
    wire.link.has_caught_up = lambda: False
    holding.hold(wire)
    holding._look()
    assert (calls, list(holding.wires)) == ([], [wire])


def test_many_get_less_each_and_few_get_all_again(holding, sock):
    wires = [Held(sock, []) for _ in range(MANY + 1)]
    for wire in wires:
        assert holding.most_unhandled == MOST_UNHANDLED
        holding.hold(wire)
    assert holding.most_unhandled == MOST_OF_MANY
    holding.forget(wires[0])
    holding._look()
    assert holding.most_unhandled == MOST_UNHANDLED


def test_what_waits_of_all_together_is_bounded(holding):
    assert holding.most_held == MOST_HELD
    for _ in range(127):
        holding.hold(object())
    assert holding.most_held == MOST_HELD_IN_ALL // 128
    for _ in range(5_000):
        holding.hold(object())
    assert holding.most_held == READ_SIZE


def test_when_the_server_ends_nobody_is_looked_after(holding, sock):
    calls: list[object] = []
    holding.hold(Held(sock, calls))
    holding.stop()
    holding._look()
    assert calls == []
