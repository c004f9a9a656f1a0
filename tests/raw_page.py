"""Our page's half of a session, over sockets that a test breaks: no browser, no library."""

from __future__ import annotations

import json
import struct
from typing import Any
from urllib.parse import urlencode

from tests.serving import CLOSE, PING, PONG, TEXT, Raw, frame

COMING_BACK = 4002
"""The close code of a page that leaves a socket to connect again."""


class RawPage:
    """A page that counts what it has got, and comes back to its session when it is told to.

    Example:
        page = RawPage(app.port)
        page.raw.reset()
        assert page.come()["resumed"]
    """

    def __init__(self, port: int, **query: str) -> None:
        """Connects.

        Args:
            port: The server's.
            query: More for the address, instead of what a page says.
        """
        self._port = port
        self._sockets: list[Raw] = []
        self.key = self.run = ""
        self.got = 0
        """So many messages of the session have come."""
        self.confirmed = 0
        """So many of its own has the server told that it has got."""
        self.hello = self.come(**query)

    def come(self, **query: Any) -> dict[str, Any]:
        """Connects once more, with the same session if there is one.

        Returns:
            The server's hello.
        """
        self.knock(**query)
        opcode, payload = self.raw.read_frame()
        hello = json.loads(payload) if opcode == TEXT else {}
        assert hello.get("op") == "_hello", payload
        if not hello.get("resumed"):
            self.got = 0
        self.key, self.run = hello["key"], hello["run"]
        return hello

    def knock(self, **query: Any) -> None:
        """Opens a WebSocket to the session, and reads nothing."""
        words = {"page": "/", "run": self.run}
        if self.key:
            words.update(key=self.key, got=str(self.got))
        self.raw = Raw(self._port)
        self._sockets.append(self.raw)
        answer = self.raw.shake_hands(f"/ws?{urlencode({**words, **query})}")
        assert answer.status == 101, answer

    def hear(self, op: str = "") -> dict[str, Any]:
        """Reads the next message, or the next with this name; all are counted."""
        while True:
            opcode, payload = self.raw.read_frame()
            if opcode == PING:
                self.raw.send_frame(PONG, payload)
            if opcode != TEXT:
                assert opcode != CLOSE, payload
                continue
            message = json.loads(payload)
            if message["op"] == "_got":
                self.confirmed = message["n"]
                if op == "_got":
                    return message
                continue
            self.got += 1
            if op in ("", message["op"]):
                return message

    def numbers(self, count: int) -> list[int]:
        """Reads so many messages "n" and returns what they carry."""
        return [self.hear("n")["i"] for _ in range(count)]

    def send(self, op: str, **params: Any) -> None:
        """Sends a message."""
        self.raw.send_frame(TEXT, json.dumps({"op": op, **params}).encode())

    def send_numbers(self, *numbers: int) -> None:
        """Sends a message "n" for each, all in one piece."""
        self.raw.send(number_frames(*numbers))

    def ask(self) -> Any:
        """Asks the program for something, and returns the answer: it comes behind all else."""
        self.send("echo", _ask=1, value="here")
        return self.hear("_answer")["value"]

    def receipt(self, n: Any) -> None:
        """Tells the server how many messages have come."""
        self.send("_got", n=n)

    def say_goodbye(self, code: int | None = None) -> None:
        """Sends a close frame, waits for the answer and closes."""
        self.raw.send_frame(CLOSE, b"" if code is None else struct.pack("!H", code))
        while self.raw.read_frame()[0] != CLOSE:
            pass
        self.raw.close()

    def close(self) -> None:
        """Closes whatever is open."""
        for each in self._sockets:
            each.close()


def number_frames(*numbers: int) -> bytes:
    """Frames with a message "n" for each number."""
    return b"".join(frame(TEXT, b'{"op":"n","i":%d}' % i) for i in numbers)
