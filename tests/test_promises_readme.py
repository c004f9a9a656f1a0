"""The promises to users, and nothing else.

What is used here is what was promised from the first day: `@on`, `run_server`, `client.send`,
`client.eval_js`, `broadcast` with and without a group, `client.groups` and its two methods. The
clients are `websockets` alone, and a page that does not load our script. So these tests hold for
any server that keeps the promises.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosed

# Long, since it is only reached when something is broken, and the machine may be very slow.
DEADLINE_S = 30

CHAT = """
from wszero import *

names = {}

@on('connect')
def connect(client):
    client.send('welcome', people=len(names))

@on('name')
def name(client, name):
    names[client] = name
    broadcast('joined', name=name)

@on('chat')
def chat(client, text):
    broadcast('chat', name=names[client], text=text)

@on('whisper')
async def whisper(client, text):
    client.send('whisper', text=text)

@on('join')
def join(client, group):
    client.add_to_group(group)
    client.add_to_group(group)
    client.send('groups', groups=sorted(client.groups))

@on('part')
def part(client, group):
    client.remove_from_group(group)
    client.remove_from_group(group)
    client.send('groups', groups=sorted(client.groups))

@on('shout')
def shout(client, group, text):
    broadcast('shout', group, text=text)

@on('colour')
def colour(client, colour):
    client.eval_js("document.body.style.background = '" + colour + "'")

@on('disconnect')
def disconnect(client):
    broadcast('left', name=names.pop(client, '?'), groups=sorted(client.groups))

run_server()
"""


@pytest.fixture
def address(program):
    """Where the chat is: "localhost:41234"."""
    return urlsplit(program(CHAT).url).netloc


@pytest.fixture
def join(address):
    """Lets somebody come who speaks the protocol and has no other help."""
    with contextlib.ExitStack() as sockets:
        yield lambda: sockets.enter_context(websocket(address))


def websocket(address: str):
    """A plain WebSocket of `websockets`, connected straight away: no proxy comes in between."""
    plain = socket.create_connection(address.split(":"), DEADLINE_S)
    plain.settimeout(None)
    settings = {"sock": plain, "open_timeout": DEADLINE_S}
    # Older versions wait so long, in vain, when something that came was not read.
    return websockets.sync.client.connect(f"ws://{address}/ws", close_timeout=0.2, **settings)


def say(client, op, **params):
    client.send(json.dumps({"op": op, **params}))


def hear(client, op):
    """The next message with this op."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        message = json.loads(client.recv(timeout=deadline - time.monotonic()))
        if message["op"] == op:
            return message


def all_that_came(client, last):
    """All messages up to the one with this op, without it."""
    heard = []
    while True:
        heard.append(json.loads(client.recv(timeout=DEADLINE_S)))
        if heard[-1]["op"] == last:
            return heard[:-1]


# ---- messages ----------------------------------------------------------------------------------


def test_who_connects_gets_what_connect_sends_and_nothing_else(join):
    amy = join()
    say(amy, "whisper", text="end")
    assert all_that_came(amy, "whisper") == [{"op": "welcome", "people": 0}]


def test_a_message_reaches_its_function_with_what_it_carries_by_name(join):
    amy = join()
    say(amy, "whisper", text="Grüße 🎈")
    assert hear(amy, "whisper") == {"op": "whisper", "text": "Grüße 🎈"}


def test_send_reaches_the_client_and_nobody_else(join):
    amy, ben = join(), join()
    say(amy, "whisper", text="secret")
    hear(amy, "whisper")
    say(ben, "whisper", text="end")
    assert [each["op"] for each in all_that_came(ben, "whisper")] == ["welcome"]
    say(ben, "name", name="Ben")
    assert hear(ben, "joined")


def test_broadcast_without_a_group_reaches_everybody(join):
    everybody = [join() for _ in range(5)]
    say(everybody[0], "name", name="Amy")
    say(everybody[0], "chat", text="hello")
    for somebody in everybody:
        assert hear(somebody, "chat") == {"op": "chat", "name": "Amy", "text": "hello"}


def test_messages_are_handled_in_the_order_in_which_they_were_sent(join):
    amy = join()
    for number in range(200):
        say(amy, "whisper", text=number)
    assert [hear(amy, "whisper")["text"] for _ in range(200)] == list(range(200))


def test_values_of_every_kind_arrive_as_they_are(join):
    amy = join()
    values = ["", "a\nb", 0, -1.5, 10**15, True, False, None, [], [1, [2, "3"]], {"a": {"b": [1]}}]
    say(amy, "whisper", text=values)
    assert hear(amy, "whisper")["text"] == values


# ---- groups ------------------------------------------------------------------------------------


def test_broadcast_with_a_group_reaches_those_in_it_and_nobody_else(join):
    amy, ben, cem = join(), join(), join()
    for member in amy, ben:
        say(member, "join", group="red")
        hear(member, "groups")
    say(cem, "shout", group="red", text="go")
    assert hear(amy, "shout") == hear(ben, "shout") == {"op": "shout", "text": "go"}
    say(cem, "whisper", text="end")
    assert "shout" not in [each["op"] for each in all_that_came(cem, "whisper")]


def test_joining_and_parting_twice_does_no_harm(join):
    amy = join()
    say(amy, "join", group="red")
    say(amy, "join", group="red")
    assert [hear(amy, "groups")["groups"] for _ in range(2)] == [["red"], ["red"]]
    say(amy, "shout", group="red", text="once")
    say(amy, "part", group="red")
    say(amy, "part", group="red")
    came = all_that_came(amy, "groups")
    assert [each for each in came if each["op"] == "shout"] == [{"op": "shout", "text": "once"}]
    assert hear(amy, "groups")["groups"] == []


def test_who_has_parted_gets_nothing_more(join):
    amy = join()
    for op in "join", "part":
        say(amy, op, group="red")
        hear(amy, "groups")
    say(amy, "shout", group="red", text="go")
    say(amy, "whisper", text="end")
    assert all_that_came(amy, "whisper") == []


def test_a_client_may_be_in_several_groups(join):
    amy = join()
    say(amy, "join", group="red")
    say(amy, "join", group="blue")
    hear(amy, "groups")
    assert hear(amy, "groups")["groups"] == ["blue", "red"]
    for group in "red", "blue":
        say(amy, "shout", group=group, text=group)
        assert hear(amy, "shout")["text"] == group


def test_a_broadcast_to_a_group_that_nobody_is_in_reaches_nobody(join):
    amy = join()
    say(amy, "shout", group="nobody", text="go")
    say(amy, "whisper", text="end")
    assert [each["op"] for each in all_that_came(amy, "whisper")] == ["welcome"]


# ---- coming and going --------------------------------------------------------------------------


def test_who_says_goodbye_is_told_to_disconnect_with_the_groups_that_were_theirs(join):
    amy, ben = join(), join()
    say(amy, "name", name="Amy")
    say(amy, "join", group="red")
    hear(amy, "groups")
    amy.close()
    assert hear(ben, "left") == {"op": "left", "name": "Amy", "groups": ["red"]}


def test_who_vanishes_is_told_to_disconnect(join):
    amy, ben = join(), join()
    say(amy, "name", name="Amy")
    hear(ben, "joined")
    amy.socket.shutdown(2)
    assert hear(ben, "left")["name"] == "Amy"


def test_who_comes_back_is_somebody_new(join):
    amy = join()
    say(amy, "join", group="red")
    hear(amy, "groups")
    amy.close()
    again = join()
    say(again, "part", group="blue")
    assert hear(again, "groups")["groups"] == []


def test_nothing_that_a_client_says_closes_its_connection_or_troubles_others(join):
    amy, ben = join(), join()
    for text in "hello", "[1, 2]", "{}", '{"op": 7}', '{"op": "nobody"}', '{"op": "chat"}', "":
        amy.send(text)
    say(amy, "whisper", text="end")
    assert hear(amy, "whisper")["text"] == "end"
    say(ben, "whisper", text="end")
    assert [each["op"] for each in all_that_came(ben, "whisper")] == ["welcome"]


def test_four_clients_that_add_to_one_global_variable_lose_nothing(program):
    game = program("""
from wszero import *

total = 0

@on('add')
def add(client):
    global total
    before = total
    for _ in range(20):
        pass
    total = before + 1

@on('total')
def get_total(client):
    client.send('total', total=total)

run_server()
""")
    address = urlsplit(game.url).netloc

    def add_a_thousand():
        with websocket(address) as amy:
            for _ in range(1000):
                say(amy, "add")
            say(amy, "total")
            totals.append(hear(amy, "total")["total"])

    totals: list[int] = []
    threads = [threading.Thread(target=add_a_thousand) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(totals) == 4000


# ---- the server --------------------------------------------------------------------------------


def test_run_server_uses_the_port_that_it_is_given(program):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    game = program(f"from wszero import *; run_server({port})", env={"WSZERO_PORT": ""})
    assert game.url == f"http://localhost:{port}"
    assert _get(f"localhost:{port}", "/")


def test_run_server_does_not_return_until_the_server_exits_and_then_does(program):
    game = program("from wszero import *; run_server(); print('it has returned')")
    assert _get(urlsplit(game.url).netloc, "/")
    assert "it has returned" not in game.console
    assert game.stop() == 0
    assert "it has returned" in game.console


def test_clients_are_told_when_the_server_exits(program):
    game = program("from wszero import *; run_server()")
    with websocket(urlsplit(game.url).netloc) as amy:
        game.interrupt()
        with pytest.raises(ConnectionClosed):
            amy.recv(timeout=DEADLINE_S)


def test_a_page_beside_the_program_is_shown(program):
    game = program(
        "from wszero import *; run_server()", files={"quiz.html": "<h1>My own quiz</h1>"}
    )
    assert b"My own quiz" in _get(urlsplit(game.url).netloc, "/")


def _get(address: str, path: str) -> bytes:
    with contextlib.closing(http.client.HTTPConnection(address, timeout=DEADLINE_S)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read()


# ---- a page that opens its own WebSocket -------------------------------------------------------

PAGE = """<!DOCTYPE html>
<title>My own page</title>
<input id="text"><button onclick="socket.send(JSON.stringify({op: 'chat', text: text.value}))">
Send</button>
<ul id="lines"></ul>
<script>
  const text = document.getElementById('text');
  const frames = [];
  const socket = new WebSocket('ws://' + location.host + '/ws');
  socket.onopen = () => socket.send(JSON.stringify({op: 'name', name: document.title}));
  socket.onmessage = (event) => {
    frames.push(event.data);
    const message = JSON.parse(event.data);
    if (message.op === 'chat') {
      const line = document.createElement('li');
      line.textContent = message.name + ': ' + message.text;
      document.getElementById('lines').append(line);
    }
    if (message.op === 'eval_js') {
      eval(message.script);
    }
  };
</script>
"""


@pytest.fixture
def page(program, browser_page):
    game = program(CHAT, files={"quiz.html": PAGE})
    return browser_page(game.url)


def test_a_page_of_ones_own_sends_and_gets_messages(page, browser_page):
    ben = browser_page(page.evaluate("location.href"))
    ben.wait_until("frames.length >= 2")
    page.fill("#text", "hello <b>world</b>")
    page.click("button")
    for each in page, ben:
        each.wait_for_text("My own page: hello <b>world</b>", "#lines li")


def test_a_page_of_ones_own_gets_messages_alone_and_no_script_of_ours(page):
    page.wait_until("frames.length >= 2")
    assert page.evaluate("frames.map(JSON.parse)") == [
        {"op": "welcome", "people": 0},
        {"op": "joined", "name": "My own page"},
    ]
    assert page.evaluate("[...document.scripts].map(script => script.src).join()") == ""
    assert page.evaluate("typeof window.wszero") == "undefined"


def test_a_page_of_ones_own_can_run_what_eval_js_sends(page):
    page.wait_until("frames.length >= 2")
    page.evaluate("socket.send(JSON.stringify({op: 'colour', colour: 'rgb(1, 2, 3)'}))")
    page.wait_until("getComputedStyle(document.body).backgroundColor === 'rgb(1, 2, 3)'")


def test_a_page_that_is_closed_has_left(page, browser_page):
    ben = browser_page(page.evaluate("location.href"))
    ben.wait_until("frames.length >= 2")
    page.close()
    ben.wait_until("frames.some(frame => JSON.parse(frame).op === 'left')")
