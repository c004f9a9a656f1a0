"""The pages of the rig `blips.py`: a few that do as our page does, and one in a real Chromium.

Run in a network of their own: `python -m tests.rigs.blips_pages 10.77.0.1 8000 12`. Each line on
standard input is answered with a line of JSON: what each page has seen and said so far.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from typing import Any, Dict, List

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests import browser as browser_module

PULSE_S, MOST_QUIET = 5.0, 4
"""As in wszero.js: so many pulses in a row without a word, and the page looks for a new socket."""
OPEN_S = 10.0
LONGEST_BACKOFF_S = 2.0
SAY_EVERY_S = 0.2
COMING_BACK = 4002


class PageLike:
    """Counts, keeps, comes back and sends again, as the page's script does."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.sessions: List[Dict[str, Any]] = []
        self.said = 0
        self.away_at = self.back_at = 0.0
        self.lost = 0
        self._key = self._run = ""
        self._got = 0
        self._sent: List[str] = []
        self._sent_before = 0
        """So many of the session were told to have come, and are no longer kept."""
        self._queue: List[str] = []
        self._socket: Any = None
        self._tasks: List[asyncio.Future[None]] = []

    async def live(self) -> None:
        """Comes, and comes back, for ever."""
        tries = 0
        self._tasks.append(asyncio.ensure_future(self._talk()))
        while True:
            query = f"page=%2F&run={self._run}"
            query += f"&key={self._key}&got={self._got}" if self._key else ""
            try:
                socket = await asyncio.wait_for(
                    connect(
                        f"ws://{self._host}/ws?{query}",
                        ping_interval=None,
                        open_timeout=None,
                        close_timeout=10,
                        compression=None,
                    ),
                    OPEN_S,
                )
            except (OSError, WebSocketException, asyncio.TimeoutError):
                tries += 1
            else:
                tries = 0
                with contextlib.suppress(ConnectionClosed):
                    await self._listen(socket)
                self._socket = None
                self.away_at = time.time()
                # As in a browser: what is on its way in the old socket may still arrive.
                self._tasks.append(asyncio.ensure_future(_leave(socket)))
            await asyncio.sleep(random.uniform(0, min(LONGEST_BACKOFF_S, 0.1 * 2**tries)))

    async def _listen(self, socket: Any) -> None:
        quiet = 0
        while quiet < MOST_QUIET:
            try:
                message = json.loads(await asyncio.wait_for(socket.recv(), PULSE_S))
            except asyncio.TimeoutError:
                quiet += 1
                if quiet == MOST_QUIET // 2 and self._socket is not None:
                    await self._put('{"op":"_beat"}')
                continue
            quiet = 0
            if message["op"] == "_hello":
                await self._greet(socket, message)
            elif message["op"] == "_got":
                self._prune(message["n"])
            else:
                self._got += 1
                if message["op"] == "n":
                    self.sessions[-1]["heard"].append(message["i"])
                    if self._got % 20 == 0:
                        await socket.send(json.dumps({"op": "_got", "n": self._got}))

    def _prune(self, count: int) -> None:
        del self._sent[: max(0, count - self._sent_before)]
        self._sent_before = max(count, self._sent_before)

    async def _greet(self, socket: Any, hello: Dict[str, Any]) -> None:
        self.back_at = time.time()
        self.lost += hello.get("lost", 0)
        self._run = hello["run"]
        again: List[str] = []
        if hello.get("resumed"):
            self._prune(hello["got"])
            again = self._sent
        else:
            self._key, self._got = hello["key"], 0
            self.sessions.append({"id": hello["id"], "heard": []})
        self._sent, self._sent_before = [], hello["got"]
        again, self._queue = again + self._queue, []
        self._socket = socket
        for text in again:
            await self._put(text)

    async def _put(self, text: str) -> None:
        self._sent.append(text)
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(text)

    async def _talk(self) -> None:
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            if not self.sessions:
                continue
            text = json.dumps({"op": "n", "i": self.said})
            self.said += 1
            if self._socket is not None:
                await self._put(text)
            else:
                self._queue.append(text)

    def report(self) -> Dict[str, Any]:
        """What it has seen and said."""
        return {
            "kind": "page-like",
            "sessions": self.sessions,
            "said": self.said,
            "connected": self._socket is not None,
            "away_at": self.away_at,
            "back_at": self.back_at,
            "lost": self.lost,
        }


async def _leave(socket: Any) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        await socket.close(COMING_BACK)


WATCH = """() => { window.times = { away_at: 0, back_at: 0 }; wszero.on_status((status) => {
    times[status === 'connected' ? 'back_at' : 'away_at'] = Date.now() / 1000; }); }"""
READ = """() => ({ sessions, said, connected: wszero.connected, lost: 0, ...times })"""


def main(host: str, port: str, count: str) -> None:
    """Let them live, and answer each line."""
    address = f"{host}:{port}"
    browser_module.FLAGS[-1] += f",EXCLUDE {host}"
    loop = asyncio.new_event_loop()
    pages = [PageLike(address) for _ in range(int(count))]

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(asyncio.wait([loop.create_task(page.live()) for page in pages]))

    threading.Thread(target=live, daemon=True).start()
    with contextlib.ExitStack() as stack:
        tabs = []
        try:
            browser_module.find_chromium()
        except RuntimeError:
            print("no Chromium here: only page-like clients", file=sys.stderr)
        else:
            browser = stack.enter_context(browser_module.Browser())
            tabs = [browser.open(f"http://{address}/") for _ in range(2)]
            for tab in tabs:
                tab.wait_until("wszero.connected")
                tab.evaluate(WATCH)
        for _ in sys.stdin:
            seen = [page.report() for page in pages]
            seen += [{"kind": "Chromium", **tab.evaluate(READ)} for tab in tabs]
            print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
