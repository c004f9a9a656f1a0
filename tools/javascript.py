"""The checks of the page's script: TypeScript reads its JSDoc, Node.js runs its tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.steps import StepFailed, run

if TYPE_CHECKING:
    from pathlib import Path

# Without a tsconfig.json of the tests' own.
_CHECK_JS = "--noEmit --allowJs --checkJs --strict --target es2020 --lib es2020,dom,dom.iterable"


def check_types(checkout: Path, build: Path) -> None:
    """Runs `tsc --checkJs` with the TypeScript that tests/js/package.json pins.

    Raises:
        StepFailed: When types do not fit, or a file is missing.
    """
    tests = checkout / "tests" / "js"
    package = _must_exist(tests / "package.json")
    script = _must_exist(checkout / "wszero" / "static" / "wszero.js")
    tsc = _install(package, build / "js") / "node_modules" / "typescript" / "bin" / "tsc"
    types = ["--typeRoots", build / "js" / "node_modules" / "@types"]
    config = tests / "tsconfig.json"
    if config.is_file():
        run("node", tsc, "--noEmit", "-p", config, *types)
    else:
        run("node", tsc, *_CHECK_JS.split(), *types, script)


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


def _install(package: Path, folder: Path) -> Path:
    """Installs what package.json pins, unless that very package.json is installed already."""
    copy = folder / "package.json"
    done = folder / "installed.json"
    text = package.read_text(encoding="utf-8")
    if done.is_file() and done.read_text(encoding="utf-8") == text:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy.write_text(text, encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--no-package-lock"]
    run("npm", "install", "--ignore-scripts", *quiet, "--loglevel=error", cwd=folder, tries=3)
    done.write_text(text, encoding="utf-8")
    return folder


def _must_exist(file: Path) -> Path:
    if not file.is_file():
        raise StepFailed(f"{file} is missing.")
    return file
