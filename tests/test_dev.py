"""The one command of dev.py: a run that says "all well" must mean it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools import pythons, steps
from tools.javascript import run_node_tests
from tools.packages import need
from tools.pythons import Python, choose, find_pythons
from tools.steps import StepFailed, Steps, environment, run

CHECKOUT = Path(__file__).resolve().parent.parent


def on_this_machine(*versions):
    return [Python((3, minor, 1), Path(f"python3.{minor}"), True) for minor in versions]


def test_the_oldest_a_middle_and_the_newest_python_are_chosen():
    chosen = choose(on_this_machine(8, 9, 10, 11, 12, 13))
    assert [python.name for python in chosen] == ["3.8", "3.11", "3.13"]


def test_a_machine_with_one_python_uses_that():
    assert [python.name for python in choose(on_this_machine(12))] == ["3.12"]


def test_the_python_that_runs_this_is_found_and_none_is_older_than_3_8():
    found = find_pythons()
    assert sys.version_info[:2] in [python.version[:2] for python in found]
    assert all(python.version >= (3, 8) for python in found)


def test_shims_are_not_looked_at(tmp_path, monkeypatch):
    for folder in ("shims", "bin"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python3.9").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}{os.pathsep}{tmp_path / 'bin'}")
    looked_at = list(pythons._candidates())
    assert tmp_path / "bin" / "python3.9" in looked_at
    assert tmp_path / "shims" / "python3.9" not in looked_at


def test_a_run_goes_on_after_a_step_that_fails_and_ends_badly(capfd):
    all_steps = Steps()
    all_steps.run("one", lambda: run(sys.executable, "-c", "raise SystemExit(3)"))
    all_steps.run("two", lambda: run(sys.executable, "-c", "print('two was here')"))
    assert all_steps.close() == 1
    printed = capfd.readouterr().out
    assert "two was here" in printed
    assert "Exit code 3 from" in printed
    assert printed.endswith(": one.\n")


def test_a_run_whose_steps_all_go_well_ends_well():
    all_steps = Steps()
    all_steps.run("one", lambda: None)
    assert all_steps.close() == 0


def test_a_run_without_steps_does_not_end_well():
    assert Steps().close() == 1


def test_a_download_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "PAUSE_S", 0)
    flaky = "import pathlib; p = pathlib.Path('tried'); q = p.exists(); p.touch(); exit(not q)"
    run(sys.executable, "-c", flaky, cwd=tmp_path, tries=2)
    with pytest.raises(StepFailed, match="Exit code 1"):
        run(sys.executable, "-c", "exit(1)", tries=2)


def test_what_a_quiet_command_prints_is_shown_when_it_fails(capfd):
    run(sys.executable, "-c", "print('all well')", is_quiet=True)
    with pytest.raises(StepFailed):
        run(sys.executable, "-c", "print('the reason'); exit(1)", is_quiet=True)
    printed = capfd.readouterr().out
    assert "the reason" in printed
    assert "all well" not in printed


def test_a_command_that_is_not_there_fails_in_words():
    with pytest.raises(StepFailed, match="no-such-program does not start"):
        run("no-such-program")


def test_ctrl_c_leaves_a_command_the_time_to_tidy_up(program):
    command = (
        "import time\n"
        "try: print('at work'); time.sleep(60)\n"
        "except KeyboardInterrupt: time.sleep(1); print('tidied up')"
    )
    runner = program(
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\n"
        f"from tools.steps import run; run(sys.executable, '-c', {command!r})"
    )
    runner.wait_for("at work")
    runner.interrupt()
    runner.wait_for("tidied up")


def test_settings_of_the_shell_do_not_reach_the_steps(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("WSZERO_PORT", "1234")
    monkeypatch.setenv("WSZERO_TEST_CHROMIUM", "/opt/chromium")
    passed_on = environment()
    assert "PYTHONPATH" not in passed_on
    assert "WSZERO_PORT" not in passed_on
    assert passed_on["WSZERO_TEST_CHROMIUM"] == "/opt/chromium"
    assert passed_on["WSZERO_SHOW"] == "0"


def test_what_cannot_be_installed_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StepFailed, match=r"needs tea. Please install it .*apt-get install teapot"):
        need(("tea",), ["teapot"], "This needs tea")


def test_a_checkout_without_tests_of_the_script_fails(tmp_path):
    with pytest.raises(StepFailed, match="There are no tests in"):
        run_node_tests(tmp_path)
