"""A real Chromium for the tests, driven by Playwright from a thread of its own.

Playwright's synchronous interface would keep an asyncio loop running in the tests' thread, where
`asyncio.run` then fails; and it notices what a page prints only while it is called. Here its loop
runs in a thread of its own: tests use asyncio as they like, and consoles are always read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Coroutine, TypeVar
from urllib.parse import urlsplit

from playwright.async_api import TimeoutError as PlaywrightTimeoutError
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import BrowserContext, ConsoleMessage
    from playwright.async_api import Page as PlaywrightPage

T = TypeVar("T")

# Long, since it is only reached when something is broken, and the machine may be very slow.
DEADLINE_S = 30

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing leaves this computer, and any NAME.local is this computer.
    "--host-resolver-rules=MAP *.local 127.0.0.1,MAP * ~NOTFOUND,EXCLUDE localhost,"
    "EXCLUDE 127.0.0.1,EXCLUDE [::1]",
]


def find_chromium() -> str:
    """Where Chromium is.

    Raises:
        RuntimeError: When there is none. The tests then fail: left out, they would prove nothing.
    """
    wished_for = os.environ.get("WSZERO_TEST_CHROMIUM")
    for name in (wished_for,) if wished_for else NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise RuntimeError(
        "The browser tests need Chromium: install it (on Debian: apt-get install chromium), "
        "or say where it is with WSZERO_TEST_CHROMIUM."
    )


class Browser:
    """One Chromium for all tests of a run. Each page that it opens has a profile of its own."""

    def __enter__(self) -> Browser:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests-browser")
        self._thread.start()
        try:
            self.wait(self._start())
        except BaseException:
            self._end_thread()
            raise
        return self

    async def _start(self) -> None:
        chromium = find_chromium()
        self._driver = await async_playwright().start()
        self._chromium = await self._driver.chromium.launch(executable_path=chromium, args=FLAGS)

    def __exit__(self, *reason: object) -> None:
        try:
            self.wait(self._stop())
        finally:
            self._end_thread()

    async def _stop(self) -> None:
        await self._chromium.close()
        await self._driver.stop()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Has the browser's thread do something, and waits for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(2 * DEADLINE_S)
        except FutureTimeoutError:
            future.cancel()
            raise

    def open(self, url: str, *, beside: Page | None = None, **settings: Any) -> Page:
        """Opens a page as on a computer of its own: it shares nothing with the other pages.

        Args:
            url: Its address.
            beside: A page to open one more tab beside, which shares storage and cookies with it.
            settings: Playwright's for a profile: `viewport={"width": 400, "height": 800}`,
                `has_touch=True`.
        """
        return self.wait(self._open(url, beside, settings))

    async def _open(self, url: str, beside: Page | None, settings: dict[str, Any]) -> Page:
        if beside:
            profile = beside.profile
        else:
            profile = await self._chromium.new_context(**settings)
            profile.set_default_timeout(1000 * DEADLINE_S)
        page = Page(self, profile, await profile.new_page())
        await page.tab.goto(url)
        return page


class Page:
    """One tab.

    Attributes:
        console: The lines that the page has printed, "error: ..." for console.error.
        errors: The uncaught errors of its scripts.
        hosts: The computers that the page has fetched something from, or connected to.
        may_fail: Whether a test may leave errors behind.
    """

    def __init__(self, browser: Browser, profile: BrowserContext, tab: PlaywrightPage) -> None:
        self._browser = browser
        self.profile = profile
        self.tab = tab
        self.may_fail = False
        self.console: list[str] = []
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self._news = threading.Condition()
        tab.on("console", self._on_console)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        tab.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname or ""))

    def _on_console(self, message: ConsoleMessage) -> None:
        is_plain = message.type == "log"
        with self._news:
            self.console.append(message.text if is_plain else f"{message.type}: {message.text}")
            self._news.notify_all()

    def do(self, work: Callable[[PlaywrightPage], Awaitable[T]]) -> T:
        """Anything that Playwright can do: `page.do(lambda tab: tab.mouse.move(10, 20))`."""

        async def in_the_browsers_thread() -> T:
            return await work(self.tab)

        return self._browser.wait(in_the_browsers_thread())

    def go(self, url: str) -> None:
        """Goes to an address and waits until the page is there."""
        self.do(lambda tab: tab.goto(url))

    def reload(self) -> None:
        """Presses F5."""
        self.do(lambda tab: tab.reload())

    def click(self, selector: str) -> None:
        """Clicks on what the selector finds: "#send", "text=Send", "button >> nth=1"."""
        self.do(lambda tab: tab.click(selector))

    def fill(self, selector: str, text: str) -> None:
        """Writes into a field."""
        self.do(lambda tab: tab.fill(selector, text))

    def press(self, selector: str, key: str) -> None:
        """Presses a key in a field: "Enter"."""
        self.do(lambda tab: tab.press(selector, key))

    def text(self, selector: str = "body") -> str:
        """The text that a person sees there."""
        return self.do(lambda tab: tab.inner_text(selector))

    def evaluate(self, script: str, value: Any = None) -> Any:
        """Runs JavaScript in the page and returns its value, a promise's when it settles."""
        return self.do(lambda tab: tab.evaluate(script, value))

    def wait_until(self, script: str, value: Any = None, timeout: float = DEADLINE_S) -> None:
        """Waits until a JavaScript expression is true in the page.

        Args:
            script: The expression, or a function of `value`: "wszero.connected".
            value: What the function is called with.
            timeout: Seconds until the test fails.
        """
        try:
            # polling=100 ms: the default, each painted frame, never comes in a background tab.
            self.do(
                lambda tab: tab.wait_for_function(
                    script, arg=value, timeout=1000 * timeout, polling=100
                )
            )
        except PlaywrightTimeoutError:
            raise AssertionError(
                f"not within {timeout} s: {script} {value or ''}\n"
                f"the page says: {self.text()!r}\nits console: {self.console}"
            ) from None

    def wait_for_text(self, text: str, selector: str = "body", timeout: float = DEADLINE_S) -> None:
        """Waits until a person can see the text there."""
        script = "([s, t]) => [...document.querySelectorAll(s)].some(e => e.innerText.includes(t))"
        self.wait_until(script, [selector, text], timeout)

    def wait_for_console(self, text: str, timeout: float = DEADLINE_S) -> None:
        """Waits until the page has printed the text to its console."""
        with self._news:
            has_come = self._news.wait_for(
                lambda: any(text in line for line in self.console), timeout
            )
        assert has_come, f"no {text!r} in the page's console within {timeout} s: {self.console}"

    def screenshot(self, file: Path) -> None:
        """Takes a picture of what is seen."""
        self.do(lambda tab: tab.screenshot(path=file))

    def set_offline(self, is_offline: bool) -> None:
        """Takes the network away from the profile's pages, or gives it back."""
        self._browser.wait(self.profile.set_offline(is_offline))

    def close(self) -> None:
        """Closes the tab, as with its little cross."""
        self.do(lambda tab: tab.close())

    def close_profile(self) -> None:
        """Closes all tabs of the profile."""
        self._browser.wait(self.profile.close())
