"""A program under attack: a real process, looked at from outside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RIGS = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "rigs"
START_S = 30


class Figures(NamedTuple):
    """What a process uses."""

    memory_mb: float
    threads: int
    handles: int
    cpu_s: float


class Program:
    """A program that serves, and what it prints.

    Args:
        python: The interpreter.
        script: A file in this folder.
        options: For the program's `run_server`.
        handles: How many file handles it may have, if not as many as this process.
    """

    source = ROOT
    """Where its wszero lies."""

    def __init__(
        self, python: str, script: str, options: dict[str, Any], *, handles: int = 0
    ) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        self._file = BUILD / f"console-{os.getpid()}-{id(self):x}.txt"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WSZERO_")}
        ours = {
            "WSZERO_SHOW": "0",
            "PYTHONPATH": str(self.source),
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }

        def limit() -> None:
            # A shell lets what it starts in the background ignore Ctrl-C.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if handles:
                resource.setrlimit(resource.RLIMIT_NOFILE, (handles, handles))

        with open(self._file, "wb") as console:
            self.process = subprocess.Popen(
                [_whole(python), str(RIGS / script), json.dumps(options)],
                cwd=RIGS,
                env={**kept, **ours},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=limit,
            )
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)\D", self.console)
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        console = self.console
        self.stop()
        raise SystemExit(f"the program did not start; it printed:\n{console}")

    @property
    def console(self) -> str:
        """All that it has printed."""
        return self._file.read_text(encoding="utf-8", errors="replace")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def figures(self) -> Figures:
        """What it uses now."""
        proc = Path(f"/proc/{self.process.pid}")
        status = (proc / "status").read_text()
        memory_kb = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))  # type: ignore[union-attr]
        threads = int(re.search(r"Threads:\s+(\d+)", status).group(1))  # type: ignore[union-attr]
        times = (proc / "stat").read_text().rpartition(")")[2].split()
        cpu_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        return Figures(memory_kb / 1024, threads, len(os.listdir(proc / "fd")), cpu_s)

    def stop(self) -> float:
        """Presses Ctrl-C; after five seconds it is killed.

        Returns:
            How many seconds it took.
        """
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        with contextlib.suppress(OSError):
            self._file.unlink()
        return time.monotonic() - began


def _whole(python: str) -> str:
    # Not its real path: an environment is known by the link in it.
    return os.path.abspath(shutil.which(python) or python)


def versions(python: str) -> tuple[str, str]:
    """The versions of a Python and of its `websockets`: ("3.13", "17.4")."""
    code = "import sys, websockets.version as v;print('%d.%d' % sys.version_info[:2], v.version)"
    words = subprocess.check_output([python, "-c", code], text=True).split()
    return words[0], words[1]


def default_python() -> str:
    """The interpreter that runs the rig."""
    return sys.executable
