from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import threading
import time
from collections import deque

import pytest

from tests.games import DEADLINE_S, NewGame, Overlap, until
from wszero import sleep
from wszero.busy import BUSY_AFTER_S, BusyWatch


@pytest.fixture
def game(caplog):
    gc.freeze()
    with NewGame() as game:
        yield game
    gc.collect()
    gc.unfreeze()
    # asyncio writes to the log what it can tell nobody: tasks that were left behind, say.
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def amy(game):
    return game.join("Amy")


@pytest.fixture
def ben(game):
    return game.join("Ben")


# ---- whose turn it is --------------------------------------------------------------------------


def test_an_async_handler_gets_its_message(game, amy):
    @game.on("hi")
    async def hi(client, text):
        game.log.append((client.name, text))

    amy.send("hi", text="hello")
    assert game.log == [("Amy", "hello")]


def test_its_value_answers_the_page(game, amy):
    @game.on("add")
    async def add(client, a, b):
        await asyncio.sleep(0)
        return a + b

    assert amy.ask("add", a=1, b=2) == 3


def test_others_run_while_an_async_handler_sleeps(game, amy, ben):
    @game.on("nap")
    async def nap(client):
        await sleep(5)
        game.log.append("awake")

    game.on("hi")(lambda client: game.log.append(client.name))
    amy.send("nap")
    ben.send("hi")
    game.wait(4.9)
    assert game.log == ["Ben"]
    game.wait(0.1)
    assert game.log == ["Ben", "awake"]


def test_plain_and_async_handlers_take_turns_in_the_order_of_the_messages(game, amy):
    game.on("plain")(lambda client, n: game.log.append(n))

    @game.on("later")
    async def later(client, n):
        game.log.append(n)

    for n in range(200):
        game.feed(amy, "later" if n % 3 else "plain", n=n)
    game.settle()
    assert game.log == list(range(200))


class _LongLine(deque):
    """A line that is too long to be searched."""

    def remove(self, item):
        raise AssertionError("somebody looked through the whole line")

    index = count = __contains__ = remove


def test_nobody_looks_through_the_line_which_may_be_long(game, amy):
    @game.on("later")
    async def later(client, n):
        game.log.append(n)

    game.on("plain")(lambda client, n: game.log.append(n))
    game.runtime._line = _LongLine()
    for n in range(300):
        game.feed(amy, "later" if n % 3 else "plain", n=n)
    game.settle()
    assert game.log == list(range(300))


def test_a_message_waits_until_the_one_before_awaits(game, amy):
    @game.on("first")
    async def first(client):
        game.log.append("first")
        await asyncio.sleep(0.01)
        game.log.append("first again")

    game.on("second")(lambda client: game.log.append("second"))
    game.feed(amy, "first")
    game.feed(amy, "second")
    until(lambda: len(game.log) == 3)
    assert game.log == ["first", "second", "first again"]


def test_a_plain_function_may_return_what_an_async_one_made_and_keeps_its_place(game, amy):
    async def later(client):
        game.log.append("first")
        return 7

    game.on("first")(lambda client: later(client))
    game.on("second")(lambda client: game.log.append("second"))
    game.feed(amy, "first", _ask=1)
    game.feed(amy, "second")
    game.settle()
    assert game.log == ["first", "second"]
    assert amy.heard("_answer").value == 7


def test_nothing_of_the_program_ever_runs_at_the_same_moment(game):
    overlap = Overlap()

    def work():
        with overlap:
            time.sleep(0)  # lets any other thread in

    @game.on("plain")
    def plain(client):
        work()
        sleep(0.01)
        work()

    @game.on("later")
    async def later(client):
        work()
        task = asyncio.ensure_future(in_a_task())
        await sleep(0.01)
        work()
        await task

    async def in_a_task():
        work()
        await asyncio.sleep(0.001)
        work()
        asyncio.get_running_loop().call_soon(work)

    game.every(0.01)(work)

    @game.every(0.01)
    async def also():
        work()
        await asyncio.sleep(0)
        work()

    players = [game.join() for _ in range(10)]
    for n in range(200):
        game.feed(players[n % 10], "plain" if n % 3 else "later")
        if n % 10 == 0:
            game.wait(0.01)
    until(lambda: game.wait(0.01) or not game.runtime.naps)
    assert overlap.entered > 500
    assert overlap.worst == 1


def test_at_most_eight_async_handlers_of_one_client_wait_and_then_its_messages_do(game, amy, ben):
    @game.on("nap")
    async def nap(client, n):
        game.log.append(n)
        await sleep(1)

    for n in range(20):
        amy.send("nap", n=n)
    ben.send("nap", n=100)
    assert game.log == [*range(8), 100]
    game.wait(3)
    assert game.log == [*range(8), 100, *range(8, 20)]


def test_async_every_never_overlaps_itself(game):
    @game.every(1)
    async def slow():
        game.log.append("begin")
        await sleep(2.5)
        game.log.append("end")

    game.wait(10)
    assert game.log == ["begin", "end"] * 3 + ["begin"]


def test_an_async_handler_that_lets_others_in_counts_as_busy_never(game, amy, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    watch = BusyWatch(game.app, game.runtime)
    go = threading.Event()

    @game.on("polite")
    async def polite(client):
        while not go.is_set():
            await asyncio.sleep(0)
            game.log.append("turn")

    game.feed(amy, "polite")
    for _ in range(3):
        seconds[0] += 2 * BUSY_AFTER_S
        turns = len(game.log)
        while len(game.log) < turns + 3:
            pass
        watch.look()
    go.set()
    game.settle()
    assert game.console == ""


# ---- all that asyncio offers -------------------------------------------------------------------


def test_a_task_goes_on_when_its_handler_has_ended(game, amy):
    tasks = []

    @game.on("start")
    async def start(client):
        tasks.append(asyncio.get_running_loop().create_task(later(client)))

    async def later(client):
        await sleep(3)
        client.send("done")

    amy.send("start")
    assert not amy.heard("done")
    game.wait(3)
    assert amy.heard("done")


def test_work_in_a_thread_can_be_awaited(game, amy, ben):
    go = threading.Event()

    @game.on("work")
    async def work(client):
        loop = asyncio.get_running_loop()
        client.send("done", result=await loop.run_in_executor(None, go.wait, DEADLINE_S))

    game.on("hi")(lambda client: game.log.append(client.name))
    amy.send("work")
    ben.send("hi")
    assert game.log == ["Ben"]
    go.set()
    until(lambda: amy.heard("done"))
    assert amy.heard("done").result is True


def test_another_network_client_can_be_used(game, amy):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        @game.on("fetch")
        async def fetch(client):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello\n")
            client.send("fetched", line=(await reader.readline()).decode())
            writer.close()
            await writer.wait_closed()

        game.feed(amy, "fetch")
        server.settimeout(DEADLINE_S)
        with server.accept()[0] as peer, peer.makefile("rb") as lines:
            assert lines.readline() == b"hello\n"
            peer.sendall(b"world\n")
            until(lambda: amy.heard("fetched"))
            # What the handler still does with the connection ends before that is cut.
            assert lines.read() == b""
    assert amy.heard("fetched").line == "world\n"


def test_sleeps_can_be_gathered_and_limited(game, amy):
    @game.on("nap")
    async def nap(client):
        await asyncio.gather(sleep(1), sleep(2))
        game.log.append("two")
        try:
            await asyncio.wait_for(sleep(60), 0.01)
        except asyncio.TimeoutError:
            game.log.append("limit")

    amy.send("nap")
    game.wait(2)
    until(lambda: game.log == ["two", "limit"])


def test_a_lock_of_asyncio_works(game):
    lock = []

    @game.on("work")
    async def work(client):
        lock[:] = lock or [asyncio.Lock()]
        async with lock[0]:
            before = len(game.log)
            await sleep(1)
            game.log.append(before)

    for _ in range(3):
        game.join().send("work")
    game.wait(3)
    assert game.log == [0, 1, 2]


def test_a_loop_of_its_own_works_in_a_plain_handler(game, amy):
    @game.on("run")
    def run(client):
        game.log.append(asyncio.run(main()))

    async def main():
        await asyncio.sleep(0)
        return "done"

    amy.send("run")
    assert game.log == ["done"]


# ---- a forgotten await -------------------------------------------------------------------------


def test_a_forgotten_await_is_explained(game, amy):
    @game.on("nap")
    async def nap(client):
        sleep(3)

    amy.send("nap")
    assert "needs await in front of it" in game.console
    assert "Try: await sleep(3)" in game.console


def test_a_plain_function_that_an_async_one_calls_can_not_wait_and_is_told(game, amy):
    def pause():
        sleep(3)

    @game.on("nap")
    async def nap(client):
        pause()

    amy.send("nap")
    assert "Make it: async def pause, with await sleep(3)" in game.console


def test_an_awaited_sleep_is_not_explained(game, amy):
    @game.on("nap")
    async def nap(client):
        await sleep(0)

    amy.send("nap")
    game.wait(0)
    assert game.console == ""


# ---- what goes wrong hurts only its own message ------------------------------------------------


class Own(BaseException):
    pass


ERRORS = [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, Own]
ERRORS += [asyncio.CancelledError, RecursionError]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("waits_first", [False, True])
def test_whatever_an_async_handler_raises_hurts_only_its_own_message(
    game, amy, ben, error, waits_first
):
    @game.on("bad")
    async def bad(client):
        if waits_first:
            await sleep(1)
        raise error

    @game.on("hi")
    async def hi(client):
        await sleep(2)
        game.log.append(client.name)

    ben.send("hi")
    amy.send("bad")
    game.wait(1)
    amy.send("hi")
    game.wait(2)
    assert game.log == ["Ben", "Amy"]
    assert "wszero itself" not in game.console


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_task_raises_ends_nothing_else(game, amy, error):
    @game.on("start")
    async def start(client):
        asyncio.get_running_loop().create_task(bad())

    async def bad():
        raise error

    game.on("hi")(lambda client: game.log.append("hi"))
    amy.send("start")
    amy.send("hi")
    amy.send("start")
    assert game.log == ["hi"]


def test_a_mistake_in_a_task_is_told(game, amy):
    @game.on("start")
    async def start(client):
        asyncio.get_running_loop().create_task(bad())

    async def bad():
        raise ValueError("oh dear")

    amy.send("start")
    until(lambda: gc.collect() >= 0 and "oh dear" in game.console)


def test_a_mistake_in_a_task_that_the_program_keeps_is_told_as_well(game, amy, monkeypatch):
    monkeypatch.setattr("wszero.asyncside.UNSEEN_S", 0.01)
    kept = []

    @game.on("start")
    async def start(client):
        kept.append(asyncio.get_running_loop().create_task(bad()))

    async def bad():
        raise ValueError("oh dear")

    amy.send("start")
    until(lambda: "oh dear" in game.console)


def test_a_mistake_that_is_awaited_is_not_told_behind_the_programs_back(game, amy, monkeypatch):
    monkeypatch.setattr("wszero.asyncside.UNSEEN_S", 0.01)

    @game.on("start")
    async def start(client):
        task = asyncio.get_running_loop().create_task(bad())
        await asyncio.wait([task])
        with contextlib.suppress(ValueError):
            await task
        asyncio.get_running_loop().call_later(0.05, game.log.append, "later")

    async def bad():
        raise ValueError("oh dear")

    amy.send("start")
    until(lambda: game.log)
    assert game.console == ""


def test_a_mistake_in_a_callback_is_told(game, amy):
    @game.on("start")
    async def start(client):
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)

    amy.send("start")
    assert "ZeroDivisionError" in game.console


def test_a_handler_that_cancels_itself_hurts_only_its_own_message(game, amy):
    @game.on("bad")
    async def bad(client):
        asyncio.current_task().cancel()
        await sleep(1)

    game.on("hi")(lambda client: game.log.append("hi"))
    amy.send("bad")
    amy.send("hi")
    assert game.log == ["hi"]


def test_a_computer_without_files_left_has_async_handlers_again_when_there_are_some(
    game, amy, monkeypatch
):
    def no_files(selector):
        raise OSError(24, "Too many open files")

    @game.every(1)
    async def tick():
        game.log.append("tick")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "SelectorEventLoop", no_files)
        game.wait(1)
    assert game.log == []
    game.wait(2)
    assert game.log == ["tick"] * 2


# ---- the end -----------------------------------------------------------------------------------


def test_stop_cancels_what_waits_and_lets_it_tidy_up(game, amy):
    @game.on("nap")
    async def nap(client):
        try:
            await sleep(60)
        finally:
            await asyncio.sleep(0)
            game.log.append("tidy")

    amy.send("nap")
    assert game.stop()
    assert game.log == ["tidy"]
    assert game.console == ""


def test_stop_cancels_tasks(game, amy):
    @game.on("start")
    async def start(client):
        asyncio.get_running_loop().create_task(later())

    async def later():
        try:
            await asyncio.sleep(60)
        finally:
            game.log.append("end")

    amy.send("start")
    assert game.stop()
    assert game.log == ["end"]


def test_stop_ends_also_when_a_handler_refuses_to(game, amy):
    @game.on("stubborn")
    async def stubborn(client):
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                game.log.append("no")

    amy.send("stubborn")
    assert game.stop()
    assert game.log == ["no"]


@pytest.mark.parametrize("in_a_task", [False, True])
def test_stop_interrupts_async_code_that_runs_for_ever(game, amy, in_a_task):
    began = threading.Event()

    async def for_ever():
        began.set()
        while True:
            pass

    @game.on("forever")
    async def start(client):
        if in_a_task:
            asyncio.get_running_loop().create_task(for_ever())
        else:
            await for_ever()

    game.feed(amy, "forever")
    assert began.wait(DEADLINE_S)
    assert game.runtime.stop(0.6)


def test_stop_ends_async_handlers_that_wait_behind_one_that_runs_for_ever(game, amy, ben):
    @game.on("nap")
    async def nap(client):
        try:
            await sleep(60)
        finally:
            game.log.append("end")

    @game.on("forever")
    def forever(client):
        while True:
            pass

    amy.send("nap")
    game.feed(ben, "forever")
    until(lambda: game.runtime.turn and game.runtime.turn.call)
    assert game.runtime.stop(0.6)
    assert game.log == ["end"]


def test_stop_tells_when_work_in_a_thread_goes_on(game, amy):
    go, began = threading.Event(), threading.Event()

    def work():
        began.set()
        go.wait(DEADLINE_S)

    @game.on("work")
    async def start(client):
        await asyncio.get_running_loop().run_in_executor(None, work)

    amy.send("work")
    assert began.wait(DEADLINE_S)
    assert not game.runtime.stop(0.2)
    go.set()
    assert game.runtime.stop(DEADLINE_S)


def test_a_message_that_is_handed_over_while_the_server_stops_is_dropped(game, amy):
    @game.on("first")
    def first(client):
        game.runtime.stop(0)

    @game.on("hi")
    async def hi(client):
        game.log.append("hi")

    game.on("both")(lambda client: first(client) or hi(client))
    game.feed(amy, "both")
    assert game.stop()
    assert game.log == []


def test_a_runtime_that_has_stopped_is_settled(game, amy):
    @game.on("hi")
    async def hi(client):
        await sleep(60)

    amy.send("hi")
    assert game.stop()
    game.settle()
