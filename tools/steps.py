"""The steps of a run: each has a name and a time, and the run goes on after one that fails."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


# Before a download is tried again; longer each time.
PAUSE_S = 5

# What a command gets to tidy up after Ctrl-C.
INTERRUPTED_S = 60


class StepFailed(Exception):
    """A step went wrong; the text says what, for the person who reads the output."""


class Result(NamedTuple):
    """How one step ended."""

    name: str
    is_ok: bool
    seconds: float


class Steps:
    """Runs steps one after the other and remembers how each ended.

    Example:
        steps = Steps()
        steps.run("ruff check", lambda: run("ruff", "check"))
        sys.exit(steps.close())
    """

    def __init__(self) -> None:
        self.results: list[Result] = []

    def run(self, name: str, step: Callable[[], object]) -> bool:
        """Runs one step, which fails by raising `StepFailed`. Anything else it raises is our bug.

        Returns:
            Whether the step went well.
        """
        say(f"\n=== {name}")
        start = time.monotonic()
        is_ok = True
        try:
            step()
        except StepFailed as problem:
            is_ok = False
            say(str(problem))
        seconds = time.monotonic() - start
        self.results.append(Result(name, is_ok, seconds))
        say(f"--- {'ok' if is_ok else 'FAILED'}: {name} ({seconds:.1f} s)")
        return is_ok

    def close(self) -> int:
        """Prints what was done and how it ended.

        Returns:
            The exit code of the whole run: 0 only when something was done and all of it went well.
        """
        say("\n=== All steps")
        for result in self.results:
            say(f"{'ok    ' if result.is_ok else 'FAILED'} {result.seconds:7.1f} s  {result.name}")
        failed = [result.name for result in self.results if not result.is_ok]
        seconds = sum(result.seconds for result in self.results)
        if failed:
            say(f"\nNot good after {seconds:.0f} s: {', '.join(failed)}.")
        elif self.results:
            say(f"\nAll {len(self.results)} steps went well ({seconds:.0f} s).")
        else:
            say("\nNothing was done.")
        return 1 if failed or not self.results else 0


def say(words: str) -> None:
    """Prints at once, because the commands that the steps start write to the same place."""
    print(words, flush=True)


def run(
    *command: str | Path, cwd: Path | None = None, tries: int = 1, is_quiet: bool = False
) -> None:
    """Runs a command without standard input and shows what it prints.

    Args:
        command: The program and its words.
        cwd: The folder it runs in; the current one when left out.
        is_quiet: Whether what it prints is shown only when it fails.
        tries: How often to try. More than once is for downloads only: networks are flaky, code
            must not be.

    Raises:
        StepFailed: When it did not end well, the last time either.
    """
    words = [str(word) for word in command]
    for attempt in range(1, tries + 1):
        code, printed = _run_once(words, cwd, is_quiet)
        if code == 0:
            return
        if printed:
            say(printed.decode("utf-8", "replace"))
        if attempt < tries:
            pause_s = PAUSE_S * attempt
            say(f"That ended with exit code {code}. Trying again in {pause_s} s.")
            time.sleep(pause_s)
    raise StepFailed(f"Exit code {code} from: {' '.join(words)}")


def _run_once(words: list[str], cwd: Path | None, is_quiet: bool) -> tuple[int, bytes]:
    """Runs a command. Returns its exit code, and what it has printed when it was to be quiet."""
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_quiet else None,
            stderr=subprocess.STDOUT if is_quiet else None,
        )
    except OSError as problem:
        raise StepFailed(f"{words[0]} does not start: {problem}") from None
    with process:
        try:
            printed, _ = process.communicate()
        except KeyboardInterrupt:
            # It has got the same Ctrl-C. Killed, pytest would leave running what its tests started.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(INTERRUPTED_S)
            raise
        finally:
            process.kill()
    return process.returncode, printed or b""


# What a person's shell may hold that would make our commands do something else.
_NOT_PASSED_ON = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYENV_VERSION",
    "VIRTUAL_ENV",
    "PIP_USER",
    "PIP_TARGET",
)


def environment() -> dict[str, str]:
    """The environment for every command: nothing asks questions, nothing opens a window."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_PASSED_ON
        and (not name.startswith("WSZERO_") or name.startswith("WSZERO_TEST_"))
    }
    ours.update(
        DEBIAN_FRONTEND="noninteractive",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_INPUT="1",
        PYTHONUNBUFFERED="1",
        WSZERO_SHOW="0",
    )
    return ours
