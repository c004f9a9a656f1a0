"""A witness: a well-behaved client that sends its lines and wants each of them back, in order.

A process of its own, so that what the attackers cost is not counted as the server's delay:
`python witness.py PORT`. It says "ready", works until a line comes on its standard input, and
prints what it has seen as JSON.
"""

from __future__ import annotations

import contextlib
import json
import select
import sys
import threading
import time
from pathlib import Path
from typing import Any, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.rigs.sockets import PING, PONG, TEXT, Peer, frame, text

EVERY_S = 0.02
LAST_S = 8.0
"""How long it waits at the end for lines that are still to come."""


def main(port: int) -> None:
    """Works as a witness for a server."""
    peer = Peer(port)
    peer.send(text("iam", name="witness"))
    print("ready", flush=True)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    print(json.dumps(watch(peer, stop)), flush=True)


def watch(peer: Peer, stop: threading.Event) -> dict[str, Any]:
    """Sends lines until it is told to stop, and waits for the last of them."""
    began = time.monotonic()
    due, until = began, 0.0
    sent: list[float] = []
    took: list[float] = []
    others = 0
    trouble = ""
    while not trouble:
        now = time.monotonic()
        if stop.is_set():
            until = until or now + LAST_S
            if len(took) == len(sent) or now > until:
                break
        elif now >= due:
            try:
                peer.send(text("line", n=len(sent)))
            except OSError as error:
                trouble = f"could not send: {error}"
                break
            sent.append(now)
            # Late is late: no burst afterwards.
            due = max(due + EVERY_S, now)
        wait_s = max(0.0, min(EVERY_S, due - time.monotonic())) if not stop.is_set() else EVERY_S
        if not select.select([peer.socket], [], [], wait_s)[0]:
            continue
        data = b""
        with contextlib.suppress(OSError):
            data = peer.socket.recv(1 << 20)
        if not data:
            trouble = "was dropped"
            break
        peer.add(data)
        now = time.monotonic()
        for opcode, payload in iter(peer.take_frame, None):
            if opcode == PING:
                peer.send(frame(PONG, payload))
            elif opcode == TEXT and payload.startswith(b'{"op":"line"'):
                n = json.loads(payload)["n"]
                if n != len(took):
                    trouble = f"line {n} came instead of {len(took)}"
                    break
                took.append(now - sent[n])
            else:
                others += 1
    took_ms = sorted(1000 * one for one in took)
    return {
        "sent": len(sent),
        "came": len(took),
        "others": others,
        "trouble": trouble or ("" if len(took) == len(sent) else "lines are missing"),
        **dict(zip(("p50", "p99", "max"), percentiles(took_ms))),
    }


def percentiles(sorted_ms: list[float]) -> Iterator[float]:
    """The middle, the 99th percentile and the worst; nothing was worse than an hour."""
    if not sorted_ms:
        yield from (3.6e6, 3.6e6, 3.6e6)
        return
    for part in (0.5, 0.99):
        yield round(sorted_ms[min(len(sorted_ms) - 1, int(part * len(sorted_ms)))], 1)
    yield round(sorted_ms[-1], 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
