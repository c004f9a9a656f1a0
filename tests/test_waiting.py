"""What the network thread does before it waits for its sockets."""

from __future__ import annotations

import selectors
import socket
import threading

import pytest

from tests.games import until
from wszero.baton import Seat
from wszero.waiting import MOMENT_S, NetworkSelector

LONG_S = 30


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def looks():
    return []


@pytest.fixture
def selector(ends, looks):
    with NetworkSelector(lambda: looks.append(1)) as selector:
        selector.register(ends[0], selectors.EVENT_READ)
        selector.select(0)  # from here on, this is the network's thread
        yield selector


def is_awake(seat: Seat) -> bool:
    return seat.wake.acquire(blocking=False)


def test_the_network_thread_wakes_others_only_before_it_waits(selector):
    seats = [Seat(), Seat()]
    for seat in seats:
        selector.wake(seat)
    assert not any(map(is_awake, seats))
    selector.select(0)
    assert all(map(is_awake, seats))
    selector.select(0)
    assert not any(map(is_awake, seats))


def test_another_thread_wakes_at_once(selector):
    seat = Seat()
    thread = threading.Thread(target=selector.wake, args=(seat,))
    thread.start()
    thread.join()
    assert is_awake(seat)


def test_a_thread_is_woken_also_when_the_wait_brings_something(selector, ends):
    seat = Seat()
    ends[1].send(b"1")
    selector.wake(seat)
    assert len(selector.select(LONG_S)) == 1
    assert is_awake(seat)


def test_a_handler_that_goes_on_is_looked_after_once(selector, looks):
    selector.expect()
    assert selector.select(2 * MOMENT_S) == []
    assert (looks, selector.expects) == ([1], False)
    assert selector.select(2 * MOMENT_S) == []
    assert looks == [1]


def test_after_the_look_it_waits_on(selector, looks, ends):
    selector._look = lambda: ends[1].send(b"1")
    selector.expect()
    ((key, _),) = selector.select(None)
    assert key.fileobj is ends[0]


def test_when_something_comes_within_the_moment_the_look_is_later(selector, looks, ends):
    selector.expect()
    ends[1].send(b"1")
    assert len(selector.select(LONG_S)) == 1
    assert (looks, selector.expects) == ([], True)
    ends[0].recv(1)
    selector.select(2 * MOMENT_S)
    assert looks == [1]


def test_who_has_something_to_do_does_not_look(selector, looks):
    selector.expect()
    selector.select(0)
    assert (looks, selector.expects) == ([], True)


def test_who_never_has_a_moment_of_peace_looks_all_the_same(selector, looks, ends):
    ends[1].send(b"1")  # nobody reads it: each wait brings it at once
    selector.expect()
    until(lambda: selector.select(LONG_S) and looks)
    assert looks == [1]
