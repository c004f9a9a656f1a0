"""What this machine itself costs just now: two idle processes throw a byte to and fro.

`python noise.py` works until a line comes on its standard input, and prints as JSON how long the
byte took. A server can't be quicker than that, so the witness's bounds are on top of it.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time

EVERY_S = 0.02


def main() -> None:
    """Throws a byte fifty times a second."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while byte := theirs.recv(1):
            theirs.sendall(byte)
        os._exit(0)
    theirs.close()
    took: list[float] = []
    while not select.select([sys.stdin], [], [], EVERY_S)[0]:
        began = time.monotonic()
        ours.sendall(b"x")
        ours.recv(1)
        took.append(1000 * (time.monotonic() - began))
    ours.close()
    took.sort()
    count = len(took)
    p99 = took[min(count - 1, int(0.99 * count))] if took else 0.0
    print(json.dumps({"p50": took[count // 2] if took else 0.0, "p99": p99}), flush=True)
    os.wait()


if __name__ == "__main__":
    main()
