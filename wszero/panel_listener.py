"""The panel's end of the link: listens for the program that the editor starts, without any toolkit.

General layout: ``Conversation`` is pure: it is fed what a socket brings, checks the token and
feeds a ``PanelModel``; an editor with sockets of its own (Qt) needs only this. ``PanelListener``
puts it behind an asyncio socket.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Callable, Mapping, cast

from .monitor_protocol import (
    EVENTS,
    Command,
    Event,
    Hello,
    LineSplitter,
    ProtocolError,
    from_line,
    to_line,
)
from .panel import PanelModel

VARIABLE = "WSZERO_MONITOR"
"""The environment variable that tells a program where its panel listens."""
HELLO_TIMEOUT_S = 5.0
"""Whoever calls and says nothing for so long is no program of ours."""
MAX_STRANGERS = 8
"""Connections that have not shown their token yet."""
MAX_COMMAND_BYTES_WAITING = 1_048_576


class Conversation:
    """One connection of a program to the panel, pure.

    Feed it with ``receive``; it feeds the model. Say ``ended`` when the connection has closed.

    Args:
        token: What the first line must carry.
        model: Is fed the events, once the token was right.
        is_free: Asked when the token was right; false when another program is connected.
    """

    def __init__(
        self, token: str, model: PanelModel, is_free: Callable[[], bool] = lambda: True
    ) -> None:
        self._token = token
        self._model = model
        self._is_free = is_free
        self._lines = LineSplitter()
        self._nonsense = 0
        self.is_accepted = False
        """Whether the program has shown the token."""

    @property
    def skipped(self) -> int:
        """Lines that made no sense, or came from a newer wszero."""
        return self._nonsense + self._lines.overlong

    def receive(self, data: bytes) -> bool:
        """Take bytes as they came.

        Returns:
            False when this is no program of ours: close the connection.
        """
        for line in self._lines.feed(data):
            try:
                event = from_line(line)
            except ProtocolError:
                event = None
            if not self.is_accepted:
                if not self._accept(event):
                    return False
            elif isinstance(event, EVENTS) and not isinstance(event, Hello):
                self._model.feed(cast(Event, event))
            else:
                self._nonsense += 1
        return True

    def ended(self) -> None:
        """The connection has closed: the program has ended."""
        if self.is_accepted:
            self._model.ended()

    def _accept(self, event: object) -> bool:
        if not isinstance(event, Hello):
            return False
        # Takes the same time however much is right, so that nobody can guess it bit by bit.
        is_right = hmac.compare_digest(event.token.encode("utf-8", "replace"), self._token.encode())
        self.is_accepted = is_right and self._is_free()
        if self.is_accepted:
            self._model.feed(event)
        return self.is_accepted


class PanelListener:
    """Listens on this computer for one program at a time, and feeds a ``PanelModel``.

    Everything happens in the event loop in which ``start`` was called.

    Args:
        model: What the views look at.

    Example:
        >>> async def watch():
        ...     listener = PanelListener(PanelModel())
        ...     await listener.start()
        ...     start_program("quiz.py", env=listener.environment(os.environ))
    """

    def __init__(self, model: PanelModel, *, hello_timeout_s: float = HELLO_TIMEOUT_S) -> None:
        self.model = model
        self._hello_timeout_s = hello_timeout_s
        self._token = secrets.token_urlsafe(24)
        self._server: asyncio.AbstractServer | None = None
        self._port = 0
        self._program: _Connection | None = None
        self._connections: set[_Connection] = set()

    @property
    def address(self) -> str:
        """What ``WSZERO_MONITOR`` has to be. Holds the token: do not show it."""
        if self._server is None:
            raise RuntimeError("The panel does not listen yet: await start() first.")
        return f"127.0.0.1:{self._port}:{self._token}"

    @property
    def is_connected(self) -> bool:
        """Whether a program is connected that has shown the token."""
        return self._program is not None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return a copy of an environment for the program to be started with."""
        return {**base, VARIABLE: self.address}

    async def start(self) -> None:
        """Listen on any free port of 127.0.0.1."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", 0
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def send(self, command: Command) -> bool:
        """Send a command to the program.

        Returns:
            False when no program is connected, or it has stopped reading.

        Raises:
            ProtocolError: The command is too long, or its params are no JSON.
        """
        line = to_line(command)
        return self._program is not None and self._program.send(line)

    async def close(self) -> None:
        """Stop listening and hang up: the program stops then."""
        if self._server is None:
            return
        self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.hang_up()
        await asyncio.gather(*(connection.gone.wait() for connection in connections))
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """Somebody who has called: a stranger until the token was right, then the program."""

    def __init__(self, listener: PanelListener) -> None:
        self._listener = listener
        self._conversation = Conversation(
            listener._token, listener.model, is_free=lambda: listener._program is None
        )
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.gone = asyncio.Event()

    def send(self, line: bytes) -> bool:
        assert self._transport is not None
        waiting = self._transport.get_write_buffer_size()
        if self._transport.is_closing() or waiting > MAX_COMMAND_BYTES_WAITING:
            return False
        self._transport.write(line)
        return True

    def hang_up(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        listener = self._listener
        listener._connections.add(self)
        strangers = len(listener._connections) - listener.is_connected
        if strangers > MAX_STRANGERS:
            self.hang_up()
            return
        self._deadline = asyncio.get_running_loop().call_later(
            listener._hello_timeout_s, self.hang_up
        )

    def data_received(self, data: bytes) -> None:
        if not self._conversation.receive(data):
            self.hang_up()
        elif self._conversation.is_accepted and self._listener._program is None:
            self._listener._program = self
            if self._deadline is not None:
                self._deadline.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._listener._connections.discard(self)
        if self._listener._program is self:
            self._listener._program = None
            self._conversation.ended()
        self.gone.set()
