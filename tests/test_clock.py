"""The clock: things happen later, in order, and nothing of it can stop the others."""

from __future__ import annotations

import threading
from functools import partial
from typing import Iterator

import pytest

from wszero.clock import Clock, Timer

DEADLINE_S = 30
LONG_S = 3600


class MovedClock(Clock):
    """The real clock, but for the time, which the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def move(self, seconds: float) -> None:
        with self._changed:
            self.time += seconds
            self._changed.notify()


@pytest.fixture
def moved() -> Iterator[MovedClock]:
    clock = MovedClock()
    yield clock
    clock.stop()


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    yield clock
    clock.stop()


def test_time_only_goes_forward(clock: Clock) -> None:
    first = clock.now()
    assert clock.now() >= first


def test_what_is_due_later_happens_later(clock: Clock) -> None:
    happened = threading.Event()
    begun = clock.now()
    clock.call_later(0.02, happened.set)
    assert happened.wait(DEADLINE_S)
    assert clock.now() - begun >= 0.02


@pytest.mark.parametrize("seconds", [0, -5])
def test_what_is_due_already_happens_without_time_passing(
    moved: MovedClock, seconds: float
) -> None:
    happened = threading.Event()
    moved.call_later(seconds, happened.set)
    assert happened.wait(DEADLINE_S)


def test_the_sooner_comes_first_however_they_were_set(moved: MovedClock) -> None:
    order: list[str] = []
    happened = threading.Event()
    moved.call_later(LONG_S, lambda: order.append("in an hour"))
    moved.call_later(3, happened.set)
    moved.call_later(2, lambda: order.append("second"))
    moved.call_later(1, lambda: order.append("first"))
    moved.move(5)
    assert happened.wait(DEADLINE_S)
    assert order == ["first", "second"]


def test_of_two_at_the_same_moment_the_first_set_is_first(moved: MovedClock) -> None:
    order: list[int] = []
    happened = threading.Event()
    for n in range(20):
        moved.call_later(1, partial(order.append, n))
    moved.call_later(1, happened.set)
    moved.move(1)
    assert happened.wait(DEADLINE_S)
    assert order == list(range(20))


def test_a_wait_may_be_longer_than_any_lock_can_wait(clock: Clock) -> None:
    happened = threading.Event()
    clock.call_later(float("inf"), happened.set)
    clock.call_later(1e12, happened.set)
    assert not happened.wait(0.02)
    clock.call_later(0, happened.set)
    assert happened.wait(DEADLINE_S)


def test_what_is_cancelled_does_not_happen(moved: MovedClock) -> None:
    order: list[str] = []
    happened = threading.Event()
    timer = moved.call_later(1, lambda: order.append("cancelled"))
    moved.call_later(2, happened.set)
    timer.cancel()
    moved.move(2)
    assert happened.wait(DEADLINE_S)
    assert order == []


def test_a_timer_happens_once_and_may_be_cancelled_afterwards() -> None:
    ran: list[int] = []
    timer = Timer(lambda: ran.append(1))
    timer.run()
    timer.run()
    timer.cancel()
    timer.run()
    assert ran == [1]


def test_something_that_happens_may_set_the_next_thing(clock: Clock) -> None:
    happened = threading.Event()

    def set_the_next() -> None:
        clock.call_later(0, happened.set)

    clock.call_later(0, set_the_next)
    assert happened.wait(DEADLINE_S)


def test_a_mistake_in_one_does_not_stop_the_others(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    happened = threading.Event()
    clock.call_later(0, lambda: print(1 / 0))
    clock.call_later(0, happened.set)
    assert happened.wait(DEADLINE_S)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_after_a_stop_nothing_happens_any_more(moved: MovedClock) -> None:
    happened = threading.Event()
    moved.call_later(1, happened.set)
    moved.stop()
    moved.move(1)
    moved.call_later(0, happened.set)
    assert not moved._timers
    assert not happened.wait(0.02)


def test_a_stop_ends_the_thread_at_once(clock: Clock) -> None:
    clock.call_later(LONG_S, lambda: None)
    thread = clock._thread
    assert thread is not None
    # A program that ends without a stop must not wait for it.
    assert thread.daemon
    clock.stop()
    assert not thread.is_alive()


def test_what_happens_may_stop_the_clock(clock: Clock) -> None:
    clock.call_later(0, clock.stop)
    assert clock._thread is not None
    clock._thread.join(DEADLINE_S)
    assert not clock._thread.is_alive()


def test_a_clock_that_nobody_uses_starts_no_thread_and_can_be_stopped_twice(clock: Clock) -> None:
    clock.stop()
    clock.stop()
    assert clock._thread is None


def test_a_computer_without_threads_left_has_a_clock_again_when_there_are_some(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    rang = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            clock.call_later(0, lambda: None)
    clock.call_later(0, rang.set)
    assert rang.wait(DEADLINE_S)
