"""What the text of a program shows."""

from __future__ import annotations

import pytest

from wszero.program_text import (
    findings,
    function_at,
    is_in_loop,
    return_line,
    sending_line,
    why_not_started,
)


@pytest.fixture
def write(tmp_path):
    """Writes a program; returns its path as Python has it."""

    def write(text: str, first: str = "from wszero import *\n") -> str:
        file = tmp_path / "quiz.py"
        file.write_text(first + text, encoding="utf-8")
        return str(file)

    return write


IN_ORDER = """
from time import time
x = 3
@on('chat')
def chat(client, text):
    client.send('chat', text=text)
    sleep(1)
if x:
    run_server()
print(clients)
@helper
def below(): pass
"""


@pytest.mark.parametrize("first", ["from wszero import *\n", "import wszero\n"])
def test_nothing_is_found_in_a_program_in_order(write, first):
    assert list(findings(write(IN_ORDER, first))) == []


def test_what_is_found_stands_in_the_order_of_lines(write):
    file = write("on('a')\nclients = []\nbroadcast\nrun_server()\n@every(1)\ndef f(): pass")
    found = [(one.place.line, one.place.code) for one in findings(file) if one.place]
    assert found == [
        (2, "on('a')"),
        (3, "clients = []"),
        (4, "broadcast"),
        (6, "@every(1)"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "on = 3",
        "on: int = 3",
        "for on in []: pass",
        "class on: pass",
        "import on",
        "import x as on",
    ],
)
def test_a_name_of_ours_is_hidden_in_many_ways(write, text):
    (found,) = findings(write(text))
    assert "hides wszero's own on" in found.what


@pytest.mark.parametrize("text", ["def f():\n    on = 3", "x.on = 3", "on['a'] = 3"])
def test_what_hides_no_name_is_left_alone(write, text):
    assert list(findings(write(text))) == []


def test_names_that_were_there_before_hide_nothing(write):
    assert list(findings(write("from wszero import *", "from time import sleep\n"))) == []


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 5000])
def test_a_program_that_can_not_be_read_is_left_to_python(write, text):
    assert list(findings(write(text))) == []
    assert why_not_started(write(text), True) is None


def test_python_s_warnings_are_not_given_again(write, recwarn):
    list(findings(write(r"print('\d')")))
    assert not recwarn.list


def test_another_program_is_none_of_our_business(write):
    file = write("on('chat')\nrun_server", "from something import *\n")
    assert list(findings(file)) == []
    assert why_not_started(file, True) is None


def test_no_file_shows_nothing(tmp_path):
    assert list(findings(str(tmp_path / "none.py"))) == []
    assert function_at(str(tmp_path / "none.py"), 1) is None


FUNCTIONS = """
def outer():
    for n in range(3):
        a = n
        def inner():
            b = 1
    while True: c = 1
    return 7

async def waits(client):
    try:
        d = 1
    except ValueError:
        return 8
    return 9
"""


@pytest.mark.parametrize(
    ("line", "name", "loop"),
    [(3, "outer", False), (5, "outer", True), (7, "inner", False), (8, "outer", True)],
)
def test_functions_and_loops_are_found_around_a_line(write, line, name, loop):
    function = function_at(write(FUNCTIONS), line)
    assert function is not None
    assert function.name == name
    assert is_in_loop(write(FUNCTIONS), line) is loop


def test_outside_of_functions_there_is_none(write):
    assert function_at(write(FUNCTIONS), 1) is None


def test_a_lines_function_is_found_also_in_an_except(write):
    function = function_at(write(FUNCTIONS), 15)
    assert function is not None
    assert function.name == "waits"


def test_the_line_of_return_is_found_when_there_is_one_only(write):
    file = write(FUNCTIONS)
    assert return_line(file, 3) == 9
    assert return_line(file, 11) == 0
    assert return_line(file, 1) == 0


def test_the_line_that_sends_a_message_is_found(write):
    file = write("broadcast('a')\nclient.send('b', x=1)\nclient.send_others('b')\nprint('c')")
    assert [sending_line(file, op) for op in "abc"] == [2, 3, 0]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("", "quiz.py has ended", None),
        ("run_server", "needs brackets", 2),
        ("if x:\n    run_server()", "ended before it came to this line", 3),
        ("wszero.run_server()", "ended before it came to this line", 2),
    ],
)
def test_why_a_server_did_not_start(write, text, words, line):
    found = why_not_started(write(text), True)
    assert found is not None
    assert words in found.what
    assert (found.place.line if found.place else None) == line
