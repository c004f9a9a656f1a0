"""A blip is not a goodbye: a real page, a real server, and a network between them that fails."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Callable, Iterator

import pytest

from tests.serving import DEADLINE_S, serve
from wszero.app import App


class BadNetwork:
    """A TCP proxy that breaks off, swallows or holds back what goes through it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._news = threading.Condition()
        self._lines: list[tuple[socket.socket, socket.socket]] = []
        self._held: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def url(self) -> str:
        """Where pages find the server."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, name="tests-network")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                with self._news:
                    if self._is_cut:
                        _reset(near)
                        continue
                    far = socket.create_connection(("127.0.0.1", self._target), DEADLINE_S)
                    far.settimeout(None)
                    self._lines.append((near, far))
                self._start(self._carry, near, far)
                self._start(self._carry, far, near)

    def _carry(self, source: socket.socket, drain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                with self._news:
                    self._news.wait_for(lambda: source not in self._held)
                if not data:
                    drain.shutdown(socket.SHUT_WR)
                    return
                drain.sendall(data)

    def hold(self) -> None:
        """From now on nothing gets through the lines that are open; new ones are well."""
        with self._news:
            self._held.update(each for line in self._lines for each in line)

    def let_go(self) -> None:
        """What was held goes on its way, late."""
        with self._news:
            self._held.clear()
            self._news.notify_all()

    def cut(self) -> None:
        """Breaks all lines off, with what is on its way. There are no new ones until `mend`."""
        with self._news:
            self._is_cut = True
            for line in self._lines:
                for each in line:
                    _reset(each)
            self._lines.clear()
            self._held.clear()
            self._news.notify_all()

    def mend(self) -> None:
        """Lets new lines through."""
        with self._news:
            self._is_cut = False

    def close(self) -> None:
        """Ends it."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)


def _reset(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RD)  # wakes who reads from it
    line.close()


PAGE = """<!DOCTYPE html><title>blips</title><script>
var heard = [], stamp = Math.random();
HANDLERS.n = function (msg) { heard.push(msg.i); };
</script>"""


class Room:
    """A server whose program writes down what happens."""

    def __init__(self, app: App, network: BadNetwork) -> None:
        self.app, self.network = app, network
        self.log: list[tuple] = []
        self._news = threading.Condition()
        app.on("connect")(lambda client: self._note("connect", client))
        app.on("disconnect")(lambda client: self._note("disconnect", client))
        app.on("n")(lambda client, i: self._note("n", client, i))
        app.on("double")(lambda client, i: 2 * i)

    def _note(self, *what: object) -> None:
        with self._news:
            self.log.append(what)
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Waits until something has happened."""
        with self._news:
            assert self._news.wait_for(condition, DEADLINE_S), self.log

    def happened(self) -> list[tuple]:
        """Who came and went."""
        return [(what[0], what[1]) for what in self.log if what[0] != "n"]

    def numbers(self) -> list[int]:
        """What pages have sent."""
        return [what[2] for what in self.log if what[0] == "n"]

    @property
    def client(self):
        """The client that came last."""
        return [client for what, client in self.happened() if what == "connect"][-1]

    def wait_until_away(self) -> None:
        """Waits until the server has noticed that the page is gone."""
        deadline = time.monotonic() + DEADLINE_S
        while self.client.connected:
            assert time.monotonic() < deadline, "the server has not noticed"
            threading.Event().wait(0.01)


@contextlib.contextmanager
def _room(folder, **options) -> Iterator[Room]:
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    app = App()
    with contextlib.ExitStack() as stack:
        room = Room(app, None)  # type: ignore[arg-type]
        stack.enter_context(serve(app, folder=str(folder), **options))
        room.network = BadNetwork(app.port)
        stack.callback(room.network.close)
        yield room


@pytest.fixture
def room(tmp_path) -> Iterator[Room]:
    with _room(tmp_path) as room:
        yield room


@pytest.fixture
def open_page(browser_page):
    def start(room: Room, **settings):
        page = browser_page(room.network.url + "/", **settings)
        page.wait_until("wszero.connected")
        room.wait_for(lambda: room.happened())
        return page

    return start


def _cut(room: Room, page) -> None:
    room.network.cut()
    page.wait_until("!wszero.connected")
    room.wait_until_away()


def _back(room: Room, page) -> None:
    room.network.mend()
    page.wait_until("wszero.connected")


def test_what_was_sent_during_a_blip_arrives_once_and_in_order_both_ways(room, open_page):
    page = open_page(room)
    client = room.client
    client.score = 7
    client.add_to_group("red")
    _cut(room, page)
    for i in range(20):
        client.send("n", i=i)
    page.evaluate("for (let i = 0; i < 20; i += 1) { send('n', {i}); }")
    _back(room, page)
    page.wait_until("heard.length >= 20")
    assert page.evaluate("ask('double', {i: 4})") == 8  # behind everything else
    assert page.evaluate("heard") == room.numbers() == list(range(20))
    assert room.happened() == [("connect", client)]
    assert (client.score, "red" in client.groups, client.connected) == (7, True, True)


def test_two_blips_in_a_row_lose_and_double_nothing(room, open_page):
    page = open_page(room)
    for i in range(6):
        page.evaluate("i => { send('n', {i}); send('n', {i: i + 1}); }", 2 * i)
        room.client.send("n", i=2 * i)
        room.client.send("n", i=2 * i + 1)
        _cut(room, page)
        _back(room, page)
    page.wait_until("heard.length >= 12")
    page.evaluate("ask('double', {i: 4})")
    assert page.evaluate("heard") == room.numbers() == list(range(12))
    assert len(room.happened()) == 1


def test_an_ask_waits_through_a_blip(room, open_page):
    page = open_page(room)
    _cut(room, page)
    page.evaluate("window.answer = 0; ask('double', {i: 21}).then(value => { answer = value; }); 0")
    _back(room, page)
    page.wait_until("answer === 42")


def test_what_an_old_socket_brings_late_is_not_heard_again(room, open_page):
    page = open_page(room)
    client = room.client
    room.network.hold()
    page.evaluate("send('n', {i: 0}); send('n', {i: 1})")
    client.send("n", i=0)
    page.evaluate("window.dispatchEvent(new Event('online'))")  # it looks whether it lives
    page.wait_until("heard.length === 1")
    room.wait_for(lambda: len(room.numbers()) == 2)
    room.network.let_go()
    page.evaluate("send('n', {i: 2})")
    page.evaluate("ask('double', {i: 4})")
    assert (room.numbers(), page.evaluate("heard")) == ([0, 1, 2], [0])
    assert room.happened() == [("connect", client)]


def test_what_could_not_be_kept_is_lost_once(room, open_page):
    page = open_page(room)
    _cut(room, page)
    for i in range(600):
        room.client.send("n", i=i)
    _back(room, page)
    page.wait_for_console("got lost")
    page.wait_until("heard.length >= 500")
    _cut(room, page)
    room.client.send("n", i=600)
    _back(room, page)
    page.wait_until("heard.includes(600)")
    heard = page.evaluate("heard")
    assert heard == list(range(600 - 500, 601))


def test_a_page_loaded_again_is_a_new_client_after_the_old_one_has_left(room, open_page):
    page = open_page(room)
    first = room.client
    page.reload()
    page.wait_until("wszero.connected")
    room.wait_for(lambda: len(room.happened()) == 3)
    second = room.client
    assert second is not first
    assert room.happened() == [("connect", first), ("disconnect", first), ("connect", second)]


def test_a_duplicated_tab_is_another_client(room, open_page):
    page = open_page(room)
    copy = open_page(room, beside=page)
    room.wait_for(lambda: len(room.happened()) == 2)
    assert [what for what, _ in room.happened()] == ["connect", "connect"]
    assert page.evaluate("wszero.id") != copy.evaluate("wszero.id")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("reason", ["too loud", ""])
def test_who_is_kicked_during_a_blip_reads_why_and_stays_out(room, open_page, reason):
    page = open_page(room)
    client = room.client
    _cut(room, page)
    client.kick(reason)
    room.wait_for(lambda: len(room.happened()) == 2)
    room.network.mend()
    page.wait_until("wszero.status === 'kicked'")
    badge = "document.querySelector('wszero-badge').shadowRoot.textContent"
    assert reason in page.evaluate(badge)
    assert room.happened() == [("connect", client), ("disconnect", client)]


def test_when_the_grace_is_over_it_is_a_new_client(tmp_path, open_page):
    with _room(tmp_path, away=0.2) as room:
        page = open_page(room)
        first = room.client
        page.evaluate("send('n', {i: 0})")
        room.wait_for(room.numbers)
        room.network.cut()
        page.wait_until("!wszero.connected")
        room.wait_for(lambda: len(room.happened()) == 2)
        page.evaluate("send('n', {i: 1})")
        _back(room, page)
        room.wait_for(lambda: len(room.numbers()) == 2)
        assert room.numbers() == [0, 1]
        assert room.happened() == [
            ("connect", first),
            ("disconnect", first),
            ("connect", room.client),
        ]


def test_a_message_that_is_too_big_does_not_come_again_and_again(room, open_page):
    page = open_page(room)
    page.evaluate("send('n', {i: 0}); send('n', {i: 'x'.repeat(2000000)})")
    page.wait_for_console("too big")
    page.wait_for_console("(max_message=1048576)")
    page.evaluate("send('n', {i: 2})")
    room.wait_for(lambda: len(room.numbers()) >= 2)
    page.evaluate("ask('double', {i: 4})")
    assert room.numbers() == [0, 2]
    assert [line for line in page.console if "too big" in line] == page.console[:1]
