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
import os
import sys
import threading
from types import CodeType
from typing import Any, Dict, List, Optional, Type, Union

from .app import App
from .baton import interrupt
from .errors import Place, ServerStopped
from .names import use_app
from .options import make_options
from .places import place_in_frame
from .pretend import Game, GameError, Heard, Player, PretendClock
from .program_text import why_not_started
from .reporter import Reporter
from .runtime import Runtime

__all__ = ["Game", "GameError", "Heard", "Player", "play"]

START_PATIENCE_S = 30.0
"""So long a program may take until its `run_server()`: some modules are slow to import."""


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
        why = why_not_started(self._path, True) or (
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
