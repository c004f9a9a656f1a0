"""A child's program, more or less, that the rigs attack: `python classroom.py '{"max_rate": 200}'`.

Beside its handlers it can say what it holds: clients, groups, tasks, threads.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter, deque
from typing import Any, Deque, Dict

from settings import from_command_line

import wszero.names
from wszero import broadcast, clients, on, run_server, sleep

handled: Counter = Counter()
times: Dict[str, Deque[float]] = {}
"""When the newest calls of some handlers began, by the clock that all processes share."""


def note(op: str) -> None:
    """Count a call."""
    handled[op] += 1
    times.setdefault(op, deque(maxlen=20_000)).append(time.monotonic())


@on("connect")
def connect(client: Any) -> None:
    """Count, and join a group."""
    handled["connect"] += 1
    client.is_watched = False
    client.add_to_group("class")


@on("disconnect")
def disconnect(client: Any) -> None:
    """Count; those who are watched also by name."""
    note("disconnect")
    if client.is_watched:
        note(f"{client.name} left")


@on("iam")
def iam(client: Any, name: str, watch: bool = False) -> None:
    """Take a name, and a group of one's own; be watched, perhaps."""
    client.name = name
    client.is_watched = watch
    client.add_to_group(f"of {name}")


@on("line")
def line(client: Any, n: int) -> None:
    """The witness's: only it gets its line, so that the others need not read it."""
    client.send("line", n=n)


@on("echo")
def echo(client: Any, **params: Any) -> None:
    """Send all of it back."""
    note("echo")
    client.send("echo", **params)


@on("chat")
def chat(client: Any, text: str) -> None:
    """Send it to everybody."""
    note("chat")
    broadcast("chat", name=client.name, text=text)


@on("vote")
def vote(client: Any, choice: str) -> None:
    """Count."""
    handled["vote"] += 1


@on("slow")
async def slow(client: Any) -> None:
    """Sleep politely."""
    handled["slow begun"] += 1
    await sleep(0.3)
    handled["slow"] += 1


@on("busy")
def busy(client: Any) -> None:
    """Costs something: two milliseconds of this thread."""
    note("busy")
    threading.Event().wait(0.002)


@on("bug")
def bug(client: Any, **params: Any) -> None:
    """Fail."""
    handled["bug"] += 1
    raise KeyError("a pupil's bug")


@on("strict")
def strict(client: Any, text: str) -> None:
    """Want just one parameter."""
    handled["strict"] += 1
    client.send("strict", text=text)


@on("kick")
def kick(client: Any, name: str) -> None:
    """Kick whoever is called so, and tell when."""
    found = [one for one in clients if one.name == name]
    for one in found:
        one.kick("Please be kind.")
    client.send("kicked", count=len(found), at=time.monotonic())


@on("for_each")
def for_each(client: Any, count: int) -> None:
    """What freezes others' servers: everybody is sent something, one after the other."""
    for number in range(count):
        for one in clients:
            one.send("picture", number=number, pixels="x" * 10_000)
    handled["for_each"] += 1


@on("report")
def report(client: Any, since: float = 0.0, deep: bool = False) -> None:
    """Tell what is held, and how often handlers were called since a moment.

    A deep look at all objects takes its time.
    """
    later = {op: sum(at > since for at in list(each)) for op, each in times.items()}
    client.send("report", since=later, **what_is_held(deep))


def what_is_held(deep: bool) -> Dict[str, Any]:
    """Count what could be left behind."""
    kinds: Counter = Counter()
    if deep:
        gc.collect()
    for thing in gc.get_objects() if deep else ():
        kind = type(thing)
        if (
            issubclass(kind, (asyncio.Future, asyncio.TimerHandle, asyncio.BaseTransport))
            or (kind.__module__.startswith("wszero.") and kind.__module__ != "wszero.places")
            or (kind.__module__.startswith("websockets.") and kind.__name__ == "ServerProtocol")
        ):
            kinds[kind.__name__] += 1
    groups = wszero.names.default_app()._groups
    return {
        "clients": len(clients),
        "names": sorted(one.name for one in clients)[:40],
        "groups": len(groups._members),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "handles": len(os.listdir("/proc/self/fd")),
        "kinds": dict(kinds),
        "handled": dict(handled),
    }


if __name__ == "__main__":
    run_server(0, host="127.0.0.1", **from_command_line())
