"""Limits and names that a program or its teacher sets: what is said when they are reached."""

from __future__ import annotations

import socket

from tests.serving import Raw
from tests.words import texts_in

PROGRAM = """from wszero import *

@on('photo')
def photo(client, data):
    client.send('got', size=len(data))

run_server(max_message=1000)
"""


def test_a_message_over_the_limit_closes_its_sender_and_is_told_once(program, connect):
    running = program(PROGRAM)
    for _ in range(2):
        client = connect(running.url)
        client.send("photo", data="x" * 2000)
        assert client.wait_closed() == 1009
    witness = connect(running.url)
    witness.send("photo", data="x" * 500)
    assert witness.hear("got")["size"] == 500
    console = running.wait_for("max_message")
    assert console.count("At most 1,000 bytes may come.") == 1
    assert "sent a message that is too big, so it was cut off." in console
    assert len(texts_in(console)) == 1


def test_a_full_house_is_told_in_the_console_and_to_who_is_turned_away(program):
    running = program("from wszero import *; run_server(max_clients=1)")
    with Raw(running.port) as first, Raw(running.port) as second, Raw(running.port) as third:
        assert first.shake_hands().status == 101
        for late in second, third:
            answer = late.shake_hands()
            assert answer.status == 503
            assert b"max_clients" in answer.body
    console = running.wait_for("max_clients")
    assert "The house is full" in console


def test_a_grace_that_is_no_number_is_explained(program):
    running = program("from wszero import *\n\nrun_server(away='half a minute')\n")
    assert running.wait() == 1
    assert "run_server(away='half a minute')\n  away must be a number of seconds" in running.console
    assert "Try: run_server(away=30)" in running.console


def test_a_port_that_the_environment_names_is_explained_by_that_name(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        running = program("import wszero; wszero.run_server()", env={"WSZERO_PORT": port})
        assert running.wait() == 1
    assert f"Port {port} is taken" in running.console
    assert "set WSZERO_PORT to another one" in running.console
    assert len(texts_in(running.console)) == 1


def test_run_server_without_brackets_is_explained_without_any_handler(program):
    running = program("from wszero import *\n\nrun_server\n")
    running.wait()
    assert "run_server needs brackets" in running.console
    assert len(texts_in(running.console)) == 1


def test_a_script_that_only_imports_wszero_ends_without_a_word(program):
    running = program("from wszero import *\n\nprint(len(clients))\n")
    assert running.wait() == 0
    assert running.console == "0\n"
