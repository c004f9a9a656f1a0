"""A handler that sends without end: pages, newcomers, readers and Ctrl-C go on."""

from __future__ import annotations

import time
import urllib.request

import pytest

from wszero.outgoing import Outgoing

PROGRAM = """from wszero import *

@on('loop')
def loop(client):
    while True:
        SEND('tick', n=1)

@on('many')
def many(client):
    for n in range(20000):
        broadcast('tick', n=n)
    client.send('done')

run_server()
"""
GENEROUS_S = 8
"""The promise is half a second for a page and two for Ctrl-C; a machine may be busy."""


@pytest.mark.parametrize("send", ["client.send", "broadcast"])
def test_a_handler_that_sends_for_ever_holds_up_nobody(program, connect, send):
    running = program(PROGRAM.replace("SEND", send))
    reader = connect(running.url)
    reader.send("loop")
    running.wait_for(f"{send}('tick', n=1)\n  This line is busy")
    before = time.monotonic()
    with urllib.request.urlopen(f"{running.url}/wszero.mjs", timeout=GENEROUS_S) as page:
        assert page.status == 200
    connect(running.url)
    print(f"a page and a newcomer: {time.monotonic() - before:.2f} s")
    for _ in range(2000):
        assert reader.hear("tick")["n"] == 1
    before = time.monotonic()
    assert running.stop(GENEROUS_S) == 0
    print(f"Ctrl-C: {time.monotonic() - before:.2f} s")


def test_many_messages_arrive_whole_and_in_order(program, connect):
    running = program(PROGRAM)
    sender, reader = connect(running.url), connect(running.url)
    sender.send("many")
    numbers = [reader.hear("tick")["n"] for _ in range(20000)]
    assert numbers == list(range(20000))
    sender.hear("done")
    assert "does not read" not in running.console


class Receiver:
    """A link that notes what is written to it, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.fails:
            raise RuntimeError("a fault in a link")
        self.written.append(data)


def test_a_link_that_fails_ends_its_own_message_and_no_later_one():
    due = []
    outgoing = Outgoing(due.append, lambda: None)
    broken, well = Receiver(fails=True), Receiver()
    outgoing.send(b"1", [broken])
    outgoing.send(b"2", [well])
    with pytest.raises(RuntimeError):
        due.pop()()
    assert due, "what still waits must be asked for again"
    due.pop()()
    outgoing.send(b"3", [well])
    due.pop()()
    assert [data[-1:] for data in well.written] == [b"2", b"3"]
