"""Play a program with pretend browsers: no network, no waiting.

    from wszero.testing import play

    with play('quiz.py') as game:
        amy = game.join('Amy')
        ben = game.join('Ben')
        amy.send('buzz')
        assert ben.heard('winner').name == 'Amy'

The program runs as it is, `run_server()` included: its handlers run in the same way and the same
order as behind real pages, and each call here returns when all that followed from it has been
done. Time is pretended, too: `sleep()` and `@every` wait until `game.wait(seconds)` lets time pass.
(`time.sleep` and `asyncio.sleep` take real time.)
"""

from __future__ import annotations

import io
import itertools
import json
import keyword
import os
import sys
import threading
from types import CodeType
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, Type, Union

from .app import App
from .baton import interrupt
from .client import Client
from .clock import Clock, Timer
from .errors import BadMessage, Place, ServerStopped, WszeroError
from .names import use_app
from .options import make_options
from .places import place_in_frame
from .program_text import why_not_started
from .protocol import decode, encode
from .reporter import Reporter, in_words
from .runtime import Runtime

PATIENCE_S = 10.0
"""A handler that is still busy after so long counts as stuck."""

START_PATIENCE_S = 30.0
"""So long a program may take until its `run_server()`: some modules are slow to import."""


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


class _PretendDriver:
    """What `run_server()` becomes while a program is played."""

    def __init__(self, played: play, app: App, port: object, given: Dict[str, Any]) -> None:
        make_options(port, given)
        self._played = played
        self._app = app
        self._clock = PretendClock()
        self._runtime = Runtime(app, self._clock)
        self._over = threading.Event()
        self.port = 8000

    def run(self) -> None:
        self.start()
        self._over.wait()

    def start(self) -> None:
        app = self._app
        app.reporter = Reporter(self._played.out)
        self._played.started(Game(app, self._runtime, self._clock, self._played.out), self)

    def stop(self) -> None:
        self._runtime.stop()
        self._app.driver_ended()
        self._over.set()


class play:
    """Play a program with pretend browsers.

    Args:
        program: The program's file.

    Raises:
        GameError: The program ends without `run_server()`.

    Example:
        with play('quiz.py') as game:
            amy = game.join('Amy')
            amy.send('buzz')
            assert amy.heard('winner')
    """

    def __init__(self, program: Union[str, os.PathLike[str]]) -> None:
        self.out = io.StringIO()
        self._path = os.path.abspath(os.fspath(program))
        self._ready = threading.Event()
        self._game: Optional[Game] = None
        self._drivers: List[_PretendDriver] = []
        self._error: Optional[BaseException] = None

    def __enter__(self) -> Game:
        with open(self._path, "rb") as file:
            code = compile(file.read(), self._path, "exec")
        self._modules = set(sys.modules)
        sys.path.insert(0, os.path.dirname(self._path))
        self._make_driver_before = App.make_driver
        App.make_driver = lambda app, port, given: _PretendDriver(self, app, port, given)
        self._app_before = use_app(App())
        self._thread = threading.Thread(
            target=self._run, args=(code,), name="wszero-program", daemon=True
        )
        self._thread.start()
        is_in_time = self._ready.wait(START_PATIENCE_S)
        if self._game is not None:
            return self._game
        place = None if is_in_time else self._where()
        self._end()
        if self._error is not None:
            raise self._error
        if not is_in_time:
            what = f"After {START_PATIENCE_S:g} s the program has not come to run_server()."
            raise GameError(what, "", place)
        name = os.path.basename(self._path)
        why = why_not_started(self._path) or (
            f"{name} has ended: it does not use wszero.",
            "",
            None,
        )
        raise GameError(*why)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: object
    ) -> None:
        self._end()
        if self.out.getvalue():
            print(self.out.getvalue())
        if kind is None and self._error is not None:
            raise self._error

    def started(self, game: Game, driver: _PretendDriver) -> None:
        """A server of the program has started; the first one is the one that is played."""
        self._drivers.append(driver)
        self._game = self._game or game
        self._ready.set()

    def _run(self, code: CodeType) -> None:
        try:
            exec(code, {"__name__": "__main__", "__file__": self._path})
        except (ServerStopped, SystemExit):
            # A program may end with exit().
            pass
        except BaseException as error:
            self._error = error
        self._ready.set()

    def _where(self) -> Optional[Place]:
        """Return the line that the program is at."""
        return place_in_frame(sys._current_frames().get(self._thread.ident or 0))

    def _end(self) -> None:
        for driver in self._drivers:
            driver.stop()
        self._thread.join(1)
        if self._thread.is_alive():
            interrupt(self._thread)
            self._thread.join(1)
        App.make_driver = self._make_driver_before
        use_app(self._app_before)
        folder = os.path.dirname(self._path)
        sys.path.remove(folder)
        for name in set(sys.modules) - self._modules:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(folder + os.sep) and "site-packages" not in file:
                # The next program may have a helper of the same name.
                del sys.modules[name]
