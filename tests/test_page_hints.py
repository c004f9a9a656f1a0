"""What the child's console says when a page asks for a file that pages can't see."""

from __future__ import annotations

import pytest

from tests.serving import Raw
from wszero.pages import Pages
from wszero.reporter import in_words

QUIZ = "import wszero\nwszero.run_server()\n"
PAGE = "<title>Quiz</title><img src='hat.png'>"
HAT = "hat.png is beside quiz.py"


def from_page(game) -> dict[str, str]:
    """The headers that a browser sends when our own page asks for a file."""
    return {"Host": f"localhost:{game.port}", "Referer": f"http://localhost:{game.port}/"}


def test_a_picture_that_the_page_does_not_find_is_explained_on_the_console(program, browser_page):
    game = program(QUIZ, files={"quiz.html": PAGE, "hat.png": "x"})
    browser_page(game.url)
    game.wait_for(HAT)
    game.wait_for("write: images/hat.png")


def test_a_missing_file_is_explained_once_however_many_pages_ask(program):
    game = program(QUIZ, files={"hat.png": "x", "sun.png": "x"})
    with Raw(game.port) as page:
        for _ in range(10):
            assert page.get("/hat.png", **from_page(game)).status == 404
        page.get("/sun.png", **from_page(game))
        game.wait_for("sun.png is beside")
    game.stop()
    assert game.console.count("hat.png is") == 1
    assert "times" not in game.console


def test_a_style_sheet_in_other_letters_is_explained(program):
    game = program(QUIZ, files={"quiz.css": "h1 {}"})
    with Raw(game.port) as page:
        page.get("/Quiz.css?v=2", **from_page(game))
    game.wait_for("There is no Quiz.css, but quiz.css")


def test_what_strangers_try_is_not_said(program):
    game = program(QUIZ, files={"hat.png": "x", "README.md": "x"})
    with Raw(game.port) as stranger:
        for target in ("/wp-admin.php", "/README.md", "/readme.md", "/quiz.py", "/.env"):
            assert stranger.get(target).status == 404
            assert stranger.get(target, Referer="http://elsewhere.example/").status == 404
        stranger.get("/hat.png", **from_page(game))
        game.wait_for(HAT)
    game.stop()
    assert "README" not in game.console
    assert "wp-admin" not in game.console


@pytest.mark.parametrize("target", ["/wp-admin.php", "/quiz.py", "/quiz.css"])
def test_what_is_nowhere_or_found_needs_no_hint(program, tmp_path, target):
    game = program(QUIZ, files={"hat.png": "x", "quiz.css": "h1 {}"})
    with Raw(game.port) as page:
        page.get(target, **from_page(game))
        page.get("/hat.png", **from_page(game))
        game.wait_for(HAT)
    game.stop()
    said = game.console.partition("in your editor\n")[2]
    assert said == in_words(Pages(tmp_path / "quiz.py").hint("/hat.png"))


def test_a_start_page_with_another_name_is_explained(program):
    game = program(QUIZ, files={"game.html": "mine"})
    with Raw(game.port) as browser:
        assert browser.get("/").status == 200
    game.wait_for("To show game.html instead of wszero's own page, rename it to quiz.html.")


def test_the_childs_own_start_page_needs_no_hint(program):
    game = program(QUIZ, files={"quiz.html": PAGE, "game.html": "x", "hat.png": "x"})
    with Raw(game.port) as browser:
        browser.get("/")
        browser.get("/hat.png", **from_page(game))
        game.wait_for(HAT)
    game.stop()
    assert "game.html" not in game.console


@pytest.mark.parametrize("target", ["/hat.png", "/images/hat.png", "/Quiz.css", "/"])
def test_a_hint_is_short(tmp_path, target):
    for name in ("hat.png", "quiz.css", "my game.html"):
        (tmp_path / name).write_text("x")
    assert 5 < len(Pages(tmp_path / "quiz.py").hint(target).split()) <= 25


def test_the_page_of_another_program_is_left_to_it(tmp_path):
    for name in ("chat.py", "chat.html"):
        (tmp_path / name).write_text("x")
    pages = Pages(tmp_path / "quiz.py")
    assert pages.hint("/") == ""
    (tmp_path / "game.html").write_text("x")
    assert "game.html" in pages.hint("/")


def test_of_several_pages_the_index_is_meant(tmp_path):
    for name in ("about.html", "index.html"):
        (tmp_path / name).write_text("x")
    assert "To show index.html" in Pages(tmp_path / "quiz.py").hint("/")
