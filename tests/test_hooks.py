"""What is said about mistakes that nothing catches, and at the end of a program."""

from __future__ import annotations

import threading
import warnings

import pytest

from tests.rooms import Room
from wszero import hooks

HANDLER = "from wszero import *\n@on('chat')\ndef chat(client):\n    pass\n"


def test_python_s_own_report_is_kept_where_a_mistake_is_not_the_childs(program):
    game = program(HANDLER + "import json\njson.loads('{')")
    game.wait()
    assert "most recent call last" in game.console


def test_another_hook_that_was_there_before_is_asked_for_what_is_not_ours(program):
    first = "import sys\nsys.excepthook = lambda *error: print('mine')\n"
    game = program(first + HANDLER + "import json\njson.loads('{')")
    game.wait()
    assert game.console == "mine\n"


def test_exit_at_the_top_of_a_program_is_the_programs_own_business(program):
    game = program("from wszero import *\nimport sys\nsys.exit(3)")
    assert game.wait() == 3
    assert game.console == ""


STUCK = """
from wszero import *
import sys, time

@on('go')
def go(client):
    client.send('went')
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

run_server()
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('Bye')", 1),
        ("oh_dear", 1),
    ],
)
def test_the_exit_code_is_the_programs_own_though_a_handler_is_stuck(
    program, connect, ending, code
):
    game = program(STUCK + ending)
    amy = connect(game.url)
    amy.send("go")
    amy.hear("went")
    assert game.stop() == code
    assert ("Bye" in game.console) == ("Bye" in ending)


def test_the_exit_code_tells_of_a_mistake(program):
    assert program("from wszero import *\noh_dear").wait() == 1


def test_a_program_that_only_imports_handlers_of_another_one_is_left_alone(program):
    game = program("import helper", files={"helper.py": HANDLER})
    game.wait()
    assert game.console == ""


def test_in_an_interactive_session_a_server_is_not_missed(program):
    game = program(HANDLER + "import code\ncode.interact(local={}, banner='', exitmsg='bye')")
    game.type("exit()")
    game.wait()
    assert "server" not in game.console


def test_a_mistake_in_a_thread_is_told_once_and_counted(program):
    thread = "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()"
    game = program(f"from wszero import *\nimport threading\nfor _ in range(3):\n    {thread}")
    game.wait()
    assert game.console.count("ZeroDivisionError: division by zero.") == 1
    assert "quiz.py, line 4: 2 times now" in game.console


def test_a_thread_that_ends_itself_is_no_mistake(program):
    game = program(
        "from wszero import *\nimport threading, sys\nthreading.Thread(target=sys.exit).start()"
    )
    game.wait()
    assert game.console == ""


@pytest.fixture
def app():
    """An app whose console is read."""
    room = Room()
    undo = hooks.explain_forgotten_awaits(room.app)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield room
    undo()


def test_a_forgotten_await_is_told_in_place_of_python_s_warning(app):
    async def nap():
        """Never runs."""

    nap()
    assert "nap() needs await in front of it" in app.console
    assert "coroutine" not in app.console


def test_other_warnings_are_left_to_python(app):
    with pytest.warns(UserWarning, match="beware"):
        warnings.warn("beware", stacklevel=1)
    assert app.console == ""


def test_the_warning_is_python_s_again_afterwards():
    before = warnings.showwarning
    undo = hooks.explain_forgotten_awaits(Room().app)
    assert warnings.showwarning is not before
    undo()
    assert warnings.showwarning is before


def test_what_took_the_place_of_ours_meanwhile_is_left_there(monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    undo = hooks.explain_forgotten_awaits(Room().app)
    others = print
    monkeypatch.setattr(warnings, "showwarning", others)
    undo()
    assert warnings.showwarning is others


def test_a_thread_of_somebody_else_s_keeps_python_s_report(monkeypatch):
    seen: list[object] = []
    monkeypatch.setattr(hooks, "_before_in_thread", seen.append)
    thread = threading.Thread(target=int, args=("x",))
    monkeypatch.setattr(threading, "excepthook", hooks._uncaught_in_thread)
    thread.start()
    thread.join()
    assert len(seen) == 1
