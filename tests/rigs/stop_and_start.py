"""Stops a program and runs it again at once, many times, while a class of clients comes back.

python3 -m tests.rigs.stop_and_start            50 restarts, 30 clients
python3 -m tests.rigs.stop_and_start 12 10      12 restarts, 10 clients

In turn the program gets Ctrl-C, SIGTERM, SIGKILL, Ctrl-C while a handler is in ``while True`` and
a client neither reads nor answers, and Run pressed once more while it runs. The clients do as the
page does: they try again after a random time, half a second at the most.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.programs import RunningProgram
from tests.serving import Raw, free_port

WAYS = ("Ctrl-C", "SIGTERM", "SIGKILL", "Ctrl-C while busy", "Run again")
LONGEST_BACKOFF_S = 0.5
PATIENCE_S = 30.0
PROGRAM = """
from wszero import *

@on('forever')
def forever(client):
    print('busy now')
    while True:
        pass

run_server()
"""


class Restart(NamedTuple):
    """One stop and start."""

    way: str
    stop_s: float
    """From the key press to the end of the process."""
    back_s: float
    """From the new run's first words until each client has had its hello. How long Python takes
    to start, on a busy computer, is not the server's doing."""
    codes: Dict[int, int]
    """The close codes that clients have seen, and how many of them."""


class Pupils:
    """Clients that always come back, on a thread of their own."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._runs: List[str] = [""] * number
        self._codes: Counter[int] = Counter()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_until_all_are_in_another_run_than(self, old: str) -> str:
        """Wait for the hello of one new run, at every client; return the run's name."""

        def is_so() -> bool:
            return len(set(self._runs)) == 1 and self._runs[0] not in ("", old)

        with self._news:
            came = self._news.wait_for(is_so, PATIENCE_S)
            assert came, f"not all came back within {PATIENCE_S} s: {Counter(self._runs)}"
            return self._runs[0]

    def take_codes(self) -> Dict[int, int]:
        """Return the close codes since the last time."""
        with self._news:
            codes, self._codes = dict(self._codes), Counter()
            return codes

    def close(self) -> None:
        """Let them all go home."""
        self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        async def all_of_them() -> None:
            self._all = asyncio.gather(*(self._live(n) for n in range(len(self._runs))))
            with contextlib.suppress(asyncio.CancelledError):
                await self._all
            # Sockets end a moment after their clients have.
            await asyncio.sleep(0.05)

        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(all_of_them())
        self._loop.close()

    async def _live(self, number: int) -> None:
        tries = 0
        while True:
            url = f"ws://127.0.0.1:{self._port}/ws?page=%2F&run={self._runs[number]}"
            try:
                async with connect(url, ping_interval=None, close_timeout=1) as pupil:
                    tries = 0
                    while True:
                        message = json.loads(await pupil.recv())
                        if message["op"] == "_hello":
                            with self._news:
                                self._runs[number] = message["run"]
                                self._news.notify_all()
            except ConnectionClosed as closed:
                with self._news:
                    self._codes[closed.rcvd.code if closed.rcvd else 1006] += 1
            except (OSError, WebSocketException, asyncio.TimeoutError):
                pass
            tries += 1
            await asyncio.sleep(random.uniform(0, min(LONGEST_BACKOFF_S, 0.05 * 2**tries)))


class Lesson:
    """A program that is stopped and started again on one port.

    Args:
        folder: Where its file lies.
        pupils: How many clients.
    """

    def __init__(self, folder: Path, pupils: int) -> None:
        self._folder = folder
        self._session = folder / "session"
        self._session.mkdir(mode=0o700, exist_ok=True)
        (folder / "quiz.py").write_text(PROGRAM, encoding="utf-8")
        self.port = free_port()
        self._program = self._start()
        assert self._program.port == self.port
        self._pupils = Pupils(self.port, pupils)
        self._at = self._pupils.wait_until_all_are_in_another_run_than("")

    def restart(self, way: str) -> Restart:
        """Stop the program in one of the `WAYS` and start it again at once."""
        old = self._program
        asleep = self._keep_busy() if way == "Ctrl-C while busy" else None
        began = time.monotonic()
        if way == "Run again":
            self._program = self._start()
        elif way == "SIGTERM":
            old.process.terminate()
        elif way == "SIGKILL":
            old.process.kill()
        else:
            old.process.send_signal(signal.SIGINT)
        code = old.wait(PATIENCE_S)
        stopped = time.monotonic()
        expected = -signal.SIGKILL if way == "SIGKILL" else 0
        assert code == expected, f"{way}: ended with {code}:\n{old.console}"
        if way != "Run again":
            self._program = self._start()
        assert self._program.port == self.port, self._program.console
        up = time.monotonic()
        self._at = self._pupils.wait_until_all_are_in_another_run_than(self._at)
        back = time.monotonic()
        if asleep is not None:
            asleep.close()
        old.kill()
        return Restart(way, stopped - began, back - up, self._pupils.take_codes())

    def close(self) -> None:
        """End everything."""
        self._pupils.close()
        self._program.kill()

    def _start(self) -> RunningProgram:
        env = {"WSZERO_PORT": str(self.port), "XDG_RUNTIME_DIR": str(self._session)}
        return RunningProgram([str(self._folder / "quiz.py")], folder=self._folder, env=env)

    def _keep_busy(self) -> Raw:
        """Start a handler without an end, and a client that never reads nor answers."""
        asleep = Raw(self.port)
        asleep.shake_hands()
        asleep.send_frame(1, b'{"op": "forever"}')
        self._program.wait_for("busy now")
        return asleep


def main(words: List[str]) -> int:
    """Restart so often, print what was seen; return 1 when a promise was broken."""
    times, pupils = (int(word) for word in (words + ["50", "30"][len(words) :])[:2])
    seen: List[Restart] = []
    with tempfile.TemporaryDirectory() as folder:
        lesson = Lesson(Path(folder), pupils)
        try:
            for number in range(times):
                seen.append(lesson.restart(WAYS[number % len(WAYS)]))
        finally:
            lesson.close()
    is_good = True
    print(f"{times} restarts, {pupils} clients. Seconds, median and worst:")
    for way in WAYS:
        of_way = [each for each in seen if each.way == way]
        if not of_way:
            continue
        codes: Counter[int] = sum((Counter(each.codes) for each in of_way), Counter())
        stops, backs = (sorted(column) for column in zip(*(each[1:3] for each in of_way)))
        print(
            f"  {way:18} {len(of_way):3} times   to stop {stops[len(stops) // 2]:.2f} "
            f"{stops[-1]:.2f}   all back {backs[len(backs) // 2]:.2f} {backs[-1]:.2f}   "
            f"close codes {dict(codes)}"
        )
        most_s = 4 if way == "Run again" else 2
        is_good &= stops[-1] <= most_s and backs[-1] <= 3
        is_good &= way == "SIGKILL" or set(codes) <= {1001, 1012}
    print("as promised" if is_good else "NOT as promised")
    return 0 if is_good else 1


if __name__ == "__main__":
    os.environ.pop("WSZERO_PORT", None)
    sys.exit(main(sys.argv[1:]))
