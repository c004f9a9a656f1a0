from __future__ import annotations

import threading
import time

import pytest

from tests.games import DEADLINE_S, NewGame, Overlap, until
from wszero import runtime as runtime_module
from wszero import sleep
from wszero.baton import here
from wszero.errors import BadOption, ServerStopped


@pytest.fixture
def game():
    with NewGame() as game:
        yield game


@pytest.fixture
def amy(game):
    return game.join("Amy")


@pytest.fixture
def ben(game):
    return game.join("Ben")


# ---- one piece at a time ---------------------------------------------------------------------


def test_a_message_runs_its_handler(game, amy):
    game.on("hi")(lambda client, text: game.log.append((client.name, text)))
    amy.send("hi", text="hello")
    assert game.log == [("Amy", "hello")]


def test_messages_are_handled_in_the_order_in_which_they_came(game, amy, ben):
    game.on("n")(lambda client, n: game.log.append(n))
    for n in range(200):
        game.feed(amy if n % 3 else ben, "n", n=n)
    game.settle()
    assert game.log == list(range(200))


def test_messages_from_ten_threads_are_all_handled_and_never_two_at_once(game, amy):
    overlap = Overlap()

    @game.on("add")
    def add(client):
        with overlap:
            time.sleep(0)  # lets any other thread in

    def send_many():
        for _ in range(100):
            game.feed(amy, "add")

    threads = [threading.Thread(target=send_many) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    game.settle()
    assert (overlap.entered, overlap.worst) == (1000, 1)


def test_one_thread_is_enough_while_nobody_sleeps(game, amy, ben):
    game.on("who")(lambda client: game.log.append(threading.current_thread()))
    for n in range(50):
        (amy if n % 2 else ben).send("who")
    assert len(set(game.log)) == 1


def test_threads_that_nobody_needs_go_home(game):
    game.on("nap")(lambda client: sleep(1))
    for _ in range(20):
        game.join().send("nap")
    assert len(_handler_threads()) == 20
    game.wait(1)
    until(lambda: len(_handler_threads()) <= runtime_module.MOST_IDLE_WORKERS)


def _handler_threads():
    return [t for t in threading.enumerate() if t.name.startswith("wszero-handler")]


# ---- sleeping --------------------------------------------------------------------------------


def test_other_messages_are_handled_while_a_handler_sleeps(game, amy, ben):
    @game.on("nap")
    def nap(client):
        sleep(5)
        game.log.append("awake")

    game.on("hi")(lambda client: game.log.append(client.name))
    amy.send("nap")
    ben.send("hi")
    game.wait(5)
    assert game.log == ["Ben", "awake"]


def test_a_countdown_does_not_hold_back_its_own_stop_button(game, amy):
    @game.on("countdown")
    def countdown(client):
        for n in 3, 2, 1:
            if client.is_stopped:
                return
            game.log.append(n)
            sleep(1)

    @game.on("stop")
    def stop(client):
        client.is_stopped = True

    amy.client.is_stopped = False
    amy.send("countdown")
    game.wait(1)
    amy.send("stop")
    game.wait(5)
    assert game.log == [3, 2]


def test_sleepers_wake_in_the_order_of_time(game):
    @game.on("nap")
    def nap(client, seconds):
        sleep(seconds)
        game.log.append(seconds)

    for seconds in 3, 1, 2, 0:
        game.join().send("nap", seconds=seconds)
    game.wait(0)
    assert game.log == [0]
    game.wait(3)
    assert game.log == [0, 1, 2, 3]


def test_a_sleeper_goes_on_only_when_nobody_else_runs(game):
    overlap = Overlap()

    @game.on("nap")
    def nap(client):
        for _ in range(20):
            sleep(1)
            with overlap:
                time.sleep(0)

    players = [game.join() for _ in range(10)]
    for player in players:
        player.send("nap")
    game.wait(20)
    assert (overlap.entered, overlap.worst) == (200, 1)


@pytest.mark.parametrize("seconds", [-1, "1", None, True, float("nan")])
def test_sleep_wants_a_number_of_seconds(seconds):
    with pytest.raises(BadOption, match=r"Try: sleep\(1\)"):
        sleep(seconds)


def test_a_number_of_seconds_that_nobody_lives_to_see_does_not_harm_the_others(game, amy):
    game.on("nap")(lambda client: sleep(10**400))
    game.on("hi")(lambda client: game.log.append("hi"))
    amy.send("nap")
    amy.send("hi")
    assert game.log == ["hi"]


def test_outside_of_handlers_sleep_just_waits():
    began = time.monotonic()
    sleep(0.05)
    assert time.monotonic() - began >= 0.05


def test_a_thread_that_is_fed_again_before_it_sits_down_still_sleeps(game, amy):
    @game.on("nap")
    def nap(client):
        sleep(60)
        game.log.append("woke up")

    game.on("hi")(lambda client: None)

    def feed_from_elsewhere():
        if here.seat in game.runtime._idle:
            lock.afterwards = _nothing
            thread = threading.Thread(target=game.feed, args=(amy, "nap"))
            thread.start()
            thread.join()

    lock = game.runtime.lock = _WatchedLock(feed_from_elsewhere)
    amy.send("hi")
    game.settle()
    amy.send("hi")
    assert game.log == []


class _WatchedLock:
    """A lock that does something right after a thread has let go of it."""

    def __init__(self, afterwards):
        self._lock = threading.Lock()
        self.afterwards = afterwards

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *reason):
        self._lock.release()
        self.afterwards()


def _nothing():
    pass


# ---- at most 8 sleep -------------------------------------------------------------------------


@pytest.fixture
def nap(game):
    """A handler that sleeps for a second, and notes when it begins and ends."""

    @game.on("nap")
    def nap(client, n):
        game.log.append(n)
        sleep(1)
        game.log.append(-n)


def test_at_most_eight_handlers_of_one_client_sleep_and_then_its_messages_wait(game, amy, nap):
    for n in range(1, 21):
        amy.send("nap", n=n)
    assert game.log == list(range(1, 9))


def test_messages_that_had_to_wait_go_on_in_order(game, amy, nap):
    for n in range(1, 21):
        amy.send("nap", n=n)
    game.wait(3)
    assert [n for n in game.log if n > 0] == list(range(1, 21))
    assert sorted(game.log) == [n for n in range(-20, 21) if n]


def test_quick_messages_wait_behind_eight_sleepers_and_then_all_go_on_in_order(game, amy, nap):
    game.on("quick")(lambda client, n: game.log.append(n))
    for n in range(1, 9):
        amy.send("nap", n=n)
    for n in range(9, 60):
        amy.send("quick", n=n)
    assert game.log == list(range(1, 9))
    game.wait(1)
    assert [n for n in game.log if n > 0] == list(range(1, 60))


def test_a_message_does_not_overtake_those_that_had_to_wait(game, amy, nap):
    @game.on("quick")
    def quick(client, n):
        if n == 9:
            # Comes in while the others, sent before it, still wait.
            game.feed(amy, "quick", n=99)
        game.log.append(n)

    for n in range(1, 9):
        amy.send("nap", n=n)
    for n in range(9, 20):
        amy.send("quick", n=n)
    game.wait(1)
    assert [n for n in game.log if n > 8] == [*range(9, 20), 99]


def test_eight_sleepers_of_one_client_hold_nobody_else_back(game, amy, ben, nap):
    for n in range(1, 21):
        amy.send("nap", n=n)
    ben.send("nap", n=100)
    assert game.log[-1] == 100


def test_a_failed_message_lets_the_next_one_go_on(game, amy, nap):
    @game.on("bad")
    def bad(client):
        raise ValueError

    for n in range(1, 9):
        amy.send("nap", n=n)
    amy.send("bad")
    amy.send("nap", n=9)
    game.wait(1)
    assert 9 in game.log


def test_disconnect_waits_for_no_sleeper_and_drops_what_waited(game, amy, nap):
    game.on("disconnect")(lambda client: game.log.append("left"))
    for n in range(1, 12):
        amy.send("nap", n=n)
    amy.leave()
    game.wait(5)
    assert game.log[8] == "left"
    assert 9 not in game.log


def test_nothing_is_remembered_of_a_client_whose_handlers_have_ended(game, amy, nap):
    for n in range(1, 12):
        amy.send("nap", n=n)
    game.wait(2)
    assert not game.runtime.naps


# ---- what goes wrong hurts only its own message ----------------------------------------------


class Own(BaseException):
    pass


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


ERRORS = [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, Own]
ERRORS += [Unprintable, RecursionError, MemoryError, ServerStopped]


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_handler_raises_hurts_only_its_own_message(game, amy, error):
    @game.on("bad")
    def bad(client):
        raise error

    game.on("hi")(lambda client: game.log.append("hi"))
    amy.send("bad")
    amy.send("hi")
    assert game.log == ["hi"]
    assert "wszero itself" not in game.console


def test_a_mistake_of_our_own_is_told_and_hurts_only_its_own_message(game, amy, monkeypatch):
    game.on("hi")(lambda client: sleep(1))
    monkeypatch.setattr(game.app, "finished", lambda call, value: 1 / 0)
    amy.send("hi")
    game.wait(1)
    assert "wszero itself made a mistake" in game.console
    assert not game.runtime.naps


def test_mistakes_of_our_own_do_not_fill_the_console(game, amy, monkeypatch):
    game.on("hi")(lambda client: None)
    monkeypatch.setattr(game.app, "finished", lambda call, value: 1 / 0)
    for _ in range(9):
        amy.send("hi")
    assert game.console.count("wszero itself made a mistake") == 3  # and two counts
    assert game.console.count("Traceback") == 1


def test_a_computer_without_threads_left_goes_on_when_there_are_some_again(
    game, amy, ben, monkeypatch
):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    @game.on("nap")
    def nap(client):
        sleep(1)
        game.log.append(client.name)

    with monkeypatch.context() as patch:
        amy.send("nap")
        patch.setattr(threading.Thread, "start", no_thread)
        game.feed(ben, "nap")
        game.feed(ben, "nap")
    game.wait(5)
    assert game.log == ["Amy", "Ben", "Ben"]


# ---- every -----------------------------------------------------------------------------------


def test_every_is_called_again_and_again(game):
    game.every(2)(lambda: game.log.append("tick"))
    game.wait(1.9)
    assert game.log == []
    game.wait(8.2)
    assert game.log == ["tick"] * 5


def test_every_never_overlaps_itself(game):
    @game.every(1)
    def slow():
        game.log.append("begin")
        sleep(3)
        game.log.append("end")

    game.wait(12.5)
    assert game.log == ["begin", "end"] * 3 + ["begin"]


def test_every_goes_on_after_a_mistake(game):
    @game.every(1)
    def bad():
        game.log.append("tick")
        raise SystemExit

    game.wait(3)
    assert game.log == ["tick"] * 3


def test_every_and_handlers_never_run_at_the_same_moment(game, amy):
    overlap = Overlap()

    def work(*client):
        with overlap:
            time.sleep(0)

    game.on("work")(work)
    game.every(0.01)(lambda: work())
    for _ in range(100):
        game.feed(amy, "work")
        game.wait(0.01)
    assert overlap.entered >= 200
    assert overlap.worst == 1


# ---- looking -----------------------------------------------------------------------------------


def test_a_turn_tells_the_line_that_it_is_at(game, amy):
    go = threading.Event()
    game.on("wait")(lambda client: go.wait())
    game.feed(amy, "wait")
    until(lambda: game.runtime.turn and game.runtime.turn.call)
    place = game.runtime.busy_place(game.runtime.turn)
    go.set()
    assert place.code == 'game.on("wait")(lambda client: go.wait())'


def test_nobody_has_a_turn_when_nothing_is_to_be_done(game, amy):
    game.on("nap")(lambda client: sleep(1))
    amy.send("nap")
    assert game.runtime.turn is None


# ---- the end -----------------------------------------------------------------------------------


def test_stop_ends_a_sleeping_handler_in_the_middle(game, amy):
    @game.on("nap")
    def nap(client):
        try:
            sleep(60)
        finally:
            game.log.append("end")
        game.log.append("more")

    amy.send("nap")
    assert game.stop()
    assert game.log == ["end"]


def test_stop_may_be_called_twice(game, amy):
    assert game.stop()
    assert game.stop()


def test_nothing_is_handled_after_stop(game, amy):
    game.on("hi")(lambda client: game.log.append("hi"))
    game.stop()
    game.feed(amy, "hi")
    assert game.log == []


@pytest.fixture
def run_for_ever(game, amy):
    """A handler that never ends by itself, and has begun."""

    @game.on("forever")
    def forever(client):
        began.set()
        while True:
            pass

    began = threading.Event()
    game.feed(amy, "forever")
    assert began.wait(DEADLINE_S)


def test_stop_interrupts_a_handler_that_runs_for_ever(game, run_for_ever):
    assert game.runtime.stop(0.4)


def test_stop_ends_those_who_sleep_behind_a_handler_that_runs_for_ever(game, ben):
    @game.on("nap")
    def nap(client):
        try:
            sleep(60)
        finally:
            game.log.append("end")

    @game.on("forever")
    def forever(client):
        while True:
            pass

    for _ in range(3):
        ben.send("nap")
    game.feed(ben, "forever")
    until(lambda: game.runtime.turn)
    assert game.runtime.stop(0.4)
    assert game.log == ["end"] * 3


def test_stop_interrupts_again_whoever_shrugs_it_off_once(game, amy):
    began = threading.Event()

    @game.on("stubborn")
    def stubborn(client):
        for _ in range(2):
            try:
                began.set()
                while True:
                    pass
            except BaseException:
                game.log.append("shrug")

    game.feed(amy, "stubborn")
    assert began.wait(DEADLINE_S)
    assert game.runtime.stop(1)
    assert game.log == ["shrug"] * 2


def test_stop_tells_when_a_handler_can_not_be_ended(game, amy):
    go = threading.Event()
    game.on("wait")(lambda client: go.wait())
    game.feed(amy, "wait")
    until(lambda: game.runtime.turn)
    assert not game.runtime.stop(0.1)
    go.set()
    assert game.runtime.stop(DEADLINE_S)


def test_a_mistake_while_the_server_stops_is_not_called_our_own(game, amy):
    @game.on("nap")
    def nap(client):
        try:
            sleep(60)
        except BaseException:
            raise KeyError("late") from None

    amy.send("nap")
    game.stop()
    assert "wszero itself" not in game.console


def test_a_handler_that_goes_on_after_stop_can_not_sleep_any_more(game, amy):
    @game.on("nap")
    def nap(client):
        for _ in range(3):
            try:
                sleep(60)
            except ServerStopped:
                game.log.append("stopped")

    amy.send("nap")
    assert game.stop()
    assert game.log == ["stopped"] * 3


def test_every_ends_with_the_server(game):
    game.every(1)(lambda: game.log.append("tick"))
    game.wait(1)
    game.stop()
    game.wait(5)
    assert game.log == ["tick"]
