"""A wire: what it hears does not depend on how it comes, and it reads with measure."""

from __future__ import annotations

import json
import struct
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.server import ServerProtocol

from tests.games import until
from tests.raw_page import number_frames
from tests.serving import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Raw,
    frame,
    handshake,
    serve,
)
from wszero import limits as limits_module
from wszero import server as server_module
from wszero.app import App
from wszero.link import MOST_UNHANDLED
from wszero.monitor_protocol import Marked
from wszero.options import Options
from wszero.server import SHORT
from wszero.wire import LAST_FRAMES, MOST_HELD, READ_SIZE, Wire

# ---- without a network: the same bytes, cut in every way ---------------------------------------


class Line:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.written = b""
        self.is_reading = True
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def get_extra_info(self, name: str) -> None:
        return None

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


class Ear:
    """A link that notes what it hears, and takes only so many frames at a time.

    Args:
        patience: How many in turn; endless after that.
    """

    def __init__(self, patience: list[int]) -> None:
        self.heard: list[object] = []
        self.fed = self.handled = 0
        self.codes: list[int] = []
        """Of goodbyes that were found among what waits."""
        self.is_page = False
        self._patience = patience

    def may_take(self) -> bool:
        if not self._patience:
            return True
        self._patience[0] -= 1
        if self._patience[0] >= 0:
            return True
        self._patience.pop(0)
        return False

    def received(self, text: str, size_bytes: int) -> None:
        assert len(text.encode()) == size_bytes
        self.heard.append(text)

    def received_binary(self, data: bytes) -> None:
        self.heard.append(data)

    def said_goodbye(self, wire: Wire, code: int) -> None:
        self.heard.append(code)

    def may_come_back(self, code: int) -> bool:
        self.codes.append(code)
        return self.is_page

    def broke(self, wire: Wire) -> None:
        self.heard.append("broke")


class Ends:
    """A wire between a line and an ear."""

    def __init__(self, patience: list[int] | None = None) -> None:
        self.line, self.ear = Line(), Ear(list(patience or []))
        self._soon: list = []
        self.server = SimpleNamespace(
            buffer=memoryview(bytearray(READ_SIZE)),
            plain_below=0x80 + 1 + SHORT,
            options=Options(),
            outgoing=SimpleNamespace(lock=threading.Lock()),
            thread=threading.current_thread(),
            loop=SimpleNamespace(call_soon=self._soon.append),
            holding=SimpleNamespace(
                most_held=MOST_HELD, hold=lambda wire: self._soon.append(wire.go_on)
            ),
            now=lambda: 0.0,
        )
        self.wire = Wire(self.server, self.line, _after_the_handshake())
        self.wire.link = self.ear

    def bring(self, *pieces: bytes) -> Ends:
        """Lets bytes come, one piece after the other."""
        for piece in pieces:
            for at in range(0, len(piece), READ_SIZE):
                part = piece[at : at + READ_SIZE]
                self.server.buffer[: len(part)] = part
                self.wire.buffer_updated(len(part))
        return self

    def settle(self) -> list[object]:
        """Goes on until nothing waits any more, and returns what was heard."""
        while self._soon:
            self._soon.pop(0)()
        assert self.line.is_reading
        return self.ear.heard


def _after_the_handshake() -> ServerProtocol:
    protocol = ServerProtocol(max_size=Options.max_message)
    protocol.receive_data(handshake())
    (request,) = protocol.events_received()
    protocol.send_response(protocol.accept(request))
    protocol.data_to_send()
    return protocol


texts = st.one_of(
    st.text(max_size=200),
    st.sampled_from(["x" * size for size in (125, 126, 127, 65_535, 65_536, 70_000)]),
)


@st.composite
def messages(draw):
    """What is said, and the frames that say it."""
    kind = draw(st.sampled_from(["text", "text", "text", "parts", "binary", "ping", "pong"]))
    if kind == "text":
        text = draw(texts)
        return [text], frame(TEXT, text.encode())
    if kind == "parts":
        data = draw(st.text(max_size=60)).encode()
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
        frames = [
            frame(TEXT if at == 0 else CONTINUATION, part, fin=at == len(parts) - 1)
            for at, part in enumerate(parts)
        ]
        return [data.decode()], frame(PING, b"between").join(frames)
    data = draw(st.binary(max_size=125))
    if kind == "binary":
        return [data], frame(BINARY, data)
    return [], frame(PING if kind == "ping" else PONG, data)


@given(
    said=st.lists(messages(), max_size=10),
    patience=st.lists(st.integers(0, 5), max_size=8),
    code=st.sampled_from([None, 1000, 1001, 3000]),
    data=st.data(),
)
def test_however_it_is_cut_the_same_is_heard_in_order(said, patience, code, data):
    stream = b"".join(frames for _, frames in said)
    expected = [each for heard, _ in said for each in heard]
    if code:
        stream += frame(CLOSE, struct.pack("!H", code))
        # Who has hung up is not waited for: as many frames as a link has no room for are left out.
        patience = []
        expected.append(code)
    places = st.integers(0, len(stream))
    cuts = [0, *sorted(data.draw(st.lists(places, max_size=10))), len(stream)]
    pieces = [stream[a:b] for a, b in zip(cuts, cuts[1:])]
    ends = Ends(patience)
    for piece in pieces:
        ends.bring(piece)
        if data.draw(st.booleans()):
            ends.settle()
    assert ends.settle() == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300, 65_536])
def test_a_frame_may_be_cut_at_every_byte_of_its_head_and_around_its_end(size):
    data = frame(TEXT, b"x" * size)
    places = [*range(1, min(len(data), 20)), len(data) - 1]
    for at in places:
        ends = Ends().bring(data + data[:at], data[at:] + data)
        assert ends.settle() == ["x" * size] * 3


def test_each_byte_may_come_alone():
    data = frame(TEXT, b"one") + frame(TEXT, b"two" * 60, fin=False)
    data += frame(PING, b"?") + frame(CONTINUATION, b"!") + frame(CLOSE)
    ends = Ends().bring(*(bytes([byte]) for byte in data))
    assert ends.settle() == ["one", "two" * 60 + "!", 1005]


@pytest.mark.parametrize("count", [31, 32, 33, 64, 65, 1000])
def test_many_messages_in_one_piece_are_all_heard(count):
    ends = Ends().bring(b"".join(frame(TEXT, b"%d" % n) for n in range(count)))
    assert len(ends.ear.heard) == min(count, 32)
    assert ends.settle() == [str(n) for n in range(count)]


def test_what_waits_is_bounded_and_the_rest_stays_in_the_network():
    ends = Ends([1] * 5)
    piece = frame(TEXT, b"x" * 1000) * 60
    while ends.line.is_reading:
        ends.bring(piece)
        assert len(ends.wire._rest) < MOST_HELD + len(piece)
    assert ends.ear.heard == ["x" * 1000]
    assert len(ends.settle()) > 200


CODES = {None: 1005, 1000: 1000, 1001: 1001, 4002: 4002}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("is_in_one_piece", [True, False])
def test_a_goodbye_among_what_waits_is_found_with_its_code(code, is_in_one_piece):
    ends = Ends([1])
    goodbye = frame(CLOSE, b"" if code is None else struct.pack("!H", code) + b"bye")
    pieces = [frame(TEXT, b"1") + frame(TEXT, b"2"), frame(TEXT, b"3" * 300) + goodbye]
    ends.bring(*([b"".join(pieces)] if is_in_one_piece else pieces))
    assert ends.ear.codes == [CODES[code]]
    assert ends.settle() == ["1", "2", "3" * 300, CODES[code]]


def test_a_goodbye_is_found_when_all_of_it_has_come():
    ends = Ends([1])
    goodbye = frame(CLOSE, b"\x03\xe8bye")
    ends.bring(frame(TEXT, b"1") + frame(TEXT, b"2"))
    for byte in goodbye:
        assert ends.ear.codes == []
        ends.bring(bytes([byte]))
    assert ends.ear.codes == [1000]


def test_what_looks_like_a_goodbye_in_a_text_is_none():
    ends = Ends([1])
    ends.bring(frame(TEXT, b"1") + frame(TEXT, frame(CLOSE) * 20), frame(TEXT, frame(CLOSE)))
    assert ends.ear.codes == []


def test_a_goodbye_that_breaks_the_rules_is_none():
    ends = Ends([1])
    ends.bring(frame(TEXT, b"1") + frame(CLOSE, b"\x03\xe8", masked=False))
    assert ends.ear.codes == []
    assert ends.settle() == ["1", "broke"]


def test_who_has_hung_up_is_heard_no_further_than_32_frames():
    ends = Ends([1])
    ends.bring(b"".join(frame(TEXT, b"%d" % n) for n in range(100)) + frame(CLOSE))
    heard = ["0", *(str(n) for n in range(1, 1 + LAST_FRAMES)), 1001]
    assert ends.settle() == heard
    assert ends.line.is_closed


def test_of_a_page_that_comes_back_what_waits_is_left_out_as_it_comes_again():
    ends = Ends([1])
    ends.ear.is_page = True
    ends.bring(frame(TEXT, b"1") + frame(TEXT, b"2") + frame(CLOSE, struct.pack("!H", 4002)))
    assert ends.settle() == ["1"]
    assert ends.line.is_closed


# ---- through the door: reading with measure ----------------------------------------------------


class Room:
    """A program with a handler that is stuck until the test lets it go on."""

    def __init__(self) -> None:
        self.app = App()
        self.log: list[object] = []
        self.goes_on = threading.Event()
        self.app.on("wait")(lambda client: self.goes_on.wait(30))
        self.app.on("n")(lambda client, i: self.log.append(i))
        self.app.on("echo")(lambda client, value: value)
        self.app.on("disconnect")(lambda client: self.log.append("left"))
        self.marks: list[Marked] = []

    def watch(self) -> None:
        def observe(event: object) -> None:
            if isinstance(event, Marked):
                self.marks.append(event)

        self.app.observer = observe

    def link(self):
        until(lambda: len(self.app.clients))
        return self.app.clients[0]._link


@pytest.fixture
def room():
    room = Room()
    with serve(room.app):
        room.watch()
        yield room
        room.goes_on.set()


@pytest.fixture
def raw(room):
    with Raw(room.app.port) as raw:
        raw.shake_hands()
        yield raw


def is_answered(raw: Raw) -> bool:
    raw.send_frame(TEXT, b'{"op":"echo","value":"here","_ask":1}')
    return json.loads(raw.read_frame()[1])["value"] == "here"


def test_messages_of_another_wait_for_nobody_who_floods(room, raw):
    raw.send(number_frames(*range(3000)))
    with Raw(room.app.port) as witness:
        witness.shake_hands()
        assert is_answered(witness)
    assert len(room.log) < 3000


def test_while_a_handler_is_stuck_at_most_32_are_taken_and_all_come_after_it(room, raw):
    link = room.link()
    raw.send_frame(TEXT, b'{"op":"wait"}')
    raw.send(number_frames(*range(300)))
    until(lambda: link.wire.is_held)
    assert link.fed - link.handled == MOST_UNHANDLED
    room.goes_on.set()
    assert is_answered(raw)
    assert room.log == list(range(300))


def test_who_sends_more_than_max_rate_is_slowed_and_nothing_is_lost(monkeypatch, capfd):
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(limits_module, "NOISY_S", 0.2)
    room = Room()
    with serve(room.app, max_rate=100), Raw(room.app.port) as raw:
        room.watch()
        raw.shake_hands()
        id = room.link().client.id
        raw.send(number_frames(*range(230)))
        assert is_answered(raw)
        assert room.log == list(range(230))
        noisy = [Marked(id, "noisy", True), Marked(id, "noisy", False)]
        until(lambda: room.marks == noisy)
    said = capfd.readouterr().err
    assert said.count("max_rate") == 1
    assert "Otter 1 sends more than 100 messages a second: some have to wait." in said


def _flood(room: Room, raw: Raw, last: bytes = b"") -> object:
    """Sends 300 messages behind one whose handler is stuck, in one piece with what follows."""
    link = room.link()
    wire = link.wire
    raw.send(frame(TEXT, b'{"op":"wait"}') + number_frames(*range(300)) + last)
    until(lambda: wire.is_held or wire.is_over)
    return link


def _expect_few(room: Room) -> None:
    """The first few messages are handled, and then there is an end."""
    until(lambda: room.log[-1:] == ["left"])
    handled = len(room.log) - 1
    assert room.log[:-1] == list(range(handled))
    assert 0 < handled <= LAST_FRAMES


@pytest.mark.parametrize("is_in_one_piece", [True, False])
def test_of_a_flood_before_a_goodbye_at_most_32_are_handled(room, raw, is_in_one_piece):
    goodbye = frame(CLOSE, b"\x03\xe8")
    link = _flood(room, raw, goodbye if is_in_one_piece else b"")
    if not is_in_one_piece:
        raw.send(goodbye)
    until(lambda: link.has_left)
    room.goes_on.set()
    _expect_few(room)


def test_of_a_flood_before_an_end_at_most_32_are_handled(room, raw):
    link = _flood(room, raw)
    raw.socket.shutdown(1)
    until(lambda: link.has_left)
    room.goes_on.set()
    _expect_few(room)


def test_of_a_flood_before_a_reset_nothing_is_handled_any_more(room, raw):
    link = _flood(room, raw)
    raw.reset()
    until(lambda: link.has_left)
    room.goes_on.set()
    until(lambda: room.log == ["left"])


@pytest.mark.parametrize("way", ["an end", "a reset"])
def test_the_end_is_noticed_also_in_a_socket_that_is_not_read(room, raw, way):
    link = room.link()
    piece = frame(TEXT, b'{"op":"n","i":"%s"}' % (b"x" * 1_000))
    # What is taken at once, and just more than is read ahead. So nothing, or next to nothing, lies
    # with the end in the system's buffer, and there is room for it there.
    taken = MOST_UNHANDLED + 1
    raw.send(frame(TEXT, b'{"op":"wait"}') + piece * (taken + MOST_HELD // len(piece) + 1))
    until(lambda: not link.wire._is_reading)
    if way == "an end":
        raw.socket.shutdown(1)
    else:
        raw.reset()
    until(lambda: link.has_left)
    room.goes_on.set()
    until(lambda: room.log[-1:] == ["left"])
    assert len(room.log) <= (1 if way == "a reset" else 1 + LAST_FRAMES)


def test_who_leaves_while_it_is_slowed_has_left_soon():
    room = Room()
    with serve(room.app, max_rate=1), Raw(room.app.port) as raw:
        raw.shake_hands()
        raw.send(number_frames(*range(300)) + frame(CLOSE, b"\x03\xe8"))
        _expect_few(room)
