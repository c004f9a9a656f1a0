"""What the package says about itself; the wheel itself is built and started by `dev.py test`."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import wszero

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_change_log_begins_with_the_version_of_the_package():
    changes = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changes, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == metadata.version("wszero")


def test_the_package_needs_nothing_but_websockets_and_h11():
    needed = [line for line in metadata.requires("wszero") or [] if "extra ==" not in line]
    assert sorted(re.split(r"[^\w-]", line)[0] for line in needed) == ["h11", "websockets"]


def test_the_package_runs_on_the_python_of_mu():
    assert metadata.metadata("wszero")["Requires-Python"] == ">=3.8"


def test_the_package_is_marked_as_typed():
    assert (Path(wszero.__file__).parent / "py.typed").is_file()


def test_there_is_a_wszero_command():
    commands = {entry.name: entry.value for entry in metadata.distribution("wszero").entry_points}
    assert commands == {"wszero": "wszero.cli:main"}
