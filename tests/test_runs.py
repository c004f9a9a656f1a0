"""A forgotten run of the same program goes when it is asked; nobody else is ever touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from tests.programs import RunningProgram
from wszero.runs import Run, Runs, started

QUIZ = "from wszero import *\nrun_server()\n"
SAID = "An earlier run of quiz.py was still going: it has been stopped."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[object]:
    """Runs a program on a port, with a folder of the test's own for its notes."""
    begun: list[RunningProgram] = []
    (tmp_path / "session").mkdir(mode=0o700)

    def start(port: int, source: str = QUIZ, name: str = "quiz.py") -> RunningProgram:
        (tmp_path / name).write_text(source, encoding="utf-8")
        env = {"WSZERO_PORT": str(port), "XDG_RUNTIME_DIR": str(tmp_path / "session")}
        begun.append(RunningProgram([str(tmp_path / name)], folder=tmp_path, env=env))
        return begun[-1]

    yield start
    for each in begun:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.process.pid, signal.SIGCONT)
        each.kill()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with wszero."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def noted(folder: Path, run: Run) -> None:
    """Writes a file as a run does."""
    path = Runs(run.program, folder)._path(run)
    path.write_text(json.dumps(run._asdict()), encoding="utf-8")


# ---- who is asked -------------------------------------------------------------------------------


def test_the_same_program_started_again_takes_over(run) -> None:
    first = run(0)
    port = first.port
    second = run(port)
    second.wait_for(SAID)
    assert second.port == port
    assert first.wait() == 0
    assert "started again elsewhere" in first.console
    assert second.stop() == 0


def test_another_program_is_left_alone(run) -> None:
    first = run(0, name="chat.py")
    second = run(first.port)
    assert second.wait() == 1
    assert f"Port {first.port} is taken" in second.console
    assert first.stop() == 0


def test_a_run_that_hangs_is_ended(run) -> None:
    first = run(0)
    port = first.port
    os.kill(first.process.pid, signal.SIGSTOP)
    second = run(port)
    second.wait_for(SAID)
    assert second.port == port
    assert first.wait() == -signal.SIGKILL


def test_a_run_whose_process_number_now_belongs_to_another_is_left_alone(
    folder: Path, sleeper, tmp_path: Path
) -> None:
    program = str(tmp_path / "quiz.py")
    noted(folder, Run(8000, sleeper.pid, "long ago", os.path.realpath(program), "token"))
    assert list(Runs(program, folder).make_room(8000)) == []
    assert sleeper.poll() is None


def test_a_run_of_another_program_goes_only_when_its_editor_has_gone(
    folder: Path, sleeper, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as editor:
        where = f"127.0.0.1:{editor.getsockname()[1]}"
        other = Run(8000, sleeper.pid, started(sleeper.pid), "/chat.py", "token", where)
        noted(folder, other._replace(program=str(tmp_path / "chat.py")))
        runs = Runs(str(tmp_path / "quiz.py"), folder)
        assert list(runs.make_room(8000)) == []
    assert next(runs.make_room(8000)) is None
    assert (folder / f"8000-{sleeper.pid}.stop").read_text() == "token"


def test_nobody_stops_itself_or_its_parent(folder: Path, tmp_path: Path) -> None:
    program = os.path.realpath(tmp_path / "quiz.py")
    for pid in (os.getpid(), os.getppid()):
        noted(folder, Run(8000, pid, started(pid), program, "token"))
    assert list(Runs(program, folder).make_room(8000)) == []


# ---- the files ----------------------------------------------------------------------------------


def test_a_run_is_asked_only_with_its_own_token(folder: Path, tmp_path: Path) -> None:
    runs = Runs(str(tmp_path / "quiz.py"), folder)
    runs.register(8000)
    asking = folder / f"8000-{os.getpid()}.stop"
    asking.write_text("guessed")
    assert not runs.is_asked_to_stop()
    asking.write_text(runs._own.token)
    assert runs.is_asked_to_stop()
    runs.unregister()
    assert list(folder.iterdir()) == []


def test_files_of_runs_that_were_killed_are_taken_away(folder: Path, tmp_path: Path) -> None:
    program = str(tmp_path / "quiz.py")
    noted(folder, Run(8001, 2**22 + 1, "long ago", program, "token"))
    (folder / "nonsense.json").write_text("[[[")
    runs = Runs(program, folder)
    runs.register(8000)
    assert [path.name for path in folder.iterdir()] == [f"8000-{os.getpid()}.json"]
    runs.unregister()


def test_the_folder_and_the_files_are_the_users_alone(folder: Path, tmp_path: Path) -> None:
    runs = Runs(str(tmp_path / "quiz.py"), folder)
    runs.register(8000)
    modes = [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())]
    runs.unregister()
    assert modes == [0o700, 0o600]


def _as_link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    "prepare", [_as_link, lambda folder: folder.mkdir() or folder.chmod(0o777), Path.touch]
)
def test_a_folder_that_others_could_write_in_is_not_used(
    folder: Path, tmp_path: Path, prepare
) -> None:
    prepare(folder)
    runs = Runs(str(tmp_path / "quiz.py"), folder)
    runs.register(8000)
    assert not runs.is_asked_to_stop()
    assert list(runs.make_room(8000)) == []
    assert folder.is_file() or list(folder.iterdir()) == []


def test_a_start_is_the_same_each_time_and_none_is_known_of_nobody(sleeper) -> None:
    assert started(sleeper.pid) == started(sleeper.pid) != ""
    assert started(2**22 + 1) == ""
