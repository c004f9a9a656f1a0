"""Mistakes between a program and its page, in a real Chromium: told where the program runs."""

from __future__ import annotations

import pytest

from tests.told import FIRST_LINE
from tests.words import the_text_in

THERE = "@on('are you there')\ndef are_you_there(client):\n    return 'yes'\n"


@pytest.fixture
def told(program, browser_page):
    """Opens the page of a program, and returns the text that the console then tells.

    `told(html, words)` waits for the words; `told(html, words, source=…, press="button")`.
    """

    def told(html, words, *, source="", press=None, files=None, pages=1):
        files = {"quiz.html": f"<!doctype html>\n<title>Quiz</title>\n{html}", **(files or {})}
        game = program(f"{FIRST_LINE}{source}{THERE}run_server()", files=files)
        class_of_pages = [browser_page(game.url, may_fail=True) for _ in range(pages)]
        if press:
            class_of_pages[0].click(press)
        game.wait_for(words)
        for page in class_of_pages:
            # Handled in order: when this is answered, all before has been told.
            assert page.evaluate("ask('are you there')") == "yes"
        assert game.stop() == 0
        return the_text_in(game.console)

    return told


CHAT = "@on('chat')\ndef chat(client, text):\n    pass\n"


# ---- from the page to the program --------------------------------------------------------------


def test_the_line_of_send_is_told_for_a_message_that_nobody_handles(told):
    script = "<script>\n  send('chta', {text: 'hi'});\n</script>"
    text = told(script, "no function handles it", source=CHAT)
    assert (text.where, text.line) == ("quiz.html, line 4", "send('chta', {text: 'hi'});")
    assert 'Did you mean "chat"?' in text.prose


def test_the_line_of_a_button_is_told_for_a_message_that_nobody_handles(told):
    button = '<p>Press:</p>\n<button data-send="chta">Press</button>'
    text = told(button, "no function handles it", source=CHAT, press="button")
    assert (text.where, text.line) == (
        "quiz.html, line 4",
        '<button data-send="chta">Press</button>',
    )


def test_both_halves_are_told_when_parameters_do_not_fit(told):
    files = {"quiz.js": "\nfunction press() {\n  send('chat', {txet: 'hi'});\n}\n"}
    html = '<script src="quiz.js"></script>\n<button onclick="press()">Press</button>'
    text = told(html, "Is it text or txet?", source=CHAT, files=files, press="button")
    assert text.places == ("quiz.js, line 3", "quiz.py, line 3")
    assert text.code == ("send('chat', {txet: 'hi'});", "def chat(client, text):")
    assert 'The page sent "chat" with txet, but chat() wants text.' in text.prose


def test_both_halves_are_told_when_the_fields_of_a_form_do_not_fit(told):
    form = '<form data-send="chat">\n  <input name="words">\n  <button>Send</button>\n</form>'
    text = told(form, "but chat() wants text", source=CHAT, press="button")
    assert text.places == ("quiz.html, line 3", "quiz.py, line 3")
    assert text.code[0] == '<form data-send="chat">'
    assert "Try: def chat(client, words):" in text.prose


def test_both_halves_are_told_for_an_ask(told):
    script = "<script>\n  ask('chat', {});\n</script>"
    text = told(script, "but chat() wants text", source=CHAT)
    assert text.places == ("quiz.html, line 4", "quiz.py, line 3")


def test_a_mistake_in_a_handler_that_was_asked_is_told_once(told):
    source = "@on('add')\ndef add(client):\n    return 1 / 0\n"
    text = told("<script>ask('add')</script>", "ZeroDivisionError", source=source)
    assert text.line == "return 1 / 0"


# ---- from the program to the page --------------------------------------------------------------


@pytest.mark.parametrize("pages", [1, 3])
def test_a_message_that_the_page_does_not_listen_for(told, pages):
    source = "@on('connect')\ndef hi(client):\n    client.send('chta', text='hi')\n"
    script = "<script>on('chat', function (msg) {})</script>"
    text = told(script, 'Did you mean "chat"?', source=source, pages=pages)
    assert (text.where, text.line) == ("quiz.py, line 4", "client.send('chta', text='hi')")
    assert 'The page quiz.html got "chta", but nothing in it listens for that.' in text.prose


def test_a_message_that_nothing_in_the_page_is_close_to(told):
    source = "@on('connect')\ndef hi(client):\n    client.send('winner')\n"
    text = told("<p>Hello</p>", "nothing in it listens", source=source)
    assert "Try there: on('winner', function (msg) {})" in text.prose


# ---- mistakes in the page ----------------------------------------------------------------------


def test_a_mistake_in_a_script_of_the_page(told):
    text = told("<script>\n  brodcast('hi');\n</script>", "The page has a mistake")
    assert (text.where, text.line) == ("quiz.html, line 4", "brodcast('hi');")
    assert "ReferenceError: brodcast is not defined" in text.prose


def test_a_mistake_in_a_file_of_the_page(told):
    html = '<script src="quiz.js"></script>'
    text = told(html, "The page has a mistake", files={"quiz.js": "\n\nthrow Error('oh dear')"})
    assert (text.where, text.line) == ("quiz.js, line 3", "throw Error('oh dear')")
    assert "oh dear" in text.prose


def test_a_script_that_the_browser_can_not_read(told):
    text = told("<script>\n  let x = (1;\n</script>", "SyntaxError")
    assert (text.where, text.line) == ("quiz.html, line 4", "let x = (1;")
    assert "Look for a missing bracket, quote or comma." in text.prose


def test_a_mistake_in_a_handler_of_the_page(told):
    source = "@on('connect')\ndef hi(client):\n    client.send('hi')\n"
    handler = "on('hi', function (msg) {\n  document.querySelector('p').remove();\n});"
    text = told(f"<script>\n{handler}\n</script>", "The page has a mistake", source=source)
    assert (text.where, text.line) == ("quiz.html, line 5", "document.querySelector('p').remove();")
    assert "Is there an element with that id?" in text.prose


def test_a_promise_of_the_page_that_fails(told):
    script = "<script>\nasync function start() {\n  sedn('hi');\n}\nstart();\n</script>"
    text = told(script, "The page has a mistake")
    assert (text.where, text.line) == ("quiz.html, line 5", "sedn('hi');")
    assert "Did you mean send?" in text.prose


def test_a_mistake_of_wszeros_own_functions_in_the_page(told):
    text = told("<script>\n  send('chat', 'hello');\n</script>", "give it a name")
    assert (text.where, text.line) == ("quiz.html, line 4", "send('chat', 'hello');")
    assert "send('chat', {text: 'hello'})" in text.prose


@pytest.mark.parametrize("pages", [1, 3])
def test_a_script_of_eval_js_that_fails(told, pages):
    source = (
        "@on('connect')\ndef hi(client):\n    client.eval_js('1 + 1')\n    client.eval_js('oh()')\n"
    )
    text = told("<p>Hello</p>", "eval_js() has a mistake", source=source, pages=pages)
    assert (text.where, text.line) == ("quiz.py, line 5", "client.eval_js('oh()')")
    assert "ReferenceError: oh is not defined" in text.prose


def test_what_a_page_says_can_not_disturb_the_console(told):
    script = "<script>throw Error('one\\n\\u001b[2Jtwo ' + 'x '.repeat(500))</script>"
    text = told(script, "The page has a mistake")
    assert "\x1b" not in text.prose
    assert text.prose.count("\n") == 0


def test_the_page_that_wszero_brings_along_is_called_your_page(program, browser_page):
    source = "@on('connect')\ndef hi(client):\n    client.eval_js('oh(')\n"
    game = program(FIRST_LINE + source + "run_server()")
    browser_page(game.url, may_fail=True)
    game.wait_for("eval_js() has a mistake")
    assert game.stop() == 0
    assert the_text_in(game.console).where == "quiz.py, line 4"
