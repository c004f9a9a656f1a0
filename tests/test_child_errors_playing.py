"""Mistakes that come up while a program runs: clients play, and its console is read."""

from __future__ import annotations

import contextlib
import json

import pytest

from tests.programs import RunningProgram
from tests.told import told_for, told_for_each, told_while_playing
from tests.words import texts_in

# ---- messages and functions that don't fit -----------------------------------------------------


@pytest.mark.parametrize(
    ("op", "fix"),
    [
        ("chta", 'Did you mean "chat"?'),
        ("CHAT", 'Did you mean "chat"?'),
        ("banana", "Try: @on('banana')"),
        ("a banana", "Write the same name on both sides."),
    ],
)
def test_a_message_that_nobody_handles(program, connect, op, fix):
    source = "@on('chat')\ndef chat(client):\n    pass\n"
    (text,) = told_while_playing(program, connect, source, (op, {}))
    assert text.prose == f'A page sent "{op}", but no function handles it.\n{fix}'


def test_a_message_that_nobody_handles_is_also_told_to_its_sender(program, connect):
    amy = connect(program("from wszero import *\n@on('chat')\ndef f(c): pass\nrun_server()").url)
    amy.send("chta")
    error = amy.hear("error")
    assert (error["code"], error["about"]) == ("no_handler", "chta")
    assert 'Did you mean "chat"?' in error["msg"]


@pytest.mark.parametrize(
    ("brackets", "params", "what", "fix"),
    [
        ("client, text", {}, "with nothing, but chat() wants text", "Send text too"),
        ("client, text", {"text": 1, "size": 2}, "with text and size", "(client, text, size):"),
        ("client", {"text": 1}, "with text, but chat() wants nothing", "def chat(client, text):"),
        ("client, text", {"txet": 1}, "with txet, but chat() wants text", "Is it text or txet?"),
        ("client, text", {"message": 1}, "with message, but", "def chat(client, message):"),
        ("client, x, y", {"x": 1, "z": 2}, "x and z, but chat() wants x and y", "(client, x, z):"),
        ("client, text", {"client": 1, "text": 2}, "client and text", 'give "client" another name'),
        ("text", {"text": 1}, 'sent "chat" with text.', "def chat(client, text):"),
        (
            "client",
            {"from": 1},
            "from",
            "In Python, from is called from_: def chat(client, from_):",
        ),
        ("client", {"my-text": 1}, "with my-text", '"my-text" can\'t be a name in Python'),
        (
            "client",
            dict.fromkeys("abcdefgh", 1),
            "a, b, c and 5 more",
            "def chat(client, a, b, c):",
        ),
    ],
)
def test_a_message_whose_parameters_do_not_fit(program, connect, brackets, params, what, fix):
    source = f"@on('chat')\ndef chat({brackets}):\n    pass\n"
    (text,) = told_while_playing(program, connect, source, ("chat", params))
    assert (text.where, text.line) == ("quiz.py, line 3", f"def chat({brackets}):")
    assert what in text.prose
    assert fix in text.prose


def test_parameters_that_do_not_fit_are_also_told_to_their_sender(program, connect):
    source = "from wszero import *\n@on('chat')\ndef chat(client, text): pass\nrun_server()"
    amy = connect(program(source).url)
    amy.send("chat", txet="hello")
    error = amy.hear("error")
    assert (error["code"], error["about"]) == ("parameters", "chat")
    assert "with txet, but chat() wants text" in error["msg"]


def test_a_wrong_call_inside_of_a_handler_is_not_the_pages_fault(program, connect):
    text = told_for(program, connect, "go()")
    assert (text.where, text.line) == ("quiz.py, line 4", "go()")
    assert "go() needs client in its brackets" in text.prose


# ---- sending -----------------------------------------------------------------------------------

CAN_NOT_BE_SENT = {
    "client.send('x', a={1})": "a is a set: that can't be sent.\nMake it a list: a=list(...)",
    "broadcast('x', a=[1, float('nan')])": "a[1] is nan: pages can't read that number.",
    "broadcast('x', who=client)": "that can't be sent.\nSend the name: who=client.name",
    "broadcast('x', who=clients)": "Send the names: [client.name for client in clients]",
    "broadcast('x', f=broadcast)": "f is a function: that can't be sent.\nDid you forget the",
    "broadcast('x', a={'b': [1, {2}]})": "a['b'][1] is a set",
    "broadcast('x', a={(1, 2): 3})": "a has the key (1, 2).\nKeys must be texts or numbers.",
    "client.send('x', p=b'hi')": "p is bytes: that can't be sent.\nMake it a text: p=(...).",
    "client.send('x', p=object())": "p is an object: that can't be sent.\nSend what is in it",
    "client.send('x', op=3)": "another name",
    "client.send_others('x', a={1})": "a is a set",
    "names = {1}; client.send_others('x', who=names)": "Make it a list: who=list(names)",
    "names = {1}; broadcast('x', who=names, n=1)": "Make it a list: who=list(names)",
    "raw = b'hi'; broadcast('x', p=raw)": "Make it a text: p=raw.decode()",
    "import datetime; now = datetime.date.today(); broadcast('x', d=now)": "d=str(now)",
}


def test_values_that_can_not_be_sent_are_named_with_their_path(program, connect):
    texts = told_for_each(program, connect, list(CAN_NOT_BE_SENT))
    for body, words in CAN_NOT_BE_SENT.items():
        assert words in texts[body].prose


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("{1}", "value is a set: that can't be sent.\nMake it a list: return list(...)"),
        ("{'a': [1, client]}", "value['a'][1] is a Client: that can't be sent."),
        ("float('inf')", "value is inf: pages can't read that number."),
    ],
)
def test_an_answer_that_can_not_be_sent(program, connect, value, what):
    text = told_for(program, connect, f"if True:\n    return {value}", {"_ask": 1})
    assert (text.where, text.line) == ("quiz.py, line 5", f"return {value}")
    assert f"go() returned a value, but {what}" in text.prose


def test_an_answer_that_can_not_be_sent_is_told_with_its_variable(program, connect):
    text = told_for(program, connect, "names = {1}\nreturn names", {"_ask": 1})
    assert "Make it a list: return list(names)" in text.prose


WITHOUT_A_NAME = {
    "client.send('chat', 'hello')": "Give it a name: client.send('chat', text='hello')",
    "client.send('chat', 7)": "Give it a name: client.send('chat', text=7)",
    "word = 'hi'; client.send('chat', word)": "Give it a name: client.send('chat', word=word)",
    "client.send('chat', {'x': 1})": "Give it a name: client.send('chat', x=1)",
    "broadcast('chat', 7)": "Give it a name: broadcast('chat', text=7)",
    "broadcast('chat', 'red', 'hi')": "Give it a name: broadcast('chat', 'red', text='hi')",
    "broadcast('chat', 'hello')": "what you want to send: broadcast('chat', text='hello')",
    "client.send_others('chat', 'hi')": "send: client.send_others('chat', text='hi')",
    "client.send(chat, text='hi')": "The message's name needs quotes.\nTry: 'chat'",
    "broadcast('chat', text=hi)": "If it is a text, it needs quotes: 'hi'",
    "client.send()": "Try: client.send('chat', text='hello')",
    "client.send(text='hi')": "Try: client.send('chat', text='hello')",
    "client.send('error', text='hi')": 'The name "error" belongs to wszero.',
    "broadcast('chat', ['red', 'blue'], text='hi')": "A group is one name, not several.",
}


def test_what_is_missing_in_a_call_that_sends(program, connect):
    texts = told_for_each(program, connect, list(WITHOUT_A_NAME))
    for body, words in WITHOUT_A_NAME.items():
        assert words in texts[body].prose


AS_IN_A_PAGE = {
    "client.send('chat', f'{client.name} says hi')": "text=f'{client.name} says hi')",
    "client.send('chat', {'x': client.name})": "Give it a name: client.send('chat', x=client.name)",
    "client.send({'op': 'chat', 'text': 'hello'})": "Try: client.send('chat', text='hello')",
    "fields = {'op': 'x'}; client.send(fields)": "Try: client.send('chat', text='hello')",
    "broadcast('chat', 1, text='hi')": "The name of a group is a text, not 1.",
    "send('chat', text='hi')": "In Python a client sends.\nTry: client.send('chat', text='hi')",
    "send('chat', {'a': 1})": " or broadcast('chat', text='hi')",
    "send_others('x')": "In Python a client sends.\nTry: client.send_others('chat', text='hi')",
    "kick(client)": "In Python a client does this.\nTry: client.kick('Be kind!')",
    "client.add_to_group(red)": "The group's name needs quotes.\nTry: 'red'",
}


def test_calls_that_send_as_a_page_does(program, connect):
    texts = told_for_each(program, connect, list(AS_IN_A_PAGE))
    for body, words in AS_IN_A_PAGE.items():
        assert words in texts[body].prose


# ---- clients -----------------------------------------------------------------------------------

CLIENTS = {
    "client.send = 3": "To send a message: client.send('chat', text='hello')",
    "client.groups = 'red'": "To join a group: client.add_to_group('red')",
    "client.add_to_group = 'red'": "Use brackets: client.add_to_group('red')",
    "client.id = 3": "To name a client: client.name = 'Amy'",
    "client.name = 3": "client.name must be a text, not 3.",
    "client._link = 3": "Choose another name.",
    "client.groups.add('x')": "client.groups can only be read.\nTry: client.add_to_group('x')",
    "client.groups.remove('x')": "Try: client.remove_from_group('x')",
    "client.groups.append('x')": "To join a group: client.add_to_group('red')",
    "print(client.naem)": "This client has no naem.\nDid you mean client.name?",
    "client.score += 1": "This client has no score.\nFirst write: client.score = 0",
    "client.brodcast('x')": "To send to everybody, without client: broadcast('chat', text='hello')",
    "client.add_to_group(3)": "The name of a group is a text, not 3.",
    "client.add_to_group()": "Try: client.add_to_group('red')",
    "client.eval_js(3)": "Try: client.eval_js('alert(1)')",
    "client.name()": "a text can't be called with brackets ( ).\nTake the brackets away.",
}


def test_clients_used_in_ways_that_can_not_work(program, connect):
    texts = told_for_each(program, connect, list(CLIENTS))
    for body, words in CLIENTS.items():
        assert words in texts[body].prose


# ---- Python's own mistakes ---------------------------------------------------------------------

PYTHONS = {
    "1 / 0": "ZeroDivisionError: division by zero.",
    "{'Amy': 1}['Bob']": "KeyError: 'Bob' is not in the dictionary.",
    "[1, 2][5]": "IndexError: there are fewer than that.\nThe first place is 0",
    "'score: ' + 1": "TypeError: a text and a number can't be added.",
    "1 + '1'": "TypeError: a text and a number can't be added.",
    "1 < '1'": "a text and a number don't go together with <.",
    "None + 1": "None can't be used with +.\nSomething here is None: it has no value yet.",
    "int('seven')": "ValueError: int() can't make a number of 'seven'.",
    "'hi'.uper()": "AttributeError: a text has no uper.\nDid you mean upper?",
    "f = print\nf[0]": "TypeError: a function can't have square brackets [ ] behind it.",
    "for n in 3: pass": "TypeError: a number has nothing in it to go through.",
    "a, b = 1, 2, 3": "ValueError: more values than names: left of = there are only 2.",
    "open('scores.txt')": "FileNotFoundError: there is no file called scores.txt.",
    "import banana": "ModuleNotFoundError: Python has no module called banana.",
    "assert 1 == 2": "AssertionError: what follows assert is not true.",
    "oh = Exception\nraise oh('dear')": "Mistake: dear",
    "raise ValueError": "ValueError",
}


def test_pythons_own_mistakes(program, connect):
    texts = told_for_each(program, connect, list(PYTHONS))
    for body, words in PYTHONS.items():
        assert words in texts[body].prose


CALLS = {
    "len()": "len() takes 1 value in its brackets, but got none.",
    "add(1, 2, 3)": "add() takes 2 values in its brackets, but got 3.",
    "add(1)": "add() needs b in its brackets.",
    "nothing(1)": "nothing() takes nothing in its brackets, but got 1.",
    "add(1, 2, c=3)": "add() has nothing called c in its brackets.",
    "add(1, a=2, b=3)": "add() got a twice.",
    "Dog()": "Dog() needs name in its brackets.",
    "Dog('Rex', 3)": "Dog() takes 1 value in its brackets, but got 2.",
    "Dog('Rex').bark(3)": "bark() takes nothing in its brackets, but got 1.",
    "rex = Dog('Rex')\nrex.bark(3)": "rex.bark() takes nothing in its brackets, but got 1.",
    "[].append()": "append() takes 1 value in its brackets, but got none.",
    "client.kick('a', 'b')": "client.kick() takes one text, the reason.",
    "import random; random.randint(1)": "random.randint() needs b in its brackets.",
}

TO_BE_CALLED = """
def add(a, b):
    return a + b

def nothing():
    pass

class Dog:
    def __init__(self, name):
        self.name = name

    def bark(self):
        pass

"""


def test_calls_with_the_wrong_number_of_values(program, connect):
    texts = told_for_each(program, connect, list(CALLS), before=TO_BE_CALLED)
    for body, words in CALLS.items():
        assert words in texts[body].prose


def test_a_global_variable_that_a_function_changes(program, connect):
    source = "score = 0\n@on('go')\ndef go(client):\n    score = score + 1\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert (text.where, text.line) == ("quiz.py, line 5", "score = score + 1")
    assert "Try as the function's first line: global score" in text.prose


def test_a_variable_without_a_value(program, connect):
    text = told_for(program, connect, "if client is None:\n    score = 1\nprint(score)")
    assert text.line == "print(score)"
    assert "score has no value yet" in text.prose
    assert "score = 0" in text.prose


def test_a_function_that_calls_itself_for_ever(program, connect):
    source = "def f():\n    f()\n@on('go')\ndef go(client):\n    f()\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert text.places == ("quiz.py, line 6", "quiz.py, line 3")
    assert "calls itself for ever" in text.prose


def test_only_the_childs_own_lines_are_shown(program, connect):
    files = {"helper.py": "import json\n\ndef load(text):\n    return json.loads(text)\n"}
    source = "import helper\n@on('go')\ndef go(client):\n    helper.load('{')\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}), files=files)
    assert text.places == ("quiz.py, line 5", "helper.py, line 4")
    assert text.code == ("helper.load('{')", "return json.loads(text)")


def test_a_long_way_to_a_mistake_is_shortened(program, connect):
    steps = "".join(f"def f{n}(): f{n + 1}()\n" for n in range(9))
    source = f"{steps}def f9(): 1 / 0\n@on('go')\ndef go(client):\n    f0()\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert text.code == ("f0()", "def f8(): f9()", "def f9(): 1 / 0")


@pytest.mark.parametrize("is_absolute", [True, False])
def test_the_line_that_runs_is_shown_and_not_what_was_typed_since(connect, tmp_path, is_absolute):
    file = tmp_path / "quiz.py"
    source = "from wszero import *\n@on('go')\ndef go(client):\n    1 / 0\nrun_server()"
    file.write_text(source)
    game = RunningProgram([str(file) if is_absolute else "quiz.py"], folder=tmp_path)
    with contextlib.ExitStack() as at_end:
        at_end.callback(game.kill)
        amy = connect(game.url)
        file.write_text(source.replace("1 / 0", "1 / 1"))
        amy.send("go")
        game.wait_for("quiz.py was changed meanwhile: run it again.")
        assert "    1 / 0\n" in game.console


# ---- told once ---------------------------------------------------------------------------------


def test_a_mistake_is_told_once_to_a_class_of_thirty_and_counted(program, connect):
    source = "from wszero import *\n@on('go')\ndef go(client):\n    print(scores[client.name])\n"
    game = program(source + "scores = {}\nrun_server()")
    children = [connect(game.url) for _ in range(30)]
    for child in children:
        child.send("go")
    game.wait_for("quiz.py, line 4: 30 times now")
    assert game.console.count("KeyError") == 1
    assert game.console.count("print(scores[client.name])") == 1


def test_the_last_count_is_told_at_the_end(program, connect):
    game = program("from wszero import *\n@on('go')\ndef go(client): 1 / 0\n" + "run_server()")
    amy = connect(game.url)
    for number in range(3):
        amy.send("go", _ask=number)
        amy.hear("_answer")
    assert game.stop() == 0
    assert "quiz.py, line 3: 3 times in all" in game.console
    assert game.console.count("ZeroDivisionError") == 1


def test_another_mistake_is_told_although_there_was_one_before(program, connect):
    source = "@on('go')\ndef go(client, n):\n    print([1][n] / n)\n"
    messages = [("go", {"n": n}) for n in (0, 1, 0, 1)]
    texts = told_while_playing(program, connect, source, *messages)
    assert {text.where for text in texts} == {"quiz.py, line 4"}
    assert sorted(text.prose.split(":")[0] for text in texts) == ["IndexError", "ZeroDivisionError"]


# ---- where mistakes can be made ----------------------------------------------------------------


@pytest.mark.parametrize("op", ["connect", "disconnect"])
def test_a_mistake_when_somebody_comes_or_goes(program, connect, op):
    game = program(f"from wszero import *\n@on('{op}')\ndef f(client):\n    1 / 0\nrun_server()")
    connect(game.url).close()
    game.wait_for("quiz.py, line 4:\n    1 / 0\n  ZeroDivisionError")
    assert game.stop() == 0


def test_a_mistake_in_every(program):
    game = program("from wszero import *\n@every(0.01)\ndef tick():\n    1 / 0\nrun_server()")
    game.wait_for("quiz.py, line 4: 5 times now")
    assert game.console.count("ZeroDivisionError") == 1
    assert game.stop() == 0


@pytest.mark.parametrize(
    "body",
    [
        "1 / 0",
        "await sleep(0); 1 / 0",
        "import asyncio; asyncio.create_task(bad())",
        "import asyncio; tasks.append(asyncio.create_task(bad()))",
        "import asyncio; await asyncio.wait_for(bad(), 60)",
        "import threading; threading.Thread(target=worse).start()",
    ],
)
def test_a_mistake_in_an_async_function_a_task_or_a_thread(program, connect, body):
    source = f"""from wszero import *
tasks = []
async def bad(): 1 / 0
def worse(): 1 / 0
@on('go')
async def go(client):
    {body}
run_server()"""
    game = program(source)
    connect(game.url).send("go")
    game.wait_for("1 / 0\n  ZeroDivisionError: division by zero.")
    assert game.stop() == 0


# ---- await and sleep ---------------------------------------------------------------------------


def test_a_forgotten_await_in_front_of_sleep(program, connect):
    source = "@on('go')\nasync def go(client):\n    sleep(1)\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert (text.where, text.line) == ("quiz.py, line 4", "sleep(1)")
    assert "needs await in front of it" in text.prose
    assert "Try: await sleep(1)" in text.prose


def test_a_text_given_to_sleep_in_an_async_function(program, connect):
    source = "@on('go')\nasync def go(client):\n    await sleep('1')\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert "Try: await sleep(1)" in text.prose


def test_sleep_in_a_plain_function_that_an_async_function_calls(program, connect):
    source = "def nap():\n    sleep(1)\n@on('go')\nasync def go(client):\n    nap()\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert (text.where, text.line) == ("quiz.py, line 3", "sleep(1)")
    assert "sleep() can't wait here" in text.prose
    assert "async def nap" in text.prose


@pytest.mark.parametrize("call", ["asyncio.sleep(1)", "helper()"])
def test_a_forgotten_await_in_front_of_another_function(program, connect, call):
    source = (
        f"import asyncio\nasync def helper(): pass\n@on('go')\nasync def go(client):\n    {call}\n"
    )
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert text.line == call
    assert "needs await in front of it, or it never runs" in text.prose
    assert f"Try: await {call}" in text.prose


def test_a_plain_function_that_calls_an_async_one(program, connect):
    source = "async def helper(): pass\n@on('go')\ndef go(client):\n    helper()\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert text.line == "helper()"
    assert "Make it async def go, and write: await helper()" in text.prose


def test_await_where_there_is_nothing_to_wait_for(program, connect):
    source = "def helper(): pass\n@on('go')\nasync def go(client):\n    await helper()\n"
    (text,) = told_while_playing(program, connect, source, ("go", {}))
    assert "Take await away." in text.prose


# ---- no messages at all ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ("hello", "not_json", "This is not JSON."),
        ("[1]", "not_object", "A message is an object."),
        ("{}", "no_op", 'The message has no name "op".'),
        (json.dumps({"op": "_x"}), "reserved_op", 'Only wszero itself sends "_x".'),
        (b"hello", "binary", "Messages are text, not binary."),
    ],
)
def test_a_frame_that_is_no_message(program, connect, frame, code, words):
    game = program("from wszero import *\nrun_server()")
    amy = connect(game.url)
    amy.send_text(frame)
    assert amy.hear("error")["code"] == code
    game.wait_for(words)
    assert game.stop() == 0
    assert len(texts_in(game.console)) == 1
