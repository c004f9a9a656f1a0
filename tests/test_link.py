from __future__ import annotations

import contextlib
import json
import struct
import threading

import pytest

from tests.games import until
from tests.serving import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Raw,
    frame,
    serve,
)
from wszero import server as server_module
from wszero import wire as wire_module
from wszero.app import App


@pytest.fixture(autouse=True)
def _quiet(capfd):
    yield
    err = capfd.readouterr().err
    assert "wszero itself made" not in err
    assert "Traceback" not in err


@pytest.fixture
def app():
    """A program that answers "hi" with what it got, and notes who comes and goes."""
    app = App()
    app.log = []
    app.on("hi")(lambda client, text="": text)
    app.on("count")(lambda client, n: app.log.append(n))
    app.on("kick")(lambda client, reason: client.kick(reason))
    app.on("disconnect")(lambda client: app.log.append("left"))
    with serve(app):
        yield app


@pytest.fixture
def raw(app):
    with Raw(app.port) as raw:
        assert raw.shake_hands().status == 101
        yield raw


def hi(text: str) -> bytes:
    return json.dumps({"op": "hi", "text": text, "_ask": 1}, ensure_ascii=False).encode()


def answer(raw: Raw) -> str:
    opcode, payload = raw.read_frame()
    assert opcode == TEXT
    return json.loads(payload)["value"]


def is_alive(raw: Raw) -> bool:
    raw.send_frame(TEXT, hi("still there"))
    return answer(raw) == "still there"


# ---- messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1_000_000])
def test_a_message_of_any_size_is_answered(raw, size):
    raw.send_frame(TEXT, hi("x" * size))
    assert answer(raw) == "x" * size


def test_a_message_may_come_in_fragments(raw):
    message = hi("Grüße 🎈")
    raw.send_frame(TEXT, message[:1], fin=False)
    for index in range(1, len(message)):
        raw.send_frame(CONTINUATION, message[index : index + 1], fin=False)
    raw.send_frame(CONTINUATION)
    assert answer(raw) == "Grüße 🎈"
    assert is_alive(raw)


def test_a_message_may_come_in_crumbs(raw):
    raw.send_in_crumbs(frame(TEXT, hi("crumbs")))
    assert answer(raw) == "crumbs"


def test_messages_that_come_in_one_piece_are_handled_in_order(app, raw):
    count = (json.dumps({"op": "count", "n": n}).encode() for n in range(100))
    raw.send(b"".join(frame(TEXT, each) for each in count))
    assert is_alive(raw)
    assert app.log == list(range(100))


def test_a_ping_is_answered_with_what_it_carries(raw):
    raw.send_frame(PING, b"are you there?")
    assert raw.read_frame() == (PONG, b"are you there?")


def test_a_ping_is_answered_in_the_middle_of_a_message(raw):
    message = hi("hello")
    raw.send_frame(TEXT, message[:5], fin=False)
    raw.send_frame(PING, b"1")
    raw.send_frame(CONTINUATION, message[5:])
    assert raw.read_frame() == (PONG, b"1")
    assert answer(raw) == "hello"


def test_a_pong_that_nobody_asked_for_is_no_trouble(raw):
    raw.send_frame(PONG, b"hello")
    assert is_alive(raw)


@pytest.mark.parametrize("in_fragments", [False, True])
def test_a_binary_message_is_explained_and_the_connection_stays(raw, in_fragments):
    raw.send_frame(BINARY, b"\xff" * 5, fin=not in_fragments)
    if in_fragments:
        raw.send_frame(CONTINUATION, b"\xff" * 5)
    message = json.loads(raw.read_frame()[1])
    assert (message["op"], message["code"]) == ("error", "binary")
    assert is_alive(raw)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b"[1]", "not_object"),
        (b"{}", "no_op"),
        (b'{"op": "_hello"}', "reserved_op"),
        (b'{"op": "connect"}', "reserved_op"),
        (b'{"op": "nobody"}', "no_handler"),
        (b'{"op": "count"}', "parameters"),
    ],
)
def test_a_text_that_is_no_good_message_is_explained_and_the_connection_stays(raw, text, code):
    raw.send_frame(TEXT, text)
    message = json.loads(raw.read_frame()[1])
    assert (message["op"], message["code"]) == ("error", code)
    assert is_alive(raw)


# ---- broken frames -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bytes_", [b"\xff", b"{\xc3\x28}", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'{"op":"hi"}\xe2\x82']
)
def test_text_that_is_not_utf_8_ends_the_connection_with_1007(app, raw, bytes_):
    raw.send_frame(TEXT, bytes_)
    assert raw.read_close_code() == 1007
    assert raw.is_closed()
    until(lambda: app.log == ["left"])


def test_fragments_that_are_not_utf_8_end_the_connection_with_1007(raw):
    raw.send_frame(TEXT, b"\xc3", fin=False)
    raw.send_frame(CONTINUATION, b"\x28")
    assert raw.read_close_code() == 1007


def test_nothing_is_handled_after_text_that_is_not_utf_8(app, raw):
    raw.send(frame(TEXT, b"\xff") + frame(TEXT, b'{"op":"count","n":1}') + frame(TEXT, b"\xff"))
    assert raw.read_close_code() == 1007
    until(lambda: app.log == ["left"])


@pytest.mark.parametrize("in_fragments", [False, True])
def test_a_message_that_is_too_large_ends_the_connection_with_1009(raw, in_fragments):
    piece = b"x" * 600_000
    if in_fragments:
        raw.send_frame(TEXT, piece, fin=False)
        raw.send_frame(CONTINUATION, piece)
    else:
        raw.send_frame(TEXT, piece + piece)
    assert raw.read_close_code() == 1009


def test_a_large_message_is_refused_before_it_has_come(raw):
    raw.send(b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"mask")
    assert raw.read_close_code() == 1009


def test_the_program_may_choose_how_large_a_message_may_be(app):
    with serve(max_message=100) as small, Raw(small.port) as raw:
        raw.shake_hands()
        raw.send_frame(TEXT, b"x" * 101)
        assert raw.read_close_code() == 1009


BROKEN = {
    "not masked": frame(TEXT, b"{}", masked=False),
    "a reserved bit": b"\xc1\x80mask",
    "an opcode that does not exist": frame(3, b"{}"),
    "a continuation of nothing": frame(CONTINUATION, b"{}"),
    "a message within a message": frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),
    "a ping in fragments": frame(PING, b"1", fin=False),
    "a ping that is too long": frame(PING, b"x" * 126),
    "a close frame of one byte": frame(CLOSE, b"x"),
    "a close code that nobody may send": frame(CLOSE, struct.pack("!H", 1005)),
}


@pytest.mark.parametrize("bytes_", BROKEN.values(), ids=BROKEN)
def test_a_frame_that_breaks_the_rules_ends_the_connection_with_1002(app, raw, bytes_):
    raw.send(bytes_)
    assert raw.read_close_code() == 1002
    assert raw.is_closed()
    until(lambda: app.log == ["left"], timeout=1.5)


# ---- goodbye -----------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9going away", b"\x0f\xa0my own"])
def test_a_goodbye_is_answered_in_kind(app, raw, payload):
    raw.send_frame(CLOSE, payload)
    assert raw.read_frame() == (CLOSE, payload)
    assert raw.is_closed()
    until(lambda: app.log == ["left"])


def test_what_was_sent_before_a_goodbye_is_handled(app, raw):
    raw.send(frame(TEXT, b'{"op":"count","n":1}') + frame(CLOSE, b"\x03\xe8"))
    until(lambda: app.log == [1, "left"])


def test_nothing_is_handled_after_a_goodbye(app, raw):
    raw.send(frame(CLOSE, b"\x03\xe8") + frame(TEXT, b'{"op":"count","n":1}'))
    assert raw.read_close_code() == 1000
    assert raw.is_closed()
    until(lambda: app.log == ["left"])


def test_a_client_that_is_reset_has_left_once(app, raw):
    raw.reset()
    until(lambda: app.log == ["left"])
    with Raw(app.port) as other:
        other.shake_hands()
        assert is_alive(other)
        assert app.log == ["left"]


def test_a_client_whose_socket_ends_without_a_goodbye_has_left(app, raw):
    raw.socket.shutdown(1)
    assert raw.is_closed()
    until(lambda: app.log == ["left"])


def test_a_kick_comes_with_its_reason_after_all_that_was_sent_before(app, raw):
    app.on("bye")(lambda client: [client.send("last"), client.kick("Please be kind.")])
    raw.send_frame(TEXT, b'{"op":"bye"}')
    assert json.loads(raw.read_frame()[1]) == {"op": "last"}
    assert raw.read_frame() == (CLOSE, struct.pack("!H", 4001) + b"Please be kind.")
    until(lambda: app.log == ["left"])


def test_what_waits_of_somebody_who_is_kicked_is_not_handled(app, raw):
    def kick_late(client):
        # All that follows in the same segment waits for its turn already.
        until(lambda: client._link.fed == 6)
        client.kick("Please be kind.")

    app.on("kick late")(kick_late)
    raw.send(frame(TEXT, b'{"op":"kick late"}') + frame(TEXT, b'{"op":"count","n":1}') * 5)
    assert raw.read_close_code() == 4001
    until(lambda: "left" in app.log)
    assert app.log == ["left"]


def test_nothing_is_sent_after_our_goodbye(app, raw):
    until(lambda: len(app.clients))
    server, (link,) = app._driver._server, app._driver._server._links
    server.send(b'{"op":"last"}', [link])
    server.close(link, 1001, "")
    until(lambda: link.has_left)
    server.send(b'{"op":"too late"}', [link])
    assert raw.read_frame() == (TEXT, b'{"op":"last"}')
    assert raw.read_frame() == (CLOSE, struct.pack("!H", 1001))
    raw.send_frame(CLOSE, struct.pack("!H", 1001))
    assert raw.is_closed()


def test_a_reason_that_is_too_long_is_cut_between_characters(raw):
    raw.send_frame(TEXT, json.dumps({"op": "kick", "reason": "ü🎈" * 100}).encode())
    opcode, payload = raw.read_frame()
    assert (opcode, len(payload) <= 125) == (CLOSE, True)
    assert payload[2:].decode() == ("ü🎈" * 100)[: len(payload[2:].decode())]


def test_who_does_not_answer_our_goodbye_is_dropped(monkeypatch):
    monkeypatch.setattr(wire_module, "CLOSING_S", 0.2)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    app = App()
    app.on("connect")(lambda client: client.kick("no"))
    with serve(app), Raw(app.port) as raw:
        raw.shake_hands()
        assert raw.read_close_code() == 4001
        assert raw.is_closed()
        until(lambda: not app._driver._server._wires)


def test_who_is_silent_is_asked_and_dropped_only_when_no_answer_comes(monkeypatch):
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(server_module, "PING_AFTER_S", 0.3)
    monkeypatch.setattr(server_module, "SILENT_S", 1.5)
    with serve() as app, Raw(app.port) as raw:
        raw.shake_hands()
        for _ in range(3):
            assert raw.read_frame()[0] == PING
            raw.send_frame(PONG)
        assert raw.read_frame()[0] == PING
        assert raw.is_closed()
        until(lambda: not len(app.clients))


def test_who_does_not_read_is_dropped_and_named(capfd):
    app = App()
    with serve(app, max_waiting=100_000), Raw(app.port) as raw:
        raw.shake_hands()
        until(lambda: len(app.clients))
        (client,) = app.clients
        while client.connected:
            app.broadcast("news", text="x" * 50_000)
    assert (
        "does not read its messages, so it was dropped (max_waiting=100000)"
        in capfd.readouterr().err
    )


def test_of_many_who_send_too_much_each_has_fewer_messages_in_the_line():
    app, go_on = App(), threading.Event()
    app.on("wait")(lambda client: go_on.wait(20))
    with serve(app), contextlib.ExitStack() as stack:
        server = app._driver._server
        for number in range(12):
            raw = stack.enter_context(Raw(app.port))
            raw.shake_hands()
            raw.send(frame(TEXT, b'{"op":"wait"}') * 100)
            until(lambda wanted=number + 1: len(server.holding.wires) == wanted)
        in_line = sorted(link.fed - link.handled for link in server._links)
        go_on.set()
        # One has begun: before the others of its client had come, or after.
        assert in_line[3] in (31, 32)
        assert [*in_line[:3], *in_line[4:]] == [*[8] * 3, *[32] * 8]
        until(lambda: all(link.fed == 100 for link in server._links))
