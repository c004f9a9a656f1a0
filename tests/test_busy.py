"""Who is told to be busy, when, and what to write instead."""

from __future__ import annotations

import threading
import time
from typing import Optional

import pytest

from tests.rooms import Room
from wszero.baton import Turn
from wszero.busy import BUSY_AFTER_S, BusyWatch
from wszero.calls import Call
from wszero.errors import Place
from wszero.monitor_protocol import Busy, Free
from wszero.places import place_of


class StuckRuntime:
    """A runtime whose turn began some time ago, and is at a line."""

    stopping = False

    def __init__(self) -> None:
        self.turn: Optional[Turn] = None
        self.place: Optional[Place] = None

    def busy_place(self, turn: Turn) -> Optional[Place]:
        """Where the turn is."""
        return self.place


@pytest.fixture
def stuck(tmp_path):
    """Makes a watch look at a program that has been at a line for some seconds."""

    class Stuck:
        def __init__(self) -> None:
            self.room, self.runtime = Room(), StuckRuntime()
            self.watch = BusyWatch(self.room.app, self.runtime)  # type: ignore[arg-type]
            handler = self.room.app.handlers.add("go", go)
            self.call = Call(handler, self.room.join(), {})

        def turn(self, seconds: float, call: Optional[Call] = None) -> None:
            since = time.monotonic() - seconds
            self.runtime.turn = Turn(since, threading.get_ident(), call or self.call)
            self.watch.look()

        def at(self, body: str, word: str = "def") -> str:
            file = tmp_path / f"{len(list(tmp_path.iterdir()))}.py"
            lines = f"{word} go(client):\n    {body}\n".splitlines()
            file.write_text("\n".join(lines))
            self.runtime.place = place_of(str(file), len(lines), "go")
            self.turn(BUSY_AFTER_S + 0.5)
            return self.room.console.strip().splitlines()[-1].strip()

    return Stuck()


def go(client):
    """A handler."""


def test_a_handler_is_busy_after_two_seconds(stuck):
    stuck.turn(BUSY_AFTER_S - 0.5)
    assert stuck.room.console == ""
    stuck.turn(BUSY_AFTER_S + 0.5)
    assert "This line is busy" in stuck.room.console


def test_a_turn_is_told_once(stuck):
    stuck.turn(3)
    for _ in range(5):
        stuck.watch.look()
    assert len(stuck.room.seen(Busy)) == 1


def test_the_panel_hears_when_it_is_over(stuck):
    stuck.turn(3)
    stuck.runtime.turn = None
    for _ in range(2):
        stuck.watch.look()
    assert len(stuck.room.seen(Free)) == 1


def test_without_a_turn_nobody_is_busy(stuck):
    stuck.watch.look()
    assert stuck.room.console == ""


def test_a_program_that_is_being_stopped_is_not_blamed(stuck):
    stuck.runtime.stopping = True
    stuck.turn(3)
    assert stuck.room.console == ""


def test_the_panel_hears_which_handler_it_is(stuck):
    stuck.at("while True: pass")
    (busy,) = stuck.room.seen(Busy)
    assert (busy.op, busy.line, busy.code) == ("go", 2, "while True: pass")
    assert busy.seconds >= BUSY_AFTER_S


def test_without_a_line_the_handlers_own_is_told(stuck):
    stuck.turn(3)
    assert "def go(client):" in stuck.room.console


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("while True: pass", "Put this into the loop: sleep(0.1)"),
        ("for n in x:\n        y = n", "Put this into the loop: sleep(0.1)"),
        ("time.sleep(3)", "Use wszero's own sleep, which lets others go on: sleep(3)"),
        (
            "time.sleep(f(1) + 2)",
            "Use wszero's own sleep, which lets others go on: sleep(f(1) + 2)",
        ),
        ("time.sleep(f(1))  # (a nap)", "wszero's own sleep, which lets others go on: sleep(f(1))"),
        ("sleep(3)", "Take away: from time import sleep. wszero has its own."),
        ("asyncio.run(asyncio.sleep(3))", "Can it be done in smaller steps?"),
        ("name = input('Name? ')", "input() waits for the keyboard. Ask on the page instead."),
        ("urlopen(address)", "Can it be done in smaller steps?"),
    ],
)
def test_what_to_write_instead_fits_the_line(stuck, body, fix):
    assert stuck.at(body).endswith(fix)


def test_in_an_async_function_it_is_awaited(stuck):
    assert stuck.at("time.sleep(3)", "async def").endswith("go on: await sleep(3)")
    assert stuck.at("while True: pass", "async def").endswith("the loop: await sleep(0.1)")


def test_a_loop_is_told_once_whichever_of_its_lines_it_is_at(stuck):
    stuck.at("while True:\n        x = 1")
    first = stuck.runtime.place
    assert first is not None
    stuck.runtime.place = first._replace(line=2, code="while True:")
    stuck.turn(3)
    assert stuck.room.console.count("This line is busy") == 1
