"""Finds the Pythons of this machine and makes a virtual environment for each that is used."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

from tools.packages import apt_install
from tools.steps import run, say

OLDEST = (3, 8)

_PROBE = """
import importlib.util, json, sys
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "is_usual": sys.implementation.name == "cpython"
        and sys.version_info.releaselevel == "final"
        and getattr(sys, "_is_gil_enabled", lambda: True)(),
    "exe": getattr(sys, "_base_executable", None) or sys.executable,
    "has_pip": importlib.util.find_spec("ensurepip") is not None,
}))
"""


class Python(NamedTuple):
    """One Python of this machine."""

    version: tuple[int, ...]
    exe: Path
    has_pip: bool

    @property
    def name(self) -> str:
        """The name as people say it: "3.11"."""
        return f"{self.version[0]}.{self.version[1]}"


def find_pythons() -> list[Python]:
    """All usable Pythons of this machine, one for each minor version, the oldest first."""
    found: dict[str, Python] = {}
    for exe in _candidates():
        python = _probe(exe)
        if python is None:
            continue
        known = found.get(python.name)
        # One with pip needs nothing installed; of two with pip the newer one has fewer faults.
        if known is None or (python.has_pip, python.version) > (known.has_pip, known.version):
            found[python.name] = python
    return sorted(found.values(), key=lambda python: python.version)


def choose(pythons: list[Python]) -> list[Python]:
    """The oldest, a middle one and the newest; fewer where the machine has fewer."""
    if len(pythons) <= 3:
        return pythons
    return [pythons[0], pythons[len(pythons) // 2], pythons[-1]]


def _candidates() -> Iterator[Path]:
    """Every file that may be a Python.

    pyenv's shims are left out: what they start depends on settings of the shell and the folder.
    """
    yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/*/bin/python3"))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).name != "shims" and Path(folder).is_dir():
            yield from sorted(
                file
                for file in Path(folder).iterdir()
                if re.fullmatch(r"python3(\.\d+)?(\.exe)?", file.name)
            )


def _probe(exe: Path) -> Python | None:
    try:
        answer = subprocess.run(
            [str(exe), "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # not a Python, or a broken one
    version = tuple(facts["version"])
    if version < OLDEST or not facts["is_usual"]:
        return None
    return Python(version, Path(facts["exe"]), facts["has_pip"])


class Environment:
    """A virtual environment with the checkout in it.

    Installing is left out when nothing has changed since the last time, so that a second run
    works without a network.
    """

    def __init__(self, python: Python, folder: Path) -> None:
        self.python = python
        self.folder = folder

    @property
    def exe(self) -> Path:
        """The environment's own Python."""
        return self.script("python")

    def script(self, name: str) -> Path:
        """A command that a package brought along."""
        if os.name == "nt":
            return self.folder / "Scripts" / f"{name}.exe"
        return self.folder / "bin" / name

    def install(self, checkout: Path, extra: str = "") -> None:
        """Makes the environment and installs the checkout into it, so that edits count at once.

        Args:
            checkout: The folder with pyproject.toml.
            extra: One of its optional dependencies, "test" say.

        Raises:
            StepFailed: When that is not possible here.
        """
        target = f"{checkout}[{extra}]" if extra else str(checkout)
        stamp = self.folder / "installed.txt"
        wanted = self._fingerprint(checkout, target)
        if stamp.is_file() and stamp.read_text() == wanted and self.exe.exists():
            say(f"Python {self.python.name}: {self.folder} is up to date.")
            return
        say(f"Python {self.python.name}: installing into {self.folder}, which takes a little.")
        self.create()
        run(self.exe, "-m", "pip", "install", "-qq", "-e", target, tries=3)
        stamp.write_text(wanted)

    def create(self) -> None:
        """Makes the environment anew, empty but for pip.

        Raises:
            StepFailed: When this Python cannot make one.
        """
        probed = _probe(self.python.exe)
        if not probed or not probed.has_pip:
            apt_install(
                [f"python{self.python.name}-venv"],
                f"Python {self.python.name} here has no ensurepip, which makes environments",
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        run(self.python.exe, "-m", "venv", self.folder)
        if not self._pip_knows_editable():
            run(self.exe, "-m", "pip", "install", "-qq", "--upgrade", "pip", tries=3)

    def _pip_knows_editable(self) -> bool:
        """pip learnt to install a checkout in place (PEP 660) with 21.3; old Pythons bring less."""
        code = "import pip; print(pip.__version__)"
        answer = subprocess.run([str(self.exe), "-c", code], stdout=subprocess.PIPE, check=False)
        numbers = [int(number) for number in re.findall(r"\d+", answer.stdout.decode())[:2]]
        return numbers >= [21, 3]

    def _fingerprint(self, checkout: Path, target: str) -> str:
        """Changes when something else would be installed; settings of checkers do not count."""
        text = (checkout / "pyproject.toml").read_text(encoding="utf-8")
        sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
        installed = "".join(part for part in sections if not part.startswith("[tool."))
        digest = hashlib.sha256(installed.encode()).hexdigest()
        return f"{self.python.version} {self.python.exe}\n{target}\n{digest}\n"
