"""A console that stands still holds up nobody, and what was written there comes in order."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from typing import Iterator

import pytest

from tests.games import until
from tests.plain_client import PlainClient
from tests.programs import clean_environment
from tests.serving import DEADLINE_S, Raw, free_port
from wszero import console as console_module
from wszero.console import MOST_WAITING, Console


class StandingStill(io.StringIO):
    """A stream that takes nothing in until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go = threading.Event()
        self.is_waited_for = threading.Event()

    def write(self, text: str) -> int:
        self.is_waited_for.set()
        assert self.may_go.wait(DEADLINE_S)
        return super().write(text)


@pytest.fixture
def out() -> Iterator[StandingStill]:
    out = StandingStill()
    yield out
    out.may_go.set()


@pytest.fixture
def console(out: StandingStill) -> Iterator[Console]:
    console = Console(out)
    yield console
    out.may_go.set()
    assert console.finish()


# ---- while a server runs ------------------------------------------------------------------------


def test_nobody_waits_for_a_console_that_stands_still(console: Console, out: StandingStill) -> None:
    console.begin()
    for n in range(100):
        console.write(f"{n}\n")
    assert out.getvalue() == ""


def test_when_it_moves_again_all_comes_in_order(console: Console, out: StandingStill) -> None:
    console.begin()
    for n in range(100):
        console.write(f"{n}\n")
    out.may_go.set()
    assert console.end()
    assert out.getvalue() == "".join(f"{n}\n" for n in range(100))


def test_what_does_not_fit_is_counted_and_told_after_what_came_before(
    console: Console, out: StandingStill
) -> None:
    console.begin()
    console.write("first\n")
    assert out.is_waited_for.wait(DEADLINE_S)
    for n in range(MOST_WAITING + 30):
        console.write(f"{n}\n")
    out.may_go.set()
    until(lambda: "left out" in out.getvalue())
    console.write("later\n")
    assert console.end()
    lines = [line.strip() for line in out.getvalue().splitlines() if line.strip()]
    assert lines[: MOST_WAITING + 1] == ["first", *map(str, range(MOST_WAITING))]
    assert lines[MOST_WAITING + 1 :] == [
        "Nobody read this console for a while: 30 texts are left out.",
        "later",
    ]


def test_texts_of_many_threads_are_all_written(console: Console, out: StandingStill) -> None:
    console.begin()
    threads = [
        threading.Thread(target=lambda n=n: [console.write(f"{n}\n") for _ in range(10)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.may_go.set()
    assert console.end()
    assert sorted(out.getvalue().split()) == sorted(str(n) for n in range(8) for _ in range(10))


def test_a_job_that_fails_does_not_end_the_writing(console: Console, out: StandingStill) -> None:
    out.may_go.set()
    console.begin()
    console.do(lambda: 1 / 0)
    console.write("after\n")
    assert console.end()
    assert out.getvalue() == "after\n"


def test_a_handler_waits_until_its_text_is_written(console: Console, out: StandingStill) -> None:
    console.begin()
    console.write("mistake\n")
    assert out.is_waited_for.wait(DEADLINE_S)
    threading.Timer(0.02, out.may_go.set).start()
    console.keep_in_order()
    assert out.getvalue() == "mistake\n"


def test_it_does_not_wait_for_what_is_known_to_stand_still(
    console: Console, out: StandingStill, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.begin()
    console.write("mistake\n")
    until(lambda: console.is_stuck)
    monkeypatch.setattr(console_module, "IN_ORDER_S", None)  # would wait for ever
    console.keep_in_order()


def test_the_network_waits_for_no_text(
    console: Console, out: StandingStill, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.begin()
    console.write("trouble\n")
    monkeypatch.setattr(console_module, "IN_ORDER_S", None)
    thread = threading.Thread(target=console.keep_in_order, name="wszero-network", daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


# ---- before and after ---------------------------------------------------------------------------


def test_without_a_server_texts_are_written_at_once(console: Console, out: StandingStill) -> None:
    out.may_go.set()
    console.write("before\n")
    assert out.getvalue() == "before\n"
    console.begin()
    assert console.end()
    console.write("after\n")
    assert out.getvalue() == "before\nafter\n"


def test_the_end_tells_whether_all_was_written(console: Console, out: StandingStill) -> None:
    console.begin()
    console.write("one\n")
    assert not console.end()
    out.may_go.set()
    assert console.finish()
    assert out.getvalue() == "one\n"


def test_after_an_end_that_stood_still_nobody_waits_either(
    console: Console, out: StandingStill
) -> None:
    console.begin()
    console.write("one\n")
    assert not console.end()
    console.write("two\n")
    out.may_go.set()
    assert console.finish()
    assert out.getvalue() == "one\ntwo\n"


def test_a_second_server_goes_on_when_the_first_ends(console: Console, out: StandingStill) -> None:
    console.begin()
    console.begin()
    console.write("one\n")
    assert console.end()  # not its business any more
    console.write("two\n")
    out.may_go.set()
    assert console.end()
    assert out.getvalue() == "one\ntwo\n"


# ---- real programs ------------------------------------------------------------------------------

QUIZ = """
import sys
from wszero import *

print('a first line')

@on('boom')
def boom(client, words):
    raise ValueError(words)

run_server()
"""


class Unread:
    """A program whose console nobody reads; the pipe can be full from the start."""

    def __init__(self, path, source: str, *, full: bool) -> None:
        path.write_text(source, encoding="utf-8")
        self.read_end, write_end = os.pipe()
        if full:
            os.set_blocking(write_end, False)
            with contextlib.suppress(BlockingIOError):
                while os.write(write_end, b"." * 1000):
                    pass
            os.set_blocking(write_end, True)
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            env=clean_environment({"WSZERO_PORT": str(self.port)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=write_end,
            start_new_session=True,
        )
        os.close(write_end)

    def is_served(self) -> bool:
        try:
            with Raw(self.port) as raw:
                return raw.get("/").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.read_end >= 0:
            os.close(self.read_end)
            self.read_end = -1


@pytest.fixture
def unread(tmp_path):
    started = []

    def start(source: str = QUIZ, full: bool = True) -> Unread:
        started.append(Unread(tmp_path / "quiz.py", source, full=full))
        return started[-1]

    yield start
    for each in started:
        each.close()


def _make_trouble(port: int) -> None:
    amy = PlainClient(f"http://127.0.0.1:{port}")
    for n in range(300):
        amy.send(f"nobody{n}")
        amy.send_text(f"no json {n}")
        amy.send("boom", words="x" * 300)
        amy.hear("error")
    amy.close()


def test_a_program_whose_console_nobody_reads_serves_and_ends_with_one_ctrl_c(unread) -> None:
    game = unread()
    until(game.is_served)
    _make_trouble(game.port)
    assert game.is_served()
    assert game.stop() == 0


def test_a_console_that_fills_up_meanwhile_holds_up_nothing_either(unread) -> None:
    # 64 KiB and more: one of our texts is at most some thousand characters long.
    fill = QUIZ.replace("raise", "print('.' * 3_000, file=sys.stderr, flush=True); raise")
    game = unread(fill, full=False)
    until(game.is_served)
    amy = PlainClient(f"http://127.0.0.1:{game.port}")
    for n in range(60):
        amy.send("boom", words=str(n))
    until(lambda: game.is_served())
    assert game.stop() == 0


def test_a_console_that_has_been_closed_holds_up_nothing(unread) -> None:
    game = unread(full=False)
    until(game.is_served)
    os.close(game.read_end)
    game.read_end = -1
    _make_trouble(game.port)
    assert game.is_served()
    assert game.stop() == 0


IN_THE_BACKGROUND = """
import sys
from wszero.app import App
import wszero

app = App()
app.start()
for n in range(30):
    app.report('mistake', 'It broke: ' + 'x' * 300, key=n)
{last}
"""


@pytest.mark.parametrize(("last", "code"), [("", 0), ("1 / 0", 1)])
def test_a_program_that_ends_beside_its_server_is_not_held_up(unread, last: str, code: int) -> None:
    game = unread(IN_THE_BACKGROUND.format(last=last))
    assert game.process.wait(DEADLINE_S) == code


def test_what_still_waits_when_a_program_ends_is_written(unread) -> None:
    game = unread(IN_THE_BACKGROUND.format(last="1 / 0"), full=False)
    assert game.process.wait(DEADLINE_S) == 1
    said = os.read(game.read_end, 100_000)
    assert said.count(b"It broke") == 20
    assert said.index(b"only counted") < said.index(b"ZeroDivisionError")


FORKS = """
import os, warnings
from wszero.app import App

warnings.simplefilter('ignore')
app = App()
app.start()
app.report('mistake', 'before the fork')
if os.fork() == 0:
    app.report('mistake', 'in the child')
    os._exit(7)
status = os.wait()[1]
app.stop()
raise SystemExit(os.WEXITSTATUS(status))
"""


def test_a_forked_process_writes_for_itself(unread) -> None:
    game = unread(FORKS, full=False)
    assert game.process.wait(DEADLINE_S) == 7
    said = os.read(game.read_end, 100_000)
    assert said.split() == b"before the fork in the child".split()
