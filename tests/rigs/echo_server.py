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
from wszero.server import Server


def put_in_hook() -> None:
    """Let messages go back instead of to handlers."""
    if hasattr(Link, "received_binary"):

        def received(link: Any, text: str, size_bytes: int) -> None:
            send_back(link, Opcode.TEXT, text.encode())

        def received_binary(link: Any, data: bytes) -> None:
            send_back(link, Opcode.BINARY, data)

        def send_back(link: Any, opcode: Opcode, data: bytes) -> None:
            with link.server.outgoing.lock:
                link.wire.write(Frame(opcode, data).serialize(mask=False))

        Link.received = received  # type: ignore[method-assign]
        Link.received_binary = received_binary  # type: ignore[method-assign]
    else:
        put_in_old_hook()


def put_in_old_hook() -> None:
    """Do it for the links of version 0.1."""
    whole = Link._frame  # type: ignore[attr-defined]

    def received(server: Any, link: Any, text: str, size_bytes: int) -> None:
        send_back(link, Opcode.TEXT, text.encode())

    def frame(link: Any, frame: Any) -> None:
        data = None
        if frame.opcode is Opcode.BINARY and frame.fin:
            data = bytes(frame.data)
        elif frame.opcode is Opcode.CONT and frame.fin and not link._parts_are_text:
            data = b"".join([*link._parts, bytes(frame.data)])
        whole(link, frame)
        if data is not None:
            send_back(link, Opcode.BINARY, data)

    def send_back(link: Any, opcode: Opcode, data: bytes) -> None:
        # An answer of a handler is sent later than the pong to a ping before it.
        link.flush()
        link.write(Frame(opcode, data).serialize(mask=False))

    Server.received = received  # type: ignore[attr-defined]
    Server.received_binary = lambda server, link: None  # type: ignore[attr-defined]
    Link._frame = frame  # type: ignore[attr-defined]


put_in_hook()
run_server(0, host="127.0.0.1", **from_command_line())
