"""Every code block of the README is run, as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple

import pytest

import dev
from tests.programs import clean_environment
from wszero.testing import play

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


class Fence(NamedTuple):
    """A code block: its first line's words, and its text."""

    info: str
    text: str


FENCES: List[Fence] = [
    Fence(*found) for found in re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", README, re.S | re.M)
]


def fence(info: str, containing: str = "") -> str:
    """The one block with this first line and these words in it."""
    (found,) = [f.text for f in FENCES if f.info == info and containing in f.text]
    return found


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    """The README's quiz, written to a folder."""
    for kind, name in (("python", "quiz.py"), ("html", "quiz.html")):
        text = fence(f"{kind} file={name}")
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "quiz.py"


def test_every_block_belongs_to_a_test():
    kinds = [f.info for f in FENCES]
    assert sorted(kinds) == sorted(
        ["python"] * 3
        + ["python file=quiz.py", "python client", "python test"]
        + ["html file=quiz.html", "html page", "sh", "sh"]
    )


def test_six_lines_announce_everybody(tmp_path):
    source = fence("python", "is here!")
    assert len([line for line in source.splitlines() if line]) == 6
    (tmp_path / "hello.py").write_text(source)
    with play(tmp_path / "hello.py") as game:
        amy = game.join("Amy")
        game.join("Ben")
        heard = [message.text for message in amy.all_heard("hello")]
        assert heard == ["You are Amy.", "Amy is here!", "Ben is here!"]


def test_quiz_works_in_two_browsers(quiz, program, browser_page):
    running = program(
        quiz.read_text(), files={"quiz.html": (quiz.parent / "quiz.html").read_text()}
    )
    amy, ben = browser_page(running.url), browser_page(running.url)
    for page in (amy, ben):
        page.wait_until("wszero.connected")
    ben.click("text=Buzz!")
    name = ben.evaluate("wszero.name")
    amy.wait_for_text(f"First is: {name}")
    amy.click("text=Again")
    ben.wait_for_text("First is: Nobody yet")


def test_the_tour_of_the_api_does_what_it_says(tmp_path):
    (tmp_path / "tour.py").write_text(fence("python", "countdown"))
    with play(tmp_path / "tour.py") as game:
        amy, ben = game.join("Amy"), game.join("Ben")
        assert ben.heard("welcome") == {"name": "Ben", "players": 2}
        assert amy.ask("answer", number=42) == 1
        assert ben.heard("news").text == "Amy has 1"
        assert amy.heard("news") is None
        amy.send("countdown")
        assert [heard.n for heard in ben.all_heard("count")] == [3]
        game.wait(3)
        assert [heard.n for heard in ben.all_heard("count")] == [3, 2, 1]
        game.wait(60)
        assert ben.heard("time")
        assert game.console == ""


def test_page_with_javascript_asks_and_listens(program, browser_page):
    running = program(
        fence("python", "countdown"), files={"quiz.html": fence("html page")}, name="quiz.py"
    )
    amy, ben = browser_page(running.url), browser_page(running.url)
    for page in (amy, ben):
        page.wait_until("wszero.connected")
    amy.click("#ask")
    amy.wait_for_text("1", "#score")
    ben.wait_for_text("has 1", "#score")


def test_app_starts_in_the_background_and_stops(program):
    running = program(fence("python", "app.start"))
    assert running.wait() == 0
    assert re.search(r"Phones use port [1-9]\d*\n", running.console)


def test_any_other_program_can_ask(program, tmp_path):
    running = program(fence("python", "countdown"), name="quiz.py")
    client = fence("python client").replace("localhost:8000", f"localhost:{running.port}")
    assert "My score is 1\n" in _run(client, tmp_path)


def test_pretend_browsers_play_the_quiz(quiz):
    # A failing assert in the block ends the process with an error.
    _run(fence("python test"), quiz.parent)


def test_shell_commands_are_those_that_the_project_has():
    words = [line.split() for f in FENCES if f.info == "sh" for line in f.text.splitlines()]
    assert words == [["python3", "dev.py", "demo"], ["python3", "dev.py", "test"]]
    assert all(f"python3 dev.py {word[-1]} " in (dev.__doc__ or "") for word in words)


def _run(source: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", source],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout
