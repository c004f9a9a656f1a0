"""A WebSocket client that knows the README and nothing else: text frames, one JSON object each."""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import websockets.sync.client
from websockets.exceptions import ConnectionClosed

DEADLINE_S = 30


class PlainClient:
    """Somebody who speaks the protocol without our page.

    Example:
        amy = connect(game.url)
        amy.send("chat", text="hi")
        assert amy.hear("chat")["text"] == "hi"
    """

    def __init__(self, url: str, *, path: str = "/ws", **settings: Any) -> None:
        """Connects.

        Args:
            url: The server's address, "http://localhost:41234".
            path: The socket's path, with a query when one is wanted.
            settings: More for `websockets.sync.client.connect`: `origin=`, `additional_headers=`.
        """
        parts = urlsplit(url)
        # A socket of our own: no proxy of this computer gets in between.
        plain = socket.create_connection((parts.hostname or "", parts.port or 80), DEADLINE_S)
        plain.settimeout(None)
        # websockets 13 reads no further while messages wait that nobody took: the server's goodbye
        # then never arrives, and there is no use in waiting long for it.
        settings = {"open_timeout": DEADLINE_S, "close_timeout": 1, "max_size": None, **settings}
        self._exit = ExitStack()
        try:
            # Newer versions of websockets want to be a context manager, older ones may be.
            self.socket = self._exit.enter_context(
                websockets.sync.client.connect(f"ws://{parts.netloc}{path}", sock=plain, **settings)
            )
        except BaseException:
            plain.close()
            raise
        self._unheard: deque[dict[str, Any]] = deque()

    def send(self, op: str, /, **params: Any) -> None:
        """Sends a message."""
        self.send_text(json.dumps({"op": op, **params}))

    def send_text(self, text: str | bytes) -> None:
        """Sends a frame as it is, whether it makes sense or not."""
        self.socket.send(text)

    def hear(self, op: str, timeout: float = DEADLINE_S) -> dict[str, Any]:
        """Waits for the next message with this op; those before it are kept for later calls.

        Args:
            op: Its op.
            timeout: Seconds until the test fails.
        """
        for message in self._unheard:
            if message["op"] == op:
                self._unheard.remove(message)
                return message
        deadline = time.monotonic() + timeout
        while True:
            message = self._receive(op, deadline - time.monotonic())
            if message["op"] == op:
                return message
            self._unheard.append(message)

    def ask(self, op: str, /, **params: Any) -> Any:
        """Sends a message that wants an answer, and returns the answer."""
        self.send(op, _ask=1, **params)
        answer = self.hear("_answer")
        assert "error" not in answer, answer
        return answer["value"]

    @property
    def unheard(self) -> list[dict[str, Any]]:
        """What has come and no `hear` has taken."""
        return list(self._unheard)

    def wait_closed(self, timeout: float = DEADLINE_S) -> int | None:
        """Waits until the server closes, and keeps what comes before that.

        Returns:
            The close code, or None when the server closed without one.
        """
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._unheard.append(self._receive("a goodbye", deadline - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def close(self) -> None:
        """Says goodbye."""
        self._exit.close()

    def vanish(self) -> None:
        """Is gone without a goodbye, as when the Wi-Fi breaks."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)

    def _receive(self, wanted: str, timeout: float) -> dict[str, Any]:
        try:
            frame = self.socket.recv(timeout=max(0.0, timeout))
        except TimeoutError:
            raise AssertionError(f"no {wanted!r} came; what came: {self.unheard}") from None
        assert isinstance(frame, str), f"a binary frame: {frame!r}"
        message = json.loads(frame)
        assert isinstance(message, dict), frame
        assert isinstance(message["op"], str), frame
        return message
