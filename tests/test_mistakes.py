"""What is said about whatever a child's code raises."""

from __future__ import annotations

import asyncio

import pytest

from tests.words import MOST_WORDS
from wszero.errors import BadName, CannotSend, Place
from wszero.handlers import Handler
from wszero.mistakes import explain, forgotten_await
from wszero.places import keep_source


def raised(action):
    """What an action raises."""
    try:
        action()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def hello(client):
    """A handler."""


def test_the_line_is_the_one_that_raised():
    def deep():
        return 1 / 0

    what, fix, place = explain(raised(lambda: deep()))
    assert place is not None
    assert place.code == "return 1 / 0"
    assert "deep()" in place.via[-1].code
    assert what == "ZeroDivisionError: division by zero."
    assert fix


def test_a_mistake_without_a_line_of_the_childs_is_at_its_handler():
    handler = Handler("hello", hello)
    assert explain(ValueError("oh"), handler)[2] == handler.place
    assert explain(ValueError("oh"))[2] is None


def test_wszeros_own_mistakes_keep_their_words_and_place():
    place = Place("quiz.py", 3, "broadcast('_x')")
    assert explain(BadName("No.", "Try: yes", place)) == ("No.", "Try: yes", place)


def test_wszeros_own_mistakes_are_at_the_line_that_called():
    error = raised(lambda: exec("raise CannotSend('No.')", {"CannotSend": CannotSend}))
    place = explain(error)[2]
    assert place is not None
    assert place.file == __file__


def test_of_several_mistakes_at_once_the_first_is_told():
    class Group(Exception):
        """What Python 3.11 calls ExceptionGroup."""

        def __init__(self, *errors):
            super().__init__("unhandled errors in a TaskGroup")
            self.exceptions = errors

    error = Group(Group(KeyError("Bob"), ValueError()), TypeError())
    assert explain(error)[0].startswith("KeyError: 'Bob'")


@pytest.mark.parametrize("inner", [5, (), "exceptions", (3,)])
def test_a_mistake_that_only_looks_like_several_is_told_itself(inner):
    error = ValueError("oh")
    error.exceptions = inner  # type: ignore[attr-defined]
    assert explain(error)[0] == "ValueError: oh"


def test_a_file_that_can_not_be_read_is_told_with_its_line(tmp_path):
    file = tmp_path / "helper.py"
    file.write_text("x = 1\ny = (\n")
    error = raised(lambda: compile(file.read_text(), str(file), "exec"))
    place = explain(error)[2]
    assert place is not None
    assert place.file == str(file)


@pytest.mark.parametrize("code", ["exit()", "quit(3)", "sys.exit('bye')", "raise SystemExit"])
def test_exit_is_called_as_it_is_in_the_line(code):
    handler = Handler("hello", hello)
    handler.place = Place("quiz.py", 3, code)
    what, fix, _ = explain(SystemExit(), handler)
    assert what.split("(")[0] == ("exit" if code.startswith("raise") else code.split("(")[0])
    assert "press Stop" in fix


def test_a_changed_file_is_told_and_the_text_stays_short(tmp_path):
    file = tmp_path / "quiz.py"
    file.write_text("def f():\n    raise ValueError('one two three four ' * 3)\n")
    keep_source(str(file))
    scope: dict = {}
    exec(compile(file.read_text(), str(file), "exec"), scope)
    file.write_text("def f():\n    pass\n")
    what, fix, place = explain(raised(scope["f"]))
    assert fix == "quiz.py was changed meanwhile: run it again."
    assert place is not None
    assert place.code.startswith("raise ValueError")
    assert len(f"{place.short} {what} {fix}".split()) <= MOST_WORDS


def test_a_forgotten_await_is_told_as_the_line_has_it():
    place = Place(__file__, 1, "x = asyncio.sleep(1)")
    what, fix = forgotten_await("sleep", place)
    assert what == "sleep() needs await in front of it, or it never runs."
    assert fix == "Try: await asyncio.sleep(1)"
    assert forgotten_await("nap", place)[1] == "Try: await nap(...)"


def test_in_a_plain_function_a_forgotten_await_needs_more():
    line = forgotten_await.__code__.co_firstlineno + 8
    place = Place(forgotten_await.__code__.co_filename, line, "nap()")
    assert forgotten_await("nap", place)[1].startswith("Make it async def forgotten_await")


def test_a_cancelled_task_is_no_riddle():
    assert explain(asyncio.CancelledError())[0] == "CancelledError"
