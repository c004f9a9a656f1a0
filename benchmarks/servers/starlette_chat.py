"""The chat with Starlette on uvicorn, with a list of connections as FastAPI's tutorial has it."""

from __future__ import annotations

import json
import sys
from typing import Any, List

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

connections: List[WebSocket] = []


async def broadcast(message: Any) -> None:
    """Send to everybody."""
    text = json.dumps(message)
    for connection in connections:
        await connection.send_text(text)


async def talk(connection: WebSocket) -> None:
    """Serve one connection until it ends."""
    await connection.accept()
    connections.append(connection)
    try:
        while True:
            message = await connection.receive_json()
            op = message["op"]
            if op == "echo":
                await connection.send_text(json.dumps({"op": "echo", "text": message["text"]}))
            elif op == "chat":
                await broadcast({"op": "chat", "text": message["text"]})
            elif op == "four":
                for part in range(4):
                    await broadcast({"op": "chat", "text": message["text"], "part": part})
            elif op == "draw":
                await broadcast(
                    {name: message[name] for name in ("op", "stroke", "x", "y", "color")}
                )
    except WebSocketDisconnect:
        pass
    finally:
        connections.remove(connection)


app = Starlette(routes=[WebSocketRoute("/ws", talk)])

if __name__ == "__main__":
    loop, port = sys.argv[-2:]
    uvicorn.run(app, host="127.0.0.1", port=int(port), loop=loop, log_level="warning")
