"""Attacks by those who leave while much of theirs waits: a backlog dies with its sender."""

from __future__ import annotations

import time

from tests.rigs.attack_list import attack
from tests.rigs.scene import Bounds, Scene
from tests.rigs.sockets import CLOSE, frame, text

NOTICED_S = 0.1
"""So soon the server can know that somebody has gone: it looks every 50 ms."""
ME, GONE = text("iam", name="culprit", watch=True), "culprit left"


@attack()
def flood_then_reset(scene: Scene) -> None:
    """Thousands of messages for a handler of 2 ms, then the connection breaks: none is handled."""
    peer = scene.peer()
    peer.send(ME)
    peer.offer(text("busy") * 20_000, 0.05)
    time.sleep(0.2)
    at = time.monotonic()
    peer.reset()
    time.sleep(min(2.0, scene.seconds))
    since = scene.held(at).get("since", {})
    scene.check(bool(since.get(GONE)), "no disconnect after 2 s")
    later = scene.held(at + 0.1).get("since", {}).get("busy", 0)
    scene.check(later == 0, f"{later} were handled more than 0.1 s later")
    scene.note(f"{since.get('busy', '?')} handled after the reset")


@attack()
def flood_then_close(scene: Scene) -> None:
    """The same, and a clean close: at most 32 are handled from when it is noticed."""
    peer = scene.peer()
    peer.send(ME)
    peer.offer(text("busy") * 20_000, 0.05)
    time.sleep(0.2)
    peer.offer(frame(CLOSE, b"\x03\xe8"), 0.05)
    at = time.monotonic()
    peer.close()
    time.sleep(min(3.0, scene.seconds))
    _check_last_messages(scene, at)


@attack()
def some_then_close(scene: Scene) -> None:
    """Three thousand messages and a close right behind, all taken by the network."""
    peer = scene.peer()
    peer.send(ME + text("busy") * 3000 + frame(CLOSE, b"\x03\xe8"))
    peer.socket.shutdown(1)
    at = time.monotonic()
    gone_s = scene.until(10, lambda: bool(scene.held(at).get("since", {}).get(GONE)))
    scene.check(gone_s <= 2, f"disconnect after {gone_s:.1f} s")
    _check_last_messages(scene, at)


def _check_last_messages(scene: Scene, at: float) -> None:
    """After a clean close at most 32 are handled, counted from when the server can know of it."""
    since = scene.held(at).get("since", {})
    scene.check(bool(since.get(GONE)), "no disconnect")
    later = scene.held(at + NOTICED_S).get("since", {}).get("busy", 0)
    scene.check(later <= 32, f"{later} handled more than {NOTICED_S} s after the close")
    scene.note(f"{since.get('busy', '?')} handled after the close, {later} of them late")


@attack()
def flood_then_kick(scene: Scene) -> None:
    """A flooder is kicked: nothing of his is handled afterwards, and he reads why."""
    flooder = scene.peer()
    flooder.send(ME)
    flooder.offer(text("busy") * 20_000, 0.05)
    teacher = scene.peer()
    time.sleep(0.2)
    teacher.send(text("kick", name="culprit"))
    answer = teacher.hear("kicked", 5.0) or {}
    scene.check(answer.get("count") == 1, "nobody was kicked")
    time.sleep(min(2.0, scene.seconds))
    since = scene.held(answer.get("at", 0.0)).get("since", {})
    scene.check(since.get("busy") == 0, f"{since.get('busy')} handled after the kick")
    scene.check(since.get(GONE) == 1, f"{since.get(GONE)} times disconnect")
    code = flooder.close_code(3.0)
    scene.check(code == 4001, f"closed with {code}, not with 4001")
    scene.note(f"{since.get('busy')} handled after the kick")


@attack(away=2)
def page_floods_and_vanishes(scene: Scene) -> None:
    """A page floods and its network breaks: 32 are handled, then it is away, then gone, once."""
    page = scene.peer(path="/ws?page=/&run=")
    page.send(ME)
    page.offer(text("busy") * 20_000, 0.05)
    time.sleep(0.2)
    at = time.monotonic()
    page.reset()
    gone_s = scene.until(6, lambda: bool(scene.held(at).get("since", {}).get(GONE)))
    # The page would send again what the server has not looked at, so only that is handled.
    later = scene.held(at + NOTICED_S).get("since", {}).get("busy", 0)
    scene.check(later <= 32, f"{later} handled more than {NOTICED_S} s after the network broke")
    scene.check(1.9 <= gone_s <= 4, f"disconnect after {gone_s:.1f} s; away is 2 s")
    time.sleep(0.5)
    times = scene.held(at).get("since", {}).get(GONE)
    scene.check(times == 1, f"{times} times disconnect")
    scene.note(f"{later} handled late, disconnect after {gone_s:.1f} s")


@attack()
def vote_then_close(scene: Scene) -> None:
    """Votes, and the tab is closed: up to thirty count. Sixty times, in three ways."""
    sent = 0
    for number in range(60):
        peer = scene.peer()
        count = (1, 5, 30)[number // 3 % 3]
        goodbye = frame(CLOSE, b"\x03\xe9") if number % 3 else b""
        peer.send(text("vote", choice="a") * count + goodbye)
        sent += count
        if number % 3 == 2:
            peer.close_code(5.0)
        peer.close()
    scene.until(5, lambda: scene.handled("vote") >= sent)
    votes = scene.handled("vote")
    scene.check(votes == sent, f"{votes} of {sent} votes were counted")
    scene.note(f"{votes} of {sent} votes")


@attack(Bounds(p99_ms=2000, peak_mb=96))
def a_class_floods_and_leaves(scene: Scene) -> None:
    """Twenty clients leave 600 kB of small messages behind each: 32 of each are handled."""
    # Before the witness are 20 times 32 messages of 2 ms in line: 1.3 s.
    peers = [scene.peer() for _ in range(20)]
    block = text("busy") * 30_000 + frame(CLOSE, b"\x03\xe8")
    for peer in peers:
        peer.offer(block, 0.05)
    at = time.monotonic()
    for peer in peers:
        peer.close()
    gone_s = scene.until(15, lambda: scene.held().get("clients", 99) <= 2)
    later = scene.held(at).get("since", {}).get("busy", 0)
    scene.check(gone_s < 15, "clients are left after 15 s")
    # Those in line are 32 of each; as many may follow until the last goodbye is noticed.
    scene.check(later <= 20 * 2 * 32, f"{later} handled after they have left")
    scene.note(f"gone after {gone_s:.1f} s, {later} handled")
