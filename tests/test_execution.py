"""What is promised about running a child's program, tried on real programs from outside.

The bounds are generous, for slow machines; the real figures are printed (`pytest -rP`).
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import signal
import socket
import threading
import time

import pytest

from tests.games import until

CLASS = 30
SOON_S = 5
"""The promises are half a second for a page and two seconds for the end."""

PROGRAM = """
import asyncio
import sys
import threading
import time
from wszero import *

@on('hello')
def hello(client):
    return 'hi'

{handlers}

run_server()
print('the program goes on')
"""


@pytest.fixture
def start(program):
    """Starts a program with these handlers."""
    return lambda handlers, **more: program(PROGRAM.replace("{handlers}", handlers), **more)


class Timed:
    """Measures, prints, and fails when it takes too long."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.began = time.monotonic()

    def __exit__(self, kind: object, *more: object) -> None:
        took = time.monotonic() - self.began
        print(f"{self.what}: {took:.3f} s")
        assert kind is not None or took <= SOON_S, f"{self.what} took {took:.1f} s"


# ---- a program that a child cannot freeze ------------------------------------------------------

BLOCKS = {
    "a sleep of Python's own": """
@on('block')
def block(client):
    print('blocked')
    time.sleep(60)
""",
    "a loop for ever": """
@on('block')
def block(client):
    print('blocked')
    while True:
        pass
""",
    "a loop that catches everything": """
@on('block')
def block(client):
    print('blocked')
    while True:
        try:
            while True:
                pass
        except:
            pass
""",
    "input": """
@on('block')
def block(client):
    print('blocked')
    input()
""",
    "a sleep of Python's own in an async def": """
@on('block')
async def block(client):
    print('blocked')
    time.sleep(60)
""",
    "a loop for ever in an async def": """
@on('block')
async def block(client):
    print('blocked')
    while True:
        pass
""",
    "a loop for ever in a task": """
@on('block')
async def block(client):
    asyncio.get_running_loop().create_task(forever())

async def forever():
    print('blocked')
    while True:
        pass
""",
    "a loop for ever in connect": """
@on('connect')
def connect(client):
    print('blocked')
    while True:
        pass
""",
    "input in an async connect": """
@on('connect')
async def connect(client):
    print('blocked')
    input()
""",
    "a loop for ever in disconnect": """
@on('block')
def block(client):
    client.kick()

@on('disconnect')
def disconnect(client):
    print('blocked')
    while True:
        pass
""",
    "a sleep of Python's own in every": """
@every(0.1)
def block():
    print('blocked')
    time.sleep(60)
""",
    "a loop for ever in an async every": """
@every(0.1)
async def block():
    print('blocked')
    while True:
        pass
""",
}


@pytest.mark.parametrize("handlers", BLOCKS.values(), ids=BLOCKS)
def test_whatever_a_handler_does_pages_load_nobody_is_lost_and_ctrl_c_ends_it(
    start, connect, handlers
):
    game = start(handlers)
    clients = [connect(game.url) for _ in range(CLASS)]
    culprit = connect(game.url)
    culprit.send("block")
    game.wait_for("blocked")

    with Timed("a page"):
        assert _status(game.port, "/") == 200
    with Timed("a file"):
        assert _status(game.port, "/wszero.js") == 200
    with Timed(f"{CLASS} pings"):
        for pong in [client.socket.ping() for client in clients]:
            assert pong.wait(SOON_S)
    with Timed("somebody new"):
        assert connect(game.url).socket.ping().wait(SOON_S)
    with Timed("Ctrl-C"):
        game.interrupt()
        assert game.wait() == 0
    assert [client.wait_closed() for client in clients] == [1001] * CLASS
    assert "the program goes on" in game.console
    assert "Traceback" not in game.console


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.mark.parametrize("name", ["a loop for ever", "input", "a sleep of Python's own in every"])
def test_a_signal_to_end_is_obeyed_whatever_a_handler_does(start, connect, name):
    game = start(BLOCKS[name])
    amy = connect(game.url)
    amy.send("block")
    game.wait_for("blocked")
    with Timed("SIGTERM"):
        game.process.send_signal(signal.SIGTERM)
        assert game.wait() == 0
    assert amy.wait_closed() == 1001


def test_stop_in_the_editor_is_obeyed_whatever_a_handler_does(start, connect):
    with socket.create_server(("127.0.0.1", 0)) as panel:
        port = panel.getsockname()[1]
        game = start(BLOCKS["a loop for ever"], env={"WSZERO_MONITOR": f"127.0.0.1:{port}:secret"})
        panel.settimeout(30)
        link, _ = panel.accept()
        with link, link.makefile("r") as events:
            assert json.loads(events.readline())["token"] == "secret"
            connect(game.url).send("block")
            game.wait_for("blocked")
            # The panel is alive, too: it is told which line is busy.
            busy = next(each for each in map(json.loads, events) if each["event"] == "busy")
            assert busy["op"] == "block"
            assert busy["code"] in ("while True:", "pass")
            with Timed("Stop"):
                link.sendall(b'{"command": "stop"}\n')
                assert game.wait() == 0
            assert "stopping" in [json.loads(line)["event"] for line in events]


def test_work_in_a_thread_does_not_hold_up_the_end(start, connect):
    game = start("""
@on('block')
async def block(client):
    print('blocked')
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
""")
    connect(game.url).send("block")
    game.wait_for("blocked")
    with Timed("Ctrl-C"):
        assert game.stop() == 0


def test_a_handler_that_sends_for_ever_holds_up_neither_pages_nor_the_end(start, connect):
    game = start("""
@on('flood')
def flood(client):
    print('blocked')
    while True:
        broadcast('flood', text='x' * 1000)
""")
    amy = connect(game.url)
    amy.send("flood")
    game.wait_for("blocked")
    for _ in range(200):
        amy.hear("flood")
    with Timed("a page"):
        assert _status(game.port, "/") == 200
    with Timed("Ctrl-C"):
        assert game.stop() == 0
    assert "the program goes on" in game.console


def test_a_busy_line_is_told_once_for_as_long_as_it_is_busy(start, connect):
    game = start("""
@on('block')
def block(client, seconds):
    time.sleep(seconds)
    client.send('done')
""")
    clients = [connect(game.url) for _ in range(5)]
    clients[0].send("block", seconds=3.5)
    for client in clients[1:]:
        client.send("block", seconds=0)
    clients[0].hear("done")
    told = game.wait_for("is busy")
    assert told.count("is busy") == 1
    assert "time.sleep(seconds)" in told
    assert "line 15" in told


def test_what_waits_politely_is_never_called_busy(start, connect):
    game = start("""
@on('nap')
def nap(client):
    sleep(3)
    client.send('done')

@on('nap async')
async def nap_async(client):
    await sleep(3)
    await asyncio.sleep(0.1)
    client.send('done')
""")
    amy = connect(game.url)
    amy.send("nap")
    amy.send("nap async")
    amy.hear("done")
    amy.hear("done")
    assert "busy" not in game.console


# ---- one piece at a time -----------------------------------------------------------------------

ADDING = """
sys.setswitchinterval(1e-6)  # threads that may run do run, all the time
total = inside = worst = 0

def add_one():
    global total, inside, worst
    inside += 1
    worst = max(worst, inside)
    before = total
    for _ in range(10):
        pass
    total = before + 1
    inside -= 1

@on('plain')
def plain(client):
    add_one()

@on('later')
async def later(client):
    add_one()

@on('nap')
def nap(client):
    sleep(0.001)
    add_one()

@on('nap later')
async def nap_later(client):
    await sleep(0.001)
    add_one()

@on('task')
async def task(client):
    await asyncio.get_running_loop().create_task(later(client))

@every(0.01)
def look():
    global worst
    worst = max(worst, inside + 1)

@every(0.01)
async def look_later():
    look()

@on('total')
def get_total(client):
    return [total, worst]
"""


@pytest.mark.parametrize("op", ["plain", "later", "nap", "nap later", "all"])
def test_four_clients_that_add_to_one_global_variable_lose_nothing(start, connect, op):
    game = start(ADDING)
    ops = ["plain", "later", "nap", "nap later", "task"] if op == "all" else [op]
    clients = [connect(game.url) for _ in range(4)]

    def add_a_thousand(client):
        for n in range(1000):
            client.send(ops[n % len(ops)])

    threads = [threading.Thread(target=add_a_thousand, args=(each,)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: clients[0].ask("total")[0] >= 4000, "4000 added")
    assert clients[0].ask("total") == [4000, 1]


def test_messages_of_one_client_begin_in_the_order_in_which_they_were_sent(start, connect):
    game = start("""
begun = []

@on('plain')
def plain(client, n):
    begun.append(n)

@on('later')
async def later(client, n):
    begun.append(n)
    await asyncio.sleep(0)

@on('nap')
def nap(client, n):
    begun.append(n)
    sleep(0.001)

@on('begun')
def get_begun(client):
    return begun
""")
    amy = connect(game.url)
    for n in range(600):
        amy.send(("plain", "later", "nap")[n % 3], n=n)
    assert amy.ask("begun") == list(range(600))


def test_a_countdown_does_not_hold_back_its_own_stop_button(start, connect):
    game = start("""
@on('countdown')
def countdown(client):
    client.is_stopped = False
    n = 0
    while not client.is_stopped:
        client.send('count', n=n)
        n += 1
        sleep(0.05)
    client.send('stopped')

@on('stop')
def stop(client):
    client.is_stopped = True
""")
    amy = connect(game.url)
    amy.send("countdown")
    for n in range(3):
        assert amy.hear("count")["n"] == n
    amy.send("stop")
    amy.hear("stopped")


@pytest.mark.parametrize("words", ["def", "async def"])
def test_at_most_eight_handlers_of_a_client_sleep_and_then_its_messages_wait(start, connect, words):
    wait = "await " if words == "async def" else ""
    game = start(f"""
is_open = False

@on('wait')
{words} wait(client, n):
    broadcast('begun', n=n)
    while not is_open:
        {wait}sleep(0.01)
    broadcast('ended', n=n)

@on('quick')
def quick(client, n):
    broadcast('begun', n=n)

@on('open')
def open_(client):
    global is_open
    is_open = True
""")
    amy, ben = connect(game.url), connect(game.url)
    for n in range(8):
        amy.send("wait", n=n)
    for n in range(8, 12):
        amy.send("quick", n=n)
    for n in range(12, 20):
        amy.send("wait", n=n)
    for n in range(8):
        assert ben.hear("begun")["n"] == n
    # Ben's own messages go on; and as they do, none of Amy's has begun.
    assert ben.ask("hello") == "hi"
    assert [each["op"] for each in ben.unheard] == []
    ben.send("open")
    assert [ben.hear("begun")["n"] for _ in range(12)] == list(range(8, 20))
    assert sorted(ben.hear("ended")["n"] for _ in range(16)) == [*range(8), *range(12, 20)]


# ---- asyncio, all of it ------------------------------------------------------------------------


def test_tasks_threads_and_other_clients_work_in_async_handlers(start, connect):
    game = start("""
@on('task')
async def task(client):
    tasks.append(asyncio.create_task(in_a_task(client)))
    return 'started'

tasks = []

async def in_a_task(client):
    await sleep(0.01)
    client.send('task done')

@on('thread')
async def thread(client):
    to_thread = getattr(asyncio, 'to_thread', None)
    if to_thread is None:  # Python 3.8
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, sum, [1, 2, 3])
    return await to_thread(sum, [1, 2, 3])

@on('fetch')
async def fetch(client, port):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(b'hello\\n')
    line = await reader.readline()
    writer.close()
    return line.decode()
""")
    amy = connect(game.url)
    assert amy.ask("task") == "started"
    amy.hear("task done")
    assert amy.ask("thread") == 6
    with _shouting_server() as port:
        assert amy.ask("fetch", port=port) == "HELLO\n"


@contextlib.contextmanager
def _shouting_server():
    """An asyncio server in a thread, which sends back each line in capitals."""
    loop = asyncio.new_event_loop()
    ports = []

    async def shout(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()

    async def main():
        async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
            ports.append(server.sockets[0].getsockname()[1])
            await is_over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    is_over = _on(loop, asyncio.Event)
    thread.start()
    until(lambda: ports)
    yield ports[0]
    loop.call_soon_threadsafe(is_over.set)
    thread.join()
    loop.close()


def _on(loop, make):
    """Makes something of asyncio's that belongs to a loop (before Python 3.10, from its start)."""

    async def make_it():
        return make()

    return loop.run_until_complete(make_it())


# ---- what goes wrong hurts only its own message ------------------------------------------------


@pytest.mark.parametrize("words", ["def", "async def"])
def test_whatever_a_handler_raises_hurts_only_its_own_message(start, connect, words):
    game = start(f"""
class Own(BaseException):
    pass

@on('raise')
{words} raise_(client, name):
    raise eval(name)

@on('connect')
{words} connect(client):
    raise Own

@on('disconnect')
{words} disconnect(client):
    raise SystemExit
""")
    amy, ben = connect(game.url), connect(game.url)
    names = ["ValueError('x')", "SystemExit(3)", "KeyboardInterrupt", "GeneratorExit", "Own"]
    names += ["asyncio.CancelledError", "StopIteration", "RecursionError", "exit()", "quit()"]
    for name in names:
        amy.send("raise", name=name)
        assert amy.ask("hello") == ben.ask("hello") == "hi"
    ben.close()
    assert amy.ask("hello") == "hi"
    assert game.returncode is None
    assert "wszero itself made" not in game.console
    assert "Traceback" not in game.console


def test_who_leaves_in_the_middle_of_a_handler_can_still_be_sent_to(start, connect):
    game = start("""
@on('go')
def go(client):
    client.add_to_group('red')
    while client in clients:
        sleep(0.01)
    client.send('are you there?')
    client.add_to_group('blue')
    broadcast('gone', connected=client.connected, groups=sorted(client.groups))

@on('disconnect')
def disconnect(client):
    broadcast('left', groups=sorted(client.groups))
""")
    amy, ben = connect(game.url), connect(game.url)
    amy.send("go")
    assert amy.ask("hello") == "hi"
    amy.vanish()
    assert ben.hear("left")["groups"] == ["red"]
    assert ben.hear("gone") == {"op": "gone", "connected": False, "groups": ["red"]}


def test_who_is_kicked_in_a_handler_leaves_with_the_reason_and_the_handler_goes_on(start, connect):
    game = start("""
@on('rude')
def rude(client):
    client.kick('Please be kind.')
    client.send('too late')
    client.kick('again')
    broadcast('kicked', name=client.name)

@on('disconnect')
def disconnect(client):
    broadcast('left')
""")
    amy, ben = connect(game.url), connect(game.url)
    amy.send("rude")
    assert amy.wait_closed() == 4001
    assert amy.unheard == []
    ben.hear("kicked")
    ben.hear("left")
    assert ben.ask("hello") == "hi"
    assert [each["op"] for each in ben.unheard] == []


# ---- threads of the program's own --------------------------------------------------------------


def test_the_programs_own_threads_may_send_before_while_and_after_the_server_runs(program, connect):
    game = program("""
import threading
from wszero import *

go = threading.Event()

def send(number):
    broadcast('before', n=number)
    go.wait()
    for n in range(100):
        if n % 2:
            broadcast('news', thread=number, n=n)
        else:
            for client in clients:
                client.send('news', thread=number, n=n)
                client.add_to_group(f'group {n}')
                client.remove_from_group(f'group {n}')
    broadcast('end')

threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
for thread in threads:
    thread.start()

@on('go')
def start(client):
    go.set()

run_server()
go.set()
broadcast('after')
for client in clients:
    client.send('after')
print('fine')
""")
    amy = connect(game.url)
    amy.send("go")
    heard = [amy.hear("news") for _ in range(1000)]
    for number in range(10):
        assert [each["n"] for each in heard if each["thread"] == number] == list(range(100))
    assert game.stop() == 0
    assert game.console.splitlines()[-1] == "fine"


def test_a_callback_of_gpiozeros_own_thread_may_send(program, connect):
    game = program("""
import threading
from gpiozero import Button, Device
from gpiozero.pins.mock import MockFactory
from wszero import *

Device.pin_factory = MockFactory()
button = Button(2)
presses = 0

def pressed():
    global presses
    presses += 1
    broadcast('pressed', n=presses)

button.when_pressed = pressed

def press():
    for _ in range(20):
        button.pin.drive_low()
        button.pin.drive_high()

@on('go')
def go(client):
    threading.Thread(target=press).start()

run_server()
""")
    amy = connect(game.url)
    amy.send("go")
    assert [amy.hear("pressed")["n"] for _ in range(20)] == list(range(1, 21))
    assert game.stop() == 0


def test_hundreds_who_come_and_go_leave_nothing_behind(start, connect):
    game = start("""
@on('connect')
def connect(client):
    client.add_to_group('all')
    sleep(0.01)

@on('disconnect')
async def disconnect(client):
    await sleep(0.01)

@on('count')
async def count(client):
    tasks = asyncio.all_tasks()
    return [len(clients), len(tasks), threading.active_count()]
""")
    amy = connect(game.url)
    before = amy.ask("count")
    for number in range(200):
        client = connect(game.url)
        if number % 2:
            client.close()
        else:
            client.vanish()
    until(lambda: amy.ask("count")[:2] == before[:2], "the others are gone")
    idle = 4  # threads that wait for the next handler
    until(lambda: amy.ask("count")[2] <= before[2] + idle, "threads have gone home")


# ---- the end -----------------------------------------------------------------------------------


def test_ctrl_c_ends_a_program_that_nobody_uses_and_it_goes_on_after_that(start):
    game = start("")
    assert game.url
    with Timed("Ctrl-C"):
        assert game.stop() == 0
    assert game.console.endswith("the program goes on\n")


@pytest.mark.parametrize("moment_s", [0, 0.02, 0.05, 0.1, 0.2])
def test_ctrl_c_right_at_the_start_ends_a_program(program, moment_s):
    game = program("from wszero import *; print('ready'); run_server(); print('more')")
    game.wait_for("ready")
    time.sleep(moment_s)
    game.interrupt()
    game.wait(SOON_S)
    # Before the server has begun it ends the program; but never with a mistake of ours.
    last = game.console.splitlines()[-1]
    assert last in ("more", "KeyboardInterrupt") or "Ctrl-C" in last


@pytest.mark.parametrize("words", ["def", "async def"])
def test_a_handler_may_stop_the_server_and_the_program_goes_on(program, connect, words):
    game = program(f"""
from wszero import App

app = App()

@app.on('stop')
{words} stop(client):
    app.stop()

app.run()
print('the program goes on')
raise SystemExit(3)
""")
    amy = connect(game.url)
    amy.send("stop")
    assert amy.wait_closed() == 1001
    assert game.wait() == 3
    assert game.console.endswith("the program goes on\n")


def test_the_server_can_run_again_after_ctrl_c(program, connect):
    game = program("""
from wszero import *

@on('hello')
def hello(client):
    return 'hi'

for round in range(2):
    print(f'round {round}')
    run_server()
""")
    for round_ in range(2):
        game.wait_for("Ctrl-C here", times=round_ + 1)
        port = int(game.console.rpartition("http://localhost:")[2].split()[0])
        amy = connect(f"http://localhost:{port}")
        assert amy.ask("hello") == "hi"
        game.interrupt()
        assert amy.wait_closed() == 1001
    assert game.wait() == 0
