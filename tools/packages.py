"""Programs that are no Python packages: looked for, and fetched with apt where that is possible."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tools.steps import StepFailed, run, say

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def need_chromium() -> None:
    """Makes sure that there is a Chromium for the browser tests.

    Raises:
        StepFailed: When there is none and none can be installed.
    """
    wished_for = os.environ.get("WSZERO_TEST_CHROMIUM")
    if wished_for:
        if not shutil.which(wished_for):
            raise StepFailed(f"WSZERO_TEST_CHROMIUM names {wished_for}, which is not there.")
        return
    # fonts-liberation: a screenshot of a page without any font shows nothing.
    need(CHROMIUMS, ["chromium", "fonts-liberation"], "The browser tests need a real Chromium")


def need_playwright(python: Path) -> None:
    """Makes sure that Playwright, which moves Chromium, starts in an environment.

    Args:
        python: The environment's Python.

    Raises:
        StepFailed: When it does not start.
    """
    command = [str(python), "-m", "playwright", "--version"]
    try:
        run(*command)
    except StepFailed:
        # The one library that its own Node.js wants and a small Debian lacks.
        apt_install(["libatomic1"], "Playwright does not start without the library libatomic")
        run(*command)


def need_node() -> None:
    """Makes sure that Node.js and npm are there, for the tests of the page's script.

    Raises:
        StepFailed: When they are not and cannot be installed.
    """
    need(("node",), ["nodejs"], "The script's tests need Node.js (18 or newer)")
    need(("npm",), ["npm"], "The script's type check needs npm")


def need(names: tuple[str, ...], apt_packages: list[str], why: str) -> str:
    """Finds a program, and installs it where this machine lets us.

    Args:
        names: What it may be called; one is enough.
        apt_packages: Debian's packages that bring it.
        why: The beginning of a sentence for whoever has to install it by hand.

    Returns:
        Where it is.

    Raises:
        StepFailed: When it is not there and cannot be installed.
    """
    for _ in range(2):
        for name in names:
            found = shutil.which(name)
            if found:
                say(f"{name}: {found}")
                return found
        apt_install(apt_packages, why)
    raise StepFailed(f"{why}; {' '.join(apt_packages)} was installed, yet brought none of {names}.")


def apt_install(packages: list[str], why: str) -> None:
    """Installs Debian's packages.

    Raises:
        StepFailed: When this is no Debian, or we are not root; the words say what to install.
    """
    names = " ".join(packages)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not is_root or not shutil.which("apt-get"):
        raise StepFailed(f"{why}. Please install it (on Debian: apt-get install {names}).")
    say(f"{why}: installing {names}.")
    apt = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]  # s; another apt may be at work
    run(*apt, "update", tries=3)
    run(*apt, "install", "--no-install-recommends", *packages, tries=3, is_quiet=True)
