#!/usr/bin/env python3
"""Send frames and JSON that chance has broken to a real server, beside a witness.

python tests/rigs/fuzz.py                           half a minute
python tests/rigs/fuzz.py --seconds 600 --seed 7    ten minutes, the same ones each time
python tests/rigs/fuzz.py --python build/venvs/3.8/bin/python      the server's Python

The server must live, the witness must get its lines, and the console must stay short. What was sent
last is kept in build/rigs/fuzz-last.bin; it is what to look at when the server has died.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.rigs.attacks_by_frames import strange_texts
from tests.rigs.running import BUILD, ROOT, Program, default_python, versions
from tests.rigs.scene import Bounds, Scene
from tests.rigs.sockets import BINARY, CLOSE, CONT, PING, PONG, TEXT, Peer, frame, handshake

BOUNDS = Bounds(p99_ms=500, memory_mb=48, peak_mb=96, lines=200)
OPS = ("echo", "chat", "vote", "strict", "bug", "slow", "iam", "_got", "_error", "_where", "nobody")
PATHS = ("/ws", "/ws?page=/&run=", "/ws?page=/quiz.html&run=x&key=y&got=3", "/ws?page=%00&got=-1")


def main() -> int:
    """Does what the words say.

    Returns:
        The exit code: 0 when the server bore all of it.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", default=default_python())
    parser.add_argument("--source", default=ROOT, type=Path, help="a folder with another wszero")
    words = parser.parse_args()
    Program.source = words.source.resolve()
    python, websockets = versions(words.python)
    print(f"Python {python}, websockets {websockets}, seed {words.seed}", flush=True)
    scene = Scene(words.python, words.seconds, {"away": 1})
    try:
        counts = fuzz(scene, random.Random(words.seed), words.seconds)
        figures = scene.end(BOUNDS)
    finally:
        scene.kill()
    witness = figures["witness"]
    print(f"sent: {', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}")
    print(f"the witness: p50 {witness['p50']}, p99 {witness['p99']}, worst {witness['max']} ms")
    print(f"memory: {figures['memory_mb']:+.1f} MB; {len(figures['lines'])} lines in the console")
    for fault in dict.fromkeys(scene.faults):
        print(f"FAIL: {fault}")
    own = mistakes_of_its_own(figures["lines"])
    for mistake in own:
        print("FAIL: a mistake of its own:", *(f"    | {line[:160]}" for line in mistake), sep="\n")
    if scene.faults:
        print(*(f"    | {line[:160]}" for line in figures["lines"][:40]), sep="\n")
    return 1 if scene.faults or own else 0


def mistakes_of_its_own(lines: list[str]) -> list[list[str]]:
    """Returns the tracebacks in the console, each kind once: a child's program shows none."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        if "Traceback (most" in line:
            end = number + 1
            while end < len(lines) and lines[end].startswith("  ") and end < number + 40:
                end += 1
            last = lines[min(end, len(lines) - 1)]
            found.setdefault(last, lines[max(number, end - 9) : end + 1])
    return list(found.values())


def fuzz(scene: Scene, chance: random.Random, seconds: float) -> Counter[str]:
    """Goes on for a time, with a new client every few frames.

    Returns:
        How much of what was sent, and how the clients ended.
    """
    counts: Counter[str] = Counter()
    texts = [one.encode("utf-8", "replace") for one in strange_texts() if len(one) < 20_000]
    until = time.monotonic() + seconds
    while time.monotonic() < until and scene.program.is_alive:
        counts["clients"] += 1
        data = b"".join(_one(chance, texts, counts) for _ in range(chance.randint(1, 25)))
        (BUILD / "fuzz-last.bin").write_bytes(data)
        if chance.random() < 0.1:
            _bad_handshake(scene.port, chance)
            counts["handshakes"] += 1
            continue
        try:
            peer = Peer(scene.port, chance.choice(PATHS))
        except Exception as error:
            scene.check(False, f"nobody can enter: {type(error).__name__} {error}")
            time.sleep(0.2)
            continue
        with contextlib.suppress(OSError):
            if chance.random() < 0.3:
                for start in range(0, len(data), size := chance.randint(50, 3000)):
                    peer.send(data[start : start + size])
            else:
                peer.send(data)
        if chance.random() < 0.3:
            counts[f"closed with {peer.close_code(0.05)}"] += 1
        peer.reset() if chance.random() < 0.3 else peer.close()
    return counts


def _one(chance: random.Random, texts: list[bytes], counts: Counter[str]) -> bytes:
    """Makes a frame, or something like one."""
    kind = chance.random()
    if kind < 0.35:
        counts["texts"] += 1
        return frame(TEXT, _mutated(chance, _message(chance, texts)))
    if kind < 0.55:
        counts["messages"] += 1
        return frame(TEXT, _message(chance, texts))
    if kind < 0.70:
        counts["pieces"] += 1
        payload = _message(chance, texts)
        middle = chance.randint(0, len(payload))
        whole = frame(TEXT, payload[:middle], fin=False)
        between = frame(PING, b"between") if chance.random() < 0.5 else b""
        return whole + between + frame(CONT, payload[middle:])
    if kind < 0.80:
        counts["control frames"] += 1
        opcode = chance.choice((PING, PONG, PING, CLOSE, BINARY))
        return frame(opcode, _bytes(chance, chance.randint(0, 130)))
    if kind < 0.95:
        counts["broken frames"] += 1
        return _mutated(chance, frame(TEXT, _message(chance, texts)), most=3)
    counts["noise"] += 1
    return _bytes(chance, chance.randint(1, 200))


def _message(chance: random.Random, texts: list[bytes]) -> bytes:
    if chance.random() < 0.4:
        return chance.choice(texts)
    op = chance.choice(OPS)
    value = chance.choice((1, -1, 1.5, "x", None, True, [], {}, [1, {"a": None}], "é" * 50))
    name = chance.choice(("text", "name", "choice", "n", "msg", "about", "x", "_ask"))
    return json.dumps({"op": op, name: value}).encode()


def _mutated(chance: random.Random, data: bytes, most: int = 8) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, most)):
        if not changed:
            break
        at = chance.randrange(len(changed))
        way = chance.randrange(5)
        if way == 0:
            changed[at] = chance.randrange(256)
        elif way == 1:
            changed[at] ^= 1 << chance.randrange(8)
        elif way == 2:
            del changed[at : at + chance.randint(1, 8)]
        elif way == 3:
            changed[at:at] = _bytes(chance, chance.randint(1, 8))
        else:
            end = min(len(changed), at + chance.randint(1, 20))
            changed[at:at] = changed[at:end]
    return bytes(changed)


def _bytes(chance: random.Random, count: int) -> bytes:
    return bytes(chance.randrange(256) for _ in range(count))


def _bad_handshake(port: int, chance: random.Random) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as sock:
        sock.sendall(_mutated(chance, handshake(chance.choice(PATHS)), most=6))
        sock.settimeout(0.02)
        sock.recv(4096)


if __name__ == "__main__":
    sys.exit(main())
