"""What this machine itself costs just now.

`python noise.py PID…` works until a line comes on its standard input, and prints as JSON the larger
of two: how long a byte takes that two idle processes throw to and fro; and how long, within a fifth
of a second, a thread of those processes (the server, the witness) was ready to run and had no
processor. A server can't be quicker than that, so the witness's bounds are on top of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
import time
from pathlib import Path

EVERY_S = 0.02
WINDOW = 10
"""So many looks are a fifth of a second."""


def main(pids: list[int]) -> None:
    """Throws a byte fifty times a second."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while byte := theirs.recv(1):
            theirs.sendall(byte)
        os._exit(0)
    theirs.close()
    took: list[float] = []
    waited: list[list[dict[str, float]]] = []
    while not select.select([sys.stdin], [], [], EVERY_S)[0]:
        began = time.monotonic()
        ours.sendall(b"x")
        ours.recv(1)
        took.append(1000 * (time.monotonic() - began))
        waited.append([waited_ms(pid) for pid in pids])
    ours.close()
    without = [sum(map(longest_ms, early, late)) for early, late in zip(waited, waited[WINDOW:])]
    figures = {"p50": middle(took), "p99": max(p99(took), p99(without))}
    print(json.dumps(figures), flush=True)
    os.wait()


def waited_ms(pid: int) -> dict[str, float]:
    """How long each thread of a process has waited for a processor, so far."""
    found = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        # The thread may have ended, and not every kernel counts this.
        with contextlib.suppress(OSError, IndexError, ValueError):
            found[file.parent.name] = int(file.read_text().split()[1]) / 1e6
    return found


def longest_ms(early: dict[str, float], late: dict[str, float]) -> float:
    """How long that thread waited between two looks that waited longest."""
    return max((late[one] - early[one] for one in late if one in early), default=0.0)


def middle(values: list[float]) -> float:
    """The one in the middle; 0 of none."""
    return sorted(values)[len(values) // 2] if values else 0.0


def p99(values: list[float]) -> float:
    """What 99 of 100 do not exceed; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))] if values else 0.0


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
