"""The chat as a wszero program. What workloads exceed is lifted, or not with --defaults."""

from __future__ import annotations

import sys

from wszero import Client, broadcast, on, run_server
from wszero.options import Options


@on("echo")
def echo(client: Client, text: str) -> None:
    """Send it back."""
    client.send("echo", text=text)


@on("chat")
def chat(client: Client, text: str) -> None:
    """Send it to everybody."""
    broadcast("chat", text=text)


@on("four")
def four(client: Client, text: str) -> None:
    """Send four messages to everybody."""
    for part in range(4):
        broadcast("chat", text=text, part=part)


@on("draw")
def draw(client: Client, stroke: int, x: int, y: int, color: str) -> None:
    """Draw on every screen."""
    broadcast("draw", stroke=stroke, x=x, y=y, color=color)


if __name__ == "__main__":
    lifted = {}
    if "--defaults" not in sys.argv:
        lifted = {name: None for name in ("max_clients", "max_rate") if hasattr(Options, name)}
    run_server(int(sys.argv[-1]), show=False, **lifted)
