"""Mistakes at the top of a program: real programs are run, and their consoles read."""

from __future__ import annotations

import subprocess
import sys

import pytest

import wszero
from tests.told import FIRST_LINE, told_at_start
from tests.words import texts_in, the_text_in
from wszero.hiding_files import NEEDED
from wszero.name_words import OUR_NAMES

HANDLER = "@on('chat')\ndef chat(client, text):\n    broadcast('chat', text=text)\n"


# ---- @on ---------------------------------------------------------------------------------------


def test_on_without_brackets(program):
    text = told_at_start(program, "@on\ndef chat(client):\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 2", "@on")
    assert "brackets" in text.prose
    assert "Try: @on('chat')" in text.prose


@pytest.mark.parametrize("before", ["", "def chat():\n    pass\n"])
def test_on_without_quotes(program, before):
    text = told_at_start(program, before + "@on(chat)\ndef chat(client):\n    pass\nrun_server()")
    assert text.line == "@on(chat)"
    assert "quotes" in text.prose
    assert "Try: @on('chat')" in text.prose


def test_on_connect_without_quotes(program):
    text = told_at_start(program, "@on(connect)\ndef hello(client):\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 2", "@on(connect)")
    assert "Try: @on('connect')" in text.prose


@pytest.mark.parametrize("wrong", ["@on()", "@on('chat', 'buzz')"])
def test_on_with_nothing_or_too_much_in_its_brackets(program, wrong):
    text = told_at_start(program, wrong + "\ndef chat(client):\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 2", wrong)
    assert "one thing in its brackets: the message's name" in text.prose
    assert "Try: @on('chat')" in text.prose


@pytest.mark.parametrize("wrong", ["@on(3)", "@on('')", "@on(['chat'])"])
def test_on_with_something_that_is_no_name(program, wrong):
    text = told_at_start(program, wrong + "\ndef chat(client):\n    pass\nrun_server()")
    assert text.line == wrong
    assert "name" in text.prose
    assert "Try: @on('hello')" in text.prose


@pytest.mark.parametrize("name", ["error", "eval_js", "_x"])
def test_a_message_with_one_of_wszeros_own_names(program, name):
    text = told_at_start(program, f"@on('{name}')\ndef oh(client):\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 2", f"@on('{name}')")
    assert f'"{name}" belongs to wszero' in text.prose
    assert "another name" in text.prose


def test_two_functions_for_one_message(program):
    text = told_at_start(
        program, HANDLER + "@on('chat')\ndef talk(client):\n    pass\nrun_server()"
    )
    assert (text.where, text.line) == ("quiz.py, line 5", "@on('chat')")
    assert "chat() in quiz.py, line 3" in text.prose
    assert "@on('chat2')" in text.prose


@pytest.mark.parametrize("op", ["connect", "disconnect"])
def test_two_functions_for_an_event(program, op):
    one = f"@on('{op}')\ndef one(client):\n    pass\n"
    text = told_at_start(program, one + one.replace("one", "two") + "run_server()")
    assert "Put both into one function." in text.prose
    assert f"{op}2" not in text.prose


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("chat ", "Try: @on('chat')"),
        (" chat", "Try: @on('chat')"),
    ],
)
def test_a_name_that_no_page_sends(program, wrong, right):
    text = told_at_start(program, f"@on('{wrong}')\ndef hi(client):\n    pass\nrun_server()")
    assert text.line == f"@on('{wrong}')"
    assert right in text.prose


@pytest.mark.parametrize("hides", ["on = True", "for on in range(3):\n    pass"])
def test_on_that_means_something_else(program, hides):
    text = told_at_start(program, f"{hides}\n{HANDLER}run_server()")
    assert text.line == "@on('chat')"
    assert "on hides wszero's own on since line 2." in text.prose
    assert "Choose another name there: my_on" in text.prose


def test_on_above_a_class(program):
    text = told_at_start(program, "@on('chat')\nclass Chat:\n    pass\nrun_server()")
    assert "right above a function" in text.prose
    assert "Try: def hello(client):" in text.prose


# ---- handlers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["chat", "connect", "disconnect"])
def test_a_handler_without_client(program, op):
    text = told_at_start(program, f"@on('{op}')\ndef hello():\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 3", "def hello():")
    assert "no place in its brackets for the client" in text.prose
    assert "Try: def hello(client):" in text.prose


def test_a_connect_handler_that_wants_more_than_the_client(program):
    text = told_at_start(program, "@on('connect')\ndef hi(client, name):\n    pass\nrun_server()")
    assert text.line == "def hi(client, name):"
    assert '"connect" brings the client, and nothing else' in text.prose
    assert "Try: def hi(client):" in text.prose


def test_a_handler_in_a_class(program):
    source = "class Game:\n    @on('chat')\n    def chat(self, client):\n        pass\nrun_server()"
    text = told_at_start(program, source)
    assert text.line == "def chat(self, client):"
    assert "@on works on functions outside a class." in text.prose
    assert "Try: def chat(client):" in text.prose


def test_a_handler_in_a_class_without_client(program):
    source = "class Game:\n    @on('chat')\n    def chat(self):\n        pass\nrun_server()"
    text = told_at_start(program, source)
    assert "outside of the class: def chat(client):" in text.prose


@pytest.mark.parametrize("inside", ["text, client", "text, client=None", "text, *, client"])
def test_a_handler_whose_client_does_not_come_first(program, inside):
    text = told_at_start(program, f"@on('go')\ndef go({inside}):\n    pass\nrun_server()")
    assert text.line == f"def go({inside}):"
    assert "The client comes first in the brackets." in text.prose
    assert "Try: def go(client, text):" in text.prose


@pytest.mark.parametrize("name", sorted(set(OUR_NAMES) - {"App"}))
def test_a_handler_with_the_name_of_one_of_wszeros_functions(program, name):
    text = told_at_start(program, f"@on('chat')\ndef {name}(client):\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 3", f"def {name}(client):")
    assert f"hide wszero's own {name}" in text.prose
    assert f"my_{name}" in text.prose


def test_the_names_that_can_be_hidden_are_all_that_wszero_gives():
    assert sorted(OUR_NAMES) == sorted(wszero.__all__)


def test_a_handler_with_yield(program):
    text = told_at_start(program, "@on('chat')\ndef chat(client):\n    yield 1\nrun_server()")
    assert "would never run" in text.prose
    assert "return" in text.prose


@pytest.mark.parametrize("wrong", ["@every", "@every()", "@every('2')", "@every(None)"])
def test_every_without_seconds(program, wrong):
    text = told_at_start(program, wrong + "\ndef tick():\n    pass\nrun_server()")
    assert (text.where, text.line) == ("quiz.py, line 2", wrong)
    assert "a number of seconds" in text.prose
    assert "Try: @every(2)" in text.prose


def test_every_brings_no_client(program):
    text = told_at_start(program, "@every(2)\ndef tick(client):\n    pass\nrun_server()")
    assert text.line == "def tick(client):"
    assert "Try: def tick():" in text.prose


# ---- run_server --------------------------------------------------------------------------------


def test_no_run_server(program):
    game = program(FIRST_LINE + HANDLER)
    assert game.wait() == 0
    text = the_text_in(game.console)
    assert "quiz.py has ended, but its server never started" in text.prose
    assert "at the very end: run_server()" in text.prose


def test_no_run_server_with_every_only(program):
    game = program(FIRST_LINE + "@every(1)\ndef tick():\n    pass\n")
    game.wait()
    assert "run_server()" in the_text_in(game.console).prose


def test_run_server_without_brackets(program):
    game = program(FIRST_LINE + HANDLER + "run_server")
    game.wait()
    text = the_text_in(game.console)
    assert (text.where, text.line) == ("quiz.py, line 5", "run_server")
    assert "needs brackets" in text.prose
    assert "Try: run_server()" in text.prose


def test_run_server_too_far_to_the_right(program):
    game = program(FIRST_LINE + HANDLER + "    run_server()")
    game.wait()
    text = the_text_in(game.console)
    assert text.where == "quiz.py, line 5"
    assert "ended before it came to this line" in text.prose
    assert "no spaces in front" in text.prose


def test_a_program_without_handlers_needs_no_server(program):
    game = program(FIRST_LINE + "print('Hello')")
    assert game.wait() == 0
    assert game.console == "Hello\n"


def test_after_another_mistake_a_missing_server_is_no_news(program):
    text = told_at_start(program, HANDLER + "oh_dear\nrun_server()")
    assert text.where == "quiz.py, line 5"
    assert "server" not in text.prose


def test_a_setting_that_run_server_does_not_have(program):
    text = told_at_start(program, "run_server(prot=8000)")
    assert (text.where, text.line) == ("quiz.py, line 2", "run_server(prot=8000)")
    assert "no setting called prot" in text.prose
    assert "Did you mean port=?" in text.prose


@pytest.mark.parametrize("port", ["99999", "-1", "'banana'", "80.5", "None", "[8000]"])
def test_a_port_that_is_none(program, port):
    text = told_at_start(program, f"run_server({port})")
    assert (text.where, text.line) == ("quiz.py, line 2", f"run_server({port})")
    assert "no port" in text.prose
    assert "from 0 to 65535: run_server(port=8000)" in text.prose
    assert "WSZERO_PORT" not in text.prose


def test_a_port_in_quotes_is_a_port(program):
    game = program(FIRST_LINE + "run_server(port='0')", env={"WSZERO_PORT": ""})
    assert game.port
    assert game.stop() == 0
    assert texts_in(game.console) == []


def test_two_ports(program):
    text = told_at_start(program, "run_server(8000, 9000)")
    assert "one plain value, the port" in text.prose
    assert "Try: run_server(8000)" in text.prose


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("folder=3", "folder='dist'"),
        ("host=3", "host='127.0.0.1'"),
        ("allow=3", "allow=['http://localhost:5173']"),
        ("allow='http://localhost:5173'", "allow=['http://localhost:5173']"),
        ("max_clients='many'", "max_clients=100"),
        ("max_message=0", "max_message=100"),
    ],
)
def test_a_setting_with_a_wrong_value(program, wrong, right):
    text = told_at_start(program, f"run_server({wrong})")
    assert text.line == f"run_server({wrong})"
    assert wrong.split("=")[0] in text.prose
    assert f"Try: run_server({right})" in text.prose


def test_nonsense_in_wszero_port(program):
    text = told_at_start(program, "run_server()", env={"WSZERO_PORT": "banana"})
    assert "WSZERO_PORT is 'banana', which is no port" in text.prose
    assert "WSZERO_PORT=8000" in text.prose


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("run_sever()", "run_server"),
        ("Run_Server()", "run_server"),
        ("runserver()", "run_server"),
        ("brodcast('chat')", "broadcast"),
        ("@onn('chat')\ndef chat(client): pass", "on"),
        ("pritn('hello')", "print"),
    ],
)
def test_a_misspelt_name(program, wrong, right):
    text = told_at_start(program, wrong)
    assert (text.where, text.line) == ("quiz.py, line 2", wrong.splitlines()[0])
    assert "Python does not know the name" in text.prose
    assert f"Did you mean {right}?" in text.prose


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ("run-server()", "Write an underscore _ between the words: run_server()"),
        ("random.randint(1, 6)", "Try as the first line: import random"),
        ("dice = randint(1, 6)", "Try: random.randint"),
        ("is_on = true", "In Python it is True."),
        ("client.send('chat')", "Only a function with client in its brackets has one."),
        ("broadcast(chat)", "Try: 'chat'"),
        ("broadcast('chat', text=hello)", "it needs quotes: 'hello'"),
        ("print(oh_dear)", "Is it spelt right?"),
    ],
)
def test_a_name_that_python_does_not_know(program, wrong, fix):
    text = told_at_start(program, wrong)
    assert text.line == wrong
    assert fix in text.prose


@pytest.mark.parametrize("first", ["import wszero", "from wszero import broadcast"])
def test_names_that_were_not_imported(program, first):
    game = program(f"{first}\n@on('chat')\ndef chat(client):\n    pass\n")
    assert game.wait() == 1
    text = the_text_in(game.console)
    assert text.line == "@on('chat')"
    assert "Try as the first line: from wszero import *" in text.prose


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ("from wszero import onn", "Did you mean on?"),
        ("from wszero import banana", "Try: from wszero import *"),
        ("import wszero; wszero.brodcast('chat')", "Did you mean wszero.broadcast?"),
        ("from wszero import *; import rnadom", "Did you mean random?"),
    ],
)
def test_a_misspelt_import(program, wrong, fix):
    game = program(wrong)
    assert game.wait() == 1
    text = the_text_in(game.console)
    assert (text.where, text.line) == ("quiz.py, line 1", wrong)
    assert fix in text.prose


def test_a_file_that_hides_one_of_pythons_own(program):
    files = {"statistics.py": "mean = 3"}
    source = "import statistics\nprint(statistics.median([1, 2]))"
    text = told_at_start(program, source, files=files)
    assert "your own statistics.py hides Python's statistics" in text.prose
    assert "my_statistics.py" in text.prose


@pytest.mark.parametrize("name", ["random.py", "string.py"])
def test_a_program_with_the_name_of_one_of_pythons_own_modules(program, name):
    text = told_at_start(program, "import random\n" + HANDLER + "run_server()", name=name)
    assert f"Your file {name} hides Python's own {name[:-3]}" in text.prose
    assert f"another name: my_{name}" in text.prose


def test_a_file_that_hides_what_wszero_needs(program):
    game = program("import random\nfrom wszero import *", files={"random.py": "print('dice')"})
    assert game.wait() == 1
    assert "Your file random.py hides Python's own random" in the_text_in(game.console).prose


def test_a_file_with_the_name_of_a_module_that_nobody_needs_is_left_alone(program):
    game = program("from wszero import *\nprint('Hello')", files={"turtle.py": "", "time.py": ""})
    assert game.wait() == 0
    assert game.console == "Hello\n"


def test_what_may_not_be_hidden_is_needed():
    check = f"import sys, wszero; print([m for m in {NEEDED} if m not in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", check], text=True) == "[]\n"


# ---- other mistakes at the top -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ("broadcast()", "Try: broadcast('chat', text='hello')"),
        ("broadcast(text='hello')", "Try: broadcast('chat', text='hello')"),
        ("broadcast('scores', names={'Amy'})", "Make it a list: names=list(...)"),
        ("broadcast('scores', 3)", "Give it a name: broadcast('scores', text=3)"),
        ("sleep()", "Try: sleep(1)"),
        ("sleep('1')", "Try: sleep(1)"),
        ("clients.send('chat')", "To send to everybody: broadcast('chat', text='hello')"),
        ("clients.append('Amy')", "for client in clients:"),
        ("clients()", "Take the brackets away."),
    ],
)
def test_a_call_that_can_not_work(program, wrong, fix):
    text = told_at_start(program, wrong)
    assert (text.where, text.line) == ("quiz.py, line 2", wrong)
    assert fix in text.prose


def test_a_mistake_in_two_of_the_childs_own_files(program):
    files = {"helper.py": "def half(number):\n    return number / 0\n"}
    text = told_at_start(program, "import helper\nprint(helper.half(3))", files=files)
    assert text.places == ("quiz.py, line 3", "helper.py, line 2")
    assert text.code == ("print(helper.half(3))", "return number / 0")


def test_a_mistake_inside_of_other_peoples_code_keeps_pythons_own_report(program):
    game = program(FIRST_LINE + "import json\njson.loads('{')")
    assert game.wait() == 1
    assert "decoder.py" in game.console


def test_a_file_that_python_can_not_read(program):
    text = told_at_start(program, "import helper", files={"helper.py": "print('hello'\n"})
    assert text.where == "helper.py, line 1"
    assert "bracket" in text.prose


def test_ctrl_c_at_the_top_of_a_program(program):
    game = program(FIRST_LINE + HANDLER + "import time\nprint('ready'); time.sleep(60)")
    game.wait_for("ready")
    game.stop()
    text = the_text_in(game.console)
    assert text.where == "quiz.py, line 6"
    assert "Ctrl-C has stopped the program here" in text.prose
    assert "It had not come to run_server() yet." in text.prose


# ---- what a program's text shows ---------------------------------------------------------------


def told_when_running(program, source, words="To stop"):
    game = program(FIRST_LINE + source)
    game.wait_for(words)
    assert game.stop() == 0
    return texts_in(game.console)


@pytest.mark.parametrize(
    ("source", "line", "fix"),
    [
        ("on('chat')\ndef chat(client):\n    pass", "on('chat')", "Try: @on('chat')"),
        ("every(2)\ndef tick():\n    pass", "every(2)", "Try: @every(2)"),
        ("@on('hi')\ndef hi(client):\n    client.send", "client.send", "client.send('chat', "),
        ("broadcast", "broadcast", "Try: broadcast('chat', text='hello')"),
        ("@on('Connect')\ndef hi(client):\n    pass", "@on('Connect')", "mean @on('connect')?"),
        ("@on('connected')\ndef a(client):\n    pass", "@on('connected')", "@on('connect')?"),
        ("clients = []", "clients = []", "Choose another name: my_clients"),
        ("def sleep(n):\n    pass", "def sleep(n):", "Choose another name: my_sleep"),
        ("from time import sleep", "from time import sleep", "Take this line away"),
    ],
)
def test_a_line_that_does_something_else_than_it_seems(program, source, line, fix):
    (text,) = told_when_running(program, source + "\nrun_server()", fix)
    assert text.line == line


def test_a_handler_below_run_server(program):
    fix = "Move run_server() to the very end."
    (text,) = told_when_running(program, "run_server()\n" + HANDLER, fix)
    assert (text.where, text.line) == ("quiz.py, line 3", "@on('chat')")
    assert "below run_server()" in text.prose


def test_run_server_twice(program):
    game = program(FIRST_LINE + "run_server()\nprint('between')\nrun_server()")
    game.wait_for("Keep the last one.")
    text = texts_in(game.console)[0]
    assert (text.where, text.line) == ("quiz.py, line 2", "run_server()")
    assert "stands here twice" in text.prose
    assert "Keep the last one." in text.prose


def test_a_folder_that_is_not_there(program):
    (text,) = told_when_running(program, "run_server(folder='dits')", "folder='dist'")
    assert "no folder called dits beside the program" in text.prose


def test_a_program_in_order_is_told_nothing(program):
    source = "from time import time\n" + HANDLER + "client = clients\nrun_server()\nprint('Bye')"
    assert told_when_running(program, source) == []
