"""Which file answers which path, and what is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.file_names import content_type_of
from wszero.pages import STATIC, Found, Missing, Pages

SECRET = "nobody may read this"

# What lies beside quiz.py. Whatever holds SECRET is never shown.
FILES = {
    "quiz.py": SECRET,
    "quiz.html": "<title>Quiz</title>",
    "quiz.js": "on('hi', hello)\nsend('go')\n",
    "quiz.css": "h1 { color: red }",
    "other.html": SECRET,
    "notes.txt": SECRET,
    "quiz.txt": SECRET,
    ".env": SECRET,
    ".git/config": SECRET,
    "__pycache__/quiz.cpython-38.pyc": SECRET,
    "private/diary.txt": SECRET,
    "static/index.html": "<h1>Static</h1>",
    "static/cat.png": "a cat",
    "static/two words ä.txt": "umlaut",
    "static/👩\u200d🚀.png": "rocket",
    "static/game/index.html": "game",
    "static/game/game.js": "play()",
    "static/server.py": SECRET,
    "static/server.PY": SECRET,
    "static/server.pyc": SECRET,
    "static/server.py.bak": SECRET,
    "static/server.py.txt": SECRET,
    "static/full-width-dot．py": SECRET,
    "static/invisible.p\u200dy": SECRET,
    "static/\u200d.git/config": SECRET,
    "static/page.html~": SECRET,
    "static/page.html.bak": SECRET,
    "static/.page.html.swp": SECRET,
    "static/page.html.swp": SECRET,
    "static/page.html.orig": SECRET,
    "static/#page.html#": SECRET,
    "static/.htaccess": SECRET,
    "static/.git/config": SECRET,
    "static/game/.env": SECRET,
    "static/__pycache__/x.html": SECRET,
    "static/con.txt": SECRET,
    "static/NUL": SECRET,
    "static/Com1.html": SECRET,
    "static/a:b.txt": SECRET,
    "static/dot.": SECRET,
    "static/space ": SECRET,
    "static/back\\slash.txt": SECRET,
    "static/%2e%2e.txt": SECRET,
    "images/dog.jpg": "a dog",
    "sounds/bell.mp3": "ding",
}


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "game" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "outside.txt").write_text(SECRET, encoding="utf-8")
    return tmp_path / "game"


@pytest.fixture
def pages(root) -> Pages:
    return Pages(root / "quiz.py")


def answer(pages: Pages, target: str) -> str | None:
    """What the file says that answers, or None."""
    found = pages.find(target)
    return found.path.read_text(encoding="utf-8") if isinstance(found, Found) else None


# --- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/", "quiz.html"),
        ("/?team=red", "quiz.html"),
        ("/quiz.html", "quiz.html"),
        ("/quiz.js?v=2#top", "quiz.js"),
        ("/quiz.css", "quiz.css"),
        ("/index.html", "static/index.html"),
        ("/static/", "static/index.html"),
        ("/static/cat.png", "static/cat.png"),
        ("/cat.png", "static/cat.png"),
        ("/%63at.png", "static/cat.png"),
        ("/two%20words%20%C3%A4.txt", "static/two words ä.txt"),
        ("/%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80.png", "static/👩\u200d🚀.png"),
        ("/game/", "static/game/index.html"),
        ("/static/game/game.js", "static/game/game.js"),
        ("/images/dog.jpg", "images/dog.jpg"),
        ("/sounds/bell.mp3", "sounds/bell.mp3"),
    ],
)
def test_a_path_shows_its_file(pages, target, name):
    assert answer(pages, target) == FILES[name]


def test_without_a_page_of_its_name_the_program_shows_static_index_html(root, pages):
    (root / "quiz.html").unlink()
    assert answer(pages, "/") == FILES["static/index.html"]


def test_without_any_page_the_program_shows_the_built_in_one(root, pages):
    (root / "quiz.html").unlink()
    (root / "static" / "index.html").unlink()
    found = pages.find("/")
    assert isinstance(found, Found)
    assert (found.path, found.is_ours, found.is_page) == (STATIC / "index.html", True, True)


def test_without_a_program_there_is_the_built_in_page_and_nothing_else():
    pages = Pages(None)
    assert isinstance(pages.find("/"), Found)
    assert isinstance(pages.find("/wszero.js"), Found)
    assert isinstance(pages.find("/README.md"), Missing)


def test_what_lies_in_images_is_found_in_static_images_as_well(root, pages):
    (root / "static" / "images").mkdir()
    (root / "static" / "images" / "fox.png").write_text("a fox")
    assert answer(pages, "/images/fox.png") == "a fox"
    assert answer(pages, "/images/dog.jpg") == "a dog"


@pytest.mark.parametrize("name", ["wszero.js", "wszero.mjs", "wszero.d.ts"])
def test_the_script_is_always_ours(root, pages, name):
    (root / "static" / name).write_text("not ours")
    for each in (pages, Pages(root / "quiz.py", root / "static")):
        found = each.find("/" + name)
        assert isinstance(found, Found)
        assert (found.path, found.is_ours) == (STATIC / name, True)


def test_the_icon_is_ours_until_the_program_has_one(root, pages):
    found = pages.find("/favicon.ico")
    assert isinstance(found, Found)
    assert found.content is not None
    assert found.content.startswith(b"\x89PNG")
    (root / "static" / "favicon.ico").write_text("mine")
    assert answer(pages, "/favicon.ico") == "mine"


def test_a_folder_without_its_slash_is_sent_on_to_it(pages):
    assert pages.find("/static").moved_to == "/static/"
    assert pages.find("/game").moved_to == "/game/"
    assert pages.find("/static/game?level=2&name=%C3%A4").moved_to == (
        "/static/game/?level=2&name=%C3%A4"
    )


def test_a_redirect_stays_on_this_server_and_in_its_header(pages):
    assert pages.find("//game") == Missing(
        "There is nothing called game here. Is the name spelt right?"
    )
    assert "\n" not in pages.find("/game?a=\r\nSet-Cookie: x").moved_to
    assert pages.find("/%67ame").moved_to == "/game/"


def test_a_folder_without_a_page_lists_nothing(pages):
    assert answer(pages, "/images/") is None
    assert pages.find("/images").moved_to is None
    assert answer(pages, "/quiz.html/") is None
    assert answer(pages, "/static/cat.png/") is None


def test_a_file_called_like_a_folder_of_ours_is_not_shown(tmp_path):
    (tmp_path / "images").write_text(SECRET)
    assert answer(Pages(tmp_path / "quiz.py"), "/images") is None


# --- a whole folder -----------------------------------------------------------------------------


@pytest.fixture
def built(root) -> Pages:
    """A React build in dist/."""
    (root / "dist" / "assets").mkdir(parents=True)
    (root / "dist" / "index.html").write_text("app")
    (root / "dist" / "assets" / "app.js").write_text("run()")
    (root / "dist" / "app.py").write_text(SECRET)
    return Pages(root / "quiz.py", "dist")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/", "app"),
        ("/index.html", "app"),
        ("/assets/app.js", "run()"),
        ("/room/5", "app"),
        ("/room/", "app"),
        ("/assets", "app"),
        ("/room/cat.png", None),
        ("/assets/gone.js", None),
        ("/app.py", None),
        ("/quiz.html", None),
        ("/static/cat.png", None),
        ("/images/dog.jpg", None),
        ("/.git/config", None),
        ("/../quiz.py", None),
    ],
)
def test_a_whole_folder_is_shown_instead(built, target, text):
    assert answer(built, target) == text


def test_a_folder_that_is_not_there_shows_nothing_until_it_is(root):
    pages = Pages(root / "quiz.py", root / "later")
    assert answer(pages, "/") is None
    (root / "later").mkdir()
    (root / "later" / "index.html").write_text("built")
    assert answer(pages, "/") == "built"


def test_a_folder_that_is_a_link_is_meant_by_whoever_wrote_it(root, built):
    (root / "current").symlink_to(root / "dist")
    assert answer(Pages(root / "quiz.py", "current"), "/assets/app.js") == "run()"


# --- what is never shown ------------------------------------------------------------------------


def test_no_file_that_is_not_meant_for_pages_is_ever_shown(pages):
    hidden = [name for name, text in FILES.items() if text == SECRET]
    for name in hidden:
        encoded = "".join(f"%{byte:02x}" for byte in name.encode())
        for target in (f"/{name}", f"/{encoded}", f"/static/{name}", f"/static/../{name}"):
            assert answer(pages, target) != SECRET, target
        below = name[len("static/") :] if name.startswith("static/") else name
        assert answer(pages, f"/{below}") != SECRET, below


@pytest.mark.parametrize(
    "target",
    [
        "/static/../quiz.py",
        "/static/../../outside.txt",
        "/static/..%2f..%2foutside.txt",
        "/static/%2e%2e/%2e%2e/outside.txt",
        "/static/%252e%252e/%252e%252e/outside.txt",
        "/static/..%5c..%5coutside.txt",
        "/static/..\\..\\outside.txt",
        "/static/%c0%ae%c0%ae/outside.txt",
        "/static//../outside.txt",
        "/static/./cat.png",
        "//outside.txt",
        "///etc/passwd",
        "/etc/passwd",
        "/static//etc/passwd",
        "/c:/windows/win.ini",
        "/static/cat.png%00.html",
        "/static/cat.png\0",
        "/static/cat.png::$DATA",
        "/static/cat.png.",
        "/static/cat.png%20",
        "/static/server%EF%BC%8Epy",
        "/static/.%E2%80%8Dgit/config",
        "/static/%E2%80%8D.git/config",
        "/QUIZ.PY",
        "/quiz.Py",
        "/STATIC/../quiz.py",
        "quiz.html",
        "",
        "*",
        "?",
        "http://localhost/quiz.html",
        "/\ud800",
        "/%ff%fe",
        "/" + "x" * 10_000,
        "/" + "a/" * 900,
        "/" + "../" * 300 + "etc/passwd",
    ],
)
def test_no_spelling_gets_around_the_rules(pages, target):
    assert answer(pages, target) is None


def test_a_link_out_of_the_place_is_not_followed(root, pages):
    (root / "static" / "out.txt").symlink_to(root.parent / "outside.txt")
    (root / "static" / "up").symlink_to(root.parent)
    (root / "static" / "round").symlink_to(root / "static" / "round")
    (root / "static" / "code.txt").symlink_to(root / "static" / "server.py")
    for target in ("/out.txt", "/up/outside.txt", "/up/game/quiz.py", "/round", "/code.txt"):
        assert answer(pages, target) is None, target


def test_a_link_that_stays_in_the_place_is_followed(root, pages):
    (root / "static" / "kitten.png").symlink_to(root / "static" / "cat.png")
    assert answer(pages, "/kitten.png") == "a cat"


def test_a_folder_of_ours_that_is_a_link_is_not_shown(tmp_path):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "notes.txt").write_text(SECRET)
    (tmp_path / "static").symlink_to(tmp_path)
    (tmp_path / "images").symlink_to(tmp_path / "hidden")
    pages = Pages(tmp_path / "quiz.py")
    for target in (
        "/notes.txt",
        "/hidden/notes.txt",
        "/static/hidden/notes.txt",
        "/images/notes.txt",
    ):
        assert answer(pages, target) is None, target


def test_a_page_beside_the_program_that_is_a_link_is_not_shown(root, pages):
    (root / "quiz.html").unlink()
    (root / "quiz.html").symlink_to(root / "notes.txt")
    assert answer(pages, "/quiz.html") is None
    assert answer(pages, "/") == FILES["static/index.html"]


def test_a_program_behind_a_link_shows_its_pages(root, tmp_path):
    (tmp_path / "shortcut").symlink_to(root)
    assert answer(Pages(tmp_path / "shortcut" / "quiz.py"), "/quiz.js") == FILES["quiz.js"]


def test_what_is_no_ordinary_file_is_not_opened(root, pages):
    os.mkfifo(root / "static" / "pipe.txt")  # reading it would wait for ever
    assert answer(pages, "/pipe.txt") is None


@given(st.text(st.characters()))
def test_every_target_gets_an_answer(text):
    pages = Pages(Path(__file__))
    for target in (text, "/" + text, "/static/" + text):
        found = pages.find(target)
        assert isinstance(found, Found) or (found.words.isprintable() and len(found.words) < 150)
        assert isinstance(pages.hint(target), str)


@given(
    st.lists(
        st.sampled_from(
            ["..", ".", "/", "%2f", "%2e", "%5c", "quiz.py", ":", "static", "~", "%00", " "]
        )
    )
)
def test_no_mixture_of_tricks_reaches_the_program(tmp_path_factory, parts):
    root = tmp_path_factory.getbasetemp() / "tricks"
    (root / "static").mkdir(parents=True, exist_ok=True)
    (root / "quiz.py").write_text(SECRET)
    assert answer(Pages(root / "quiz.py"), "/" + "".join(parts)) != SECRET


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.html", "a.HTM", "a.js", "a.png", "a.svg", "a.strange"])
def test_each_file_is_sent_with_its_type_and_only_html_is_a_page(root, pages, name):
    (root / "static" / name).write_bytes(b"")
    found = pages.find("/" + name)
    assert found.is_page == (name in ("a.html", "a.HTM"))
    assert dict(found.headers)["Content-Type"] == content_type_of(name)


def test_nothing_is_kept_by_the_browser_or_guessed_at(pages):
    headers = dict(pages.find("/static/cat.png").headers)
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in headers


def test_our_script_may_be_kept_but_is_asked_for_each_time(pages):
    assert dict(pages.find("/wszero.js").headers)["Cache-Control"] == "no-cache"


def test_a_file_of_an_unknown_kind_is_saved_and_not_shown(root, pages):
    (root / "static" / "game.sav").write_text("x")
    assert dict(pages.find("/game.sav").headers)["Content-Disposition"] == "attachment"


def test_what_was_found_knows_its_size_and_age(root, pages):
    found = pages.find("/cat.png")
    assert found.size == len(FILES["static/cat.png"])
    assert found.modified_ns == (root / "static" / "cat.png").stat().st_mtime_ns


# --- for error messages -------------------------------------------------------------------------


def test_a_path_names_the_childs_file(root, pages):
    assert pages.source_of("/") == root / "quiz.html"
    assert pages.source_of("/quiz.js?v=1") == root / "quiz.js"
    assert pages.source_of("/wszero.js") is None
    assert pages.source_of("/quiz.py") is None
    assert pages.source_of("/gone.js") is None


def test_a_line_of_a_page_can_be_quoted(pages):
    assert pages.source_line("/quiz.js", 2) == "send('go')"
    assert pages.source_line("/", 1) == "<title>Quiz</title>"


@pytest.mark.parametrize("line", [0, -1, 99, 10**30, None, 1.5, "1"])
def test_a_line_that_is_not_there_is_empty(pages, line):
    assert pages.source_line("/quiz.js", line) == ""


def test_only_text_of_the_program_is_quoted(pages):
    assert pages.source_line("/wszero.js", 1) == ""
    assert pages.source_line("/cat.png", 1) == ""
    assert pages.source_line("/quiz.py", 1) == ""


def test_lines_are_counted_as_browsers_do_and_long_ones_are_cut(root, pages):
    (root / "quiz.js").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n" + b"x" * 1000)
    assert [pages.source_line("/quiz.js", n) for n in (1, 2, 3)] == ["one", "two", "three"]
    assert len(pages.source_line("/quiz.js", 4)) == 200


# --- hints --------------------------------------------------------------------------------------


def test_a_picture_beside_the_program_is_explained(root, pages):
    (root / "hat.png").write_text("x")
    assert pages.hint("/hat.png") == (
        "hat.png is beside quiz.py, where pages can't see it. "
        "Put it into a folder called images and write: images/hat.png"
    )


def test_a_name_with_other_letters_is_explained(pages):
    words = "There is no Quiz.js, but quiz.js: big and small letters must be the same."
    assert pages.hint("/Quiz.js") == words
    assert "dog.jpg" in pages.hint("/images/Dog.JPG")


def test_a_page_with_another_name_than_the_program_is_explained(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    words = "To show index.html instead of wszero's own page, rename it to quiz.html."
    assert Pages(tmp_path / "quiz.py").hint("/") == words


def test_a_hint_never_names_what_is_hidden(pages):
    for target in (
        "/quiz.py",
        "/QUIZ.PY",
        "/.env",
        "/.ENV",
        "/secret.html",
        "/../outside.txt",
        "/",
    ):
        assert pages.hint(target) == ""
