"""The chat as people write it with `websockets` alone."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Set

from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: Set[ServerConnection] = set()


async def talk(connection: ServerConnection) -> None:
    """Serve one connection until it ends."""
    connections.add(connection)
    try:
        async for text in connection:
            await handle(connection, json.loads(text))
    finally:
        connections.discard(connection)


async def handle(connection: ServerConnection, message: Any) -> None:
    """Deal with one message."""
    op = message["op"]
    if op == "echo":
        await connection.send(json.dumps({"op": "echo", "text": message["text"]}))
    elif op == "chat":
        broadcast(connections, json.dumps({"op": "chat", "text": message["text"]}))
    elif op == "four":
        for part in range(4):
            text = json.dumps({"op": "chat", "text": message["text"], "part": part})
            broadcast(connections, text)
    elif op == "draw":
        names = ("op", "stroke", "x", "y", "color")
        broadcast(connections, json.dumps({name: message[name] for name in names}))


async def main(port: int) -> None:
    """Serve for ever."""
    async with serve(talk, "127.0.0.1", port, compression=None):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[-1])))
