"""Attacks with much: more than is read, more than is fair."""

from __future__ import annotations

import select
import time
from typing import Any

from tests.rigs.attack_list import Chatter, Flooder, attack, flood
from tests.rigs.scene import Bounds, Scene
from tests.rigs.sockets import CONT, PING, TEXT, frame, text

RATE, BURST = 200, 400
"""What `max_rate` lets through: messages a second, and at once."""


@attack()
def nothing(scene: Scene) -> None:
    """No attack: what the witness sees on this machine, now."""
    time.sleep(min(3.0, scene.seconds))


# ---- those who do not read ------------------------------------------------------------------


@attack(Bounds(memory_mb=24, peak_mb=48))
def does_not_read(scene: Scene) -> None:
    """Somebody stops reading while the chat is busy (2 MB a second): dropped within 15 s."""
    deaf = scene.peer(receive_bytes=4096)
    deaf.send(text("iam", name="deaf"))
    chatter = Chatter(scene, 100, 20_000)
    seconds = scene.until(20, lambda: "max_waiting" in scene.program.console)
    scene.check(seconds < 20, "who does not read was not dropped, or not with max_waiting in words")
    gone_s = scene.until(15, lambda: "deaf" not in scene.held().get("names", ["deaf"]))
    scene.check(gone_s < 15, "its client was still there 15 s later")
    chatter.stop()
    scene.note(f"dropped after {seconds:.1f} s, {chatter.sent * 20 // 1000} MB")


@attack(Bounds(memory_mb=24, peak_mb=48))
def reads_slowly(scene: Scene) -> None:
    """Somebody reads 100 kB a second while the chat sends 2 MB a second."""
    slow = scene.peer(receive_bytes=8192)
    chatter = Chatter(scene, 100, 20_000)
    until = time.monotonic() + scene.seconds
    read = 0
    while time.monotonic() < until and not slow.is_cut():
        if select.select([slow.socket], [], [], 0.02)[0]:
            try:
                read += len(slow.socket.recv(2048))
            except OSError:
                break
        time.sleep(0.02)
    chatter.stop()
    scene.note(f"{'dropped' if slow.is_cut() else 'kept'}; it read {read // 1000} kB")


@attack(Bounds(peak_mb=48))
def sleeps(scene: Scene) -> None:
    """Somebody falls silent and answers no ping: gone within 25 s, and it takes that long."""
    silent = scene.peer()
    silent.send(text("iam", name="silent"))
    seconds = scene.until(27, lambda: "silent" not in scene.held().get("names", ["silent"]))
    scene.check(seconds <= 25.5, f"the silent one was there for more than 25 s ({seconds:.0f} s)")
    scene.note(f"gone after {seconds:.1f} s")


@attack(Bounds(p99_ms=50, peak_mb=48))
def frozen_tablet(scene: Scene) -> None:
    """One tablet is frozen while a program sends to each client in a loop."""
    frozen = scene.peer(receive_bytes=4096)
    frozen.send(text("iam", name="frozen"))
    teacher = Flooder(scene.peer(), text("for_each", count=2), b'"number":1', 3)
    flood([teacher], min(8.0, scene.seconds))
    scene.check(teacher.answered >= 100, f"only {teacher.answered} loops went through")
    scene.note(f"{teacher.answered} loops of 20 kB to each")


@attack(Bounds(peak_mb=32))
def floods_and_does_not_read(scene: Scene) -> None:
    """Somebody sends as much as the server takes, and reads none of the answers."""
    deaf = scene.peer(receive_bytes=4096)
    block = text("echo", x="y" * 1000) * 1000
    sent, until = 0, time.monotonic() + min(8.0, scene.seconds)
    while time.monotonic() < until and not deaf.is_cut():
        sent += deaf.offer(block, 0.05)
    scene.note(f"the server took {sent // 1000} kB; {'dropped' if deaf.is_cut() else 'kept'}")


# ---- floods ---------------------------------------------------------------------------------


def _floods(scene: Scene, count: int, message: bytes, answer: bytes) -> list[Flooder]:
    flooders = [Flooder(scene.peer(), message, answer, 3000) for _ in range(count)]
    seconds = min(8.0, scene.seconds)
    flood(flooders, seconds)
    answered = sum(flooder.answered for flooder in flooders)
    fair = count * (BURST + RATE * seconds)
    scene.check(answered <= 1.3 * fair, f"{answered} were handled, {fair:.0f} are fair")
    scene.check(answered >= 0.3 * fair, f"only {answered} were handled of {fair:.0f} that are fair")
    scene.check(not any(flooder.is_dropped for flooder in flooders), "a flooder was dropped")
    scene.note(f"{answered} handled ({answered / seconds / count:.0f}/s each)")
    return flooders


@attack(Bounds(p99_ms=25))
def floods(scene: Scene) -> None:
    """One client with 3,000 messages on their way: slowed, not dropped; the witness at 25 ms."""
    _floods(scene, 1, text("echo", x="hello"), b'"op":"echo"')


@attack(Bounds(p99_ms=25))
def floods_the_chat(scene: Scene) -> None:
    """The same, and each message goes to everybody."""
    _floods(scene, 1, text("chat", text="hello"), b'"op":"chat"')


@attack(Bounds(p99_ms=1500, peak_mb=96))
def twenty_flood(scene: Scene) -> None:
    """Twenty clients with 3,000 messages on their way each: the witness at 1.5 s."""
    _floods(scene, 20, text("echo", x="hello"), b'"op":"echo"')


@attack(Bounds(p99_ms=1500, peak_mb=96), max_rate=None)
def twenty_flood_without_a_limit(scene: Scene) -> None:
    """Twenty such clients with `max_rate=None`: only the turns of 32 frames protect the others."""
    flooders = [
        Flooder(scene.peer(), text("echo", x="hello"), b'"op":"echo"', 3000) for _ in range(20)
    ]
    flood(flooders, min(8.0, scene.seconds))
    scene.note(f"{sum(flooder.answered for flooder in flooders)} handled")


def _speaks_nonsense(scene: Scene, message: bytes) -> None:
    flooder = Flooder(scene.peer(), message, b'"op":"error"', 0)
    flood([flooder], min(6.0, scene.seconds))
    scene.check(not flooder.is_dropped, "well-formed text closed the connection")
    scene.check(flooder.answered > 100, f"only {flooder.answered} errors came back")
    scene.note(f"{flooder.answered} errors came back")


@attack(Bounds(p99_ms=25))
def nonsense(scene: Scene) -> None:
    """Text that is no JSON, at full speed."""
    _speaks_nonsense(scene, frame(TEXT, b'{"op": "chat", text: hello}'))


@attack(Bounds(p99_ms=25, lines=24))
def unknown_ops(scene: Scene) -> None:
    """A thousand names that nobody handles, at full speed."""
    block = b"".join(text(f"unknown{n}") for n in range(1000))
    flooder = Flooder(scene.peer(), block, b'"op":"error"', 0)
    flood([flooder], min(6.0, scene.seconds))
    scene.check(not flooder.is_dropped, "well-formed text closed the connection")
    scene.note(f"{flooder.answered} errors came back")


@attack(Bounds(p99_ms=25, lines=32))
def wrong_parameters(scene: Scene) -> None:
    """Messages whose parameters do not fit the handler, at full speed."""
    block = b"".join(text("strict", **{f"p{n}": 1}) for n in range(300))
    flooder = Flooder(scene.peer(), block, b'"op":"error"', 0)
    flood([flooder], min(6.0, scene.seconds))
    scene.check(not flooder.is_dropped, "a wrong parameter closed the connection")
    scene.note(f"{flooder.answered} errors came back")


@attack(Bounds(p99_ms=25))
def bugs(scene: Scene) -> None:
    """A handler that fails each time, at full speed."""
    flooder = Flooder(scene.peer(), text("bug"), b'"op":"error"', 0)
    flood([flooder], min(6.0, scene.seconds))
    scene.check(not flooder.is_dropped, "a bug closed the connection")
    bugs = scene.handled("bug")
    scene.check(bugs > 100, f"only {bugs} were handled")
    scene.note(f"{bugs} handled")


@attack(Bounds(p99_ms=25))
def pings(scene: Scene) -> None:
    """A hundred thousand pings a second, or what the server takes; the pongs are read."""
    flooder = Flooder(scene.peer(), frame(PING, b"are you there"), b"are you there", 0)
    flood([flooder], min(6.0, scene.seconds))
    scene.note(f"{flooder.answered} pongs")


@attack(Bounds(p99_ms=25, peak_mb=48))
def pings_unread(scene: Scene) -> None:
    """Pings without end, and the pongs are not read: bounded, too."""
    deaf = scene.peer(receive_bytes=4096)
    block = frame(PING, b"x" * 125) * 4000
    sent, until = 0, time.monotonic() + min(8.0, scene.seconds)
    while time.monotonic() < until and not deaf.is_cut():
        sent += deaf.offer(block, 0.05)
    scene.note(f"the server took {sent // 1000} kB; {'dropped' if deaf.is_cut() else 'kept'}")


@attack(Bounds(p99_ms=100))
def crumbs(scene: Scene) -> None:
    """A message in 200,000 pieces of one byte."""
    peer = scene.peer()
    pieces = [frame(TEXT, b'{"op":"echo","x":"', fin=False)]
    pieces += [frame(CONT, b"y", fin=False)] * 200_000
    pieces += [frame(CONT, b'"}')]
    began = time.monotonic()
    sent = peer.offer(b"".join(pieces), min(4.0, scene.seconds))
    answer = peer.hear("echo", 2.0)
    scene.note(
        f"{sent * 100 // len(b''.join(pieces))} % taken in {time.monotonic() - began:.1f} s; "
        + ("answered" if answer else "no answer yet")
    )


@attack(Bounds(p99_ms=25))
def slow_handlers(scene: Scene) -> None:
    """Five hundred messages for a handler that sleeps 0.3 s: eight sleep at once, no more."""
    peer = scene.peer()
    peer.offer(text("slow") * 500)
    time.sleep(min(3.0, scene.seconds))
    handled: dict[str, Any] = scene.held().get("handled", {})
    asleep = handled.get("slow begun", 0) - handled.get("slow", 0)
    scene.check(asleep <= 8, f"{asleep} slept at once")
    scene.check(handled.get("slow", 0) >= 20, f"only {handled.get('slow', 0)} were handled")
    scene.note(f"{handled.get('slow', 0)} handled, {asleep} asleep")
