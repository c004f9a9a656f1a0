"""The server's end of the panel link: dials the panel, streams events, takes commands.

General layout: ``Outbox`` holds what waits to be sent, bounded; any thread may put into it.
``MonitorLink`` owns the connection, lives in the server's event loop and empties the outbox 20
times a second. ``monitor_protocol`` says what travels.

The rule of this file: a panel that is slow, stuck or gone never slows the server and never makes
it grow. So messages are counted instead of shown when there are too many of them.
"""

from __future__ import annotations

import asyncio
from typing import Callable, cast

from .monitor_protocol import (
    COMMANDS,
    Command,
    Event,
    Hello,
    LineSplitter,
    ProtocolError,
    from_line,
    parse_address,
    to_line,
)
from .outbox import BYTES_A_FLUSH, Outbox

FLUSH_EVERY_S = 0.05
"""Often enough to look live; a batch of 20 a second is cheap for both ends."""
DIAL_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 0.5
"""Stop has two seconds in all; a panel that does not read gets a quarter of them."""


class MonitorLink(asyncio.Protocol):
    """The connection from a running server to the panel that started it.

    Args:
        address: What ``WSZERO_MONITOR`` says: ``127.0.0.1:PORT:TOKEN``.
        on_command: Called with each command, in the event loop's thread.
        on_lost: Called once, in the event loop's thread, with a reason in words, when the panel
            can't be reached or has gone. The editor has ended then, and the server should stop.
            Not called once ``close`` has been.

    Raises:
        ProtocolError: The address makes no sense, or is not this computer's.

    Example:
        >>> link = MonitorLink("127.0.0.1:50123:k3y", print, print)
        >>> link.emit(Free())
    """

    def __init__(
        self,
        address: str,
        on_command: Callable[[Command], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._address = parse_address(address)
        self._on_command = on_command
        self._on_lost = on_lost
        self._outbox = Outbox()
        self._lines = LineSplitter()
        self._nonsense = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: asyncio.Transport | None = None
        self._can_write: asyncio.Event | None = None
        self._gone: asyncio.Event | None = None
        self._is_over = False
        self._flush_is_due = False

    @property
    def skipped(self) -> int:
        """Lines of the panel that made no sense, or came from a newer one."""
        return self._nonsense + self._lines.overlong

    def emit(self, event: Event) -> None:
        """Show an event in the panel. Callable from any thread; never waits and never fails.

        Before ``start`` events wait, after the end of the link they are dropped. When there are
        too many, ``MessageIn`` and ``MessageOut`` are left out first, and counted in a
        ``LeftOut``: over 5,000 a second, or when 2,000 or 1 MiB of them wait for a panel that
        does not read. The values in a message are copied before this returns.
        """
        if self._is_over:
            return
        self._outbox.put(event)
        # Two threads may both see False here; then there are two flushes, which does no harm.
        if not self._flush_is_due and self._loop is not None:
            self._flush_is_due = True
            try:
                self._loop.call_soon_threadsafe(self._flush_later)
            except RuntimeError:  # the loop has been closed without us
                self._is_over = True

    async def start(self) -> None:
        """Dial the panel; returns when it is connected, or ``on_lost`` has been called."""
        if self._is_over:
            return
        loop = asyncio.get_running_loop()
        self._can_write, self._gone = asyncio.Event(), asyncio.Event()
        self._can_write.set()
        host, port, token = self._address
        try:
            await asyncio.wait_for(loop.create_connection(lambda: self, host, port), DIAL_TIMEOUT_S)
        except (OSError, asyncio.TimeoutError):
            self._lose("The editor's panel can't be reached.")
            return
        self._write(to_line(Hello(token)))
        self._loop = loop
        self._flush()

    async def close(self, last_event: Event | None = None) -> None:
        """Send what still waits, within half a second, and hang up. May be called twice.

        Args:
            last_event: Said last of all, ``Stopping`` say.
        """
        if last_event is not None and not self._is_over:
            self._outbox.put(last_event)
        self._is_over = True
        if self._transport is None or self._gone is None:
            return
        try:
            await asyncio.wait_for(self._hang_up(), CLOSE_TIMEOUT_S)
        except asyncio.TimeoutError:
            self._transport.abort()
            await self._gone.wait()  # a matter of one turn of the loop

    async def _hang_up(self) -> None:
        assert self._can_write is not None
        assert self._gone is not None
        assert self._transport is not None
        while self._outbox and not self._gone.is_set():
            await self._can_write.wait()
            self._write(self._outbox.take())
        self._transport.close()
        await self._gone.wait()

    def _flush_later(self) -> None:
        assert self._loop is not None
        self._loop.call_later(FLUSH_EVERY_S, self._flush)

    def _flush(self) -> None:
        assert self._loop is not None
        assert self._can_write is not None
        self._flush_is_due = False
        if self._is_over or not self._can_write.is_set():
            return  # resume_writing flushes
        self._write(self._outbox.take())
        if self._outbox:
            self._flush_is_due = True
            self._flush_later()

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def _lose(self, reason: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_lost(reason)

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=BYTES_A_FLUSH)

    def data_received(self, data: bytes) -> None:
        """Act on the commands in what the panel sent."""
        assert self._transport is not None
        for line in self._lines.feed(data):
            try:
                command = from_line(line)
            except ProtocolError:
                self._nonsense += 1
                continue
            if not isinstance(command, COMMANDS):
                self._nonsense += 1
            elif not self._is_over:
                self._obey(cast(Command, command))

    def _obey(self, command: Command) -> None:
        try:
            self._on_command(command)
        except Exception as mistake:
            # asyncio would close the link, and the server would stop, for one failed command.
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"A command of the panel failed: {command}", "exception": mistake}
            )

    def pause_writing(self) -> None:
        """Hold back: the panel does not read."""
        assert self._can_write is not None
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Go on: the panel reads again."""
        assert self._can_write is not None
        self._can_write.set()
        if self._loop is not None:
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the panel has gone."""
        assert self._can_write is not None
        assert self._gone is not None
        self._can_write.set()
        self._gone.set()
        self._lose("The editor that started this program has gone.")
