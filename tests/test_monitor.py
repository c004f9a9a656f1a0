"""The server's end of the panel link, against a pretend panel on a real socket."""

from __future__ import annotations

import asyncio
import queue
import socket
import struct
import threading
import time
from typing import Any, Awaitable, Callable, Iterator

import pytest

from tests.serving import free_port
from wszero import monitor
from wszero.monitor import MonitorLink
from wszero.monitor_protocol import (
    Broadcast,
    Command,
    Event,
    Hello,
    Joined,
    LeftOut,
    MessageIn,
    ProtocolError,
    Stop,
    Stopping,
    Trouble,
    from_line,
    to_line,
)
from wszero.outbox import MAX_BYTES_WAITING, MAX_MESSAGES_WAITING, MESSAGES_A_SECOND

DEADLINE_S = 20


class PretendPanel:
    """A plain socket server in a thread: what a panel in any other language would be."""

    def __init__(self) -> None:
        self._server = socket.socket()
        # Small, so that what a panel does not read soon waits in the server.
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        self._server.bind(("127.0.0.1", 0))
        self._server.listen()
        self._server.settimeout(DEADLINE_S)
        self._heard: queue.Queue[Any] = queue.Queue()
        self._may_read = threading.Event()
        self._may_read.set()
        self._connection: socket.socket | None = None
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}:k3y"

    def _run(self) -> None:
        try:
            self._connection, _ = self._server.accept()
        except OSError:
            return
        self._connected.set()
        rest = b""
        while True:
            self._may_read.wait()
            try:
                data = self._connection.recv(65_536)
            except OSError:
                data = b""
            if not data:
                self._heard.put(None)
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._heard.put(from_line(line))

    def stop_reading(self) -> None:
        self._may_read.clear()

    def read_on(self) -> None:
        self._may_read.set()

    def hear(self) -> Any:
        """The next event; None when the server has hung up."""
        return self._heard.get(timeout=DEADLINE_S)

    def hear_until(self, last: Event) -> list[Any]:
        """All events up to this one, and it."""
        events = [self.hear()]
        while events[-1] != last:
            assert events[-1] is not None, "the server hung up"
            events.append(self.hear())
        return events

    def say(self, data: bytes) -> None:
        assert self._connected.wait(DEADLINE_S)
        assert self._connection is not None
        self._connection.sendall(data)

    def hang_up(self) -> None:
        assert self._connected.wait(DEADLINE_S)
        assert self._connection is not None
        self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Vanish as a killed panel does, with unread bytes."""
        assert self._connection is not None
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def close(self) -> None:
        self._may_read.set()
        if self._connection is None:
            # Closing a socket does not wake the thread that waits in accept().
            socket.create_connection(self._server.getsockname()).close()
        else:
            self._connection.close()
        self._thread.join(DEADLINE_S)
        self._server.close()
        if self._connection is not None:
            self._connection.close()


@pytest.fixture
def panel() -> Iterator[PretendPanel]:
    panel = PretendPanel()
    yield panel
    panel.close()


class Server:
    """What the server does with its link: notes what it is told."""

    def __init__(self, address: str) -> None:
        self.commands: list[Command] = []
        self.lost: list[str] = []
        self.threads: set[int] = set()
        self.link = MonitorLink(address, self._on_command, self._on_lost)

    def _on_command(self, command: Command) -> None:
        self.threads.add(threading.get_ident())
        self.commands.append(command)

    def _on_lost(self, reason: str) -> None:
        self.threads.add(threading.get_ident())
        self.lost.append(reason)


async def in_thread(wait: Callable[..., Any], *values: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, wait, *values)


async def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def play(panel: PretendPanel, story: Callable[[Server], Awaitable[None]]) -> Server:
    """Run a story with a link that is connected, and close the link at its end."""

    async def run() -> Server:
        server = Server(panel.address)
        await server.link.start()
        assert await in_thread(panel.hear) == Hello("k3y")
        try:
            await story(server)
        finally:
            await server.link.close()
        return server

    return asyncio.run(run())


# --- events ---


def test_the_token_comes_first_and_then_the_events_in_order(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        events: list[Event] = [
            Joined("c1", "Amy"),
            MessageIn("c1", "chat", {"text": "Zoë"}),
            Stopping("bye"),
        ]
        for event in events:
            server.link.emit(event)
        assert await in_thread(panel.hear_until, events[-1]) == events

    play(panel, story)


def test_what_happens_before_the_link_is_up_is_told_afterwards(panel: PretendPanel) -> None:
    async def run() -> None:
        server = Server(panel.address)
        server.link.emit(Joined("c1", "Amy"))
        await server.link.start()
        heard = await in_thread(panel.hear_until, Joined("c1", "Amy"))
        assert heard == [Hello("k3y"), Joined("c1", "Amy")]
        await server.link.close()

    asyncio.run(run())


def test_events_may_come_from_any_thread(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        def join_many(letter: str) -> None:
            for n in range(300):
                server.link.emit(Joined(f"{letter}{n}", "Otter"))

        await asyncio.gather(*(in_thread(join_many, letter) for letter in "abcd"))
        server.link.emit(Stopping())
        heard = await in_thread(panel.hear_until, Stopping())
        assert len({event.client for event in heard[:-1]}) == 1_200

    play(panel, story)


def test_an_event_arrives_without_another_one_to_push_it(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        for n in range(3):
            await in_thread(server.link.emit, Joined(f"c{n}", "Otter"))
            assert await in_thread(panel.hear) == Joined(f"c{n}", "Otter")

    play(panel, story)


# --- commands ---


def test_commands_arrive_in_the_thread_of_the_loop(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        panel.say(to_line(Stop()) + to_line(Broadcast("chat", {"text": "hi"})))
        await until(lambda: len(server.commands) == 2)
        assert server.threads == {threading.get_ident()}

    assert play(panel, story).commands == [Stop(), Broadcast("chat", {"text": "hi"})]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"hello\n",
        b'{"command":"dance"}\n',
        b'{"command":"kick"}\n',
        to_line(Joined("c1", "an event is no command")),
        b"x" * 70_000 + b"\n",
        b"[" * 60_000 + b"\n",
    ],
)
def test_nonsense_is_skipped_and_counted(panel: PretendPanel, nonsense: bytes) -> None:
    async def story(server: Server) -> None:
        panel.say(nonsense + to_line(Stop()))
        await until(lambda: server.commands)
        assert server.link.skipped == 1

    assert play(panel, story).commands == [Stop()]


def test_a_command_that_fails_does_not_break_the_link(panel: PretendPanel) -> None:
    async def run() -> None:
        seen: list[Command] = []
        mistakes: list[dict[str, Any]] = []

        def fail_at_first(command: Command) -> None:
            seen.append(command)
            if len(seen) == 1:
                raise ValueError("no such client")

        asyncio.get_running_loop().set_exception_handler(lambda _, what: mistakes.append(what))
        link = MonitorLink(panel.address, fail_at_first, seen.append)  # type: ignore[arg-type]
        await link.start()
        panel.say(to_line(Stop()) * 2)
        await until(lambda: len(seen) == 2)
        await link.close()
        assert seen == [Stop(), Stop()]
        assert [str(mistake["exception"]) for mistake in mistakes] == ["no such client"]

    asyncio.run(run())


# --- the end ---


def test_a_panel_that_goes_is_told_once_in_words(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        panel.hang_up()
        await until(lambda: server.lost)
        server.link.emit(Joined("c1", "nobody hears this"))
        assert not server.link._outbox

    server = play(panel, story)
    assert server.lost == ["The editor that started this program has gone."]


def test_a_panel_that_is_not_there_is_told_once_in_words() -> None:
    async def run() -> Server:
        server = Server(f"127.0.0.1:{free_port()}:k3y")
        server.link.emit(Joined("c1", "Amy"))
        await server.link.start()
        await server.link.close(Stopping())
        return server

    assert asyncio.run(run()).lost == ["The editor's panel can't be reached."]


def test_a_panel_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(address: str) -> Server:
        server = Server(address)
        await server.link.start()
        return server

    monkeypatch.setattr(monitor, "DIAL_TIMEOUT_S", 0.1)
    # Full: nobody accepts, and one waits already. A further call is not even refused.
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        address = f"127.0.0.1:{full.getsockname()[1]}:k3y"
        assert asyncio.run(run(address)).lost == ["The editor's panel can't be reached."]


@pytest.mark.parametrize("address", ["", "127.0.0.1:1", "192.168.1.7:8000:k3y"])
def test_only_a_panel_on_this_computer_is_dialled(address: str) -> None:
    with pytest.raises(ProtocolError, match="WSZERO_MONITOR"):
        Server(address)


def test_closing_sends_what_waits_and_a_last_word(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        for n in range(5_000):
            server.link.emit(Joined(f"c{n}", "Otter"))
        await server.link.close(Stopping("Stop was pressed"))
        heard = await in_thread(panel.hear_until, Stopping("Stop was pressed"))
        assert len(heard) == 5_001
        assert await in_thread(panel.hear) is None

    assert play(panel, story).lost == []


def test_closing_does_not_wait_for_a_panel_that_does_not_read(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        panel.stop_reading()
        await fill(server)
        began = time.monotonic()
        await server.link.close(Stopping())
        assert time.monotonic() - began < 5
        assert server.link._gone is not None
        assert server.link._gone.is_set()

    assert play(panel, story).lost == []


def test_a_panel_that_goes_while_the_link_closes_is_not_waited_for(
    panel: PretendPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "CLOSE_TIMEOUT_S", 600)

    async def story(server: Server) -> None:
        panel.stop_reading()
        await fill(server)
        server.link.emit(Joined("c1", "so that something waits"))
        closing = asyncio.ensure_future(server.link.close(Stopping()))
        panel.reset()
        await asyncio.wait_for(closing, DEADLINE_S)

    assert play(panel, story).lost == []


def test_commands_that_come_while_the_link_closes_are_not_obeyed(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        panel.stop_reading()
        await fill(server)
        closing = asyncio.ensure_future(server.link.close())
        panel.say(to_line(Stop()))
        await closing

    assert play(panel, story).commands == []


def test_closing_twice_and_closing_what_was_never_started_do_no_harm(panel: PretendPanel) -> None:
    async def run() -> Server:
        server = Server(panel.address)
        await server.link.close(Stopping())
        await server.link.close()
        await server.link.start()
        server.link.emit(Joined("c1", "Amy"))
        return server

    assert asyncio.run(run()).lost == []


def test_events_after_the_loop_has_gone_do_no_harm(panel: PretendPanel) -> None:
    async def run() -> Server:
        server = Server(panel.address)
        await server.link.start()
        assert server.link._transport is not None
        server.link._transport.abort()  # so that no socket is left behind
        return server

    server = asyncio.run(run())
    server.link._is_over = False  # as if the loop had gone without a word
    server.link.emit(Joined("c1", "Amy"))
    server.link.emit(Joined("c2", "Bo"))


# --- floods ---


async def fill(server: Server) -> None:
    """Emit until the panel's socket takes no more; not faster than the link can write."""
    link, numbers = server.link, iter(range(10**6))
    can_write = link._can_write
    assert can_write is not None
    while can_write.is_set():
        for _ in range(200):
            link.emit(Trouble("mistake", "x" * 2_000, line=next(numbers)))
        await until(lambda: not (link._outbox and can_write.is_set()))


def test_a_flood_is_thinned_out_and_counted_to_the_last_message(panel: PretendPanel) -> None:
    emitted = 10_000

    async def story(server: Server) -> None:
        def flood() -> float:
            began = time.monotonic()
            for n in range(emitted):
                server.link.emit(MessageIn("c1", "chat", {"n": n}))
            return time.monotonic() - began

        took_s = await in_thread(flood)
        server.link.emit(Stopping())
        heard = await in_thread(panel.hear_until, Stopping())
        await server.link.close()
        while (event := await in_thread(panel.hear)) is not None:
            heard.append(event)
        messages = sum(isinstance(event, MessageIn) for event in heard)
        missing = [event for event in heard if isinstance(event, LeftOut)]
        assert messages <= MAX_MESSAGES_WAITING + MESSAGES_A_SECOND * took_s
        assert messages + sum(event.messages_in for event in missing) == emitted

    play(panel, story)


def test_a_panel_that_does_not_read_slows_nothing_and_takes_bounded_room(
    panel: PretendPanel,
) -> None:
    async def story(server: Server) -> None:
        panel.stop_reading()
        await fill(server)
        assert server.link._transport is not None
        for n in range(20_000):
            server.link.emit(MessageIn("c1", "chat", {"text": "x" * 200}))
            if n % 1_000 == 0:
                await asyncio.sleep(0)
        assert server.link._transport.get_write_buffer_size() < 1_000_000
        assert server.link._outbox._bytes < MAX_BYTES_WAITING
        comings = [Joined(f"c{n}", "Otter") for n in range(1_000)]
        for event in comings:
            server.link.emit(event)
        panel.read_on()
        server.link.emit(Stopping())
        heard = await in_thread(panel.hear_until, Stopping())
        assert [event for event in heard if isinstance(event, Joined)] == comings
        assert sum(event.count for event in heard if isinstance(event, LeftOut)) > 10_000

    assert play(panel, story).lost == []


def test_commands_are_heard_while_the_panel_does_not_read(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        panel.stop_reading()
        await fill(server)
        panel.say(to_line(Stop()))
        await until(lambda: server.commands)

    assert play(panel, story).commands == [Stop()]


def test_an_idle_link_sets_no_timer(panel: PretendPanel) -> None:
    async def story(server: Server) -> None:
        server.link.emit(Joined("c1", "Amy"))
        assert await in_thread(panel.hear) == Joined("c1", "Amy")
        await until(lambda: not server.link._flush_is_due)
        scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        assert [timer for timer in scheduled if not timer.cancelled()] == []

    play(panel, story)
