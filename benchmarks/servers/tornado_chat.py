"""The chat with Tornado."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Set

from tornado.web import Application
from tornado.websocket import WebSocketHandler

connections: Set[Talk] = set()


def broadcast(message: Any) -> None:
    """Send to everybody."""
    text = json.dumps(message)
    for connection in connections:
        connection.write_message(text)


class Talk(WebSocketHandler):  # type: ignore[misc, unused-ignore]
    """One connection."""

    def open(self, *args: str, **kwargs: str) -> None:
        """Somebody has come."""
        connections.add(self)

    def on_close(self) -> None:
        """Somebody has gone."""
        connections.discard(self)

    def on_message(self, text: Any) -> None:
        """Deal with one message."""
        message = json.loads(text)
        op = message["op"]
        if op == "echo":
            self.write_message(json.dumps({"op": "echo", "text": message["text"]}))
        elif op == "chat":
            broadcast({"op": "chat", "text": message["text"]})
        elif op == "four":
            for part in range(4):
                broadcast({"op": "chat", "text": message["text"], "part": part})
        elif op == "draw":
            broadcast({name: message[name] for name in ("op", "stroke", "x", "y", "color")})


async def main(port: int) -> None:
    """Serve for ever."""
    Application([("/ws", Talk)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[-1])))
