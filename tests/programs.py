"""Children's programs as real processes: what they print is read, Ctrl-C is really pressed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Mapping, Sequence

# Long, since it is only reached when something is broken, and the machine may be very slow.
DEADLINE_S = 30


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This computer's environment without its settings for wszero, and with the tests' own.

    Args:
        env: More settings, `{"WSZERO_PORT": "8123"}` say.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WSZERO_") or name.startswith("WSZERO_TEST_")
    }
    return {**kept, "WSZERO_SHOW": "0", **(env or {})}


class RunningProgram:
    """A program that runs, with a console that can be read and waited for.

    Example:
        game = program("import wszero; wszero.run_server()")
        amy = connect(game.url)
        game.interrupt()
        assert game.wait() == 0
    """

    def __init__(
        self, words: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Starts `python` with the words.

        Args:
            words: What follows `python` on the command line.
            folder: The folder it runs in.
            env: Settings of its own; the port is any free one unless WSZERO_PORT is in there.
        """
        ours = {
            "WSZERO_PORT": "0",
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", *words],
            cwd=folder,
            env=clean_environment({**ours, **(env or {})}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: as in a terminal, Ctrl-C reaches all of it and nothing else.
            start_new_session=True,
        )
        self._console = b""
        self._is_read = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="tests-console", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            while True:
                block = os.read(stream.fileno(), 65536)
                with self._news:
                    self._console += block
                    self._is_read = not block
                    self._news.notify_all()
                if not block:
                    return

    @property
    def console(self) -> str:
        """All that it has printed so far, errors included."""
        with self._news:
            return self._console.decode("utf-8", "replace").replace("\r\n", "\n")

    def wait_for(self, text: str, timeout: float = DEADLINE_S, *, times: int = 1) -> str:
        """Waits until the text stands in the console.

        Args:
            text: What must appear.
            timeout: Seconds until the test fails.
            times: How often it must appear.

        Returns:
            The console so far.
        """
        deadline = time.monotonic() + timeout
        with self._news:
            while self.console.count(text) < times:
                left = deadline - time.monotonic()
                if self._is_read or left <= 0:
                    how = "ended" if self._is_read else f"ran for {timeout} s"
                    raise AssertionError(
                        f"the program {how} without printing {text!r}; it printed:\n{self.console}"
                    )
                self._news.wait(left)
            return self.console

    @property
    def url(self) -> str:
        """The address it prints for this computer, "http://localhost:41234"; waits for it."""
        # What follows the number shows that the number was read whole.
        pattern = re.compile(r"http://localhost:\d+(?=\D)")
        deadline = time.monotonic() + DEADLINE_S
        with self._news:
            while True:
                found = pattern.search(self.console)
                if found:
                    return found.group()
                left = deadline - time.monotonic()
                if self._is_read or left <= 0:
                    raise AssertionError(f"no address in the console:\n{self.console}")
                self._news.wait(left)

    @property
    def port(self) -> int:
        """The port that it serves; waits for it."""
        return int(self.url.rpartition(":")[2])

    @property
    def is_silent(self) -> bool:
        """Whether nobody is left that could print: neither it nor anything it has started."""
        with self._news:
            return self._is_read

    def type(self, line: str) -> None:
        """Types a line and Enter, for a program with `input()`."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        self._signal(signal.SIGINT)

    def wait(self, timeout: float = DEADLINE_S) -> int:
        """Waits for its end.

        Args:
            timeout: Seconds until the test fails.

        Returns:
            Its exit code.
        """
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"the program still runs after {timeout} s; it printed:\n{self.console}"
            ) from None
        self._reader.join(timeout)
        return code

    def stop(self, timeout: float = DEADLINE_S) -> int:
        """Presses Ctrl-C and waits for the end.

        Returns:
            Its exit code.
        """
        self.interrupt()
        return self.wait(timeout)

    @property
    def returncode(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll()

    def kill(self) -> None:
        """Ends it and all that it started, whatever they do. Called at the end of each test."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.wait()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # something was typed that nobody read
            self.process.stdin.close()
        self._reader.join(DEADLINE_S)

    def _signal(self, number: int) -> None:
        try:
            if hasattr(os, "killpg"):
                # The group lives on while one of it does, even when the first has ended.
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass  # it has ended by itself
