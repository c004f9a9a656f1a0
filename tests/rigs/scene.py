"""One attack: a fresh program, a witness beside it, and what is looked at afterwards."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import threading
import time
from typing import Any, Callable, NamedTuple

from tests.rigs.running import RIGS, Figures, Program, default_python
from tests.rigs.sockets import Peer, get, text

PAGE_S = 2.0
"""A page must load in this time, whatever happens."""
SETTLE_S = 6.0
"""Threads and file handles are back after this time at the latest."""


class Bounds(NamedTuple):
    """What an attack may cost the others."""

    p99_ms: float = 100.0
    """For the witness's lines, on top of what the machine costs. In line before one of them may be
    32 messages of a culprit, and some handlers take 2 ms."""
    memory_mb: float = 24.0
    """More than before, at the end."""
    peak_mb: float = 64.0
    """More than before, while it lasts."""
    lines: int = 16
    """Of the console: a trouble is a few lines in words, then a count now and then."""


class Scene:
    """A program under one attack.

    Args:
        python: The program's interpreter.
        seconds: How long the attack should take, more or less.
        options: For the program's `run_server`.
        handles: How many file handles the program may have; 0: enough.
        has_witness: Whether there is a witness.
    """

    def __init__(
        self,
        python: str,
        seconds: float,
        options: dict[str, Any],
        handles: int = 0,
        has_witness: bool = True,
    ) -> None:
        self.seconds = seconds
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.peers: list[Any] = []
        self.peak_mb = 0.0
        self.slowest_page_s = 0.0
        self.pages = 0
        self.may_refuse_pages = False
        """No page can be loaded while there are no handles left."""
        self.program = Program(python, "classroom.py", options, handles=handles)
        self.port = self.program.port
        self._witness: subprocess.Popen[str] | None = None
        if has_witness:
            self._witness = subprocess.Popen(
                [default_python(), str(RIGS / "witness.py"), str(self.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._witness.stdout is not None
            self._witness.stdout.readline()
        pids = [each.pid for each in (self.program.process, self._witness) if each is not None]
        self._noise = subprocess.Popen(
            [default_python(), str(RIGS / "noise.py"), *map(str, pids)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        get(self.port)
        # What the program needs once is no loss: the thread for `async def`, the clock.
        first = Peer(self.port)
        first.send(text("slow"))
        time.sleep(0.7)
        first.close()
        self.before = self.program.figures
        self.held_before = self.held()
        self._lines_before = len(self.program.console.splitlines())
        self._is_over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    # ---- for attacks --------------------------------------------------------------------------

    def peer(self, **settings: Any) -> Peer:
        """Returns a new client. It is closed at the end."""
        peer = Peer(self.port, **settings)
        self.peers.append(peer)
        return peer

    def note(self, words: str) -> None:
        """Puts something into the table."""
        self.notes.append(words)

    def check(self, is_right: bool, words: str) -> None:
        """Notes a fault unless all is right."""
        if not is_right:
            self.faults.append(words)

    def until(self, seconds: float, is_done: Callable[[], bool]) -> float:
        """Waits until something is so.

        Returns:
            The seconds it took; infinity when it did not come.
        """
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            if is_done():
                return time.monotonic() - began
            time.sleep(0.1)
        return float("inf")

    def held(self, since: float = 0.0, deep: bool = False) -> dict[str, Any]:
        """What the program says it holds; nothing when it does not answer."""
        with contextlib.suppress(OSError, Exception):
            peer = Peer(self.port)
            try:
                peer.send(text("report", since=since, deep=deep))
                answer = peer.hear("report", 8.0)
                return answer or {}
            finally:
                peer.close()
        return {}

    def handled(self, op: str) -> int:
        """How many messages of a name the program has handled."""
        return int(self.held().get("handled", {}).get(op, 0))

    # ---- what is looked at --------------------------------------------------------------------

    def _watch(self) -> None:
        due = 0.0
        while not self._is_over.wait(0.1):
            with contextlib.suppress(OSError, AttributeError):
                memory_mb = self.program.figures.memory_mb - self.before.memory_mb
                self.peak_mb = max(self.peak_mb, memory_mb)
            if time.monotonic() > due:
                due = time.monotonic() + 1.0
                status, seconds = get(self.port, seconds=PAGE_S + 1)
                self.pages += 1
                self.slowest_page_s = max(self.slowest_page_s, seconds)
                if status != 200 and not self.may_refuse_pages:
                    self.faults.append(f"a page: {status or 'no answer'} after {seconds:.1f} s")

    def end(self, bounds: Bounds) -> dict[str, Any]:
        """Ends the attack and judges.

        Returns:
            The figures.
        """
        self._is_over.set()
        self._watcher.join()
        witness = self._hear(self._witness) if self._witness is not None else {}
        noise = self._hear(self._noise)
        for peer in self.peers:
            peer.close()
        after = self._settle()
        if witness:
            self.check(not witness["trouble"], f"the witness: {witness['trouble']}")
            self.check(
                witness["p99"] <= bounds.p99_ms + noise["p99"],
                f"the witness waited {witness['p99']} ms (p99; bound {bounds.p99_ms:g}"
                f" + {noise['p99']:.0f} that the machine costs)",
            )
        self.check(self.program.is_alive, "the program has died")
        more_mb = after.memory_mb - self.before.memory_mb
        self.check(more_mb <= bounds.memory_mb, f"{more_mb:.0f} MB more memory than before")
        self.check(self.peak_mb <= bounds.peak_mb, f"{self.peak_mb:.0f} MB more at the peak")
        self.check(self.slowest_page_s <= PAGE_S, f"a page took {self.slowest_page_s:.1f} s")
        self.check(
            after.threads <= self.before.threads + 2,
            f"{after.threads - self.before.threads} threads are left",
        )
        # The witness has gone, so its own is free; a page may be open just now.
        self.check(
            after.handles <= self.before.handles + 1,
            f"{after.handles - self.before.handles} handles are left",
        )
        lines = self.new_lines()
        self.check(len(lines) <= bounds.lines, f"{len(lines)} lines in the console")
        stop_s = self.program.stop()
        self.check(stop_s < 3, f"it took {stop_s:.1f} s to stop")
        return {
            "witness": witness,
            "noise": noise,
            "memory_mb": more_mb,
            "peak_mb": self.peak_mb,
            "page_ms": 1000 * self.slowest_page_s,
            "lines": lines,
        }

    def new_lines(self) -> list[str]:
        """What the console has said since the attack began, but for empty lines."""
        lines = self.program.console.splitlines()[self._lines_before :]
        return [line for line in lines if line.strip()]

    def _hear(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.write("\n")
            process.stdin.flush()
        words = process.stdout.readline()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()
        failed = {"trouble": "it broke", "p50": 0, "p99": 0, "max": 0, "sent": 0, "came": 0}
        return json.loads(words) if words else failed

    def _settle(self) -> Figures:
        deadline = time.monotonic() + SETTLE_S
        after = self.before
        while self.program.is_alive:
            after = self.program.figures
            is_back = (
                after.handles <= self.before.handles + 1
                and after.threads <= self.before.threads + 2
            )
            if is_back or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return after

    def kill(self) -> None:
        """Ends all of it, whatever has happened."""
        self._is_over.set()
        for peer in self.peers:
            peer.close()
        for process in (self._witness, self._noise):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if self.program.is_alive:
            self.program.stop()


def more_handles() -> int:
    """Lets this process have as many file handles as it may.

    Returns:
        How many.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
