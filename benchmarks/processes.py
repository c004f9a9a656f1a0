"""A server's process, seen from outside: its CPU time and its memory."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Optional

START_S = 15.0
STOP_S = 5.0


class CannotStart(Exception):
    """A server did not begin to listen."""


def cpu_ns(pid: int) -> int:
    """Return the CPU time (user and system) of all threads of a process, in nanoseconds.

    Linux keeps a clock for each process, which also counts threads that have ended. Its number is
    what `clock_getcpuclockid(3)` returns, which Python does not offer.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def rss_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Process:
    """One server that runs, with its output in a file.

    Args:
        command: The command, to which the port is added.
        environment: Variables that the command needs.
        log: The file that gets its output.

    Raises:
        CannotStart: It ended or did not listen in time; the end of its output tells why.
    """

    def __init__(self, command: List[str], environment: Dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._log = log
        with log.open("wb") as output:
            self._process: Optional[subprocess.Popen[bytes]] = subprocess.Popen(
                [*command, str(self.port)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid
        try:
            self._wait_until_it_listens(self._process)
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise CannotStart(self.last_words() or "it did not listen in time")

    def last_words(self) -> str:
        """Return the end of its output, in one line."""
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return " / ".join(lines[-2:])[-300:]

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)
            self._process = None
