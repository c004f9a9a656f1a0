"""Everything at once, at random: no message is lost, none overtakes, nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time

import pytest

from tests.games import NewGame, Overlap, until
from wszero import sleep
from wszero.clock import Clock

SEEDS = range(40)


class Rig(NewGame):
    """A program that does all that handlers may do, and notices what must not happen."""

    def __init__(self, seed: int) -> None:
        super().__init__(Clock())
        self.random = random.Random(seed)
        self.overlap = Overlap()
        self.troubles: list[str] = []
        self.last: dict[object, int] = {}
        self.sent: dict[object, int] = {}
        self.ended = 0
        for op in "quick", "nap", "bad", "stay":
            self.on(op)(getattr(self, f"_{op}"))
            self.on(f"async_{op}")(getattr(self, f"_async_{op}"))
        self.on("made")(lambda client, n: self._async_nap(client, n))
        self.on("disconnect")(lambda client: self._work())
        self.every(0.01)(self._work)
        self.every(0.015)(self._async_every)

    def _work(self) -> None:
        with self.overlap:
            for _ in range(self.random.randrange(20)):
                pass

    def _begin(self, client, n: int) -> None:
        self._work()
        if self.last.get(client, -1) != n - 1:
            self.troubles.append(f"{n} came after {self.last.get(client)}")
        self.last[client] = n

    def _quick(self, client, n):
        self._begin(client, n)

    def _nap(self, client, n):
        self._begin(client, n)
        for _ in range(self.random.randrange(3)):
            sleep(self.random.random() * 0.01)
            self._work()

    def _bad(self, client, n):
        self._begin(client, n)
        raise self.random.choice([ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])

    def _stay(self, client, n):
        self._begin(client, n)
        client.add_to_group(f"group {n % 3}")
        self.app.broadcast("news", f"group {n % 2}", n=n)
        client.remove_from_group("group 1")

    async def _async_quick(self, client, n):
        self._begin(client, n)

    async def _async_nap(self, client, n):
        self._begin(client, n)
        for _ in range(self.random.randrange(3)):
            await self.random.choice([sleep, asyncio.sleep])(self.random.random() * 0.01)
            self._work()

    async def _async_bad(self, client, n):
        self._begin(client, n)
        await asyncio.sleep(0)
        raise self.random.choice([ValueError, SystemExit, asyncio.CancelledError])

    async def _async_stay(self, client, n):
        self._begin(client, n)
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._async_every())
        loop.call_soon(self._work)
        await loop.run_in_executor(None, time.sleep, 0)
        self._work()
        await task

    async def _async_every(self):
        self._work()
        await asyncio.sleep(0)
        self._work()

    def play(self, random_: random.Random, until_: float) -> None:
        """Somebody at work: pages come, send and go."""
        ops = ["quick", "nap", "bad", "stay"]
        ops += [f"async_{op}" for op in ops] + ["made"]
        players = [self.enter()]
        while time.monotonic() < until_:
            choice = random_.random()
            if choice < 0.05:
                players.append(self.enter())
            elif choice < 0.08 and len(players) > 1:
                gone = players.pop(random_.randrange(len(players)))
                self.runtime.feed(self._left, gone, "left")
                self.sent.pop(gone.client)
            player = random_.choice(players)
            n = self.sent[player.client]
            self.sent[player.client] = n + 1
            self.feed(player, random_.choice(ops), n=n)
            time.sleep(random_.choice([0, 0, 0.001]))

    def enter(self):
        player = self.come()
        self.sent[player.client] = 0
        return player

    @property
    def is_done(self) -> bool:
        """Whether all that was sent by those who stayed has begun, and all that began has ended."""
        begun = {client: self.last.get(client, -1) + 1 for client in self.sent}
        return begun == self.sent and not self.runtime.naps


@pytest.fixture(autouse=True)
def _threads_take_turns_everywhere():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_nothing_is_lost_and_the_end_comes(seed):
    rig = Rig(seed)
    rnd = random.Random(seed)
    stops_in_the_middle = rnd.random() < 0.5
    until_ = time.monotonic() + rnd.uniform(0.02, 0.3)
    args = [(random.Random(seed * 10 + n), until_) for n in range(3)]
    threads = [threading.Thread(target=rig.play, args=each) for each in args]
    for thread in threads:
        thread.start()
    if stops_in_the_middle:
        time.sleep(rnd.uniform(0, 0.2))
    else:
        for thread in threads:
            thread.join()
        until(lambda: rig.is_done, "all messages are handled")
    assert rig.stop()
    for thread in threads:
        thread.join()
    assert rig.troubles == []
    assert rig.overlap.worst <= 1
    assert "wszero itself" not in rig.console
