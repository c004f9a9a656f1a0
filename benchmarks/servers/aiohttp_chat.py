"""The chat with aiohttp."""

from __future__ import annotations

import json
import sys
from typing import Any, Set

from aiohttp import WSMsgType, web

connections: Set[web.WebSocketResponse] = set()


async def broadcast(message: Any) -> None:
    """Send to everybody."""
    text = json.dumps(message)
    for connection in tuple(connections):
        await connection.send_str(text)


async def talk(request: web.Request) -> web.WebSocketResponse:
    """Serve one connection until it ends."""
    connection = web.WebSocketResponse()
    await connection.prepare(request)
    connections.add(connection)
    try:
        async for event in connection:
            if event.type is WSMsgType.TEXT:
                await handle(connection, json.loads(event.data))
    finally:
        connections.discard(connection)
    return connection


async def handle(connection: web.WebSocketResponse, message: Any) -> None:
    """Deal with one message."""
    op = message["op"]
    if op == "echo":
        await connection.send_str(json.dumps({"op": "echo", "text": message["text"]}))
    elif op == "chat":
        await broadcast({"op": "chat", "text": message["text"]})
    elif op == "four":
        for part in range(4):
            await broadcast({"op": "chat", "text": message["text"], "part": part})
    elif op == "draw":
        await broadcast({name: message[name] for name in ("op", "stroke", "x", "y", "color")})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/ws", talk)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[-1]), access_log=None, print=None)
