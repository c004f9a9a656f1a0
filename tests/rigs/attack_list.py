"""The list of attacks: each puts itself in with `@attack`."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, NamedTuple

from tests.rigs.scene import Bounds, Scene
from tests.rigs.sockets import Peer, text


class Attack(NamedTuple):
    """One attack and what it may cost."""

    name: str
    run: Callable[[Scene], None]
    bounds: Bounds
    options: dict[str, Any]
    handles: int
    has_witness: bool

    @property
    def words(self) -> str:
        """What it does, in a line."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


ATTACKS: dict[str, Attack] = {}


def attack(
    bounds: Bounds | None = None, *, handles: int = 0, has_witness: bool = True, **options: Any
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Puts the function below into the list.

    Args:
        bounds: What it may cost.
        handles: How many file handles the program has.
        has_witness: Whether there is a witness.
        options: For the program's `run_server`.
    """

    def put(function: Callable[[Scene], None]) -> Callable[[Scene], None]:
        name = function.__name__
        ATTACKS[name] = Attack(name, function, bounds or Bounds(), options, handles, has_witness)
        return function

    return put


class Chatter:
    """Somebody who talks to everybody, on a thread, and reads what comes.

    Args:
        scene: Where.
        per_second: So many messages.
        size: Their letters.
    """

    def __init__(self, scene: Scene, per_second: float, size: int) -> None:
        self._peer = scene.peer()
        self._stop = threading.Event()
        self._message = text("chat", text="x" * size)
        self._every_s = 1 / per_second
        self.sent = 0
        threading.Thread(target=self._talk, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()

    def _talk(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                self._peer.socket.sendall(self._message)
            except OSError:
                return
            self.sent += 1
            due += self._every_s
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._peer.socket.recv(1 << 20):
                    return
            except OSError:
                return

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()


class Flooder:
    """A client that keeps so many messages on their way, and reads the answers.

    Args:
        peer: The client.
        message: Each of its frames.
        answer: What each answer contains, once.
        most: So many on their way; 0 for as many as the server takes.
    """

    def __init__(self, peer: Peer, message: bytes, answer: bytes, most: int = 0) -> None:
        self.peer = peer
        self._message = message
        self._answer = answer
        self._most = most
        self._out = memoryview(b"")
        self._tail = b""
        self.sent = 0
        self.answered = 0
        self.is_dropped = False

    def step(self) -> bool:
        """Sends and reads what it can without waiting; tells whether there was anything."""
        if self.is_dropped:
            return False
        sock = self.peer.socket
        sock.setblocking(False)
        moved = False
        try:
            if not self._out:
                count = 500 if not self._most else self._most - (self.sent - self.answered)
                if count >= min(500, max(1, self._most // 4)):
                    self._out = memoryview(self._message * count)
                    self.sent += count
            if self._out:
                self._out = self._out[sock.send(self._out) :]
                moved = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_dropped = True
            return False
        try:
            data = sock.recv(1 << 18)
            if not data:
                self.is_dropped = True
            self.answered += (self._tail + data).count(self._answer)
            self._tail = data[-len(self._answer) + 1 :]
            moved = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_dropped = True
        return moved


def flood(flooders: list[Flooder], seconds: float) -> None:
    """Lets some clients flood for a time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # Each has its step, also behind one who had something to do.
        if not sum(flooder.step() for flooder in flooders):
            time.sleep(0.002)
