"""How many handlers of one client may sleep at once, and which of its messages wait for that.

Used by the runtime alone, by whoever holds the baton.
"""

from __future__ import annotations

from collections import deque
from typing import Deque, Dict, Optional

from .calls import Call
from .client import Client

MOST_ASLEEP = 8
"""So many handlers of one client may sleep at once; then its messages wait."""


class Naps:
    """Counts, for each client, the handlers that have begun and may sleep."""

    def __init__(self) -> None:
        self._asleep: Dict[Client, int] = {}
        self.waiting: Dict[Client, Deque[Call]] = {}
        """The messages that have to wait. Other threads look at it, and take out whole clients."""

    def __bool__(self) -> bool:
        return bool(self._asleep or self.waiting)

    def count(self, call: Call) -> None:
        """Note that a handler has begun and may sleep; once a call."""
        if call.client is not None and not call.may_sleep:
            call.may_sleep = True
            self._asleep[call.client] = self._asleep.get(call.client, 0) + 1

    def may_begin(self, call: Call) -> bool:
        """Tell whether a message may be handled now; if not, it waits until its client's may."""
        client = call.client
        if client is None or not (self._asleep or self.waiting):
            return True
        if call.handler.op == "disconnect":
            return True
        is_first = client not in self.waiting
        if is_first and self._asleep.get(client, 0) < MOST_ASLEEP:
            return True
        self.waiting.setdefault(client, deque()).append(call)
        return False

    def take(self, client: Client) -> Optional[Call]:
        """Return the next message that had to wait, if it may begin now."""
        waiting = self.waiting.get(client)
        if not waiting or self._asleep.get(client, 0) >= MOST_ASLEEP:
            return None
        call = waiting.popleft()
        if not waiting:
            self.waiting.pop(client, None)
        return call

    def ended(self, call: Call) -> bool:
        """Note the end of a call; return whether another message of its client waits."""
        client = call.client
        if client is None:
            return False
        if call.may_sleep:
            self._asleep[client] -= 1
            if not self._asleep[client]:
                del self._asleep[client]
        return client in self.waiting

    def forget(self, client: Client) -> None:
        """Drop what waits of a client that has gone. From any thread."""
        self.waiting.pop(client, None)
