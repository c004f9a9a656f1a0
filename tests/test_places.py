"""Which lines are the child's own, and what stands in them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Callable

import pytest

import wszero.places
from wszero.places import (
    calling_place,
    is_child_file,
    keep_source,
    place_in_frame,
    place_in_traceback,
    place_of,
    place_of_at,
    place_of_function,
    places_in_traceback,
    program_file,
    source_line,
    source_text,
    was_changed,
)

WSZERO = Path(wszero.places.__file__).parent


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs a text as a file of the child's, and gives what it defines."""

    def run(source: str, name: str = "quiz.py") -> dict[str, Any]:
        file = tmp_path / name
        file.write_text(source, encoding="utf-8")
        scope: dict[str, Any] = {"calling_place": calling_place}
        exec(compile(source, str(file), "exec"), scope)
        return scope

    return run


def caught(function: Callable[[], object]) -> types.TracebackType | None:
    """The way of a mistake in a function, without the line here that calls it."""
    try:
        function()
    except Exception as error:
        return error.__traceback__ and error.__traceback__.tb_next
    raise AssertionError("it raised nothing")


# ---- whose file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["quiz.py", "/home/amy/quiz.py", "C:/lessons/quiz.py", "a b/ü.py"])
def test_a_program_and_its_helpers_are_the_childs(file: str) -> None:
    assert is_child_file(file)


@pytest.mark.parametrize(
    "file",
    [
        str(WSZERO / "app.py"),
        str(WSZERO / "static" / "wszero.js"),
        json.__file__,
        os.__file__,
        pytest.__file__,
        "/home/amy/mu_code/site-packages/gpiozero/pins.py",
        "/usr/lib/python3/dist-packages/gpiozero/pins.py",
        "<string>",
        "<stdin>",
        "<frozen importlib._bootstrap>",
    ],
)
def test_wszeros_pythons_and_packages_files_are_not(file: str) -> None:
    assert not is_child_file(file)


def test_the_demo_is_shown_as_if_it_were_the_childs() -> None:
    assert is_child_file(str(WSZERO / "demo" / "chat.py"))


def test_a_folder_that_only_begins_like_ours_is_the_childs() -> None:
    assert is_child_file(f"{WSZERO}_games/quiz.py")


# ---- what stands in a line ----------------------------------------------------------------------


def test_a_place_knows_its_line_without_the_spaces_around(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    file.write_text("if True:\n    grüße = 1  \n", encoding="utf-8")
    place = place_of(str(file), 2, "buzz")
    assert place[:4] == (str(file), 2, "grüße = 1", "buzz")
    assert place.short == "quiz.py, line 2"


@pytest.mark.parametrize("line", [0, 3, 100])
def test_a_line_that_does_not_exist_is_empty(tmp_path: Path, line: int) -> None:
    file = tmp_path / "quiz.py"
    file.write_text("a = 1\nb = 2\n")
    assert source_line(str(file), line) == ""
    keep_source(str(file))
    assert source_line(str(file), line) == ""
    assert [source_line(str(file), n) for n in (1, 2)] == ["a = 1", "b = 2"]


def test_a_file_that_does_not_exist_has_no_lines() -> None:
    assert source_line("/nowhere/quiz.py", 1) == ""
    assert source_text("/nowhere/quiz.py") == ""
    keep_source("/nowhere/quiz.py")
    assert not was_changed("/nowhere/quiz.py")


def save(file: Path, text: str) -> None:
    """Saves a file so that its time surely differs, however coarse the disk's clock is."""
    later = file.stat().st_mtime_ns + 2_000_000_000 if file.exists() else 1_000_000_000
    file.write_text(text)
    os.utime(file, ns=(later, later))


def test_a_line_that_was_saved_again_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    save(file, "a = 1\n")
    assert source_line(str(file), 1) == "a = 1"
    save(file, "a = 2\n")
    assert source_line(str(file), 1) == "a = 2"


def test_a_file_that_was_kept_stays_as_it_runs_whatever_is_saved(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    save(file, "a = 1\n")
    keep_source(str(file))
    assert not was_changed(str(file))
    save(file, "# new\na = 2\n")
    assert source_line(str(file), 1) == "a = 1"
    assert source_text(str(file)) == "a = 1\n"
    assert was_changed(str(file))


def test_a_file_is_kept_as_it_is_and_not_as_it_was_read_before(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    save(file, "a = 1\n")
    assert source_line(str(file), 1) == "a = 1"
    save(file, "a = 2\n")
    keep_source(str(file))
    assert source_line(str(file), 1) == "a = 2"


def test_a_file_that_was_not_there_to_be_kept_may_come(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    keep_source(str(file))
    save(file, "a = 1\n")
    assert source_line(str(file), 1) == "a = 1"


def test_a_file_that_was_saved_without_a_change_was_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    save(file, "a = 1\n")
    keep_source(str(file))
    save(file, "a = 1\n")
    assert not was_changed(str(file))


def test_a_kept_file_that_was_deleted_is_still_known(tmp_path: Path) -> None:
    file = tmp_path / "quiz.py"
    save(file, "a = 1\n")
    keep_source(str(file))
    file.unlink()
    assert source_line(str(file), 1) == "a = 1"
    assert was_changed(str(file))


# ---- where a function is ------------------------------------------------------------------------

DECORATED = """
@keep
@keep
async def buzz(client):
    pass
"""


def test_a_function_is_found_at_its_def_and_at_its_first_at_line(
    run: Callable[..., dict[str, Any]],
) -> None:
    buzz = run(f"def keep(f): return f\n{DECORATED}")["buzz"]
    place, at = place_of_function(buzz), place_of_at(buzz)
    assert place is not None
    assert (place.line, place.code) == (5, "async def buzz(client):")
    assert at is not None
    assert (at.line, at.code, at.function) == (3, "@keep", "buzz")


def test_a_wrapped_function_is_found_where_the_child_wrote_it() -> None:
    def buzz() -> None:
        pass

    @functools.wraps(buzz)
    def wrapper() -> None:
        buzz()

    place = place_of_function(wrapper)
    assert place is not None
    assert place.code == "def buzz() -> None:"


def test_a_lambda_is_found_at_its_own_line() -> None:
    buzz = lambda: 0  # noqa: E731
    place = place_of_function(buzz)
    assert place is not None
    assert place.line == buzz.__code__.co_firstlineno


@pytest.mark.parametrize("thing", [print, 5, None, dict])
def test_what_is_no_python_function_has_no_place(thing: object) -> None:
    assert place_of_function(thing) is None


# ---- where a mistake is -------------------------------------------------------------------------

NESTED = """
import json

def inner():
    json.loads("{")

def outer():
    inner()
"""


def test_a_mistake_is_placed_at_the_childs_innermost_line(
    run: Callable[..., dict[str, Any]],
) -> None:
    place = place_in_traceback(caught(run(NESTED)["outer"]))
    assert place is not None
    assert (place.line, place.code, place.function) == (5, 'json.loads("{")', "inner")
    assert [one.line for one in place.via] == [8]


def test_a_mistake_in_the_first_line_has_no_way(run: Callable[..., dict[str, Any]]) -> None:
    place = place_in_traceback(caught(run(NESTED)["inner"]))
    assert place is not None
    assert (place.line, place.via) == (5, ())


def test_all_of_the_childs_lines_stand_outermost_first(
    run: Callable[..., dict[str, Any]],
) -> None:
    places = places_in_traceback(caught(run(NESTED)["outer"]))
    assert [place.line for place in places] == [8, 5]


def test_a_function_that_calls_itself_makes_no_long_story(
    run: Callable[..., dict[str, Any]],
) -> None:
    place = place_in_traceback(caught(run("def f():\n    f()\n")["f"]))
    assert place is not None
    assert (place.line, place.via) == (2, ())


def test_a_long_way_shows_its_ends(run: Callable[..., dict[str, Any]]) -> None:
    lines = [f"def f{n}(): f{n + 1}()" for n in range(10)]
    scope = run("\n".join([*lines, "def f10(): 1 / 0"]))
    place = place_in_traceback(caught(scope["f0"]))
    assert place is not None
    assert place.line == 11
    assert [one.line for one in place.via] == [1, 10]


def test_a_mistake_outside_of_the_childs_files_has_no_place() -> None:
    scope: dict[str, Any] = {}
    exec(compile("def f(): 1 / 0", "<string>", "exec"), scope)
    assert place_in_traceback(caught(scope["f"])) is None
    assert place_in_traceback(None) is None


def test_a_running_function_is_found_in_its_frames(run: Callable[..., dict[str, Any]]) -> None:
    scope = run("import sys\ndef buzz():\n    return sys._getframe()\nframe = buzz()\n")
    place = place_in_frame(scope["frame"])
    assert place is not None
    assert (place.line, place.function) == (3, "buzz")
    assert place_in_frame(None) is None


def test_the_line_that_calls_wszero_is_found(run: Callable[..., dict[str, Any]]) -> None:
    place = run("x = 1\nplace = calling_place()\n")["place"]
    assert place is not None
    assert (place.short, place.code) == ("quiz.py, line 2", "place = calling_place()")


def test_its_file_and_number_can_be_had_alone(run: Callable[..., dict[str, Any]]) -> None:
    scope = run("x = 1\nfrom wszero.places import calling_line\nline = calling_line()\n")
    assert scope["line"][0].endswith("quiz.py")
    assert scope["line"][1] == 3


OUTSIDE = """
from wszero.places import calling_line, calling_place
print([calling_line(), calling_place()])
"""


def test_a_line_that_stands_in_no_file_of_the_childs_is_not_found(tmp_path: Path) -> None:
    assert told("-c", OUTSIDE, cwd=tmp_path) == "[None, None]"


# ---- the program --------------------------------------------------------------------------------

TELL = "from wszero.places import program_file; print([program_file()])"


def told(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=str(cwd), stdout=subprocess.PIPE, check=True, timeout=60
    )
    return done.stdout.decode().strip()


def test_the_program_is_the_file_that_was_started(tmp_path: Path) -> None:
    (tmp_path / "quiz.py").write_text(TELL)
    assert told("quiz.py", cwd=tmp_path) == repr([str(tmp_path / "quiz.py")])


def test_a_line_that_is_typed_in_has_no_file(tmp_path: Path) -> None:
    assert told("-c", TELL, cwd=tmp_path) == "['']"


def test_without_a_main_module_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "__main__")
    assert program_file() == ""
