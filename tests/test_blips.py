"""A blip is not a goodbye: the server's half, seen through its door."""

from __future__ import annotations

import json
import struct
import threading

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.games import until
from tests.raw_page import COMING_BACK, RawPage, number_frames
from tests.serving import BINARY, CLOSE, TEXT, Raw, frame, serve
from wszero import server as server_module
from wszero.app import App
from wszero.link import MOST_KEPT
from wszero.monitor_protocol import Joined, Left, Marked
from wszero.server import Server


@pytest.fixture(autouse=True)
def console(capfd, monkeypatch):
    """What has been printed: never that wszero has made a mistake."""
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    printed = []

    def read() -> str:
        printed.append(capfd.readouterr().err)
        return "".join(printed)

    yield read
    assert "wszero itself made" not in read()


class Room:
    """A program that notes who comes, who goes and what they say."""

    def __init__(self, **options) -> None:
        self.app = App()
        self.log: list[object] = []
        self.goes_on = threading.Event()
        """Set: handlers of "wait" end."""
        self.app.on("connect")(lambda client: self.log.append(("came", client)))
        self.app.on("disconnect")(lambda client: self.log.append(("left", client)))
        self.app.on("n")(lambda client, i: self.log.append(i))
        self.app.on("echo")(lambda client, value: value)
        self.app.on("wait")(lambda client: self.goes_on.wait(30))
        self.events: list[object] = []
        self._pages: list[RawPage] = []
        self._serving = serve(self.app, **options)
        self._serving.__enter__()
        self.app.observer = self.events.append

    def open(self) -> RawPage:
        """Opens a page, and waits until its client is there."""
        before = len(self.log)
        self._pages.append(RawPage(self.app.port))
        until(lambda: len(self.log) > before)
        return self._pages[-1]

    def close(self) -> None:
        self.goes_on.set()
        for page in self._pages:
            page.close()
        self._serving.__exit__(None, None, None)

    @property
    def numbers(self) -> list[int]:
        return [each for each in self.log if isinstance(each, int)]

    @property
    def visits(self) -> list[tuple]:
        """Who came and left."""
        return [each for each in self.log if isinstance(each, tuple)]

    @property
    def client(self):
        """The client that came last."""
        return [client for what, client in self.visits if what == "came"][-1]

    def wait_until_away(self, client) -> None:
        until(lambda: not client.connected)
        assert client in self.app.clients

    def cut(self, page: RawPage) -> None:
        """Breaks a page's connection off, and waits until that is noticed."""
        client = self.app.client_with_id(page.hello["id"])
        page.raw.reset()
        self.wait_until_away(client)


@pytest.fixture
def make_room():
    rooms: list[Room] = []

    def make(**options) -> Room:
        rooms.append(Room(**options))
        return rooms[-1]

    yield make
    for each in rooms:
        each.close()


@pytest.fixture
def room(make_room):
    return make_room()


@pytest.fixture
def pass_time(monkeypatch):
    """Lets the server's clock jump, and waits until it has looked at it: `pass_time(31)`."""

    def jump(room: Room, seconds: float) -> None:
        now = Server.now
        monkeypatch.setattr(Server, "now", lambda server: now(server) + seconds)
        sweeps = []
        room.app._driver._server.every_sweep = lambda: sweeps.append(1)
        until(lambda: len(sweeps) > 2)

    return jump


def why(payload: bytes) -> str:
    return payload[2:].decode()


# ---- the first time ----------------------------------------------------------------------------


def test_each_page_gets_a_key_of_its_own(room):
    first, second = room.open().hello, room.open().hello
    assert first["key"] != second["key"]
    assert min(len(first["key"]), len(second["key"])) > 20
    assert (first["got"], "resumed" in first) == (0, False)


# ---- cut, and back -----------------------------------------------------------------------------

CUTS = {
    "a reset": lambda page: page.raw.reset(),
    "an end without a word": lambda page: page.raw.close(),
    "half an end": lambda page: page.raw.socket.shutdown(1),
    "a page that comes back": lambda page: page.say_goodbye(COMING_BACK),
    "a code that means nothing": lambda page: page.say_goodbye(3000),
    "a server's error": lambda page: page.say_goodbye(1011),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_page_that_is_cut_off_and_comes_back_is_the_very_same_client(room, cut):
    page = room.open()
    client, hello = room.client, page.hello
    client.score = 7
    client.add_to_group("red")
    cut(page)
    room.wait_until_away(client)
    assert len(room.app.clients) == 1
    again = page.come()
    assert again == {**hello, "resumed": True, "got": 0, "lost": 0}
    until(lambda: client.connected)
    assert page.ask() == "here"
    assert room.app.clients[0] is client
    assert (client.score, "red" in client.groups) == (7, True)
    assert room.visits == [("came", client)]


def test_a_page_that_falls_silent_is_away_and_not_gone(make_room, monkeypatch):
    monkeypatch.setattr(server_module, "PING_AFTER_S", 0.1)
    monkeypatch.setattr(server_module, "SILENT_S", 0.3)
    room = make_room()
    page = room.open()
    room.wait_until_away(room.client)
    assert page.come()["resumed"]
    assert len(room.visits) == 1


def test_what_is_sent_meanwhile_arrives_afterwards_in_order_and_once(room):
    page = room.open()
    client = room.client
    client.add_to_group("red")
    room.cut(page)
    for i in range(0, 30, 3):
        client.send("n", i=i)
        room.app.broadcast("n", i=i + 1)
        room.app.broadcast("n", "red", i=i + 2)
    client.name = "Zoë"
    client.eval_js("1 + 1")
    assert page.come()["name"] == "Zoë"
    assert page.numbers(30) == list(range(30))
    assert [page.hear()["op"] for _ in range(2)] == ["_name", "eval_js"]
    assert (page.ask(), page.got) == ("here", 33)


def test_what_was_written_but_did_not_arrive_is_sent_again(room):
    page = room.open()
    for i in range(10):
        room.client.send("n", i=i)
    assert page.numbers(4) == [0, 1, 2, 3]
    room.cut(page)
    page.come()
    assert page.numbers(6) == [4, 5, 6, 7, 8, 9]
    assert (page.ask(), page.got) == ("here", 11)


def test_the_page_is_told_what_has_come_of_it_so_nothing_is_handled_twice(room):
    page = room.open()
    page.send_numbers(*range(5))
    until(lambda: len(room.numbers) == 5)
    room.cut(page)
    # It has sent five more, which got lost on the way.
    got = page.come()["got"]
    page.send_numbers(*list(range(10))[got:])
    assert page.ask() == "here"
    assert (got, room.numbers) == (5, list(range(10)))


LARGE = b'{"op":"n","i":7,"text":"' + b"x" * 200_000 + b'"}'
HALVES = {
    "a head": number_frames(7)[:3],
    "a frame": number_frames(7)[:-1],
    "a large frame": frame(TEXT, LARGE)[:150_000],
    "fragments": frame(TEXT, LARGE[:1000], fin=False),
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
@pytest.mark.parametrize("cut", ["a reset", "an end without a word"])
def test_a_message_that_was_cut_in_two_is_handled_once_and_never_half(room, half, cut):
    page = room.open()
    page.raw.send(number_frames(6) + half)
    until(lambda: room.numbers == [6])
    CUTS[cut](page)
    room.wait_until_away(room.client)
    assert page.come()["got"] == 1
    page.send_numbers(7)
    assert page.ask() == "here"
    assert room.numbers == [6, 7]


def test_every_text_counts_but_a_receipt(room):
    page = room.open()
    page.raw.send_frame(TEXT, b"nonsense")
    page.send("nobody")
    page.send("_beat")
    page.send("_error", kind="error", msg="x is not defined", file="/", line=1)
    page.raw.send_frame(BINARY, b"no text")
    page.receipt(0)
    page.ask()
    room.cut(page)
    assert page.come()["got"] == 5


def test_two_blips_in_a_row_lose_and_double_nothing(room):
    page = room.open()
    for i in range(8):
        room.client.send("n", i=2 * i)
        page.send_numbers(i)
        until(lambda i=i: len(room.numbers) == i + 1)
        room.cut(page)
        room.client.send("n", i=2 * i + 1)
        assert page.come()["got"] == i + 1
        if i % 2:
            assert page.numbers(4) == list(range(2 * i - 2, 2 * i + 2))
    assert room.numbers == list(range(8))
    assert len(room.visits) == 1


def test_a_page_that_is_cut_off_in_the_middle_of_coming_back_loses_nothing(room):
    page = room.open()
    for i in range(5):
        room.client.send("n", i=i)
    for _ in range(3):
        page.knock()
        page.raw.reset()
    page.come()
    assert page.numbers(5) == list(range(5))


def test_what_waited_in_the_page_is_no_flood_when_it_comes_back(make_room, console):
    room = make_room(max_rate=5)
    page = room.open()
    room.cut(page)
    page.come()
    page.send_numbers(*range(2 * MOST_KEPT - 1))
    assert page.ask() == "here"
    assert room.numbers == list(range(2 * MOST_KEPT - 1))
    assert "max_rate" not in console()


def test_an_answer_waits_for_the_page_that_asked(room):
    page = room.open()
    room.app.on("slow")(lambda client: room.goes_on.wait(30))
    page.send("slow", _ask=7)
    until(lambda: room.app._driver._runtime.turn)
    room.cut(page)
    room.goes_on.set()
    page.come()
    answer = page.hear("_answer")
    assert (answer["ask"], answer["value"]) == (7, True)


def test_more_than_500_messages_are_too_many_and_that_is_said_once(room, console):
    pages = [room.open(), room.open()]
    for page in pages:
        room.cut(page)
    for i in range(MOST_KEPT + 100):
        room.app.broadcast("n", i=i)
    for page in pages:
        assert page.come()["lost"] == 100
        assert page.numbers(MOST_KEPT) == list(range(100, MOST_KEPT + 100))
        # What is lost is lost: it is no longer counted, and not missed another time.
        room.cut(page)
        assert page.come()["lost"] == 0
        assert page.ask() == "here"
    said = console()
    assert said.count("At most 500 are kept") == 1
    assert "Otter 1 was away for a moment and has missed 100 messages." in said


def test_what_is_kept_is_bounded_by_max_waiting(make_room, console):
    room = make_room(max_waiting=10_000)
    page = room.open()
    room.cut(page)
    for i in range(20):
        room.client.send("n", i=i, text="x" * 1000)
    lost = page.come()["lost"]
    assert 10 <= lost <= 12
    assert page.numbers(20 - lost) == list(range(lost, 20))
    until(lambda: "(max_waiting=10000)" in console())


class Walk:
    """A page and a program that count aloud, with a network that breaks in between."""

    def __init__(self, room: Room) -> None:
        self._room, self._page = room, room.open()
        self._client = room.client
        self._said = self._told = 0
        self._heard: list[int] = []

    def say(self) -> None:
        self._page.send_numbers(self._said, self._said + 1)
        self._said += 2

    def tell(self) -> None:
        self._client.send("n", i=self._told)
        self._room.app.broadcast("n", i=self._told + 1)
        self._told += 2

    def hear(self) -> None:
        if len(self._heard) < self._told:
            self._heard += self._page.numbers(1)

    def receipt(self) -> None:
        self._page.receipt(self._page.got)

    def reset(self) -> None:
        self._page.raw.reset()
        self.come_back()

    def end(self) -> None:
        self._page.raw.close()
        self.come_back()

    def leave(self) -> None:
        self._page.raw.send_frame(CLOSE, struct.pack("!H", COMING_BACK))
        self.end()

    def half(self) -> None:
        self._page.raw.send(number_frames(self._said)[:5])
        self.reset()

    def knock(self) -> None:
        self._page.knock()
        self.reset()

    def come_back(self) -> None:
        hello = self._page.come()
        assert (hello["resumed"], hello["lost"]) == (True, 0)
        self._page.send_numbers(*range(hello["got"], self._said))

    def finish(self) -> None:
        while len(self._heard) < self._told:
            self.hear()
        assert self._page.ask() == "here"
        assert self._heard == list(range(self._told))
        assert self._page.got == self._told + 1
        assert self._room.numbers == list(range(self._said))
        assert self._room.visits == [("came", self._client)]


STEPS = ("say", "tell", "hear", "receipt", "reset", "end", "leave", "half", "knock", "come_back")


@hypothesis.settings(max_examples=30)
@hypothesis.given(steps=st.lists(st.sampled_from(STEPS), max_size=30))
def test_whatever_happens_to_the_sockets_all_arrives_once_and_in_order(steps):
    room = Room()
    try:
        walk = Walk(room)
        for step in steps:
            getattr(walk, step)()
        walk.finish()
    finally:
        room.close()


# ---- receipts ----------------------------------------------------------------------------------


def test_what_the_page_says_it_has_got_need_not_be_kept(room):
    page = room.open()
    link = room.client._link
    for i in range(20):
        room.client.send("n", i=i)
    assert len(link.kept) == 20
    page.receipt(15)
    until(lambda: len(link.kept) == 5)
    page.receipt(20)
    until(lambda: not link.kept)


def test_the_page_is_told_now_and_then_what_has_come(room):
    page = room.open()
    page.send_numbers(1, 2, 3)
    while page.confirmed != 3:
        page.hear("_got")
    page.send_numbers(4)
    assert page.hear("_got")["n"] == 4
    room.cut(page)
    assert page.come()["got"] == 4


STRANGE_COUNTS = [-1, 1.5, 1e300, None, True, "7", [], {}, int("9" * 100)]


@pytest.mark.parametrize("n", STRANGE_COUNTS)
def test_a_receipt_of_nonsense_harms_nobody(room, n):
    witness, page = room.open(), room.open()
    room.app.broadcast("n", i=1)
    page.receipt(n)
    page.send("_got")
    assert page.ask() == witness.ask() == "here"
    room.cut(page)
    assert page.come()["resumed"]
    assert page.ask() == "here"


@pytest.mark.parametrize("got", ["", "-1", "x", "1.5", "1e3", "²", "9" * 40, "%00", "NaN"])
def test_a_count_of_nonsense_gets_everything_again(room, got):
    page = room.open()
    room.client.send("n", i=1)
    room.cut(page)
    assert page.come(got=got)["resumed"]
    assert page.numbers(1) == [1]
    assert page.ask() == "here"


def test_a_page_that_says_it_has_got_more_than_was_sent_misses_only_what_it_has_not(room):
    page = room.open()
    room.client.send("n", i=1)
    room.cut(page)
    assert page.come(got="999999999999999")["lost"] == 0
    room.client.send("n", i=2)
    assert page.numbers(1) == [2]


# ---- the end -----------------------------------------------------------------------------------


def test_who_does_not_come_back_within_the_grace_has_left_once(room, pass_time):
    page = room.open()
    first = room.client
    room.cut(page)
    pass_time(room, 29)
    assert room.visits == [("came", first)]
    pass_time(room, 2)
    until(lambda: room.visits == [("came", first), ("left", first)])
    assert len(room.app.clients) == 0
    key = page.key
    fresh = page.come()
    assert (fresh["got"], "resumed" in fresh, fresh["key"] != key) == (0, False, True)
    until(lambda: len(room.visits) == 3)
    assert room.client is not first
    visits = [type(each) for each in room.events if isinstance(each, (Joined, Left))]
    assert visits == [Joined, Left, Joined]


def test_the_program_may_choose_how_long_the_grace_is(make_room):
    room = make_room(away=0.3)
    page = room.open()
    page.raw.reset()
    until(lambda: len(room.visits) == 2)
    assert "resumed" not in page.come()
    assert Marked(page.hello["id"], "away", True) in room.events


def test_without_grace_who_is_cut_off_has_left_at_once(make_room):
    room = make_room(away=0)
    page = room.open()
    page.raw.reset()
    until(lambda: len(room.visits) == 2)
    assert "resumed" not in page.come()


def test_with_endless_grace_who_is_cut_off_may_come_back_after_days(make_room, pass_time):
    room = make_room(away=None)
    page = room.open()
    room.cut(page)
    pass_time(room, 1e6)
    assert page.come()["resumed"]
    assert len(room.visits) == 1


@pytest.mark.parametrize("code", [None, 1000, 1001])
def test_who_says_goodbye_has_left_at_once_and_before_the_next_one_comes(room, code):
    page = room.open()
    first = room.client
    page.say_goodbye(code)
    room.open()
    until(lambda: len(room.visits) == 3)
    second = room.client
    assert room.visits == [("came", first), ("left", first), ("came", second)]
    assert "resumed" not in page.come()


@pytest.mark.parametrize("reason", ["Please be kind.", ""])
def test_who_is_kicked_while_away_reads_why_and_stays_out(room, reason):
    page = room.open()
    client = room.client
    room.cut(page)
    client.kick(reason)
    until(lambda: len(room.visits) == 2)
    for _ in range(3):
        page.knock()
        assert page.raw.read_frame() == (CLOSE, struct.pack("!H", 4001) + reason.encode())
        page.send("n", i=1)
        page.raw.close()
    assert room.open().ask() == "here"
    assert (room.numbers, len(room.app.clients)) == ([], 1)


def test_who_did_not_hear_that_it_was_kicked_is_told_when_it_comes_back(room):
    page = room.open()
    room.client.kick("too loud")
    page.raw.reset()
    until(lambda: len(room.visits) == 2)
    page.knock()
    assert page.raw.read_frame() == (CLOSE, struct.pack("!H", 4001) + b"too loud")


ENDS = {
    "a broken frame": (lambda page: page.raw.send_frame(3, b"?"), "could not be read"),
    "text that is no text": (lambda page: page.raw.send_frame(TEXT, b"\xff"), "could not be read"),
    "too large a message": (
        lambda page: page.raw.send_frame(TEXT, b"x" * 2000),
        "over the limit (max_message=1000)",
    ),
}


@pytest.mark.parametrize(("end", "words"), ENDS.values(), ids=ENDS)
def test_what_breaks_the_rules_ends_the_session_and_the_page_is_told_why(make_room, end, words):
    room = make_room(max_message=1000)
    page = room.open()
    end(page)
    until(lambda: len(room.visits) == 2)
    fresh = page.come()
    assert words in fresh["why"]
    assert "resumed" not in fresh
    page.raw.reset()
    assert "why" not in page.come(key="", got="")


def test_who_does_not_read_is_dropped_and_told_why_when_it_comes_back(make_room):
    room = make_room(max_waiting=100_000)
    page = room.open()
    client = room.client
    while client.connected:
        client.send("news", text="x" * 50_000)
    until(lambda: len(room.visits) == 2)
    assert page.come()["why"] == "This page did not read its messages (max_waiting=100000)."


# ---- a second socket while the first one lives -------------------------------------------------


def test_a_page_may_come_back_before_its_old_socket_is_known_to_be_dead(room):
    page = room.open()
    old, client = page.raw, room.client
    client.send("n", i=0)
    page.send_numbers(0, 1)
    until(lambda: len(room.numbers) == 2)
    assert page.come()["got"] == 2
    assert page.numbers(1) == [0]
    assert b'"i":1' not in old.read(10**6)  # to its end
    client.send("n", i=1)
    assert page.numbers(1) == [1]
    assert (room.numbers, room.visits, client.connected) == ([0, 1], [("came", client)], True)
    assert not [each for each in room.events if isinstance(each, Marked)]


def test_what_waited_in_the_old_socket_is_sent_again_and_not_doubled(room):
    page = room.open()
    page.send("wait")
    page.send_numbers(*range(100))
    until(lambda: room.client._link.wire.is_held)
    got = page.come()["got"]
    page.send_numbers(*range(got - 1, 100))
    room.goes_on.set()
    assert page.ask() == "here"
    assert room.numbers == list(range(100))


@pytest.mark.parametrize("leave", ["with 4002", "with an end"])
def test_who_leaves_a_flood_behind_to_come_back_loses_nothing(room, leave):
    page = room.open()
    page.send("wait")
    last = frame(CLOSE, struct.pack("!H", COMING_BACK)) if leave == "with 4002" else b""
    page.raw.send(number_frames(*range(100)) + last)
    if not last:
        page.raw.socket.shutdown(1)
    room.wait_until_away(room.client)
    got = page.come()["got"]
    page.send_numbers(*range(got - 1, 100))
    room.goes_on.set()
    assert page.ask() == "here"
    assert room.numbers == list(range(100))
    assert len(room.visits) == 1


# ---- a full house ------------------------------------------------------------------------------


def is_refused(room: Room, path: str, **headers: str) -> bool:
    with Raw(room.app.port) as raw:
        return raw.shake_hands(path, **headers).status >= 400


def test_in_a_full_house_the_one_who_is_away_longest_makes_room(make_room):
    room = make_room(max_clients=3)
    pages = [room.open() for _ in range(3)]
    clients = tuple(room.app.clients)
    assert is_refused(room, "/ws")
    room.cut(pages[1])
    room.cut(pages[0])
    room.open()
    until(lambda: ("left", clients[1]) in room.visits)
    room.open()
    until(lambda: ("left", clients[0]) in room.visits)
    assert len(room.app.clients) == 3
    assert is_refused(room, "/ws?page=%2F&run=")
    assert pages[2].ask() == "here"


def test_a_page_that_comes_back_does_not_count_twice(make_room):
    room = make_room(max_clients=1)
    page = room.open()
    for _ in range(3):
        assert page.come()["resumed"]  # the old socket is not known to be dead
        room.cut(page)
    assert page.come()["resumed"]


def test_a_key_lets_no_plain_client_into_a_full_house(make_room):
    room = make_room(max_clients=1)
    page = room.open()
    assert is_refused(room, f"/ws?key={page.key}")
    assert page.ask() == "here"


def test_who_is_away_does_not_make_room_for_who_can_not_come_in(make_room):
    room = make_room(max_clients=2)
    page, loud = room.open(), room.open()
    room.client.kick("too loud")
    until(lambda: len(room.app.clients) == 1)
    room.open()
    room.cut(page)
    assert is_refused(room, "/ws", Sec_WebSocket_Version="7")
    loud.knock()
    assert loud.raw.read_frame()[0] == CLOSE
    assert page.come()["resumed"]


# ---- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "wrong", "x" * 500, "\0", "🔑", "None"])
def test_a_key_that_is_wrong_opens_nothing_and_is_no_trouble(room, key):
    page = room.open()
    stranger = RawPage(room.app.port, key=key, got="3")
    try:
        assert "resumed" not in stranger.hello
        assert stranger.key not in (key, page.key)
        assert stranger.ask() == page.ask() == "here"
        until(lambda: len(room.app.clients) == 2)
    finally:
        stranger.close()


def test_a_key_of_another_run_opens_nothing(make_room):
    page = make_room().open()
    other = make_room()
    stranger = RawPage(other.app.port, key=page.key, run=page.run)
    assert "resumed" not in stranger.hello
    assert stranger.run != page.run
    stranger.close()


def test_a_plain_client_has_no_grace_and_no_key(room):
    page = room.open()
    with Raw(room.app.port) as raw:
        raw.shake_hands(f"/ws?key={page.key}&got=0")
        raw.send_frame(TEXT, b'{"op":"echo","value":1,"_ask":1}')
        assert json.loads(raw.read_frame()[1])["op"] == "_answer"
        assert page.ask() == "here"
        plain = room.client
        raw.reset()
    until(lambda: ("left", plain) in room.visits)
    assert not plain.connected


# ---- what the panel sees -----------------------------------------------------------------------


def test_the_panel_sees_who_is_away_and_back(room):
    page = room.open()
    for _ in range(2):
        room.cut(page)
        page.come()
        until(lambda: room.client.connected)
    away = [Marked(room.client.id, "away", on) for on in (True, False)]
    assert [each for each in room.events if isinstance(each, Marked)] == away * 2
    assert not [each for each in room.events if isinstance(each, Left)]


def test_who_was_slow_when_it_was_cut_off_is_not_slow_with_its_new_socket(make_room):
    room = make_room(max_waiting=None)
    page = room.open()
    slow = Marked(room.client.id, "slow", True)
    until(lambda: room.client.send("news", text="x" * 100_000) or slow in room.events)
    room.cut(page)
    page.come(got="999999")
    until(lambda: Marked(room.client.id, "slow", False) in room.events)
