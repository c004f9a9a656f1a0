"""Which program of this user serves which port, so that a forgotten run can be asked to go.

Each run keeps a small file in a folder that only its user can read or write. A new run that finds
its port taken looks there: was it the same program? Then it puts a second file beside the first,
which asks the old run to stop; that one looks for it twice a second. No socket and no thread is
needed, and nobody else can ask. Only a process that is surely the one that wrote the file is ever
ended by force: its number and the moment of its start must both be right.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from .places import is_child_file

ASK_S = 1.6
"""So long the old run may take to stop by itself …"""
TERM_S = 0.7
"""… then so long when the system tells it to; then it is ended."""
KILL_S = 0.5
POLL_S = 0.03
_MOST_BYTES = 10_000


class Run(NamedTuple):
    """What is known of a run."""

    port: int
    pid: int
    start: str
    """When its process began, in the system's own words; empty where that can't be known."""
    program: str
    token: str
    editor: str = ""
    """Where the editor listens that has started it, "127.0.0.1:50123"; empty without one."""

    @property
    def name(self) -> str:
        """Its program's name: ``quiz.py``."""
        return os.path.basename(self.program)


class Runs:
    """The runs of this user; and our own among them.

    Args:
        program: The path of our program; without one, or with one that is nobody's own (pytest),
            nothing is noted down and nobody is asked to stop.
        folder: Where the files are; the user's own place for such if not given.

    Example:
        >>> runs = Runs("/home/amy/quiz.py")
        >>> sockets = listen(None, 8000, make_room=runs.make_room)
        >>> runs.register(8000)
        >>> runs.is_asked_to_stop()
        False
    """

    def __init__(self, program: str, folder: Optional[Path] = None) -> None:
        is_ours = bool(program) and is_child_file(program)
        self._program = os.path.realpath(program) if is_ours else ""
        self._folder = _private(folder or _usual_folder()) if is_ours else None
        self._own: Optional[Run] = None
        self.replaced: Optional[Run] = None
        """The run that was last asked to stop."""

    # ---- our own run ---------------------------------------------------------------------------

    def register(self, port: int, panel: str = "") -> None:
        """Note down that we serve a port, until `unregister`.

        Args:
            port: The port.
            panel: The editor's panel, as ``WSZERO_MONITOR`` tells it.
        """
        if self._folder is None:
            return
        self._clean()
        editor = panel.rpartition(":")[0]
        pid = os.getpid()
        own = Run(port, pid, started(pid), self._program, secrets.token_hex(16), editor)
        # Full disk, read-only folder: then there is no file, and this run is not replaced.
        with contextlib.suppress(OSError):
            _write(self._path(own), json.dumps(own._asdict()))
            self._own = own
            atexit.register(self.unregister)

    def is_asked_to_stop(self) -> bool:
        """Tell whether a newer run wants our port."""
        return self._own is not None and _read(self._path(self._own, ".stop")) == self._own.token

    def unregister(self) -> None:
        """Take our file away."""
        own, self._own = self._own, None
        if own is None or own.pid != os.getpid():  # a forked process is another one
            return
        atexit.unregister(self.unregister)
        self._forget(own)

    # ---- others --------------------------------------------------------------------------------

    def make_room(self, port: int) -> Iterator[None]:
        """Ask a forgotten run to free a port; yields as long as it is worth to try the port again.

        Yields nothing when the port belongs to anybody else.
        """
        run = self._forgotten(port)
        if run is None:
            return
        with contextlib.suppress(OSError):
            _write(self._path(run, ".stop"), run.token)
        self.replaced = run
        yield from _ticks(ASK_S, run)
        if _is_surely(run):
            for number, patience_s in (("SIGTERM", TERM_S), ("SIGKILL", KILL_S)):
                if not _is_surely(run):
                    break
                with contextlib.suppress(OSError):
                    os.kill(run.pid, getattr(signal, number))
                yield from _ticks(patience_s, run)
        yield

    def _forgotten(self, port: int) -> Optional[Run]:
        # A child process that does the program once more must not end its parent.
        if self._folder is None or multiprocessing.parent_process() is not None:
            return None
        for run in self._all():
            if run.port != port or run.pid in (os.getpid(), os.getppid()) or not _is_alive(run):
                continue
            if run.program == self._program or (run.editor and _is_gone(run.editor)):
                return run
        return None

    def _all(self) -> Iterator[Run]:
        assert self._folder is not None
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob("*.json")):
                run = _parse(_read(path))
                # Its name tells where it belongs; a file under another name is not ours.
                if run is not None and self._path(run) == path:
                    yield run
                else:
                    _remove(path)

    def _clean(self) -> None:
        """Take away what is left of runs that were killed."""
        for run in tuple(self._all()):
            if not _is_alive(run):
                self._forget(run)

    def _forget(self, run: Run) -> None:
        _remove(self._path(run))
        _remove(self._path(run, ".stop"))

    def _path(self, run: Run, suffix: str = ".json") -> Path:
        assert self._folder is not None
        return self._folder / f"{run.port}-{run.pid}{suffix}"


# ---- processes ----------------------------------------------------------------------------------


def started(pid: int) -> str:
    """Return when a process began, in words of the system; empty if it can't be known."""
    if sys.platform == "win32":
        return ""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, in brackets, may hold anything; the 20th word after it is the start.
            return f"{_boot()} {file.read().rpartition(b')')[2].split()[19].decode()}"
    except (OSError, IndexError):
        pass
    if os.path.exists("/proc/self/stat"):
        return ""
    try:  # macOS
        words = ["ps", "-o", "lstart=", "-p", str(pid)]
        return (
            subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=2)
            .stdout.decode("ascii", "replace")
            .strip()
        )
    except (OSError, subprocess.SubprocessError):
        return ""


def _boot() -> str:
    return _read(Path("/proc/sys/kernel/random/boot_id")).strip()


def _is_surely(run: Run) -> bool:
    """Tell whether a process still is the one that wrote its file."""
    return run.start != "" and started(run.pid) == run.start


def _is_alive(run: Run) -> bool:
    if run.start:
        return _is_surely(run)
    # Windows: a run that is not there does not have the port either, so it is only asked in vain.
    return sys.platform == "win32"


def _is_gone(editor: str) -> bool:
    """Tell whether nobody listens any more where an editor did."""
    host, _, port = editor.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=0.3).close()
    except ConnectionRefusedError:
        return host in ("127.0.0.1", "::1", "localhost")
    except (OSError, ValueError):
        pass
    return False


def _ticks(seconds: float, run: Run) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _is_alive(run):
        time.sleep(POLL_S)
        yield


# ---- files --------------------------------------------------------------------------------------


def _usual_folder() -> Path:
    if sys.platform == "win32":
        return Path(tempfile.gettempdir(), "wszero-runs")
    of_session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isdir(of_session):
        return Path(of_session, "wszero-runs")
    return Path(tempfile.gettempdir(), f"wszero-runs-{os.getuid()}")


def _private(folder: Path) -> Optional[Path]:
    """Make a folder that is this user's alone; None if that can't be had."""
    with contextlib.suppress(FileExistsError):
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            raise
        except OSError:
            return None
    if sys.platform == "win32":
        return folder
    try:
        # Not what a link points at: in /tmp anybody may have laid one here before us.
        status = os.lstat(folder)
    except OSError:
        return None
    is_private = status.st_uid == os.getuid() and status.st_mode & 0o170077 == 0o040000
    return folder if is_private else None


def _write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    new = path.with_suffix(f".{secrets.token_hex(4)}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(new, path)
    except OSError:
        _remove(new)
        raise


def _read(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return ""


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _parse(text: str) -> Optional[Run]:
    try:
        run = Run(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = (run.port, run.pid)
    is_right = all(type(number) is int and number > 0 for number in numbers) and all(
        isinstance(words, str) for words in (run.start, run.program, run.token, run.editor)
    )
    return run if is_right and run.program and run.token else None
