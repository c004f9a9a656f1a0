"""Attacks by many: more than there is room for, or that come and go."""

from __future__ import annotations

import contextlib
import os
import socket
import time

from tests.rigs.attack_list import attack
from tests.rigs.scene import Bounds, Scene, more_handles
from tests.rigs.sockets import Peer, Refused, get, handshake, text


@attack(Bounds(memory_mb=40, peak_mb=64))
def half_handshakes(scene: Scene) -> None:
    """Five hundred visitors who send their request a byte a second: cut off after ten."""
    more_handles()
    socks = [socket.create_connection(("127.0.0.1", scene.port), 5) for _ in range(500)]
    request = handshake()
    began = time.monotonic()
    cut_s = float("inf")
    for byte in request[:13]:
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.send(bytes([byte]))
        time.sleep(max(0.0, began + 1 - time.monotonic()) if byte == request[0] else 0.95)
        if scene.program.figures.handles < scene.before.handles + 50:
            cut_s = time.monotonic() - began
            break
    scene.peers += socks
    scene.check(cut_s <= 13, "they were still there after 13 s")
    scene.note(f"cut after {cut_s:.0f} s")


@attack(Bounds(memory_mb=60, peak_mb=64), max_clients=None)
def idle(scene: Scene) -> None:
    """A thousand clients who say nothing."""
    more_handles()
    before = scene.program.figures
    began = time.monotonic()
    peers = [scene.peer() for _ in range(1000)]
    took_s = time.monotonic() - began
    time.sleep(1)
    after = scene.program.figures
    used = after.cpu_s
    time.sleep(min(4.0, scene.seconds))
    used = (scene.program.figures.cpu_s - used) / min(4.0, scene.seconds)
    peers[0].send(text("chat", text="hello"))
    heard = sum(peer.hear("chat", 5.0) is not None for peer in peers)
    scene.check(heard == 1000, f"{heard} of 1,000 heard the chat")
    each_kb = (after.memory_mb - before.memory_mb) * 1024 / 1000
    # The collector frees them in its own time: the room is used again by the next thousand.
    scene.note(f"{took_s:.1f} s to connect, {each_kb:.1f} KiB each, {100 * used:.0f} % CPU beside")


@attack(max_clients=30)
def full_house(scene: Scene) -> None:
    """More clients than `max_clients`: 503, in words; whoever leaves makes room."""
    refused: list[Refused] = []
    peers: list[Peer] = []
    for _ in range(50):
        try:
            peers.append(scene.peer())
        except Refused as error:
            refused.append(error)
    scene.check(len(peers) == 29, f"{len(peers)} were let in beside the witness, not 29")
    scene.check(all(one.status == 503 for one in refused), "refused with another status")
    scene.check(all("max_clients" in one.answer for one in refused), "max_clients is not named")
    console = "\n".join(scene.new_lines())
    scene.check("max_clients" in console, "the console does not name max_clients")
    scene.check(len(scene.new_lines()) <= 6, "too many lines in the console")
    for peer in peers[:10]:
        peer.close()

    def can_enter() -> bool:
        with contextlib.suppress(Refused, OSError):
            Peer(scene.port).close()
            return True
        return False

    scene.check(scene.until(5, can_enter) < 5, "nobody can enter after ten have left")
    scene.note(f"{len(refused)} refused with { ({one.status for one in refused}) }")


@attack(handles=64)
def no_handles(scene: Scene) -> None:
    """The program has 64 file handles, and 150 visitors come; afterwards all is well again."""
    scene.may_refuse_pages = True
    began = scene.program.figures
    socks = []
    for _ in range(150):
        with contextlib.suppress(OSError):
            socks.append(socket.create_connection(("127.0.0.1", scene.port), 2))
            socks[-1].sendall(handshake())
    seconds = min(5.0, scene.seconds)
    time.sleep(seconds)
    cpu = (scene.program.figures.cpu_s - began.cpu_s) / seconds
    scene.check(cpu < 0.5, f"it was busy with {100 * cpu:.0f} % CPU meanwhile")
    for sock in socks:
        sock.close()
    back_s = scene.until(5, lambda: get(scene.port, seconds=2.0)[0] == 200)
    scene.check(back_s < 5, "no page loads afterwards")
    scene.slowest_page_s = 0.0
    lines = [line for line in scene.new_lines() if "handle" in line or "files" in line]
    scene.check(bool(lines), "the console does not say what is wrong")
    scene.note(f"{100 * cpu:.0f} % CPU, well again after {back_s:.1f} s")


def _churn(scene: Scene, count: int, path: str, wait_s: float) -> None:
    for number in range(100):
        _come_and_go(scene.port, path, number)
    time.sleep(wait_s)
    before = scene.held(deep=True)
    began = time.monotonic()
    for number in range(count):
        _come_and_go(scene.port, path, number)
    took_s = time.monotonic() - began
    time.sleep(wait_s)
    after: dict = {}

    def is_back() -> bool:
        nonlocal after
        after = scene.held()
        return after.get("clients") == before.get("clients")

    scene.until(8, is_back)
    after = scene.held(deep=True)
    if not after or not before:
        scene.check(False, "no report")
        return
    for what in ("clients", "groups", "handles"):
        left = after[what] - before[what]
        scene.check(left <= 0, f"{left} {what} are left")
    threads = set(after["threads"]) - set(before["threads"])
    # Two read files, each from when it is first needed; a page is loaded all the time.
    threads -= {"wszero-files_0", "wszero-files_1"}
    scene.check(not threads, f"threads are left: {threads}")
    for kind, number in after["kinds"].items():
        left = number - before["kinds"].get(kind, 0)
        scene.check(left <= 10, f"{left} objects of {kind} are left")
    calls = after["handled"]
    inside = calls["connect"] - calls.get("disconnect", 0)
    scene.check(inside == after["clients"], f"{inside} connects without disconnect")
    scene.note(f"{count} in {took_s:.1f} s")


def _come_and_go(port: int, path: str, number: int) -> None:
    way = number % 5
    if way == 0:
        # Gone before the handshake has been answered.
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(handshake(path)[: None if number % 2 else 40])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return
    peer = Peer(port, path)
    if way >= 2:
        peer.send(text("iam", name=f"n{number}") * (way - 1))
    if way == 4:
        peer.close()
    else:
        peer.reset()


@attack(Bounds(memory_mb=24))
def churn(scene: Scene) -> None:
    """Two thousand clients come and break off: nothing of them is left."""
    _churn(scene, 2000, "/ws", 0.5)


@attack(Bounds(memory_mb=24), away=1)
def churn_of_pages(scene: Scene) -> None:
    """A thousand pages come and break off; a second later, `away=1`, nothing of them is left."""
    _churn(scene, 1000, f"/ws?page=/&run={os.getpid()}", 2.5)
