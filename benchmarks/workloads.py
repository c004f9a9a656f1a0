"""What is asked of a server, and what one round of it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import List

from benchmarks.checking import DIGITS, SAMPLE, Shape, WrongMessage, expected_bytes
from benchmarks.dialects import Params
from benchmarks.frames import client_frame
from benchmarks.load import Connection, Crowd, Stuck, burst
from benchmarks.processes import cpu_ns

FIRST_NUMBER = 10**7
"""All numbers have eight digits, also where they are no text."""
WARM_UP_S = 0.08
MOST_MESSAGES = 60_000
AFTERWARDS_S = 0.02
"""So long a message that comes once too often is waited for."""
WORDS = "hello to all of the room"


@dataclass
class Prepared:
    """What is known of a server before the first round.

    Attributes:
        shapes: How it writes its messages.
        count: So many messages make one round.
    """

    shapes: List[Shape]
    count: int


@dataclass
class Sample:
    """What one round of a workload on one server has cost.

    Attributes:
        deliveries: Messages that came at a client.
        cpu_us: The server's CPU time for one of them.
        wait_ms: How long each took, in milliseconds.
        seconds: How long the round took.
    """

    deliveries: int
    cpu_us: float
    wait_ms: List[float] = field(default_factory=list)
    seconds: float = 0.0


class Workload:
    """One kind of load.

    Args:
        name: What `--only` calls it.
        title: What stands in the table.
        op: The message that is sent.
        clients: How many there are.
        answers: So many messages each message makes, for each of its receivers.
    """

    unit = "delivery"

    def __init__(self, name: str, title: str, op: str, clients: int, answers: int = 1) -> None:
        self.name = name
        self.title = title
        self.op = op
        self.clients = clients
        self.answers = answers

    def frame(self, crowd: Crowd, number: int) -> bytes:
        """Return the frame that asks for message `number`."""
        params: Params = {"text": f"{number:0{DIGITS}d} {WORDS}"}
        return client_frame(crowd.dialect.message(self.op, params))

    def prepare(self, crowd: Crowd, is_numbered: bool, seconds: float) -> Prepared:
        """Connect the clients, learn how the server writes, and warm up.

        Args:
            crowd: The clients, none of them connected yet.
            is_numbered: Whether the server's messages carry their numbers.
            seconds: About how long a round is to last.
        """
        crowd.open(1)
        # The floor has one message for one: others' four are held to its single broadcast.
        answers = self.answers if is_numbered else 1
        shapes = crowd.learn(self.frame(crowd, SAMPLE), answers, is_numbered)
        crowd.open(self.clients - 1)
        return Prepared(shapes, self.fitting_count(crowd, shapes, seconds))

    def fitting_count(self, crowd: Crowd, shapes: List[Shape], seconds: float) -> int:
        """Warm up, and return how many messages a round of so many seconds has."""
        count, took = 8, 0.0
        while took < WARM_UP_S:
            count *= 2
            took = self.run(crowd, shapes, count, WARM_UP_S * 4).seconds
        return max(8, min(MOST_MESSAGES, int(count * seconds / took)))

    def round(self, crowd: Crowd, prepared: Prepared, pid: int, seconds: float) -> Sample:
        """Measure once.

        Args:
            crowd: The clients.
            prepared: What `prepare` returned for them.
            pid: The server's process.
            seconds: About how long it lasts; not more than three times as long.
        """
        crowd.drain()
        before = cpu_ns(pid)
        sample = self.run(crowd, prepared.shapes, prepared.count, seconds * 3)
        sample.cpu_us = (cpu_ns(pid) - before) / 1000 / sample.deliveries
        crowd.drain(AFTERWARDS_S)
        return sample

    def run(self, crowd: Crowd, shapes: List[Shape], count: int, at_most_s: float) -> Sample:
        """Send so many messages, or as many as the time allows; returns without CPU time."""
        raise NotImplementedError


class Echo(Workload):
    """One client that gets its own messages back, with some of them on their way at a time."""

    unit = "message"

    def __init__(self, name: str, title: str, outstanding: int) -> None:
        super().__init__(name, title, "echo", 1)
        self.outstanding = outstanding

    def run(self, crowd: Crowd, shapes: List[Shape], count: int, at_most_s: float) -> Sample:
        """Keep so many messages on their way."""
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + count)
        frames = b"".join(self.frame(crowd, number) for number in numbers)
        frame_size, size = len(frames) // count, shapes[0].size
        crowd.expect(expected_bytes(shapes, numbers), shapes)
        connection = crowd.all[0]
        sent = heard = receipted = 0
        sent_at: List[float] = []
        waits: List[float] = []
        begin = now = time.perf_counter()
        while heard < count:
            more = min(self.outstanding - (sent - heard), count - sent)
            if more:
                connection.send(frames[sent * frame_size : (sent + more) * frame_size])
                sent += more
                sent_at.extend([now] * more)
            crowd.feed(connection, crowd.read(connection))
            now = time.perf_counter()
            new = connection.offset // size - heard
            waits.extend([(now - then) * 1000 for then in sent_at[heard : heard + new]])
            heard += new
            if heard - receipted >= 50:
                crowd.receipts(heard - receipted)
                receipted = heard
            if now - begin > at_most_s:
                count = sent
        crowd.expected = crowd.expected[: count * size]
        return Sample(heard, 0.0, waits, now - begin)


class FanOut(Workload):
    """One client sends, and everybody gets it; the next one is sent when all have got it."""

    def run(self, crowd: Crowd, shapes: List[Shape], count: int, at_most_s: float) -> Sample:
        """Send one after the other."""
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + count)
        frames = [self.frame(crowd, number) for number in numbers]
        expected = [expected_bytes(shapes, [number]) for number in numbers]
        crowd.expect(b"", shapes)
        waits: List[float] = []
        begin = time.perf_counter()
        for frame, bytes_of_all in zip(frames, expected):
            waits.append(burst(crowd, frame, bytes_of_all)[1] * 1000)
            crowd.receipts(len(shapes))
            if time.perf_counter() - begin > at_most_s:
                break
        return Sample(
            len(waits) * self.clients * len(shapes), 0.0, waits, time.perf_counter() - begin
        )


class Drawing(Workload):
    """Everybody draws at the same time, at a steady pace, and everybody sees all of it."""

    def __init__(self, name: str, title: str, clients: int, per_second: int) -> None:
        super().__init__(name, title, "draw", clients)
        self.per_second = per_second

    def frame(self, crowd: Crowd, number: int) -> bytes:
        """Return the frame for one stroke: its number holds who draws and how many it were."""
        params: Params = {"stroke": number, "x": 120, "y": 345, "color": "#ff8800"}
        return client_frame(crowd.dialect.message(self.op, params))

    def fitting_count(self, crowd: Crowd, shapes: List[Shape], seconds: float) -> int:
        """Draw a little; the pace is known."""
        self.run(crowd, shapes, 5, 10.0)
        return max(5, int(seconds * self.per_second))

    def run(self, crowd: Crowd, shapes: List[Shape], count: int, at_most_s: float) -> Sample:
        """Let each client send so many strokes."""
        crowd.expect(b"", shapes)
        strokes = _Strokes(crowd, shapes[0], self.clients)
        total = count * self.clients
        frames = [
            self.frame(crowd, strokes.number(turn % self.clients, turn // self.clients))
            for turn in range(total)
        ]
        pause = 1 / (self.per_second * self.clients)
        turn = receipted = 0
        at_most_s += total * pause
        begin = now = time.perf_counter()
        while strokes.heard < total * self.clients:
            while turn < total and begin + turn * pause <= now:
                strokes.sent_at.append(now)
                crowd.all[turn % self.clients].send(frames[turn])
                turn += 1
            wait = max(0.0, begin + turn * pause - now) if turn < total else 1.0
            for fd, _ in crowd.epoll.poll(wait, 512):
                strokes.feed(crowd.by_fd[fd])
            now = time.perf_counter()
            new = strokes.heard // self.clients - receipted
            if new >= 50:
                crowd.receipts(new)
                receipted += new
            if now - begin > at_most_s:
                raise Stuck(f"{total * self.clients - strokes.heard} strokes did not come")
        return Sample(strokes.heard, 0.0, strokes.waits, now - begin)


class _Strokes:
    """Checks that everybody's strokes come to everybody once and in order."""

    def __init__(self, crowd: Crowd, shape: Shape, clients: int) -> None:
        self.heard = 0
        self.waits: List[float] = []
        self._crowd = crowd
        self._shape = shape
        self._clients = clients
        self._who = {connection: who for who, connection in enumerate(crowd.all)}
        self._next = {connection: [0] * clients for connection in crowd.all}
        self.sent_at: List[float] = []
        crowd.check = self.check

    @staticmethod
    def number(who: int, stroke: int) -> int:
        """Return the number of somebody's stroke."""
        return (10 + who) * 10**6 + stroke

    def feed(self, connection: Connection) -> None:
        """Check what came at a client."""
        size, head = self._shape.size, self._shape.head
        data = connection.rest + self._crowd.read(connection)
        start = 0
        while len(data) >= start + size and data.startswith(head, start):
            self.check(connection, data[start : start + size])
            start += size
        connection.rest = data[start:]
        if connection.rest and not connection.rest.startswith(head):
            self._crowd.take_apart(connection)

    def check(self, connection: Connection, frame: bytes) -> None:
        """Check one frame."""
        shape, following = self._shape, self._next[connection]
        first = len(shape.head)
        last = first + DIGITS
        if len(frame) != shape.size or frame[last:] != shape.tail:
            raise WrongMessage(f"another message than a stroke came: {frame!r:.200}")
        number = int(frame[first:last])
        who, stroke = number // 10**6 - 10, number % 10**6
        if not 0 <= who < self._clients or following[who] != stroke:
            raise WrongMessage(f"stroke {number} came, and not the next one of its client")
        following[who] = stroke + 1
        self.heard += 1
        if self._who[connection] == who:
            turn = stroke * self._clients + who
            self.waits.append((time.perf_counter() - self.sent_at[turn]) * 1000)


def standard() -> List[Workload]:
    """Return all workloads, in the order of the table."""
    return [
        Echo("echo-1", "echo 1", 1),
        Echo("echo-16", "echo 16", 16),
        FanOut("fanout-30", "to 30", "chat", 30),
        FanOut("fanout-300", "to 300", "chat", 300),
        FanOut("fanout-1000", "to 1000", "chat", 1000),
        FanOut("fanout-5000", "to 5000", "chat", 5000),
        FanOut("four-30", "4 × to 30", "four", 30, answers=4),
        FanOut("four-300", "4 × to 300", "four", 300, answers=4),
        Drawing("drawing", "drawing", 30, 20),
    ]
