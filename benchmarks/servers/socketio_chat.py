"""The chat with python-socketio on uvicorn. Its clients speak Socket.IO."""

from __future__ import annotations

import sys
from typing import Any

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi")


async def echo(sid: str, data: Any) -> None:
    """Send it back."""
    await server.emit("echo", {"text": data["text"]}, to=sid)


async def chat(sid: str, data: Any) -> None:
    """Send it to everybody."""
    await server.emit("chat", {"text": data["text"]})


async def four(sid: str, data: Any) -> None:
    """Send four messages to everybody."""
    for part in range(4):
        await server.emit("chat", {"text": data["text"], "part": part})


async def draw(sid: str, data: Any) -> None:
    """Draw on every screen."""
    await server.emit("draw", {name: data[name] for name in ("stroke", "x", "y", "color")})


for handler in (echo, chat, four, draw):
    server.on(handler.__name__, handler)

if __name__ == "__main__":
    app = socketio.ASGIApp(server)
    # With Python's own loop, as the others (but for the row that says so).
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[-1]), loop="asyncio", log_level="warning")
