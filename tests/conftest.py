"""What every test gets.

The fixtures, beside the checks that run unasked:
    `program(source)` runs a child's program as a real process; see tests/programs.py
    `command("demo")` does the same for `python -m wszero demo`
    `connect(url)` is a plain WebSocket client that knows only the README; see tests/plain_client.py
    `browser_page(url)` is a page in a real Chromium; see tests/browser.py
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Callable, Collection, Iterator

import hypothesis
import pytest

from tests.browser import Browser, Page
from tests.plain_client import PlainClient
from tests.programs import RunningProgram, clean_environment
from wszero.app import App
from wszero.names import use_app

# No test opens a browser window, and no setting of this computer reaches the code under test.
os.environ.update(clean_environment())
for _name in set(os.environ) - set(clean_environment()):
    del os.environ[_name]

# Started in the background of a script, Ctrl-C is ignored, and by all children with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no fault of the code: no deadline for one example.
hypothesis.settings.register_profile("wszero", deadline=None, database=None)
hypothesis.settings.load_profile("wszero")


def threads_left(before: Collection[threading.Thread], deadline_s: float = 5) -> list[str]:
    """The names of wszero's threads that run on, though they had some seconds to end."""
    deadline = time.monotonic() + deadline_s
    ours = [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("wszero") and thread not in before
    ]
    for thread in ours:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in ours if thread.is_alive()]


@pytest.fixture(autouse=True)
def _fresh_default_app() -> Iterator[None]:
    """What one test puts into the default app is not there in the next."""
    before = use_app(App())
    yield
    use_app(before)


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """A test that leaves a thread of wszero's running fails."""
    before = threading.enumerate()
    yield
    left = threads_left(before)
    assert not left, f"the test left threads behind: {', '.join(left)}"


@pytest.fixture
def program(tmp_path) -> Iterator[Callable[..., RunningProgram]]:
    """Runs a child's program: `program(source, files={"quiz.html": "..."}, name="quiz.py")`."""
    started: list[RunningProgram] = []

    def start(source: str, *, name: str = "quiz.py", files=None, words=(), env=None):
        for file, text in {name: source, **(files or {})}.items():
            place = tmp_path / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        started.append(RunningProgram([str(tmp_path / name), *words], folder=tmp_path, env=env))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def command(tmp_path) -> Iterator[Callable[..., RunningProgram]]:
    """Runs `python -m wszero` with the words given, in the test's own folder."""
    started: list[RunningProgram] = []

    def start(*words: str, env=None):
        started.append(RunningProgram(["-m", "wszero", *words], folder=tmp_path, env=env))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def connect() -> Iterator[Callable[[str], PlainClient]]:
    """Connects plain WebSocket clients to the address of a server, and closes them at the end."""
    opened: list[PlainClient] = []

    def start(url: str, **settings) -> PlainClient:
        opened.append(PlainClient(url, **settings))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def _browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser_page(_browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in a real Chromium: `amy = browser_page(url)`, each in a profile of its own.

    `browser_page(url, beside=amy)` is one more tab of hers. A test fails when a script of its
    pages does, unless it says `browser_page(url, may_fail=True)`, and when a page fetches
    something from another computer.
    """
    opened: list[Page] = []

    def start(url: str, *, may_fail: bool = False, **settings) -> Page:
        page = _browser.open(url, **settings)
        page.may_fail = may_fail
        opened.append(page)
        return page

    yield start
    for each in opened:
        each.close_profile()
    errors = [error for each in opened if not each.may_fail for error in each.errors]
    assert not errors, f"errors in the page's script: {errors}"
    hosts = {host for each in opened for host in each.hosts if not host.endswith(".local")}
    assert hosts <= {"localhost", "127.0.0.1", "::1", ""}, f"fetched from elsewhere: {hosts}"
