#!/usr/bin/env python3
"""Run the Autobahn|Testsuite against wszero's own listener.

python tests/rigs/autobahn.py                          all cases; the table goes into docs/
python tests/rigs/autobahn.py --cases '1.*,2.*'        some cases; nothing is written
python tests/rigs/autobahn.py --python build/venvs/3.8/bin/python      the server's Python
python tests/rigs/autobahn.py --python2 /usr/bin/python2.7             the testsuite's Python

The testsuite needs Python 2.7. Its environment is made in build/rigs/autobahn, once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.rigs.running import BUILD, ROOT, Program, default_python, versions

SUITE = "autobahntestsuite==25.10.1"
ENVIRONMENT = BUILD / "autobahn"
DOCS = ROOT / "docs" / "autobahn.md"
OPTIONS = {
    "max_message": None,
    "max_waiting": None,
    "max_rate": None,
}
GROUPS = {
    1: "Framing",
    2: "Pings and pongs",
    3: "Reserved bits",
    4: "Opcodes",
    5: "Fragments",
    6: "UTF-8",
    7: "Closing",
    9: "Large and many messages",
    10: "Mixed",
    12: "Compression, not offered",
    13: "Compression, not offered",
}
KINDS = ("passed", "non-strict", "informational", "failed", "unimplemented")
_KIND_OF = {
    "OK": "passed",
    "NON-STRICT": "non-strict",
    "INFORMATIONAL": "informational",
    "UNIMPLEMENTED": "unimplemented",
}


class Case(NamedTuple):
    """The outcome of one case."""

    name: str
    behaviour: str
    closing: str
    code: Any

    @property
    def kind(self) -> str:
        """One of the table's columns."""
        if self.behaviour == "UNIMPLEMENTED":
            return "unimplemented"
        if self.closing not in ("OK", "INFORMATIONAL"):
            return "failed"
        return _KIND_OF.get(self.behaviour, "failed")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The name's numbers, to sort by."""
        return tuple(int(number) for number in self.name.split("."))


def main() -> int:
    """Does what the words say.

    Returns:
        The exit code: 0 when nothing failed.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", default="*")
    parser.add_argument("--python", default=default_python())
    parser.add_argument("--python2", default="")
    parser.add_argument("--source", default=ROOT, type=Path, help="a folder with another wszero")
    words = parser.parse_args()
    Program.source = words.source.resolve()
    wstest = make_environment(words.python2)
    python, websockets = versions(words.python)
    print(f"Python {python}, websockets {websockets}", flush=True)
    began = time.monotonic()
    cases = run(words.python, wstest, words.cases.split(","))
    print_results(cases)
    print(f"{time.monotonic() - began:.0f} s")
    if words.cases == "*" and Program.source == ROOT:
        write_table(cases, python, websockets)
    return 0 if cases and all(case.kind != "failed" for case in cases) else 1


# ---- the testsuite --------------------------------------------------------------------------


def make_environment(python2: str) -> Path:
    """Makes the environment with the testsuite, if it is not there.

    Returns:
        The program to start.
    """
    wstest = ENVIRONMENT / "bin" / "wstest"
    if wstest.exists():
        return wstest
    python2 = python2 or find_python2()
    maker = BUILD / "virtualenv"
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    print(f"making {ENVIRONMENT.relative_to(ROOT)} with {python2}", flush=True)
    steps = [
        [sys.executable, "-m", "venv", str(maker)],
        # The last line of versions that can make environments for 2.7.
        [str(maker / "bin" / "pip"), "install", "-q", "virtualenv<20.22"],
        [str(maker / "bin" / "virtualenv"), "-q", "-p", python2, str(ENVIRONMENT)],
        [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", SUITE],
    ]
    for step in steps:
        subprocess.run(step, check=True, stderr=subprocess.DEVNULL)
    return wstest


def find_python2() -> str:
    """Returns a Python 2.7: pyenv's or the system's."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        listed = subprocess.check_output(["pyenv", "versions", "--bare"], text=True).split()
        for version in listed:
            if version.startswith("2.7."):
                folder = subprocess.check_output(["pyenv", "prefix", version], text=True).strip()
                return f"{folder}/bin/python2.7"
    found = shutil.which("python2.7")
    if found is None:
        raise SystemExit("The Autobahn|Testsuite needs Python 2.7: say where with --python2.")
    return found


def run(python: str, wstest: Path, patterns: list[str]) -> list[Case]:
    """Starts the server, lets the testsuite loose on it, and reads its reports."""
    program = Program(python, "echo_server.py", OPTIONS)
    reports = BUILD / f"autobahn-reports-{os.getpid()}"
    spec = BUILD / f"autobahn-{os.getpid()}.json"
    url = f"ws://127.0.0.1:{program.port}/ws"
    server = {"agent": "wszero", "url": url, "options": {"version": 18}}
    order = {
        "options": {"failByDrop": False},
        "outdir": str(reports),
        "servers": [server],
        "cases": patterns,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    spec.write_text(json.dumps(order))
    testing = subprocess.Popen(
        [str(wstest), "-m", "fuzzingclient", "-s", str(spec)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=str(BUILD),
    )
    try:
        assert testing.stdout is not None
        for line in testing.stdout:
            found = re.search(r"Running test case ID (\S+)", line)
            if found and sys.stdout.isatty():
                print(f"\r{found.group(1):<12}", end="", flush=True)
        testing.wait()
        index = reports / "index.json"
        if not index.exists():
            raise SystemExit(f"no report; the server printed:\n{program.console}")
        outcomes = json.loads(index.read_text())["wszero"]
        lines = program.console.splitlines()
        print(f"\rthe server printed {len(lines)} lines", flush=True)
        if not program.is_alive:
            print("the server died:", *lines[-20:], sep="\n  ")
    finally:
        testing.kill()
        program.stop()
        spec.unlink()
        shutil.rmtree(reports, ignore_errors=True)
    cases = [
        Case(name, one["behavior"], one["behaviorClose"], one["remoteCloseCode"])
        for name, one in outcomes.items()
    ]
    return sorted(cases, key=lambda case: case.numbers)


# ---- what is said of it ----------------------------------------------------------------------


def print_results(cases: list[Case]) -> None:
    """Prints the counts, and each case that is not passed."""
    for case in cases:
        if case.kind not in ("passed", "unimplemented"):
            print(
                f"  {case.name:<8} {case.kind:<14} {case.behaviour}; closing: {case.closing},"
                f" code {case.code}"
            )
    counts = Counter(case.kind for case in cases)
    print(", ".join(f"{counts[kind]} {kind}" for kind in KINDS) + f": {len(cases)} cases")


def table(cases: list[Case]) -> str:
    """Returns the cases as a table, a line for each group."""
    lines = [
        "| cases | | " + " | ".join(KINDS) + " |",
        "| --- | --- |" + " ---: |" * len(KINDS),
    ]
    groups: dict[int, Counter[str]] = {}
    for case in cases:
        groups.setdefault(case.numbers[0], Counter())[case.kind] += 1
    total: Counter[str] = Counter()
    for number, counts in sorted(groups.items()):
        cells = " | ".join(str(counts[kind] or "") for kind in KINDS)
        lines.append(f"| {number}.* | {GROUPS.get(number, '')} | {cells} |")
        total.update(counts)
    cells = " | ".join(str(total[kind]) for kind in KINDS)
    lines.append(f"| all | | {cells} |")
    return "\n".join(lines)


def write_table(cases: list[Case], python: str, websockets: str) -> None:
    """Puts the result of a whole run into docs/autobahn.md, in the place of this Python's last."""
    head = f"## Python {python}, websockets {websockets}"
    lines = [head, "", table(cases), ""]
    for kind in ("non-strict", "informational", "failed"):
        names = [case.name for case in cases if case.kind == kind]
        if names:
            lines += [f"{kind.capitalize()}: {', '.join(names)}.", ""]
    section = "\n".join(lines).strip() + "\n"
    text = DOCS.read_text(encoding="utf-8")
    sections = re.split(r"(?m)^(?=## Python )", text)
    kept = [
        one.strip() + "\n" for one in sections[1:] if not one.startswith(f"## Python {python},")
    ]
    sections = [sections[0].strip() + "\n", *sorted([*kept, section], key=_newest_first)]
    DOCS.write_text("\n".join(sections), encoding="utf-8")
    print(f"written to {DOCS.relative_to(ROOT)}")


def _newest_first(section: str) -> int:
    return -int(section[len("## Python 3.") :].partition(",")[0])


if __name__ == "__main__":
    sys.exit(main())
