"""What docs/promises.md names is there, and has the values that stand there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wszero
from tests.programs import clean_environment
from wszero import heads, link, naps, protocol, server, visitors, web, wire

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NO_LIMITS = {"port", "host", "folder", "show", "allow", "unknown"}


def limits() -> dict[str, object]:
    """The keywords of `run_server` that are limits, with their defaults."""
    known = inspect.signature(wszero.run_server).parameters
    return {name: each.default for name, each in known.items() if name not in NO_LIMITS}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables in one part of the page."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [line.strip("| ").split(" | ") for line in part.splitlines() if line[:2] == "| "]


def in_quotation_marks() -> list[str]:
    """What the console says, by the page."""
    return [" ".join(words.split()) for words in re.findall("“([^”]*)”", PAGE)]


def test_every_limit_of_run_server_stands_there_with_its_default():
    shown = {row[0].strip("`"): row[1].replace(",", "") for row in rows("All limits")}
    assert {name: shown.get(name) for name in limits()} == {
        name: str(default) for name, default in limits().items()
    }


def test_nothing_is_called_a_limit_that_run_server_does_not_know():
    named = {row[0].strip("`") for row in rows("All limits") if row[0].startswith("`")}
    assert named == set(limits())


@pytest.mark.parametrize(
    ("limit", "of_what"),
    [
        (f"{link.MOST_UNHANDLED}", "wait for a handler"),
        (f"{wire.TURN}", "in a row"),
        (f"{naps.MOST_ASLEEP}", "sleep at the same time"),
        (f"{wire.MOST_HELD // 1024:,} KiB", "read ahead"),
        (f"{link.MOST_KEPT}", "a page that is away"),
        (f"{web.HANDSHAKE_S:g} s", "handshake"),
        (f"{server.PING_AFTER_S:g} s, {server.SILENT_S:g} s", "sign of life"),
        (f"{wire.CLOSING_S:g} s", "goodbye"),
        (f"{heads.MAX_LINE // 1024} KiB, {heads.MAX_HEAD // 1024} KiB", "headers"),
        (f"{visitors.MOST:,}", "no WebSockets"),
        (f"{protocol.MAX_DEPTH}, {protocol.MAX_DIGITS:,}", "digits"),
    ],
)
def test_a_fixed_limit_is_what_the_page_says(limit, of_what):
    assert [row[0] for row in rows("All limits") if of_what in row[1]] == [limit]


def test_the_burst_and_the_last_messages_are_what_the_page_says():
    burst = limits()["max_rate"] * link.BURST_S
    assert f"what comes in {link.BURST_S:g} s, so {burst:g}" in PAGE
    assert f"At most {wire.LAST_FRAMES} messages are handled after a clean goodbye" in PAGE


def test_every_file_that_is_named_is_there():
    named = re.findall(r"\b(?:tests|benchmarks|docs)/[\w/.]+\.\w+|\bdev\.py", PAGE)
    named += [f"docs/{name}" for name in re.findall(r"\]\((\w+\.md)\)", PAGE)]
    named += [f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m (\S+)`", PAGE)]
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_attack_stands_there_and_each_one_that_stands_there_can_be_made():
    rig = [sys.executable, "tests/rigs/attacks.py", "--list"]
    answer = subprocess.run(rig, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE)
    listed = answer.stdout.decode()
    attacks = {line.split()[0] for line in listed.splitlines()} - {"nothing"}
    lists = re.findall(r"the attacks? ((?:`\w+`[,\s]*)+)", PAGE)
    assert set(re.findall(r"`(\w+)`", " ".join(lists))) == attacks


def test_what_the_console_is_said_to_say_it_does_say():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "wszero").glob("*.py")]
    assert in_quotation_marks()
    assert [
        words for words in in_quotation_marks() if not any(words in source for source in sources)
    ] == []


def test_the_readme_names_the_same_long_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        row[0] for row in rows("Try it") if row[0].startswith("`") and "dev.py" not in row[0]
    ]
    assert len(commands) >= 6
    assert [command for command in commands if f"| {command} |" not in readme] == []
