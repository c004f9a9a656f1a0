"""Calls with the wrong values in their brackets, as Python tells of them and as a child counts."""

from __future__ import annotations

import sys

import pytest

from wszero.call_words import call_in_words


class Dog:
    """Something with a method, a property and a name."""

    def bark(self) -> None:
        """A method: Python counts the dog as well."""

    @property
    def tail(self) -> int:
        """Must not be run again, only to explain a mistake."""
        raise AssertionError


def words(text: str, code: str) -> str:
    """What happened, for a call in a place that knows a dog and what it can do."""
    dog = Dog()
    assert dog
    said = call_in_words(text, code, sys._getframe())
    assert said is not None
    return said[0]


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        ("add() missing 1 required positional argument: 'b'", "add(1)", "add() needs b in"),
        (
            "add() missing 3 required positional arguments: 'a', 'b', and 'c'",
            "add()",
            "add() needs a, b and c in",
        ),
        ("add() missing 1 required keyword-only argument: 'c'", "add(1)", "needs c in"),
        ("add() takes 2 positional arguments but 3 were given", "add(1, 2, 3)", "2 values in its"),
        ("add() takes from 0 to 1 positional arguments but 2 were given", "add(1, 2)", "1 value "),
        ("<lambda>() takes 0 positional arguments but 1 was given", "f(1)", "takes nothing in"),
        ("bark() takes 1 positional argument but 2 were given", "dog.bark(3)", "takes nothing in"),
        ("Dog.bark() takes 1 positional argument but 2 were given", "dog.bark(3)", "but got 1."),
        ("bark() missing 1 required positional argument: 'self'", "Dog.bark()", "needs self"),
        ("__init__() missing 1 required positional argument: 'n'", "Dog()", "Dog() needs n in"),
        ("Dog.__init__() takes 1 positional argument but 2 were given", "Dog(3)", "Dog() takes no"),
        ("Dog() takes no arguments", "Dog(3)", "Dog() takes nothing in its brackets."),
        (
            "len() takes exactly one argument (0 given)",
            "len()",
            "takes 1 value in its brackets, but",
        ),
        ("pop expected at most 1 argument, got 2", "a.pop(1, 2)", "takes 1 value in its brackets"),
        ("range expected at least 1 argument, got 0", "range()", "takes 1 value in its brackets"),
        ("add() got an unexpected keyword argument 'c'", "add(c=1)", "has nothing called c in"),
        ("add() got multiple values for argument 'a'", "add(1, a=2)", "got a twice."),
        ("add() takes no keyword arguments", "add(a=1)", "wants its values without names"),
    ],
)
def test_a_call_is_told_as_a_child_counts(text, code, what):
    assert what in words(text, code)


def test_python_s_own_suggestion_is_kept():
    text = "add() got an unexpected keyword argument 'colour'. Did you mean 'color'?"
    said = call_in_words(text, "add(colour=1)", None)
    assert said is not None
    assert said[1] == "Did you mean color?"


def test_a_property_is_not_run_again_to_explain_a_mistake():
    assert words("tail() missing 1 required positional argument: 'n'", "dog.tail()")


def test_another_mistake_is_not_taken_for_a_wrong_call():
    assert call_in_words("'int' object is not callable", "3()", None) is None
