"""What is told when a program is stuck, is to be stopped, or can't have its port."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from tests.told import FIRST_LINE, told_at_start, told_for_each, told_while_playing
from tests.words import texts_in, the_text_in

# ---- exit in a handler -------------------------------------------------------------------------

EXITS = ["exit()", "quit()", "import sys; sys.exit('bye')", "raise SystemExit"]


def test_exit_in_a_handler_does_not_stop_the_server(program, connect):
    texts = told_for_each(program, connect, EXITS)
    for body in EXITS:
        assert "does not stop the server: any page could do that" in texts[body].prose
        assert "press Stop, or Ctrl-C" in texts[body].prose
    assert texts["import sys; sys.exit('bye')"].prose.startswith("sys.exit() does not stop")


@pytest.mark.parametrize("body", ["exit()", "await sleep(0); exit()", "asyncio.create_task(bad())"])
def test_exit_in_an_async_function(program, connect, body):
    source = (
        f"import asyncio\nasync def bad(): exit()\n@on('go')\nasync def go(client):\n    {body}\n"
    )
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert text.line.endswith("exit()")
    assert "press Stop, or Ctrl-C" in text.prose


def test_exit_in_every(program):
    game = program(FIRST_LINE + "@every(0.01)\ndef tick():\n    exit()\nrun_server()")
    game.wait_for("times now")
    assert game.stop() == 0
    assert the_text_in(game.console).line == "exit()"


@pytest.mark.parametrize("word", ["def", "async def"])
def test_a_keyboard_interrupt_that_a_handler_raises_stops_nothing(program, connect, word):
    source = f"@on('go')\n{word} go(client):\n    raise KeyboardInterrupt\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert (text.where, text.line) == ("quiz.py, line 4", "raise KeyboardInterrupt")
    assert "press Stop, or Ctrl-C" in text.prose


# ---- a handler that is stuck -------------------------------------------------------------------

STUCK = {
    "while True: pass": "Put this into the loop: sleep(0.1)",
    "time.sleep(60)": "Use wszero's own sleep, which lets others go on: sleep(60)",
    "input('Your name? ')": "input() waits for the keyboard. Ask on the page instead.",
    "nap(60)": "Can it be done in smaller steps?",
}


def stuck(program, connect, source):
    """Runs a program until one of its handlers is stuck, then presses Ctrl-C."""
    game = program(f"{FIRST_LINE}import time\nnap = time.sleep\n{source}\nrun_server()")
    for _ in range(2):
        connect(game.url).send("go")
    game.wait_for("This line is busy, so no other message can be handled.")
    begin = time.monotonic()
    assert game.stop() == 0
    # 2 seconds are promised. On a machine with much else to do it may be more.
    seconds = time.monotonic() - begin
    print(f"Ctrl-C took {seconds:.2f} s")
    assert seconds < 5
    return the_text_in(game.console)


@pytest.mark.parametrize("line", STUCK)
def test_the_line_of_a_stuck_handler_is_told_and_ctrl_c_ends_it(program, connect, line):
    text = stuck(program, connect, f"@on('go')\ndef go(client):\n    {line}")
    assert (text.where, text.line) == ("quiz.py, line 6", line)
    assert STUCK[line] in text.prose


@pytest.mark.parametrize("line", ["while True: pass", "time.sleep(60)"])
def test_the_line_of_a_stuck_async_handler_is_told_and_ctrl_c_ends_it(program, connect, line):
    text = stuck(program, connect, f"@on('go')\nasync def go(client):\n    {line}")
    assert (text.where, text.line) == ("quiz.py, line 6", line)
    assert STUCK[line].replace(": sleep", ": await sleep") in text.prose


def test_the_childs_line_is_told_when_other_peoples_code_is_stuck(program, connect):
    source = "import asyncio\n@on('connect')\ndef hi(client):\n    asyncio.run(asyncio.sleep(60))"
    text = stuck(program, connect, source)
    assert text.line == "asyncio.run(asyncio.sleep(60))"


def test_the_wrong_sleep_is_told(program, connect):
    source = "@on('go')\ndef go(client):\n    sleep(60)\nfrom time import sleep"
    game = program(f"{FIRST_LINE}{source}\nrun_server()")
    connect(game.url).send("go")
    game.wait_for("This line is busy")
    assert game.stop() == 0
    hides, busy = texts_in(game.console)
    assert (hides.line, busy.line) == ("from time import sleep", "sleep(60)")
    assert "Take away: from time import sleep" in busy.prose


def test_a_busy_line_is_told_once_and_counted(program, connect):
    game = program(
        FIRST_LINE + "import time\n@on('go')\ndef go(client): time.sleep(2.6)\nrun_server()"
    )
    for _ in range(2):
        connect(game.url).send("go")
    game.wait_for("quiz.py, line 4: 2 times now")
    assert game.console.count("busy") == 1


def test_a_handler_that_sleeps_politely_is_not_busy(program, connect):
    game = program(
        FIRST_LINE + "@on('go')\ndef go(client):\n    sleep(2.6)\n    print('up')\nrun_server()"
    )
    connect(game.url).send("go")
    game.wait_for("up")
    assert game.stop() == 0
    assert texts_in(game.console) == []


# ---- the port ----------------------------------------------------------------------------------


@pytest.fixture
def taken():
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_the_program_names_and_somebody_has(program, taken):
    text = told_at_start(program, f"run_server({taken})", env={"WSZERO_PORT": ""})
    assert text.line == f"run_server({taken})"
    assert f"Port {taken} is taken" in text.prose
    assert f"choose another port: run_server(port={taken + 1})" in text.prose


def test_a_port_that_wszero_port_names_and_somebody_has(program, taken):
    text = told_at_start(program, "run_server()", env={"WSZERO_PORT": str(taken)})
    assert f"Port {taken} is taken" in text.prose


def test_without_a_named_port_the_next_free_one_is_taken_and_said_loudly(program):
    with contextlib.ExitStack() as held:
        # Is 8000 somebody else's already, all the better.
        with contextlib.suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 8000)))
        game = program(FIRST_LINE + "run_server(host='127.0.0.1')", env={"WSZERO_PORT": ""})
        assert 8000 < game.port <= 8020
        game.wait_for(f"Port 8000 is taken by another program: this one uses {game.port}.")
        assert game.stop() == 0
