"""What waits to be sent to the panel: bounded, and filled from any thread.

General layout: ``Outbox.put`` takes events, ``Outbox.take`` hands out lines for the socket. A panel
that is slow or stuck never slows the server and never makes it grow: when there are too many
messages, they are counted instead of shown.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Callable

from .monitor_protocol import (
    Busy,
    Event,
    Free,
    GroupChanged,
    LeftOut,
    Marked,
    MessageIn,
    MessageOut,
    Ran,
    Renamed,
    Trouble,
    to_line,
)

MESSAGES_A_SECOND = 5_000
"""A panel in Python takes in so many and still paints."""
MAX_MESSAGES_WAITING = 2_000
MAX_MESSAGE_BYTES_WAITING = 1_048_576
MAX_WAITING = 20_000
"""The hard bound, for all events: 300 clients that come and go for minutes while nobody reads."""
MAX_BYTES_WAITING = 8 * 1_048_576
LINES_A_FLUSH = 500
"""A batch that a panel takes in within a few hundredths of a second, between two paintings."""
BYTES_A_FLUSH = 262_144


class Outbox:
    """What waits to be sent. ``put`` may be called from any thread and never waits.

    Of events that replace each other (two names for one client) only the newest waits, at the
    place of the first. The runs of a handler are added up.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Re-entrant, because a signal's handler may send while its own thread is in here.
        self._lock = threading.RLock()
        self._waiting: OrderedDict[Hashable, tuple[bytes, bool]] = OrderedDict()
        self._ran: dict[str, int] = {}
        self._number = itertools.count()
        self._bytes = 0
        self._messages = 0
        self._message_bytes = 0
        # A bucket: a burst passes whole, a flood passes at MESSAGES_A_SECOND.
        self._allowance = float(MAX_MESSAGES_WAITING)
        self._filled_at = clock()
        self._left_out = self._left_out_in = self._left_out_out = 0

    def put(self, event: Event) -> None:
        """Add an event, or count it as left out."""
        if isinstance(event, Ran):
            with self._lock:
                if event.op in self._ran or len(self._ran) < MAX_MESSAGES_WAITING:
                    self._ran[event.op] = self._ran.get(event.op, 0) + event.count
                else:
                    self._leave_out(event)
            return
        is_message = isinstance(event, (MessageIn, MessageOut))
        with self._lock:
            if is_message and not self._has_room_for_message():
                self._leave_out(event)
                return
        # Made at once and not when it is sent: the lists in a message are the program's own, and
        # change. Outside the lock: another thread need not wait for it.
        line = to_line(event)
        key = _replaces(event) or next(self._number)
        with self._lock:
            if key in self._waiting:
                self._bytes -= len(self._waiting[key][0])
            elif len(self._waiting) >= MAX_WAITING or self._bytes >= MAX_BYTES_WAITING:
                self._leave_out(event)
                return
            self._waiting[key] = (line, is_message)
            self._bytes += len(line)
            if is_message:
                self._allowance -= 1
                self._messages += 1
                self._message_bytes += len(line)

    def take(self) -> bytes:
        """Remove the oldest lines, a batch that one flush may write; empty when nothing waits."""
        batch: list[bytes] = []
        size = 0
        with self._lock:
            while self._waiting and len(batch) < LINES_A_FLUSH and size < BYTES_A_FLUSH:
                _, (line, is_message) = self._waiting.popitem(last=False)
                batch.append(line)
                size += len(line)
                if is_message:
                    self._messages -= 1
                    self._message_bytes -= len(line)
            self._bytes -= size
            ran, self._ran = self._ran, {}
            left_out = LeftOut(self._left_out, self._left_out_in, self._left_out_out)
            self._left_out = self._left_out_in = self._left_out_out = 0
        batch += [to_line(Ran(op, count)) for op, count in ran.items()]
        if left_out.count:
            batch.append(to_line(left_out))
        return b"".join(batch)

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting or self._ran or self._left_out)

    def _has_room_for_message(self) -> bool:
        now = self._clock()
        more = (now - self._filled_at) * MESSAGES_A_SECOND
        self._allowance = min(float(MAX_MESSAGES_WAITING), self._allowance + more)
        self._filled_at = now
        return (
            self._allowance >= 1
            and self._messages < MAX_MESSAGES_WAITING
            and self._message_bytes < MAX_MESSAGE_BYTES_WAITING
        )

    def _leave_out(self, event: Event) -> None:
        self._left_out += 1
        self._left_out_in += isinstance(event, MessageIn)
        self._left_out_out += isinstance(event, MessageOut)


def _replaces(event: Event) -> Hashable | None:
    """Return a key that this event shares with the ones that it makes out of date."""
    if isinstance(event, Trouble):
        return ("trouble", event.kind, event.text[:300], event.file, event.line, event.client)
    if isinstance(event, GroupChanged):
        return ("group", event.client, event.group)
    if isinstance(event, Marked):
        return ("mark", event.client, event.mark)
    if isinstance(event, Renamed):
        return ("name", event.client)
    if isinstance(event, (Busy, Free)):
        return "busy"
    return None
