"""When a browser is opened, and that it disturbs nobody."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wszero.browsers import command_for, may_show, open_page

DESKTOP = {"DISPLAY": ":0"}
URL = "http://localhost:8000"
DEADLINE_S = 30


@pytest.mark.parametrize(
    ("environ", "platform"),
    [
        ({"DISPLAY": ":0"}, "linux"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux"),
        ({"DISPLAY": ":0", "WSZERO_SHOW": "1"}, "linux"),
        ({"DISPLAY": ":0", "BROWSER": "firefox"}, "linux"),
        ({"DISPLAY": ":0", "BROWSER": "w3m:/usr/bin/firefox %s"}, "linux"),
        ({}, "win32"),
        ({}, "darwin"),
    ],
)
def test_a_browser_is_opened_on_a_desktop(environ, platform):
    assert may_show(True, environ, platform)
    assert not may_show(False, environ, platform)


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
@pytest.mark.parametrize(
    "more",
    [
        {"WSZERO_SHOW": "0"},
        {"WSZERO_SHOW": " no "},
        {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"},
        {"SSH_TTY": "/dev/pts/0"},
        {"BROWSER": "lynx"},
        {"BROWSER": "/usr/bin/w3m %s:www-browser:elinks"},
    ],
)
def test_no_browser_is_opened_where_it_is_not_wanted(more, platform):
    assert not may_show(True, {**DESKTOP, **more}, platform)


def test_without_a_display_no_browser_is_opened():
    assert not may_show(True, {}, "linux")
    assert not may_show(True, {"DISPLAY": "", "TERM": "xterm"}, "linux")


@pytest.fixture
def pretend(tmp_path):
    """Writes a program that can be taken for a browser: `pretend("echo noise")`."""

    def write(script: str, name: str = "browser") -> Path:
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write


def test_the_browser_gets_the_address(tmp_path, pretend):
    browser = pretend(f"echo $1 > {tmp_path}/opened")
    troubles: list[str] = []
    thread = open_page(URL, troubles.append, environ={"BROWSER": f"{browser} %s"})
    thread.join(DEADLINE_S)
    assert (tmp_path / "opened").read_text() == URL + "\n"
    assert troubles == []


def test_the_systems_own_opener_is_asked_first(tmp_path, pretend):
    opener = pretend(f"echo $1 $TERM > {tmp_path}/opened", "xdg-open")
    environ = {"PATH": f"{opener.parent}:/usr/bin:/bin", "TERM": "xterm"}
    assert command_for(URL, environ, "linux") == [str(opener), URL]
    open_page(URL, environ=environ).join(DEADLINE_S)
    assert (tmp_path / "opened").read_text() == URL + "\n"  # TERM is gone, so no text browser


def test_a_browser_that_starts_slowly_holds_nothing_up():
    starts, goes_on = threading.Event(), threading.Event()

    def slow(url, environ) -> bool:
        starts.set()
        return goes_on.wait(DEADLINE_S)

    thread = open_page(URL, launch=slow)
    assert starts.wait(DEADLINE_S)
    assert (thread.name, thread.daemon, thread.is_alive()) == ("wszero-browser", True, True)
    goes_on.set()
    thread.join(DEADLINE_S)


@pytest.mark.parametrize("browser", ["exit 3", None])
def test_when_no_browser_opens_one_sentence_says_so(pretend, browser):
    command = pretend(browser) if browser else "/no/such/browser"
    said: queue.Queue[str] = queue.Queue()
    open_page(URL, said.put, environ={"BROWSER": f"{command} %s"}).join(DEADLINE_S)
    assert said.get(timeout=DEADLINE_S) == f"The browser did not open by itself. Open {URL} in it."
    assert said.empty()


def test_when_no_browser_opens_and_nobody_asks_nothing_happens():
    def fail(url, environ) -> bool:
        raise OSError("no browser")

    open_page(URL, launch=fail).join(DEADLINE_S)


def test_the_noise_of_a_browser_does_not_reach_the_console(tmp_path, pretend):
    browser = pretend(f"echo Gtk-WARNING; echo Gtk-WARNING >&2; touch {tmp_path}/opened")
    # A child's file that is called like a part of Python must not get in the way.
    (tmp_path / "webbrowser.py").write_text("print('my own browser')")
    source = (
        "from wszero.browsers import open_page\n"
        f"open_page({URL!r}, print, environ={{'BROWSER': '{browser} %s'}}).join({DEADLINE_S})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=str(tmp_path),
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=2 * DEADLINE_S,
    )
    assert (tmp_path / "opened").exists()
    assert done.stdout == b""
