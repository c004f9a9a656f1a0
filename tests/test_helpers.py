"""The tests' own helpers: a helper that cannot fail would hide what is broken."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.conftest import threads_left

SERVER = """
import websockets.sync.server

def echo(socket):
    for text in socket:
        socket.send('{"op": "first"}')
        socket.send(text)

with websockets.sync.server.serve(echo, '127.0.0.1', 0) as server:
    print(f'http://localhost:{server.socket.getsockname()[1]}')
    server.serve_forever()
"""


def test_a_program_is_read_while_it_runs_and_can_be_typed_to(program):
    game = program("print('What is your name?'); print('Hello', input())")
    game.wait_for("name?")
    game.type("Amy")
    game.wait_for("Hello Amy")
    assert game.wait() == 0


def test_a_program_that_ends_without_the_text_fails_the_test_at_once(program):
    game = program("print('Bye')")
    with pytest.raises(AssertionError, match=r"ended without printing 'Hello'[^$]*Bye"):
        game.wait_for("Hello")


def test_a_program_that_goes_on_without_the_text_fails_the_test_in_time(program):
    game = program("print('Bye'); input()")
    with pytest.raises(AssertionError, match="ran for 1 s without printing 'Hello'"):
        game.wait_for("Hello", timeout=1)


def test_ctrl_c_reaches_a_program(program):
    game = program("try: print('ready'); input()\nexcept KeyboardInterrupt: print('Stopped')")
    game.wait_for("ready")
    assert game.stop() == 0
    assert "Stopped" in game.console


def test_what_a_program_has_started_ends_with_it(program):
    child = "print('child'); input()"
    game = program(f"import subprocess, sys; subprocess.call([sys.executable, '-c', {child!r}])")
    game.wait_for("child")
    game.kill()
    assert game.is_silent


def test_settings_of_this_computer_do_not_reach_a_program(program, monkeypatch):
    monkeypatch.setenv("WSZERO_MONITOR", "127.0.0.1:1:secret")
    game = program("import os; print(sorted(n for n in os.environ if n.startswith('WSZERO_')))")
    game.wait()
    assert game.console == "['WSZERO_PORT', 'WSZERO_SHOW']\n"


def test_a_plain_client_keeps_the_messages_before_the_one_it_waits_for(program, connect):
    amy = connect(program(SERVER).url)
    amy.send("chat", text="hi")
    assert amy.hear("chat") == {"op": "chat", "text": "hi"}
    assert amy.unheard == [{"op": "first"}]
    assert amy.hear("first") == {"op": "first"}


def test_a_plain_client_that_waits_in_vain_says_what_came(program, connect):
    amy = connect(program(SERVER).url)
    amy.send("chat")
    with pytest.raises(AssertionError, match=r"no 'quiz' came; what came:.*first"):
        amy.hear("quiz", timeout=1)


def test_asyncio_can_be_used_beside_the_browser(browser_page):
    browser_page("data:text/html,<p>hello</p>")
    asyncio.run(asyncio.sleep(0))


def test_a_page_is_seen_clicked_and_listened_to(browser_page):
    page = browser_page("data:text/html,<button onclick='console.log(7)'>Press</button>")
    page.wait_for_text("Press")
    page.click("text=Press")
    page.wait_for_console("7")
    with pytest.raises(AssertionError, match=r"not within 1 s[^$]*the page says: 'Press'"):
        page.wait_for_text("Pressed", timeout=1)


def test_an_error_in_a_page_is_noticed(browser_page):
    page = browser_page("data:text/html,<script>throw Error('oh')</script>", may_fail=True)
    assert page.errors == ["oh"]


def test_a_page_of_another_computer_is_noticed(browser_page):
    page = browser_page("data:text/html,<img src='http://example.org/a.png'>")
    page.wait_for_console("ERR_NAME_NOT_RESOLVED")
    assert page.hosts == {"example.org"}
    page.hosts.clear()


def test_a_thread_that_wszero_leaves_behind_is_noticed():
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="wszero-network")
    before = threading.enumerate()
    thread.start()
    assert threads_left(before, deadline_s=0.1) == ["wszero-network"]
    go.set()
    assert threads_left(before) == []
