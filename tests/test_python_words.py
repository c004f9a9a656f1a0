"""Python's own words, in all of its versions, and what they become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.words import FOREIGN
from wszero.python_words import NO_VALUE, in_plain_words, plain

# The words of Python 3.8 up to 3.14 for one mistake; what is said about it.
TEXTS = [
    (
        TypeError,
        'can only concatenate str (not "int") to str',
        "a text and a number can't be added",
    ),
    (TypeError, 'can only concatenate list (not "str") to list', "a list and a text don't go"),
    (TypeError, "unsupported operand type(s) for +: 'int' and 'str'", "a text and a number can't"),
    (TypeError, "unsupported operand type(s) for ** or pow(): 'str' and 'int'", "with **."),
    (TypeError, "unsupported operand type(s) for -=: 'NoneType' and 'int'", "None can't be used"),
    (TypeError, "unsupported operand type(s) for *: 'function' and 'int'", "a function can't be"),
    (TypeError, "'<' not supported between instances of 'str' and 'int'", "together with <."),
    (TypeError, "'module' object is not callable", "a module can't be called"),
    (TypeError, "'list' object is not callable", "a list can't be called"),
    (TypeError, "'method' object is not subscriptable", "a function can't have square brackets"),
    (TypeError, "'NoneType' object is not iterable", "None has nothing in it"),
    (TypeError, "cannot unpack non-iterable int object", "a number has nothing in it"),
    (TypeError, "list indices must be integers or slices, not str", "is a number, not a text"),
    (TypeError, "string indices must be integers", ""),
    (TypeError, "string indices must be integers, not 'str'", "is a number, not a text"),
    (TypeError, "object NoneType can't be used in 'await' expression", "nothing to wait for"),
    (TypeError, "'NoneType' object can't be awaited", "nothing to wait for"),
    (
        TypeError,
        "int() argument must be a string, a bytes-like object or a number, not 'list'",
        "int() can't make a number of a list",
    ),
    (TypeError, "object of type 'int' has no len()", "a number has no length"),
    (TypeError, "can't multiply sequence by non-int of type 'str'", "a whole number only"),
    (TypeError, "unhashable type: 'list'", "a list can't be a key"),
    (TypeError, "cannot use 'list' as a dict key (unhashable type: 'list')", "can't be a key"),
    (TypeError, "'str' object does not support item assignment", "parts of a text can't"),
    (TypeError, "sequence item 0: expected str instance, int found", "join() puts texts"),
    (ValueError, "invalid literal for int() with base 10: 'x'", "can't make a number of 'x'"),
    (ValueError, "could not convert string to float: 'x'", "can't make a number of 'x'"),
    (ValueError, "too many values to unpack (expected 2)", "there are only 2"),
    (ValueError, "too many values to unpack (expected 2, got 3)", "there are only 2"),
    (ValueError, "not enough values to unpack (expected 3, got 2)", "3 names, but 2 values"),
    (ValueError, "list.remove(x): x not in list", "does not hold what is to be removed"),
    (ValueError, "empty range for randrange() (6, 2, -4)", "no number between these"),
    (ValueError, "empty range in randrange(6, 2)", "no number between these"),
    (IndexError, "list index out of range", "fewer than that"),
    (IndexError, "list assignment index out of range", "fewer than that"),
    (IndexError, "pop from empty list", "the list is empty"),
    (IndexError, "Cannot choose from an empty sequence", "the list is empty"),
    (RuntimeError, "dictionary changed size during iteration", "changed while for goes through"),
    (RuntimeError, "no running event loop", "in an async def only"),
    (AttributeError, "'list' object has no attribute 'apend'", "a list has no apend"),
    (AttributeError, "module 'random' has no attribute 'randin'", "random has no randin"),
]


@pytest.mark.parametrize(("kind", "text", "words"), TEXTS)
def test_what_python_says_in_its_versions_is_said_plainly(kind, text, words):
    what, fix = in_plain_words(kind(text))
    assert what.startswith(f"{kind.__name__}: ")
    assert words in what
    assert len(f"{what} {fix}".split()) <= 22


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (TypeError("unsupported operand type(s) for +: 'int' and 'NoneType'"), NO_VALUE),
        (TypeError("'NoneType' object is not callable"), NO_VALUE),
        (TypeError("'NoneType' object is not subscriptable"), NO_VALUE),
        (AttributeError("'NoneType' object has no attribute 'send'"), NO_VALUE),
        (TypeError("bad NoneType here"), NO_VALUE),
        (AttributeError("'list' object has no attribute 'apend'"), "Did you mean append?"),
        (AttributeError("module 'random' has no attribute 'randin'"), "random.randint?"),
        (ModuleNotFoundError("No module named 'rnadom'", name="rnadom"), "Did you mean random?"),
        (ModuleNotFoundError("No module named 'x.y'", name="x.y"), "Is it spelt right?"),
        (FileNotFoundError(2, "No such file or directory", "a/b/c.txt"), "in the same folder?"),
        (EOFError("EOF when reading a line"), "Ask on the page instead."),
        (RecursionError("maximum recursion depth exceeded"), "It needs an if that ends it."),
    ],
)
def test_what_to_try_is_said_where_it_is_known(error, fix):
    assert fix in in_plain_words(error)[1]


def test_pythons_words_stay_where_they_are_plain_enough():
    assert in_plain_words(ValueError("the cards are gone")) == (
        "ValueError: the cards are gone",
        "",
    )


def test_an_error_without_words_is_called_by_its_name():
    assert in_plain_words(KeyboardInterrupt()) == ("KeyboardInterrupt", "")


def test_an_error_that_can_not_tell_what_it_is_does_no_harm():
    class Odd(ValueError):
        def __str__(self) -> str:
            raise RuntimeError

    assert in_plain_words(Odd()) == ("Odd", "")


def test_a_long_text_and_one_that_moves_the_cursor_become_one_line():
    what, _ = in_plain_words(ValueError("one\n\x1b[2Jtwo " + "x" * 1000))
    assert "one [2Jtwo xxx" in what
    assert len(what) < 230


@given(some.lists(some.sampled_from([*FOREIGN, "Exceptions", "keyword argument", "of", "two"])))
def test_no_word_that_is_strange_to_children_is_left(words):
    said = plain(" ".join(words)).lower()
    assert not [word for word in FOREIGN if word in said]
