#!/usr/bin/env python3
"""The one command for everybody who works on wszero. Any Python from 3.8 on starts it.

python3 dev.py demo             start the demo: a chat that opens in the browser
python3 dev.py test             check everything, as CI does
python3 dev.py test --quick     one Python, no wheel
python3 dev.py test -k group    only these tests, on each Python (any words for pytest)
python3 dev.py check            only the checkers: ruff, mypy, import-linter, codespell

All it makes lies in build/ and .venv/. What is missing is installed where that is possible without
asking (Python packages into those folders; with apt only as root) and named where it is not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

if sys.version_info < (3, 8):  # noqa: UP036 - people do try it with an old one
    sys.exit("wszero needs Python 3.8 or newer; this is Python " + sys.version.split()[0])

from tools.javascript import check_types, run_node_tests
from tools.packages import need_chromium, need_node, need_playwright
from tools.pythons import Environment, Python, choose, find_pythons
from tools.steps import StepFailed, Steps, run, say
from tools.wheel import build_twice, start_from_wheel

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"


def main(words: list[str]) -> int:
    """Does what the words say.

    Returns:
        The exit code: 0 when all went well.
    """
    os.chdir(HERE)
    # Started in the background of a script, Ctrl-C is ignored, and by all our children with us;
    # the tests press it on purpose.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "demo" and not rest:
        return demo()
    if command == "check" and not rest:
        return check()
    if command == "test":
        is_quick = "--quick" in rest
        return test(is_quick, [word for word in rest if word != "--quick"])
    print(__doc__)
    return 0 if words in (["--help"], ["-h"]) else 2


def demo() -> int:
    """Installs the checkout into .venv and starts the demo, which opens the browser."""
    environment = Environment(_this_python(), HERE / ".venv")
    try:
        environment.install(HERE)
    except StepFailed as problem:
        say(str(problem))
        return 1
    server = subprocess.Popen([str(environment.exe), "-m", "wszero", "demo"])
    # Whoever ends this command means the demo, too.
    signal.signal(signal.SIGTERM, lambda number, frame: server.terminate())
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            # In a terminal the demo has got the same Ctrl-C, and a second request does no harm;
            # on Windows it always has, and is not to be killed.
            if os.name == "posix":
                server.terminate()


def check() -> int:
    """Runs the checkers alone, on the newest Python."""
    steps = Steps()
    for environment in _environments(steps, find_pythons()[-1:]):
        _checkers(steps, environment)
    return steps.close()


def test(is_quick: bool, words_for_pytest: list[str]) -> int:
    """Checks everything, or with words for pytest only those tests."""
    steps = Steps()
    pythons = choose(find_pythons())
    if is_quick:
        pythons = pythons[-1:]
    say("Pythons: " + ", ".join(f"{python.name} ({python.exe})" for python in pythons))
    if len(pythons) < 3 and not is_quick:
        say("The tests want three Pythons (3.8, a middle one, the newest): they run on these.")
    environments = _environments(steps, pythons)
    is_everything = not words_for_pytest
    steps.run("Chromium is there", need_chromium)
    if environments:
        steps.run("Playwright is there", partial(need_playwright, environments[-1].exe))
    if is_everything and environments:
        _checkers(steps, environments[-1])
        for environment in environments[:-1]:
            # What the standard library offers there differs.
            _types(steps, environment)
        if steps.run("Node.js is there", need_node):
            steps.run("types of the script (tsc)", lambda: check_types(HERE, BUILD))
            steps.run("tests of the script (node)", lambda: run_node_tests(HERE))
    for environment in environments:
        steps.run(
            f"pytest on Python {environment.python.name}",
            partial(run, environment.exe, "-m", "pytest", *words_for_pytest),
        )
    if is_everything and not is_quick and environments:
        _wheel(steps, environments)
    return steps.close()


def _environments(steps: Steps, pythons: list[Python]) -> list[Environment]:
    """Makes an environment for each Python; those that cannot be made are left out and failed."""
    if not pythons:
        steps.run("a Python to test with", _no_python)
    made = [Environment(python, BUILD / "venvs" / python.name) for python in pythons]
    return [
        environment
        for environment in made
        if steps.run(
            f"environment for Python {environment.python.name}",
            partial(environment.install, HERE, "test"),
        )
    ]


def _no_python() -> None:
    raise StepFailed("No Python from 3.8 on was found: not in PATH, not in pyenv's folder.")


def _checkers(steps: Steps, environment: Environment) -> None:
    """Runs the checkers."""
    tool = environment.script
    steps.run("ruff check", partial(run, tool("ruff"), "check", "."))
    steps.run("ruff format", partial(run, tool("ruff"), "format", "--check", "."))
    _types(steps, environment)
    steps.run("imports (import-linter)", partial(run, tool("lint-imports"), "--no-cache"))
    steps.run("spelling (codespell)", partial(run, tool("codespell")))


def _types(steps: Steps, environment: Environment) -> None:
    """Checks the types against what the standard library offers on this Python."""
    name = f"types on Python {environment.python.name} (mypy --strict)"
    steps.run(name, partial(run, environment.script("mypy")))


def _wheel(steps: Steps, environments: list[Environment]) -> None:
    """Builds the wheel and starts what is in it, on the oldest Python and on the newest."""
    builder = environments[-1]
    folder = BUILD / "wheel"
    if not steps.run("wheel, built twice", lambda: build_twice(builder.exe, HERE, folder)):
        return
    ends = environments if len(environments) < 2 else [environments[0], environments[-1]]
    for environment in ends:
        steps.run(
            f"wheel, started on Python {environment.python.name}",
            partial(start_from_wheel, environment.python, folder),
        )


def _this_python() -> Python:
    """The Python that runs this file; a person who has just one wants the demo on that one."""
    return next(python for python in find_pythons() if python.version[:2] == sys.version_info[:2])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
