"""The panel's end of the link, with the server's real end and with strangers."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest

from wszero import outbox
from wszero.monitor import MonitorLink
from wszero.monitor_protocol import (
    Command,
    Hello,
    Joined,
    Kick,
    MessageIn,
    MessageOut,
    ProtocolError,
    Send,
    Started,
    Stop,
    Stopping,
    to_line,
)
from wszero.panel import PanelModel, PanelState
from wszero.panel_listener import MAX_STRANGERS, Conversation, PanelListener

DEADLINE_S = 20
STARTED = Started("/home/amy/quiz.py", "r1", "http://localhost:8000/")


async def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def play(story: Callable[[PanelListener], Awaitable[None]], **settings: Any) -> PanelModel:
    """Run a story with a panel that listens."""

    async def run() -> PanelModel:
        listener = PanelListener(PanelModel(), **settings)
        await listener.start()
        try:
            await story(listener)
        finally:
            await listener.close()
        return listener.model

    return asyncio.run(run())


class Stranger:
    """Somebody else on this computer who calls the panel."""

    @classmethod
    async def call(cls, listener: PanelListener, line: bytes) -> Stranger:
        stranger = cls()
        host, port, _ = listener.address.split(":")
        stranger._reader, stranger._writer = await asyncio.open_connection(host, int(port))
        stranger._writer.write(line)
        return stranger

    async def is_dropped(self) -> bool:
        try:
            return await asyncio.wait_for(self._reader.read(), DEADLINE_S) == b""
        except ConnectionError:
            return True
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        self._writer.close()

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter


class Program:
    """The server's real end of the link, as a program would have it."""

    def __init__(self, listener: PanelListener) -> None:
        self.commands: list[Command] = []
        self.lost: list[str] = []
        self.link = MonitorLink(listener.address, self.commands.append, self.lost.append)


async def started(listener: PanelListener) -> Program:
    program = Program(listener)
    await program.link.start()
    program.link.emit(STARTED)
    await until(lambda: listener.model.state is PanelState.RUNNING)
    return program


# --- with a program ---


def test_the_model_follows_the_program() -> None:
    async def story(listener: PanelListener) -> None:
        program = await started(listener)
        program.link.emit(Joined("c1", "Amy"))
        program.link.emit(MessageIn("c1", "chat", {"text": "hi"}))
        await until(lambda: listener.model.messages_in)
        assert listener.is_connected
        assert listener.model.clients["c1"].name == "Amy"
        await program.link.close(Stopping("Stop was pressed"))
        await until(lambda: listener.model.state is PanelState.ENDED)
        assert not listener.is_connected

    assert play(story).reason == "Stop was pressed"


def test_commands_reach_the_program() -> None:
    async def story(listener: PanelListener) -> None:
        program = await started(listener)
        commands: list[Command] = [Send("c1", "chat", {"text": "Zoë"}), Kick("c1", "bye"), Stop()]
        assert all(listener.send(command) for command in commands)
        await until(lambda: len(program.commands) == 3)
        assert program.commands == commands
        await program.link.close()

    play(story)


def test_a_command_without_a_program_is_not_sent() -> None:
    async def story(listener: PanelListener) -> None:
        assert not listener.send(Stop())
        program = await started(listener)
        await program.link.close()
        await until(lambda: not listener.is_connected)
        assert not listener.send(Stop())

    play(story)


def test_a_command_that_can_not_be_sent_is_refused_in_words() -> None:
    async def story(listener: PanelListener) -> None:
        with pytest.raises(ProtocolError, match="can't be sent"):
            listener.send(Send("c1", "chat", {"value": {1}}))

    play(story)


def test_closing_the_panel_tells_the_program() -> None:
    async def story(listener: PanelListener) -> None:
        program = await started(listener)
        await listener.close()
        await until(lambda: program.lost)
        assert program.lost == ["The editor that started this program has gone."]

    assert play(story).state is PanelState.ENDED


def test_the_next_run_calls_the_same_panel() -> None:
    async def story(listener: PanelListener) -> None:
        for _ in range(3):
            program = await started(listener)
            program.link.emit(Joined("c1", "Amy"))
            await until(lambda: listener.model.clients)
            await program.link.close()
            await until(lambda: listener.model.state is PanelState.ENDED)

    play(story)


def test_a_second_program_is_turned_away_while_the_first_runs() -> None:
    async def story(listener: PanelListener) -> None:
        first = await started(listener)
        second = Program(listener)
        await second.link.start()
        await until(lambda: second.lost)
        first.link.emit(Joined("c1", "Amy"))
        await until(lambda: listener.model.clients)
        assert listener.model.state is PanelState.RUNNING
        assert first.lost == []
        await first.link.close()

    play(story)


def test_a_program_in_another_process_finds_the_panel_through_its_environment() -> None:
    source = (
        "import asyncio, os\n"
        "from wszero.monitor import MonitorLink\n"
        "from wszero.monitor_protocol import Joined\n"
        "async def main():\n"
        "    lost = asyncio.Event()\n"
        "    address = os.environ['WSZERO_MONITOR']\n"
        "    link = MonitorLink(address, print, lambda reason: lost.set())\n"
        "    await link.start()\n"
        "    link.emit(Joined('c1', 'Amy'))\n"
        "    await lost.wait()\n"
        "asyncio.run(main())\n"
    )

    async def story(listener: PanelListener) -> None:
        root = Path(__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-c", source], cwd=str(root), env=listener.environment(os.environ)
        )
        try:
            await until(lambda: listener.model.clients)
            await listener.close()
            await until(lambda: process.poll() is not None)
            assert process.returncode == 0
        finally:
            process.kill()
            process.wait()

    play(story)


def test_the_environment_is_a_copy() -> None:
    async def story(listener: PanelListener) -> None:
        base = {"PATH": "/bin"}
        environment = listener.environment(base)
        assert environment == {"PATH": "/bin", "WSZERO_MONITOR": listener.address}
        assert base == {"PATH": "/bin"}

    play(story)


def test_a_panel_that_does_not_listen_yet_has_no_address() -> None:
    async def run() -> None:
        listener = PanelListener(PanelModel())
        with pytest.raises(RuntimeError, match="start"):
            listener.environment({})
        await listener.close()

    asyncio.run(run())


def test_every_panel_has_a_token_of_its_own() -> None:
    addresses = []

    async def story(listener: PanelListener) -> None:
        addresses.append(listener.address)

    play(story)
    play(story)
    tokens = {address.split(":")[2] for address in addresses}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


# --- with strangers ---


@pytest.mark.parametrize(
    "line",
    [
        to_line(Hello("wrong")),
        to_line(Hello("")),
        to_line(Hello("ключ")),
        to_line(Joined("c1", "no hello")),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\n",
    ],
)
def test_a_stranger_is_dropped_and_the_model_does_not_see_it(line: bytes) -> None:
    async def story(listener: PanelListener) -> None:
        stranger = await Stranger.call(listener, line + to_line(Joined("c1", "Eve")))
        assert await stranger.is_dropped()

    model = play(story)
    assert (model.version, model.state) == (0, PanelState.WAITING)


@pytest.mark.parametrize("said", [b"", b'{"event":"hello",', b"x" * 200_000])
def test_a_stranger_that_says_nothing_useful_is_dropped_in_the_end(said: bytes) -> None:
    async def story(listener: PanelListener) -> None:
        stranger = await Stranger.call(listener, said)
        assert await stranger.is_dropped()

    assert play(story, hello_timeout_s=0.1).version == 0


def test_a_program_may_be_silent_after_its_first_line() -> None:
    async def story(listener: PanelListener) -> None:
        program = Program(listener)
        await program.link.start()
        await until(lambda: listener.is_connected)
        stranger = await Stranger.call(listener, b"")
        assert await stranger.is_dropped()  # so the program's time would be up as well
        assert listener.is_connected
        assert program.lost == []
        await program.link.close()

    play(story, hello_timeout_s=0.3)


def test_only_so_many_strangers_may_hold_the_line() -> None:
    async def story(listener: PanelListener) -> None:
        strangers = [await Stranger.call(listener, b"") for _ in range(MAX_STRANGERS)]
        assert await (await Stranger.call(listener, b"")).is_dropped()
        strangers[0].hang_up()
        await until(lambda: len(listener._connections) < MAX_STRANGERS)
        program = await started(listener)
        for stranger in strangers:
            stranger.hang_up()
        await program.link.close()

    play(story, hello_timeout_s=600)


def test_nobody_outside_this_computer_can_call() -> None:
    async def story(listener: PanelListener) -> None:
        sockets = getattr(listener._server, "sockets", ())
        assert [at.getsockname()[0] for at in sockets] == ["127.0.0.1"]

    play(story)


def test_commands_do_not_pile_up_for_a_program_that_does_not_read() -> None:
    async def story(listener: PanelListener) -> None:
        _, port, token = listener.address.split(":")
        with socket.create_connection(("127.0.0.1", int(port))) as program:
            program.sendall(to_line(Hello(token)))
            await until(lambda: listener.is_connected)
            command = Send("c1", "chat", {"text": "x" * 60_000})
            sent = 0
            while listener.send(command):
                sent += 1
                assert sent < 2_000, "120 MB wait"

    play(story)


def test_what_a_program_of_a_newer_version_says_is_skipped_and_counted() -> None:
    model = PanelModel()
    talk = Conversation("k3y", model)
    assert talk.receive(to_line(Hello("k3y")) + b'{"event":"party"}\nnonsense\n')
    assert talk.receive(to_line(Stop()) + to_line(Hello("k3y")) + to_line(Joined("c1", "Amy")))
    assert (talk.skipped, list(model.clients)) == (4, ["c1"])


def test_a_stranger_whose_connection_closes_ends_nothing() -> None:
    model = PanelModel()
    model.feed(STARTED)
    Conversation("k3y", model).ended()
    assert model.state is PanelState.RUNNING


# --- floods ---


def test_a_flood_reaches_the_model_counted_to_the_last_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MESSAGES_A_SECOND", 100)  # so that a slow machine is fast enough
    emitted = 6_000

    async def story(listener: PanelListener) -> None:
        program = await started(listener)
        program.link.emit(Joined("c1", "Amy"))

        def flood() -> None:
            for n in range(emitted // 2):
                program.link.emit(MessageIn("c1", "chat", {"n": n}))
                program.link.emit(MessageOut([], "chat", {"n": n}, everybody=True))

        await asyncio.get_running_loop().run_in_executor(None, flood)
        await program.link.close()
        await until(lambda: listener.model.state is PanelState.ENDED)
        assert listener.model.left_out > 0
        assert listener.model.messages_in == listener.model.messages_out == emitted // 2

    play(story)
