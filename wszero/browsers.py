"""Opens the child's own browser at the program's address, where that is wanted.

A browser is another program with its own opinions: it starts slowly, prints to the console and may
not be there at all. So it gets a thread, no console, and is never waited for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from typing import Callable, Mapping

TEXT_BROWSERS = ("elinks", "links", "links2", "lynx", "w3m", "www-browser")
# What xdg-open shall try where no desktop tells it; left alone, it would try text browsers too.
_GRAPHICAL_BROWSERS = "x-www-browser:firefox:chromium:chromium-browser:google-chrome:epiphany"
# A browser that ends with a fault later than this was there, and somebody closed it.
START_LIMIT_S = 10

# `webbrowser` knows how to start each browser, but lets it print into our console: so it runs in a
# Python of its own. `-I` because a child may have a random.py or socket.py in the folder.
_ASK_PYTHON = ("-I", "-c", "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))")


def may_show(show: bool, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser may be opened on this computer.

    Not when ``WSZERO_SHOW=0`` says no; not over SSH, where it would open in front of somebody
    else; not on Linux without a display; not where the only browser is one for text.

    Args:
        show: What the program wants.
        environ: The environment, usually ``os.environ``.
        platform: As in ``sys.platform``; for tests.
    """
    if not show or environ.get("WSZERO_SHOW", "").strip().lower() in ("0", "no", "off", "false"):
        return False
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return False
    if platform not in ("win32", "darwin", "cygwin") and not (
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    ):
        return False
    return not environ.get("BROWSER") or bool(_chosen_browsers(environ))


def open_page(
    url: str,
    on_trouble: Callable[[str], None] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    launch: Callable[[str, Mapping[str, str]], bool] | None = None,
) -> threading.Thread:
    """Open a page in the browser; returns at once. Ask ``may_show`` before.

    Args:
        url: The address of the page.
        on_trouble: Called with one sentence when no browser opened; from another thread.
        environ: The environment, ``os.environ`` if not given.
        launch: Opens the browser and tells whether that worked; for tests.

    Returns:
        The daemon thread that opens it. It lasts as long as the browser does.
    """

    def work() -> None:
        try:
            is_open = (launch or launch_browser)(url, os.environ if environ is None else environ)
        except (OSError, ValueError, subprocess.SubprocessError):
            is_open = False
        if not is_open and on_trouble is not None:
            on_trouble(f"The browser did not open by itself. Open {url} in it.")

    thread = threading.Thread(target=work, name="wszero-browser", daemon=True)
    thread.start()
    return thread


def launch_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Open the page and tell whether that worked. May last as long as the browser does.

    Raises:
        OSError: The program that opens browsers can't be started.
    """
    if sys.platform == "win32":
        os.startfile(url)  # Windows knows the browser and starts it by itself
        return True
    started = time.monotonic()
    # In a session of its own the browser outlives the program, and a Ctrl-C does not reach it.
    opener = subprocess.Popen(
        command_for(url, environ),
        env=_environment_for(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return opener.wait() == 0 or time.monotonic() - started > START_LIMIT_S


def command_for(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> list[str]:
    """Return the command that opens a page here.

    Example:
        >>> command_for("http://localhost:8000", {}, "darwin")
        ['/usr/bin/open', 'http://localhost:8000']
    """
    if not environ.get("BROWSER"):
        if platform == "darwin":
            return ["/usr/bin/open", url]
        # Asked directly, xdg-open tells whether there was a browser; `webbrowser` asks it too soon.
        opener = shutil.which("xdg-open", path=environ.get("PATH"))
        if opener:
            return [opener, url]
    return [sys.executable, *_ASK_PYTHON, url]


def _environment_for(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the browser; in it nothing finds a text browser."""
    changed = {name: value for name, value in environ.items() if name != "TERM"}
    changed["BROWSER"] = os.pathsep.join(_chosen_browsers(environ)) or _GRAPHICAL_BROWSERS
    return changed


def _chosen_browsers(environ: Mapping[str, str]) -> list[str]:
    """Return what ``BROWSER`` says, without the text browsers."""
    chosen = environ.get("BROWSER", "").split(os.pathsep)
    names = {command: os.path.basename((command.split() or [""])[0]) for command in chosen}
    return [command for command, name in names.items() if name and name not in TEXT_BROWSERS]
