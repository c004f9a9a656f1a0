"""The checks of the page's script: TypeScript reads its JSDoc, Node.js runs its tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.steps import StepFailed, run

if TYPE_CHECKING:
    from pathlib import Path


def check_types(checkout: Path, build: Path) -> None:
    """Runs `tsc --checkJs` with the TypeScript that tests/js/package.json pins.

    Raises:
        StepFailed: When types do not fit, or a file is missing.
    """
    tests = checkout / "tests" / "js"
    config = _must_exist(tests / "tsconfig.json")
    tsc = _install(tests, build / "js") / "node_modules" / "typescript" / "bin" / "tsc"
    run("node", tsc, "--noEmit", "-p", config)


def run_node_tests(checkout: Path) -> None:
    """Runs the tests in tests/js with Node's own runner.

    Raises:
        StepFailed: When one fails, or there are none.
    """
    tests = checkout / "tests" / "js"
    files = sorted(file for kind in ("js", "mjs", "cjs") for file in tests.glob(f"*.test.{kind}"))
    if not files:
        raise StepFailed(f"There are no tests in {tests}: no file is called NAME.test.mjs.")
    run("node", "--test", *files)


def _install(tests: Path, folder: Path) -> Path:
    """Installs what package.json and its lock file pin, unless those very files are installed."""
    text = ""
    for name in ("package.json", "package-lock.json"):
        text += _must_exist(tests / name).read_text(encoding="utf-8")
    done = folder / "installed.txt"
    if done.is_file() and done.read_text(encoding="utf-8") == text:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(str(tests / name), str(folder))
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run("npm", "ci", "--ignore-scripts", *quiet, cwd=folder, tries=3)
    done.write_text(text, encoding="utf-8")
    return folder


def _must_exist(file: Path) -> Path:
    if not file.is_file():
        raise StepFailed(f"{file} is missing.")
    return file
