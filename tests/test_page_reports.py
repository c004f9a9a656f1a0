"""What a page tells about its mistakes: words for the console, and nothing believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.words import FOREIGN, MOST_WORDS
from wszero.errors import Place
from wszero.page_reports import PageReports

HTML = ["<title>Quiz</title>", "<script>", "  brodcast('hi')", "</script>"]


def source_of(path: str) -> Path | None:
    """The page is the only file of the child's."""
    return Path("/home/amy/quiz.html") if path in ("/", "/quiz.html") else None


def line_of(path: str, line: int) -> str:
    """A line of the page."""
    return HTML[line - 1] if source_of(path) and line <= len(HTML) else ""


def place_of_script(head: str) -> Place | None:
    """The program has sent one script."""
    return Place("quiz.py", 7, "client.eval_js('oh()')") if head == "oh()" else None


REPORTS = PageReports(source_of, line_of)


def told(**frame):
    """The report for an _error frame."""
    return REPORTS.error(
        {"kind": "error", "file": "/", "line": 3, "msg": "", **frame}, place_of_script
    )


def test_a_mistake_in_the_page_is_told_with_its_line():
    report = told(msg="ReferenceError: brodcast is not defined")
    assert report.place == Place("/home/amy/quiz.html", 3, "brodcast('hi')")
    assert report.what == "The page has a mistake: ReferenceError: brodcast is not defined"
    assert report.fix == "Is the name spelt right?"


@pytest.mark.parametrize(
    ("msg", "fix"),
    [
        ("ReferenceError: sedn is not defined", "Did you mean send?"),
        ("ReferenceError: Can't find variable: sedn", "Did you mean send?"),
        ("ReferenceError: broadcast is not defined", "That is for Python."),
        ("TypeError: Cannot read properties of null (reading 'x')", "an element with that id?"),
        ("TypeError: null is not an object (evaluating 'x.y')", "an element with that id?"),
        ("TypeError: x is null", "an element with that id?"),
        ("TypeError: Cannot read properties of undefined (reading 'x')", "no value yet"),
        ("TypeError: x.foo is not a function", "spelt right?"),
        ("TypeError: Assignment to constant variable.", "Write let instead of const."),
        ("SyntaxError: Identifier 'x' has already been declared", "only once"),
        ("SyntaxError: missing ) after argument list", "missing bracket, quote or comma"),
        ("SyntaxError: await is only valid in async functions", "Write async in front"),
        ("Error: oh dear", ""),
    ],
)
def test_what_browsers_say_is_followed_by_what_to_try(msg, fix):
    assert fix in told(msg=msg).fix


def test_a_message_without_quotes_is_noticed():
    HTML.append("on(chat, function (msg) {})")
    report = told(msg="ReferenceError: chat is not defined", line=len(HTML))
    HTML.pop()
    assert report.fix == "The message's name needs quotes: 'chat'"


def test_a_long_text_leaves_room_for_what_to_try():
    report = told(msg="TypeError: x.y is not a function " + "and so on " * 20)
    assert report.what.endswith(" …")
    assert report.fix == "Is its name spelt right?"


def test_a_script_of_eval_js_is_told_at_the_line_that_sent_it():
    report = told(kind="eval_js", about="oh()", msg="ReferenceError: oh is not defined")
    assert report.place is not None
    assert report.place.short == "quiz.py, line 7"
    assert told(kind="eval_js", about="other()", msg="x").place is None


def test_a_message_that_no_page_listens_for_is_told_with_the_page():
    report = told(kind="no_handler", about="chta", known=["chat", "buzz", 7], line=None)
    assert report.what == 'The page quiz.html got "chta", but nothing in it listens for that.'
    assert report.fix == 'Did you mean "chat"?'
    other = told(kind="no_handler", about="winner", known="nonsense", line=None)
    assert other.fix == "Try there: on('winner', function (msg) {})"


def test_the_page_that_wszero_brings_along_has_no_file():
    report = PageReports(lambda path: None, line_of).error(
        {"kind": "no_handler", "about": "x", "file": "/"}, place_of_script
    )
    assert report.what.startswith("Your page got")


@pytest.mark.parametrize(
    "frame",
    [
        {"file": 7},
        {"file": "https://elsewhere.example/x.js"},
        {"file": "/" + "x" * 600},
        {},
    ],
)
def test_a_file_that_is_none_of_the_childs_is_no_place(frame):
    assert REPORTS.place({"line": 3, **frame}) is None


@pytest.mark.parametrize("line", [None, 0, -1, True, "3", 1.5, 10**9])
def test_a_line_that_is_none_leaves_the_file(line):
    assert REPORTS.place({"file": "/", "line": line}) == Place("/home/amy/quiz.html", 0, "")


def test_where_is_told_only_with_a_line_to_show():
    assert REPORTS.where({"file": "/quiz.html", "line": 3}) is not None
    assert REPORTS.where({"file": "/quiz.html", "line": 99}) is None
    assert REPORTS.where({"file": "/other.html", "line": 3}) is None
    assert REPORTS.where({}) is None


ANYTHING = some.one_of(
    some.none(), some.booleans(), some.integers(), some.text(), some.lists(some.text())
)


@given(
    some.dictionaries(
        some.sampled_from(["kind", "msg", "file", "line", "about", "known"]), ANYTHING
    ),
    some.sampled_from(["error", "rejection", "no_handler", "eval_js", "new"]),
    some.text(),
)
def test_whatever_a_page_says_becomes_short_and_plain(frame, kind, msg):
    report = REPORTS.error({**frame, "kind": kind, "msg": msg}, place_of_script)
    said = f"{report.what} {report.fix}"
    assert said.isprintable()
    if len(said) < 200:
        assert len(said.split()) <= MOST_WORDS
    hash((report.kind, report.key))


@pytest.mark.parametrize("word", FOREIGN)
def test_words_that_are_strange_to_children_are_replaced(word):
    assert word not in told(msg=f"Error: bad {word} here").what.lower()
