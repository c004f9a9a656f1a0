"""What connections cost that say nothing, and what it costs to make one."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from typing import Any, Callable, Dict, List, Sequence

from benchmarks.checking import WrongMessage
from benchmarks.load import Crowd, Stuck
from benchmarks.peers import Peer, Runtimes
from benchmarks.processes import CannotStart, Process, cpu_ns, rss_bytes

FIRST_COMERS = 20
"""They come and go before the memory is looked at: what is made once is not counted."""
SETTLE_S = 0.5

Values = Dict[str, Dict[str, Dict[str, float]]]


def idle(
    peers: Sequence[Peer],
    runtimes: Runtimes,
    notes: List[str],
    clients: int,
    seconds: float,
    limit: int,
) -> Dict[str, Any]:
    """Measure memory and CPU time of clients that only answer pings, on all servers at once.

    Args:
        peers: The servers.
        runtimes: What starts them.
        notes: Gets a line for each server that falls out.
        clients: How many for each server.
        seconds: How long to watch. Some servers ping only every 25 seconds.
        limit: So many sockets may be open: with fewer clients for each server if need be.
    """
    servers: Values = {}
    fitting = (limit - 200) // max(1, len(peers))
    if fitting < clients:
        notes.append(f"Only {fitting} idle clients for each: {limit} files may be open.")
        clients = fitting
    with ExitStack() as stack:
        crowds: Dict[str, Crowd] = {}
        running: Dict[str, Process] = {}

        def fill(peer: Peer, process: Process) -> None:
            _come_and_go(peer, process, FIRST_COMERS)
            before = rss_bytes(process.pid)
            crowd = stack.enter_context(Crowd(peer.dialect, process.port, "chat"))
            crowd.open(clients)
            time.sleep(SETTLE_S)
            kib = (rss_bytes(process.pid) - before) / clients / 1024
            servers[peer.name] = {"values": {"kib": kib}}
            crowds[peer.name], running[peer.name] = crowd, process

        _each(peers, runtimes, notes, stack, fill)
        before = {name: cpu_ns(process.pid) for name, process in running.items()}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, crowd in tuple(crowds.items()):
                try:
                    crowd.drain()
                except (WrongMessage, Stuck, OSError) as problem:
                    notes.append(f"{name} fell out of idle: {problem}")
                    del crowds[name]
            time.sleep(0.05)
        for name in crowds:
            used_us = (cpu_ns(running[name].pid) - before[name]) / 1000
            servers[name]["values"]["idle_us"] = used_us / seconds / clients
    return {"title": "idle", "kind": "idle", "clients": clients, "servers": servers}


def connecting(
    peers: Sequence[Peer], runtimes: Runtimes, notes: List[str], clients: int, rounds: int
) -> Dict[str, Any]:
    """Measure the CPU time for opening a connection, and for closing it again.

    Args:
        peers: The servers.
        runtimes: What starts them.
        notes: Gets a line for each server that falls out.
        clients: How many in each round.
        rounds: How often; the middle one counts.
    """
    servers: Values = {}
    with ExitStack() as stack:
        running: Dict[str, Process] = {}
        costs: Dict[str, List[float]] = {}

        def begin(peer: Peer, process: Process) -> None:
            _come_and_go(peer, process, FIRST_COMERS)
            running[peer.name] = process

        _each(peers, runtimes, notes, stack, begin)
        for _ in range(rounds):
            for peer in peers:
                if peer.name not in running:
                    continue
                process = running[peer.name]
                try:
                    before = cpu_ns(process.pid)
                    _come_and_go(peer, process, clients)
                    cost = (cpu_ns(process.pid) - before) / 1000 / clients
                    costs.setdefault(peer.name, []).append(cost)
                except (WrongMessage, Stuck, OSError) as problem:
                    notes.append(f"{peer.name} fell out of connecting: {problem}")
                    del running[peer.name]
        for name in running:
            servers[name] = {"values": {"connect_us": statistics.median(costs[name])}}
    return {"title": "connecting", "kind": "connecting", "clients": clients, "servers": servers}


def _each(
    peers: Sequence[Peer],
    runtimes: Runtimes,
    notes: List[str],
    stack: ExitStack,
    begin: Callable[[Peer, Process], None],
) -> None:
    """Start all servers, and do with each what comes first."""
    for peer in peers:
        try:
            process = runtimes.start(peer)
            stack.callback(process.stop)
            begin(peer, process)
        except (CannotStart, WrongMessage, Stuck, OSError) as problem:
            notes.append(f"{peer.name} fell out: {problem}")


def _come_and_go(peer: Peer, process: Process, clients: int) -> None:
    with Crowd(peer.dialect, process.port, "chat") as crowd:
        crowd.knock(clients)
