"""The tree of errors, and the words in all of wszero's modules."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

import wszero
from tests.words import FOREIGN, MOST_WORDS
from wszero import errors
from wszero.errors import Place, WszeroError, did_you_mean, one_line

KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, WszeroError) and kind is not WszeroError
}
PLACE_WORDS = 3
"""quiz.py, line 7"""


# ---- the tree ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_error_is_also_one_that_a_python_programmer_expects(name):
    builtin = [kind for kind in KINDS[name].__mro__ if kind.__module__ == "builtins"]
    assert builtin[0] is not Exception


def test_an_error_says_what_happened_and_what_to_try():
    error = errors.BadName("No.", "Try: yes")
    assert str(error) == "No.\n  Try: yes"
    assert (error.what, error.fix, error.place) == ("No.", "Try: yes", None)
    assert str(errors.BadName("No.")) == "No."


def test_the_end_of_the_server_is_not_swallowed_by_except_exception():
    assert not issubclass(errors.ServerStopped, Exception)


@pytest.mark.parametrize(
    ("file", "line", "short"),
    [
        ("/home/amy/quiz.py", 7, "quiz.py, line 7"),
        ("C:\\Users\\amy\\quiz.py", 7, "quiz.py, line 7"),
        ("/quiz.html", 0, "quiz.html"),
        ("/", 0, "your page"),
    ],
)
def test_a_place_is_told_in_few_words(file, line, short):
    assert Place(file, line, "").short == short


# ---- small helpers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "close"),
    [
        ("chta", ["chat", "buzz"], "chat"),
        ("CHAT", ["chat"], "chat"),
        ("chat", ["Chat"], "Chat"),
        ("banana", ["chat", "buzz"], ""),
        ("", ["chat"], ""),
        ("chat", [], ""),
        ("x" * 100_000, ["x" * 50], ""),
    ],
)
def test_only_what_is_close_is_proposed(word, known, close):
    assert did_you_mean(word, known) == close


@given(some.text(), some.integers(min_value=1, max_value=300))
def test_a_text_from_outside_becomes_one_short_line(text, most):
    line = one_line(text, most)
    assert line.isprintable()
    assert len(line) <= most


# ---- the words ---------------------------------------------------------------------------------


def texts_in_code() -> Iterator[tuple[str, str]]:
    """Each text of an error or a report, as far as it stands in the code; with its place there."""
    folder = Path(wszero.__file__).parent
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in KINDS or called in ("report", "Finding"):
                said = [_words(value) for value in node.args if _is_text(value)]
                yield f"{file.name}:{node.lineno}", " ".join(said)


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value
    return isinstance(node, (ast.JoinedStr, ast.IfExp))


def _words(node: ast.expr) -> str:
    if isinstance(node, ast.IfExp):
        return max(_words(node.body), _words(node.orelse), key=len)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    return str(getattr(node, "value", ""))


TEXTS = dict(texts_in_code())


def test_the_texts_are_found():
    assert len(TEXTS) > 60


@pytest.mark.parametrize("where", TEXTS)
def test_each_text_in_the_code_is_short_and_plain(where):
    text = TEXTS[where]
    assert len(text.split()) + PLACE_WORDS <= MOST_WORDS
    assert not [word for word in FOREIGN if word in text.lower()]
