"""Lines that send, and how they would be right: always quoted, never worked out."""

from __future__ import annotations

import pytest

from wszero.sending_words import from_an_object, with_a_name, with_the_variable


def test_a_line_that_can_not_be_read_gets_dots():
    assert with_a_name("client.send", 3) == "client.send('chat', text=...)"
    assert from_an_object("client.send") == "client.send('chat', text='hello')"


@pytest.mark.parametrize(
    ("fix", "line", "right"),
    [
        ("who=list(...)", "send('x', who=names)", "who=list(names)"),
        ("who=list(...)", "send('x', who=names, n=1)", "who=list(names)"),
        ("who=list(...)", "send('x', who={1})", "who=list(...)"),
        ("p=(...).decode()", "send('x', p=raw)", "p=raw.decode()"),
        ("value=list(...)", "return names", "return list(names)"),
        ("value=str(...)", "return now()", "return str(...)"),
        ("list(...)", "send('x', a=b)", "list(...)"),
    ],
)
def test_the_variable_of_the_line_takes_the_place_of_the_dots(fix, line, right):
    assert with_the_variable(fix, line) == right
