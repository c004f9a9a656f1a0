"""The parts of the rigs that judge: a rig that finds nothing must be one that could."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest

from tests.rigs import attacks
from tests.rigs.fuzz import mistakes_of_its_own
from tests.rigs.noise import longest_ms, p99
from tests.rigs.sockets import CLOSE, PING, TEXT, Peer, Refused, frame, get
from tests.rigs.witness import percentiles, watch


@contextlib.contextmanager
def server_that_says(*answers: bytes):
    """A server that says one of these to each thing that the first visitor says, and goes."""

    def serve() -> None:
        visitor, _ = listening.accept()
        with visitor:
            for answer in answers:
                visitor.recv(65536)
                visitor.sendall(answer)
            visitor.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while visitor.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@contextlib.contextmanager
def peer_that_hears(*frames: bytes):
    """A rig's client whose server says these frames and goes."""
    welcome = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    with server_that_says(welcome, b"".join(frames)) as port:
        peer = Peer(port)
        try:
            peer.send(frame(PING))
            yield peer
        finally:
            peer.close()


def from_server(opcode: int, payload: bytes) -> bytes:
    """A server's frame, which is not masked."""
    return bytes([0x80 | opcode, len(payload)]) + payload


def message(op: str, **params) -> bytes:
    return from_server(TEXT, json.dumps({"op": op, **params}, separators=(",", ":")).encode())


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_rigs_frame_of_any_size_has_its_length_in_its_head(size):
    one = frame(TEXT, b"x" * size)
    head = one[: len(one) - size]
    assert (head[0], head[1] & 0x80, head[-4:]) == (0x81, 0x80, b"\0\0\0\0")
    assert size == (head[1] & 127 if len(head) == 6 else int.from_bytes(head[2:-4], "big"))


@pytest.mark.parametrize(
    ("last", "seen"),
    [
        (from_server(CLOSE, b"\x03\xf1"), 1009),
        (from_server(CLOSE, b""), 1005),
        (b"", "cut"),
    ],
)
def test_a_rig_tells_how_a_connection_ended(last, seen):
    with peer_that_hears(message("hi"), last) as peer:
        assert peer.close_code() == seen


def test_a_rig_tells_that_it_was_refused_and_in_which_words():
    refusal = b"HTTP/1.1 503 Service Unavailable\r\n\r\nThe house is full."
    with server_that_says(refusal) as port, pytest.raises(Refused) as caught:
        Peer(port)
    assert (caught.value.status, caught.value.answer) == (503, "The house is full.")


@pytest.mark.parametrize(("answer", "status"), [(b"HTTP/1.1 404 Not Found\r\n\r\n", 404), (b"", 0)])
def test_a_rig_tells_how_a_page_was_answered(answer, status):
    with server_that_says(answer) as port:
        assert get(port)[0] == status


@pytest.mark.parametrize(
    ("lines", "trouble"),
    [
        ([message("line", n=1)], "line 1 came instead of 0"),
        ([message("line", n=0), message("line", n=0)], "line 0 came instead of 1"),
        ([], "was dropped"),
    ],
)
def test_a_witness_notices_what_is_lost_or_doubled_and_that_it_was_dropped(lines, trouble):
    with peer_that_hears(*lines) as peer:
        assert watch(peer, threading.Event())["trouble"] == trouble


def test_the_99th_percentile_is_what_one_of_a_hundred_exceeds():
    values = [float(number) for number in range(1, 1001)]
    assert list(percentiles(values)) == [501, 991, 1000]
    assert p99(values) == 991
    assert next(percentiles([])) > 1e6


def test_the_machines_cost_is_the_longest_wait_of_a_thread_and_new_threads_have_none():
    assert longest_ms({"1": 5.0, "2": 1.0}, {"1": 6.0, "2": 4.0, "3": 90.0}) == 3.0


def test_a_mistake_of_the_servers_own_is_found_among_what_it_says():
    mistake = ["Traceback (most recent call last):", '  File "x.py"', "KeyError: 1"]
    assert mistakes_of_its_own(["A line.", *mistake, "More."]) == [mistake]
    assert mistakes_of_its_own(["All is well."]) == []


def test_each_attack_is_told_in_a_line():
    assert all(one.words.endswith(".") for one in attacks.ATTACKS.values())
