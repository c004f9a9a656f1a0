"""A game without a program file: the test's own functions are the handlers, time is pretended."""

from __future__ import annotations

import io
import threading
import time
from typing import Callable

from wszero.app import App
from wszero.clock import Clock
from wszero.pretend import Game, Player, PretendClock
from wszero.reporter import Reporter
from wszero.runtime import Runtime

# Long, since it is only reached when something is broken, and the machine may be very slow.
DEADLINE_S = 30


class NewGame(Game):
    """An app, its runtime and pretend browsers.

    Example:
        with NewGame() as game:
            @game.on("buzz")
            def buzz(client):
                client.send("winner")

            amy = game.join()
            amy.send("buzz")
            assert amy.heard("winner")
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Makes the game; with another clock than a pretended one, time passes by itself."""
        app, clock, self.out = App(), clock or PretendClock(), io.StringIO()
        app.reporter = Reporter(self.out)
        self.runtime = Runtime(app, clock)
        super().__init__(app, self.runtime, clock, self.out)
        self.on, self.every = app.on, app.every
        self.log: list[object] = []
        """Whatever the handlers of a test note down."""

    def __enter__(self) -> NewGame:
        return self

    def __exit__(self, kind: object, *more: object) -> None:
        ended = self.stop()
        assert ended or kind is not None, "the runtime did not end"

    def stop(self, patience_s: float = DEADLINE_S) -> bool:
        """Ends all of the handlers; tells whether they ended."""
        ended = self.runtime.stop(patience_s)
        self.app.driver_ended()
        return ended

    def come(self) -> Player:
        """Opens a pretend page and does not wait for what follows."""
        player = Player(self)
        player.client = self.app.new_client(player)
        self._players.add(player)
        self.runtime.feed(self.app.join, player.client)
        return player

    def feed(self, player: Player, op: str, **params: object) -> None:
        """Has a message come in and does not wait for what follows."""
        message = (op, params, params.pop("_ask", None))
        self.runtime.feed(self.app.message, player.client, message, 0)


class Overlap:
    """Notices two pieces of code that run at the same moment.

    Example:
        def handler(client):
            with overlap:
                ...
        assert overlap.worst == 1
    """

    def __init__(self) -> None:
        self._inside = 0
        self._lock = threading.Lock()
        self.worst = 0
        """So many were inside at once."""
        self.entered = 0

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            self.entered += 1
            self.worst = max(self.worst, self._inside)

    def __exit__(self, *reason: object) -> None:
        with self._lock:
            self._inside -= 1


def until(condition: Callable[[], object], what: str = "", timeout: float = DEADLINE_S) -> None:
    """Waits for something that nobody announces; fails when it does not come.

    Args:
        condition: What must be true.
        what: Its name, for the words of the failure.
        timeout: Seconds until the test fails.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or condition}"
        time.sleep(0.002)
