"""What a stranger gets: the wheel, built twice, and started where nothing else is installed."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.pythons import Environment
from tools.steps import StepFailed, run, say

if TYPE_CHECKING:
    from tools.pythons import Python


def build_twice(python: Path, checkout: Path, folder: Path) -> None:
    """Builds the wheel from the checkout and once more from the source archive.

    The second one is built elsewhere, later, from files with other dates: only a build that
    depends on nothing but the sources gives the same bytes, and only a complete source archive.

    Raises:
        StepFailed: When the two differ.
    """
    shutil.rmtree(folder, ignore_errors=True)
    first, second, archive = folder / "first", folder / "second", folder / "archive"
    build = [str(python), "-m", "build"]
    run(*build, "--wheel", "--outdir", first, checkout, tries=2)
    run(*build, "--sdist", "--outdir", archive, checkout, tries=2)
    unpacked = folder / "unpacked"
    shutil.unpack_archive(str(_only(archive, "*.tar.gz")), str(unpacked))
    run(*build, "--wheel", "--outdir", second, _only(unpacked, "*"), tries=2)
    one, two = _only(first, "*.whl"), _only(second, "*.whl")
    if one.name != two.name or _digest(one) != _digest(two):
        raise StepFailed(f"Built twice, the wheel is not the same:\n{_differences(one, two)}")
    _check_contents(one, checkout)
    say(f"{one.name}: {one.stat().st_size // 1024} KiB, sha256 {_digest(one)}, the same twice.")


def start_from_wheel(python: Python, folder: Path) -> None:
    """Installs the wheel into a new environment, outside the checkout, and starts the demo there.

    Raises:
        StepFailed: When it does not install, or does not do what a newcomer expects.
    """
    wheel = _only(folder / "first", "*.whl")
    check = Path(__file__).resolve().parent.parent / "tests" / "wheel_check.py"
    with tempfile.TemporaryDirectory(prefix="wszero-wheel-") as name:
        elsewhere = Path(name)
        clean = Environment(python, elsewhere / "environment")
        clean.create()
        run(clean.exe, "-m", "pip", "install", "-qq", wheel, cwd=elsewhere, tries=3)
        run(clean.exe, "-m", "pip", "check", cwd=elsewhere)
        run(clean.exe, "-I", check, clean.script("wszero"), cwd=elsewhere)


def _only(folder: Path, pattern: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise StepFailed(f"One {pattern} was expected in {folder}, not {len(files)}.")
    return files[0]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _check_contents(wheel: Path, checkout: Path) -> None:
    """Nothing of the library is left out, and nothing else lands beside other people's packages."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {Path(name) for name in archive.namelist()}
    ours = {
        file.relative_to(checkout) for file in (checkout / "wszero").rglob("*") if file.is_file()
    }
    caches = re.compile(r"(^|/)(__pycache__|\.)")  # what Python and the checkers leave there
    left_out = sorted(
        file.as_posix() for file in ours - packed if not caches.search(file.as_posix())
    )
    if left_out:
        raise StepFailed(f"Not in the wheel: {', '.join(left_out)}")
    tops = {file.parts[0] for file in packed if not file.parts[0].endswith(".dist-info")}
    if not tops <= {"wszero", "mu_wszero_mode"}:
        raise StepFailed(f"The wheel would put these beside other packages: {sorted(tops)}")


def _differences(one: Path, two: Path) -> str:
    """Which files inside differ; a build that is not reproducible is hard to mend without that."""
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        contents = [{name: z.read(name) for name in z.namelist()} for z in (first, second)]
    names = sorted(set(contents[0]) | set(contents[1]))
    lines = [f"  {name}" for name in names if contents[0].get(name) != contents[1].get(name)]
    return "\n".join(lines) or "  the same files, in another order or with other dates"
