"""A handler that sends without end: pages, newcomers, readers and Ctrl-C go on."""

from __future__ import annotations

import time
import urllib.request

import pytest

from wszero.baton import here
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
    """A link, and its own wire, that notes what is written to it, or fails."""

    kept = None

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.written: list[bytes] = []
        self.wire = self

    def write(self, data: bytes | list[bytes]) -> None:
        if self.fails:
            raise RuntimeError("a fault in a link")
        self.written.append(data if isinstance(data, bytes) else b"".join(data))


@pytest.fixture
def calls():
    return []


@pytest.fixture
def outgoing(calls):
    def call(function, *args):
        calls.append((function, *args))

    return Outgoing(call, lambda: None, lambda: None)


@pytest.fixture
def in_handler(monkeypatch):
    monkeypatch.setattr(here, "runtime", object())


@pytest.mark.parametrize("several", [False, True])
def test_a_link_that_fails_harms_no_other_one_and_is_reported(outgoing, calls, in_handler, several):
    broken, well = Receiver(fails=True), Receiver()
    for payload in (b"1", b"2") if several else (b"1",):
        outgoing.send(payload, [broken, well])
    outgoing.flush()
    outgoing.send(b"3", [well])
    outgoing.flush()
    assert [data[-1:] for data in well.written] == ([b"2", b"3"] if several else [b"1", b"3"])
    function, *args = calls[-1]
    with pytest.raises(RuntimeError):
        function(*args)


def test_several_messages_of_one_handler_are_one_write_for_each_receiver(outgoing, in_handler):
    receivers = [Receiver() for _ in range(30)]
    for n in range(4):
        outgoing.send(b"%d" % n, receivers)
    outgoing.flush()
    frames = b"".join(b"\x81\x01%d" % n for n in range(4))
    assert [each.written for each in receivers] == [[frames]] * 30


def test_what_is_sent_outside_of_handlers_is_written_at_once(outgoing, calls):
    receiver = Receiver()
    outgoing.send(b"1", [receiver])
    assert receiver.written == [b"\x81\x011"]
    assert not calls


def test_the_network_thread_is_told_once_when_nobody_looks(outgoing, calls, in_handler):
    for _ in range(3):
        outgoing.send(b"1", [Receiver()])
    assert len(calls) == 1
    calls.pop()[0]()
    outgoing.expect()
    outgoing.send(b"1", [Receiver()])
    assert not calls


def test_a_goodbye_comes_after_what_was_sent_before(outgoing, calls):
    receiver = Receiver()
    receiver.close = lambda code, reason: receiver.written.append(reason)
    outgoing.send(b"1", [receiver])
    outgoing.close(receiver, 4001, "bye")
    function, *args = calls.pop()
    function(*args)
    assert receiver.written == [b"\x81\x011", "bye"]
