"""Runs a program, and runs it again whenever it is saved.

General layout. The program is a process of its own, started with the same Python: whatever it
does, this process can still stop it. `Watch` tells when a file was saved; `Runner` starts, stops
and starts again. The two are tied together by the panel link: over it comes the port, over it goes
Stop (Windows has no gentler way to end a process), and when this process is gone, however it
ended, the link breaks and the program stops.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .cli_syntax import explain_unreadable
from .monitor_protocol import Stop
from .panel import PanelModel
from .panel_listener import VARIABLE, PanelListener
from .program_text import not_imported
from .reporter import Reporter, in_words

TICK_S = 0.1
POLL_EVERY_S = 0.4
"""How often the files are looked at: a save is noticed before a child has reached the browser."""
SHOWN_AFTER_S = 2.0
"""A server that has run for so long has opened its page, or found that one was open."""
PATIENCE_S = 3.0
"""How long a program may take to end when nobody waits for it at a keyboard."""
CTRL_C_PATIENCE_S = 1.5
"""A child who pressed Ctrl-C waits for two seconds at the most."""

Stamp = Tuple[int, int]


class Watch:
    """Tells which program file in a folder was saved.

    Args:
        folder: The folder; what lies in folders below it is not looked at.
        first: Of several files that were saved at the same time, this one is told.
    """

    def __init__(self, folder: Path, first: str) -> None:
        self._folder = folder
        self._first = first
        self._known = self._last = self._look()

    def poll(self) -> str:
        """Return the name of a file that was saved since the last time, or "".

        A file is told when it has stayed the same from one call to the next, so that nobody reads
        what is only half written; and not while the program itself is missing: some editors take a
        file away for a moment when they save it.
        """
        now = self._look()
        is_settled = now == self._last
        self._last = now
        if not is_settled or now == self._known or self._first not in now:
            return ""
        saved = [name for name, stamp in now.items() if self._known.get(name) != stamp]
        self._known = now
        saved.sort(key=lambda name: (name != self._first, name))
        return saved[0] if saved else ""

    def _look(self) -> Dict[str, Stamp]:
        stamps = {}
        try:
            names = [name for name in os.listdir(self._folder) if name.endswith(".py")]
        except OSError:
            return {}
        for name in {*names, self._first}:
            try:
                status = os.stat(self._folder / name)
            except OSError:
                continue
            if not name.startswith("."):
                stamps[name] = (status.st_mtime_ns, status.st_size)
        return stamps


class Runner:
    """Runs one program until Ctrl-C, and again whenever it is saved.

    Args:
        program: The path of the program.
        environ: The environment for it.

    Example:
        >>> Runner(Path("quiz.py"), os.environ).run()
    """

    def __init__(self, program: Path, environ: Mapping[str, str]) -> None:
        self._program = program
        self._environ = dict(environ)
        self._watch = Watch(program.parent, program.name)
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._model = PanelModel()
        self._listener: Optional[PanelListener] = None
        self._say = Reporter().tell
        self._up_since = 0.0
        self._is_over = False
        self._ends_by = 0.0
        self._was_interrupted = False

    def run(self) -> int:
        """Run until Ctrl-C or a signal; return the exit code."""
        before = {number: _catch(number, self._on_signal) for number in _signals()}
        try:
            asyncio.run(self._run())
        finally:
            for number, handler in before.items():
                if handler is not None:
                    signal.signal(number, handler)
        return 0

    def _on_signal(self, number: int, frame: object) -> None:
        self._was_interrupted = number != signal.SIGTERM
        patience_s = CTRL_C_PATIENCE_S if self._was_interrupted else PATIENCE_S
        # Who presses Ctrl-C twice does not want to wait.
        self._ends_by = time.monotonic() + (0 if self._is_over else patience_s)
        self._is_over = True

    # ---- from save to save ---------------------------------------------------------------------

    async def _run(self) -> None:
        # An editor that has started us with its own panel keeps the program's link to itself.
        if not self._environ.get(VARIABLE):
            self._listener = PanelListener(self._model)
            await self._listener.start()
            self._environ = self._listener.environment(self._environ)
        try:
            while not self._is_over:
                self._start()
                saved = await self._wait_for_save()
                if saved:
                    self._say(f"\n{saved} was saved: starting again.\n")
                    await self._end_child()
        finally:
            await self._end_child()
            if self._listener is not None:
                await self._listener.close()
        self._say(f"\n{self._program.name} has stopped.")

    def _start(self) -> None:
        self._up_since = 0.0
        mistake = explain_unreadable(self._program) or self._without_wszero()
        if mistake:
            self._say(f"{mistake}\nSave it when it is right: then it starts by itself.")
            return
        self._model.starting()
        try:
            # -u: what the program prints comes at once, and in its place among our own lines.
            self._child = subprocess.Popen(
                [sys.executable, "-u", str(self._program)], env=self._environ
            )
        except OSError as error:
            self._say(f"Python could not be started: {error}")

    def _without_wszero(self) -> str:
        """Return words for a program that can't tell its mistake, for it does not load wszero."""
        finding = not_imported(str(self._program))
        return in_words(*finding) if finding is not None else ""

    async def _wait_for_save(self) -> str:
        """Return the file that was saved; "" when all shall end."""
        next_look = time.monotonic()
        while not self._is_over:
            await asyncio.sleep(TICK_S)
            self._look_at_child()
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + POLL_EVERY_S
                saved = self._watch.poll()
                if saved:
                    return saved
        return ""

    def _look_at_child(self) -> None:
        if self._child is None:
            return
        started = self._model.program
        if started is not None and self._child.poll() is None:
            self._up_since = self._up_since or time.monotonic()
            # Whatever port was found the first time: the pages come back to that one.
            self._environ["WSZERO_PORT_BEFORE"] = str(started.port)
            if time.monotonic() - self._up_since > SHOWN_AFTER_S:
                self._environ["WSZERO_SHOW"] = "0"
        code = self._child.poll()
        if code is not None and not self._is_over:
            self._child = None
            how = "has ended" if code == 0 else "has ended with a mistake"
            self._say(f"\n{self._program.name} {how}. Save it to start it again, or press Ctrl-C.")

    # ---- the end -------------------------------------------------------------------------------

    async def _end_child(self) -> None:
        """End the program: it is asked first, then told, then made to."""
        child, self._child = self._child, None
        if child is None:
            return
        deadline = time.monotonic() + PATIENCE_S
        if self._is_over and self._was_interrupted:
            # In a terminal, Ctrl-C has reached the program too. Only if not, it is asked.
            await self._wait_for_end(child, time.monotonic() + 0.4)
        if child.poll() is None and not self._ask_to_stop():
            child.terminate()
        if not await self._wait_for_end(child, deadline):
            child.kill()
            child.wait()

    def _ask_to_stop(self) -> bool:
        if self._listener is None:
            return False
        # Without a link although it was up: it is at its goodbye already.
        return self._listener.send(Stop()) or self._up_since > 0

    async def _wait_for_end(self, child: subprocess.Popen[bytes], deadline: float) -> bool:
        while child.poll() is None:
            if time.monotonic() > min(deadline, self._ends_by or deadline):
                return False
            await asyncio.sleep(TICK_S / 4)
        return True


def _signals() -> List[int]:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _catch(number: int, handler: Any) -> Any:
    """Set a signal's handler and return the one before; None when it stays as it is."""
    if signal.getsignal(number) == signal.SIG_IGN:
        return None  # started in the background of a script: Ctrl-C is meant for others
    return signal.signal(number, handler)
