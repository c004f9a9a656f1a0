"""Installs the peers into build/benchmarks: nothing outside, and nothing for the test suite."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import List

from benchmarks.peers import NODE_MODULES, PEERS, environment_of


def install(python: str) -> List[str]:
    """Install all that can be had for a Python, and for Node.js; returns what went wrong."""
    return [*_install_for_python(python), *_install_for_node()]


def _install_for_python(python: str) -> List[str]:
    folder = environment_of(python)
    if not (folder / "bin" / "python").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    names = sorted({name for peer in PEERS if not peer.is_node for name in peer.needs})
    problems = []
    for name in names:
        # One by one: a package that this Python can't have keeps no other one away.
        print(f"installing {name} …", file=sys.stderr, flush=True)
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-U", name]
        if subprocess.run(command, check=False).returncode:
            problems.append(f"{name} could not be installed.")
    return problems


def _install_for_node() -> List[str]:
    npm = shutil.which("npm")
    if npm is None:
        return ["There is no npm, so ws for Node.js could not be installed."]
    folder = NODE_MODULES.parent
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True}), "utf-8")
    print("installing ws …", file=sys.stderr, flush=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "ws"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        return ["ws could not be installed."]
    return []
