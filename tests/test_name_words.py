"""A name that Python does not know, in all the ways in which that happens."""

from __future__ import annotations

import sys

import pytest

from wszero.name_words import name_in_words, unbound_in_words

score = 0


def told(code: str) -> tuple[str, str]:
    """What is said about a line of code."""
    try:
        exec(code, {"score": 0, "broadcast": print})
    except UnboundLocalError as error:
        return unbound_in_words(error, _innermost(error))
    except NameError as error:
        return name_in_words(error, code.splitlines()[-1].strip(), _innermost(error))
    raise AssertionError("no name was unknown")


def _innermost(error):
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("scroe", "Did you mean score?"),
        ("broadcsat('chat')", "Did you mean broadcast?"),
        ("pritn(1)", "Did you mean print?"),
        ("sorce", "Did you mean score?"),
        ("every(2)", "Try as the first line: from wszero import *"),
        ("time.time()", "Try as the first line: import time"),
        ("x = true", "In Python it is True."),
        ("x = null", "In Python it is None."),
        ("x = randint(1, 6)", "Try: random.randint"),
        ("client.send('chat')", "Only a function with client in its brackets has one."),
        ("run-server()", "run_server()"),
        ("broadcast(chat)", "Try: 'chat'"),
        ("broadcast('chat', text=hello)", "quotes: 'hello'"),
        ("zzz", "Is it spelt right? Does it come later?"),
    ],
)
def test_what_to_try_fits_the_name(code, fix):
    assert fix in told(code)[1]


@pytest.mark.parametrize("at", ["@on(chat)", "@on( chat )", "@app.on(chat)"])
def test_a_message_without_quotes_is_noticed(at):
    error = NameError("name 'chat' is not defined")
    what, fix = name_in_words(error, at, None)
    assert what == "@on needs the message's name in quotes."
    assert fix == "Try: @on('chat')"


def test_a_global_variable_is_told_from_one_without_a_value():
    assert "global score" in told("def f():\n    score = score + 1\nf()")[1]
    assert "points = 0" in told("def f():\n    points = points + 1\nf()")[1]


@pytest.mark.parametrize(
    "text",
    [
        "local variable 'score' referenced before assignment",
        "cannot access local variable 'score' where it is not associated with a value",
    ],
)
def test_the_words_of_all_pythons_are_understood(text):
    assert "global score" in unbound_in_words(UnboundLocalError(text), sys._getframe())[1]


def test_python_s_words_without_a_name_do_no_harm():
    assert name_in_words(NameError("oh"), "oh", None)[0] == "Python does not know the name ?."
