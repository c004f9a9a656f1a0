"""The records that the panel's model is made of: a state, a client, a handler, a rate.

General layout: plain data without behaviour, but for ``Rate``, which counts over the last seconds.
``panel`` offers all of them too; import them from there.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field
from typing import Callable

RATE_WINDOW_S = 5.0
"""Rates are messages a second, over so many of the last seconds."""


class PanelState(enum.Enum):
    """Where the program is in its life."""

    WAITING = "waiting"
    """Nothing has been started yet."""
    STARTING = "starting"
    """The program runs, its server is not up yet."""
    RUNNING = "running"
    """People can join."""
    STOPPING = "stopping"
    """It was asked to stop, or said that it is about to."""
    ENDED = "ended"
    """The program has ended; log and troubles can still be read."""


@dataclass
class PanelClient:
    """One connected client."""

    id: str
    name: str
    address: str = ""
    page: str | None = None
    """The path of its page; empty or None for a client that is no page of ours."""
    since: float = 0.0
    """When it came, in seconds since 1970."""
    groups: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    """Any of ``slow``, ``noisy``, ``away``, ``muted``; later versions may have more."""
    messages_in: int = 0
    """Messages from this client to the program."""
    messages_out: int = 0
    """Messages from the program to this client alone or to its groups; ``sent_to`` adds the
    ones to everybody."""
    missed_broadcasts: int = 0
    """Messages to everybody from before it came."""


@dataclass
class PanelHandler:
    """One function of the program that handles messages."""

    op: str
    name: str = ""
    file: str | None = None
    line: int | None = None
    runs: int = 0


class Rate:
    """Counts over the last seconds, in steps of half a second: never more than ten of them."""

    _STEP_S = 0.5

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._steps: deque[list[int]] = deque(maxlen=int(RATE_WINDOW_S / self._STEP_S))

    def add(self, count: int) -> None:
        """Count so many more, now."""
        step = int(self._clock() / self._STEP_S)
        if self._steps and self._steps[-1][0] == step:
            self._steps[-1][1] += count
        else:
            self._steps.append([step, count])

    def per_second(self) -> float:
        """Return the average over the last ``RATE_WINDOW_S`` seconds."""
        oldest = int(self._clock() / self._STEP_S) - int(RATE_WINDOW_S / self._STEP_S)
        return sum(count for step, count in self._steps if step > oldest) / RATE_WINDOW_S
