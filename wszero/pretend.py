"""Pretend browsers in pretended time: how tests play with a program.

A `Game` is an app with its real runtime; only the network is pretended, and the time. `testing.py`
gets one out of a program's file.
"""

from __future__ import annotations

import io
import itertools
import json
import keyword
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from .app import App
from .client import Client
from .clock import Clock, Timer
from .errors import BadMessage, WszeroError
from .protocol import decode, encode
from .reporter import in_words
from .runtime import Runtime

PATIENCE_S = 10.0
"""A handler that is still busy after so long counts as stuck."""


class GameError(WszeroError, AssertionError):
    """The program can't be played: it has no `run_server()`, or a handler is stuck."""

    def __str__(self) -> str:
        return in_words(self.what, self.fix, self.place).strip()


class Heard(Dict[str, Any]):
    """What a message carried: ``heard.text`` or ``heard['text']``. Always true, even if empty.

    Python's keywords get an underscore: ``heard.from_``. What is called like a dictionary's own
    (``items``, ``keys``, ``get`` …) has to be asked for in brackets: ``heard['items']``.
    """

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        key = name[:-1] if keyword.iskeyword(name[:-1]) else name
        if key not in self:
            raise AttributeError(f"the message carries {', '.join(self) or 'nothing'}")
        return self[key]


class PretendClock(Clock):
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._due: List[Tuple[float, int, Timer]] = []
        self._number = itertools.count()
        self._guard = threading.Lock()

    def now(self) -> float:
        """Return the pretended seconds."""
        return self._now

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Run a function when time has been moved so far."""
        timer = Timer(function)
        with self._guard:
            self._due.append((self._now + max(0.0, seconds), next(self._number), timer))
        return timer

    def move(self, seconds: float, settle: Callable[[], None]) -> None:
        """Let time pass, and everything happen that is due, in order."""
        until = self._now + seconds
        while True:
            with self._guard:
                due = min((entry for entry in self._due if entry[0] <= until), default=None)
                if due is None:
                    self._now = until
                    return
                self._due.remove(due)
                self._now = max(self._now, due[0])
            due[2].run()
            settle()

    def stop(self) -> None:
        """Forget all that was due."""
        with self._guard:
            self._due.clear()


class Player:
    """A pretend browser.

    Its ``client`` is what the program's handlers get.
    """

    client: Client

    def __init__(self, game: Game) -> None:
        self._game = game
        self.messages: List[Tuple[str, Heard]] = []
        """Everything that has arrived: pairs of a message's name and what it carried."""
        self.kicked: Optional[str] = None
        """The reason, when the program has kicked this one."""
        self._asks = itertools.count(1)

    @property
    def name(self) -> str:
        """The client's name as the program sees it."""
        return self.client.name

    def send(self, op: str, /, **params: Any) -> None:
        """Send a message, as a page would; returns when all that followed has been done.

        Args:
            op: The message's name.
            **params: What it carries.

        Raises:
            GameError: The page has been left, or a handler is stuck.

        Example:
            amy.send('chat', text='hello')
        """
        self._send(encode(op, params))

    def ask(self, op: str, /, **params: Any) -> Any:
        """Send a message and return the answer: what the handler returns.

        Raises:
            GameError: There is no answer: the handler sleeps, or failed.

        Example:
            assert amy.ask('add', a=1, b=2) == 3
        """
        ask = next(self._asks)
        self._send(encode(op, {**params, "_ask": ask}))
        for name, heard in reversed(self.messages):
            if name == "_answer" and heard["ask"] == ask:
                if "error" in heard:
                    raise GameError(heard["error"])
                return heard["value"]
        raise GameError(f'Nothing has answered "{op}" yet.', "Let time pass: game.wait(1)")

    def heard(self, op: str) -> Optional[Heard]:
        """Return what the newest message of this name carried, or ``None``.

        Example:
            assert amy.heard('winner').name == 'Ben'
        """
        return next((heard for name, heard in reversed(self.messages) if name == op), None)

    def all_heard(self, op: str) -> List[Heard]:
        """Return what each message of this name carried, the oldest first.

        Example:
            assert [heard.n for heard in amy.all_heard('count')] == [3, 2, 1]
        """
        return [heard for name, heard in self.messages if name == op]

    def forget(self) -> None:
        """Forget all that has arrived.

        Example:
            amy.forget()
        """
        self.messages.clear()

    def leave(self) -> None:
        """Close the page.

        Example:
            amy.leave()
        """
        self._game._leave(self, "left")

    def _send(self, payload: bytes) -> None:
        app = self._game.app
        if self not in self._game._players:
            raise GameError(f"{self.name} has left: no page is open.", "Open one: game.join()")
        try:
            message = decode(payload.decode())
        except BadMessage as error:
            app.troubles.bad_message(self.client, error)
        else:
            self._game._runtime.feed(app.message, self.client, message, len(payload))
        self._game.settle()


class Game:
    """A program that is being played. Made by `play`."""

    def __init__(self, app: App, runtime: Runtime, clock: PretendClock, out: io.StringIO) -> None:
        self.app = app
        self._runtime = runtime
        self._clock = clock
        self._out = out
        self._players: Set[Player] = set()
        app.transport = self
        app.schedule = runtime.schedule
        for every in tuple(app.everies):
            runtime.schedule(every)

    @property
    def console(self) -> str:
        """What wszero has said to the child."""
        return self._out.getvalue()

    def join(self, name: str = "", page: str = "") -> Player:
        """Open a pretend page.

        Args:
            name: The client's name; wszero's own ("Otter 1") if not given.
            page: The path of the page.

        Example:
            amy = game.join('Amy')
        """
        player = Player(self)
        player.client = self.app.new_client(player, page)
        if name:
            player.client.name = name
        self._players.add(player)
        self._runtime.feed(self.app.join, player.client)
        self.settle()
        return player

    def wait(self, seconds: float) -> None:
        """Let pretended time pass: what sleeps wakes up, ``@every`` is called.

        Args:
            seconds: How long; the test itself does not wait.

        Example:
            game.wait(3)
        """
        self._clock.move(seconds, self.settle)

    def settle(self) -> None:
        """Return when nothing is left to do but what waits for time or for a message.

        Raises:
            GameError: A handler is stuck.
        """
        if not self._runtime.settle(PATIENCE_S):
            turn = self._runtime.turn
            place = self._runtime.busy_place(turn) if turn else None
            raise GameError(f"This line is still busy after {PATIENCE_S:g} s.", "", place)

    # ---- the transport that the core sends with -----------------------------------------------

    def send(self, payload: bytes, links: Sequence[Player]) -> None:
        """Let a message arrive."""
        message = json.loads(payload)
        op = message.pop("op")
        for player in links:
            player.messages.append((op, Heard(message)))

    def close(self, link: Player, code: int, reason: str) -> None:
        """Close a pretend page, as a kick does."""
        link.kicked = reason
        self._runtime.feed(self._left, link, "kicked")

    def is_page(self, link: Player) -> bool:
        """Tell that pretend browsers don't use wszero's own messages."""
        return False

    def _leave(self, player: Player, reason: str) -> None:
        self._runtime.feed(self._left, player, reason)
        self.settle()

    def _left(self, player: Player, reason: str) -> Any:
        if player not in self._players:
            return None
        self._players.discard(player)
        self._runtime.forget(player.client)
        return self.app.leave(player.client, reason)
