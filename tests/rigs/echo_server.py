"""A wszero server that sends every text and every binary message back, for Autobahn.

The hook is here and nowhere else: it takes the place of what the server does with a whole message,
so all that is tested below it is what ships.
"""

from __future__ import annotations

from typing import Any

from settings import from_command_line
from websockets.frames import Frame, Opcode

from wszero import run_server
from wszero.link import Link


def received(link: Any, text: str, size_bytes: int) -> None:
    """Let a text go back."""
    send_back(link, Opcode.TEXT, text.encode())


def received_binary(link: Any, data: bytes) -> None:
    """Let a binary message go back."""
    send_back(link, Opcode.BINARY, data)


def send_back(link: Any, opcode: Opcode, data: bytes) -> None:
    """Write a frame, as everybody does who has the lock."""
    with link.server.outgoing.lock:
        link.wire.write(Frame(opcode, data).serialize(mask=False))


Link.received = received  # type: ignore[method-assign]
Link.received_binary = received_binary  # type: ignore[method-assign]
run_server(0, host="127.0.0.1", **from_command_line())
