"""The load generator of the benchmarks: what it counts must have come once and in order."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.checking import SAMPLE, Shape, WrongMessage
from benchmarks.dialects import Page, Plain
from benchmarks.frames import MASK, PING, client_frame, server_frame, split_frames
from benchmarks.load import Connection, Crowd, burst
from benchmarks.page import BEGIN, END, renew
from benchmarks.table import ratio, tables

CHECKOUT = Path(__file__).resolve().parent.parent
SHAPE = Shape(server_frame(b'{"op": "chat", "text": "%d hello"}' % SAMPLE))


@pytest.fixture
def crowd():
    """Two clients, whose servers' ends are in `crowd.far`."""
    crowd = Crowd(Plain(), 0, "chat")
    crowd.far = []
    for _ in range(2):
        near, far = socket.socketpair()
        connection = Connection(near)
        crowd.all.append(connection)
        crowd.by_fd[near.fileno()] = connection
        crowd.epoll.register(near.fileno(), 1)
        crowd.far.append(far)
    yield crowd
    for far in crowd.far:
        far.close()
    crowd.close()


def comes(crowd, *numbers, expected=(1, 2, 3)):
    """Let the first client get these messages, each in a read of its own."""
    crowd.expect(b"".join(SHAPE.frame(number) for number in expected), [SHAPE])
    return [crowd.feed(crowd.all[0], SHAPE.frame(number)) for number in numbers]


def test_all_messages_in_order_are_complete_with_the_last(crowd):
    assert comes(crowd, 1, 2, 3) == [False, False, True]


def test_a_lost_message_is_noticed(crowd):
    with pytest.raises(WrongMessage, match="message 2 was lost"):
        comes(crowd, 1, 3)


def test_a_doubled_message_is_noticed(crowd):
    with pytest.raises(WrongMessage, match="message 1 came twice"):
        comes(crowd, 1, 1)


def test_swapped_messages_are_noticed(crowd):
    with pytest.raises(WrongMessage, match="message 1 was lost or overtaken: 2 came"):
        comes(crowd, 2, 1)


def test_the_last_message_coming_again_after_the_end_is_noticed(crowd):
    assert comes(crowd, 1, 2, 3)[-1]
    crowd.far[0].sendall(SHAPE.frame(3))
    with pytest.raises(WrongMessage, match="message 3 came twice"):
        crowd.drain(1.0)


def test_another_text_is_noticed(crowd):
    crowd.expect(SHAPE.frame(1), [SHAPE])
    with pytest.raises(WrongMessage, match="another message than number 1"):
        crowd.feed(crowd.all[0], server_frame(b'{"op": "chat", "text": "hello"}'))


@pytest.mark.parametrize("cut", range(1, SHAPE.size))
def test_a_message_may_come_in_two_pieces_with_a_ping_before_it(crowd, cut):
    crowd.expect(SHAPE.frame(1), [SHAPE])
    data = server_frame(b"there?", PING) + SHAPE.frame(1)
    assert not crowd.feed(crowd.all[0], data[:cut])
    assert crowd.feed(crowd.all[0], data[cut:])


def test_a_ping_is_answered(crowd):
    crowd.expect(SHAPE.frame(1), [SHAPE])
    crowd.feed(crowd.all[0], server_frame(b"there?", PING) + SHAPE.frame(1))
    assert crowd.far[0].recv(100)[0] == 0x8A


def test_a_burst_ends_when_everybody_has_got_the_message(crowd):
    def answer():
        crowd.far[0].recv(100)
        for far in crowd.far:
            far.sendall(SHAPE.frame(7))

    server = threading.Thread(target=answer)
    server.start()
    crowd.expect(b"", [SHAPE])
    first, last = burst(crowd, client_frame(b"go"), SHAPE.frame(7))
    server.join(10)
    assert 0 < first <= last


def test_a_burst_notices_the_one_who_gets_another_message(crowd):
    crowd.expect(b"", [SHAPE])
    crowd.far[0].sendall(SHAPE.frame(7))
    crowd.far[1].sendall(SHAPE.frame(8))
    with pytest.raises(WrongMessage, match="8 came instead"):
        burst(crowd, client_frame(b"go"), SHAPE.frame(7))


def test_a_page_counts_what_it_hears_and_sends_a_receipt(crowd):
    crowd.dialect = Page()
    crowd.expect(SHAPE.frame(1), [SHAPE])
    name = server_frame(b'{"op":"_name","name":"Amy"}')
    assert crowd.feed(crowd.all[0], name + SHAPE.frame(1))
    crowd.receipts(100)
    assert crowd.far[0].recv(100) == client_frame(b'{"op":"_got","n":101}')


def test_a_message_without_its_number_is_no_shape():
    with pytest.raises(WrongMessage, match="does not carry the number"):
        Shape(server_frame(b'{"op": "chat", "text": "hello"}'))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_a_clients_frame_says_its_length_and_is_masked(size):
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    frame = client_frame(payload)
    assert frame[1] & 0x80
    assert frame[-size - 4 :][:4] == MASK
    unmasked = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(frame[len(frame) - size :]))
    assert unmasked == payload


def test_frames_are_found_and_the_rest_is_left():
    data = server_frame(b"a" * 200) + server_frame(b"b") + b"\x81\x05hal"
    found = [data[payload:end] for _, _, payload, end in split_frames(data)]
    assert found == [b"a" * 200, b"b"]


def results():
    """Return what two servers took in three rounds, one of them disturbed."""
    servers = {
        "floor": {"cpu_us": [1.0, 9.0, 1.0], "p50_ms": [1.0], "p99_ms": [2.0]},
        "wszero": {"cpu_us": [1.5, 13.5, 1.25], "p50_ms": [1.0], "p99_ms": [2.0]},
    }
    load = {"title": "to 30", "kind": "messages", "clients": 30, "servers": servers}
    return {
        "versions": {"python": "3.13.0"},
        "processors": 2,
        "rounds": 3,
        "seconds": 0.2,
        "idle_seconds": 30.0,
        "servers": ["floor", "wszero"],
        "workloads": {"fanout-30": load, "fanout-300": {**load, "clients": 300}},
        "notes": ["Not measured: tornado, for want of tornado."],
    }


def test_the_ratio_is_the_middle_one_of_the_rounds():
    assert ratio(results(), "fanout-30", "wszero", "floor") == 1.5


def test_who_is_missing_is_named_under_the_table():
    assert tables(results(), "floor")[-1] == "Not measured: tornado, for want of tornado."


def test_the_page_gets_the_tables_and_a_picture_and_keeps_its_text(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    renew(results(), "floor", tmp_path)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| wszero" in text
    assert ">wszero</text>" in (tmp_path / "performance.svg").read_text("utf-8")


def test_the_page_in_docs_has_the_marks_for_its_tables():
    text = (CHECKOUT / "docs" / "performance.md").read_text("utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)


@pytest.mark.timeout(180)
def test_a_short_run_prints_ratios_for_wszero_and_the_floor(tmp_path):
    only, numbers = "fanout-30,echo-16", tmp_path / "numbers.json"
    what = ["--quick", "--only", only, "--servers", "floor,wszero", "--json", str(numbers)]
    done = subprocess.run(
        [sys.executable, "benchmarks/compare.py", *what],
        cwd=CHECKOUT,
        env={**os.environ, "WSZERO_SHOW": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(numbers.read_text("utf-8"))
    assert measured["notes"] == []
    for load in only.split(","):
        assert ratio(measured, load, "wszero", "floor") > 0
    assert "wszero" in done.stdout
