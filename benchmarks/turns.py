"""One workload on all servers: they are up together, and take turns in each round."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence

from benchmarks.checking import WrongMessage
from benchmarks.load import Crowd, Stuck
from benchmarks.peers import Peer, Runtimes
from benchmarks.processes import CannotStart, Process
from benchmarks.table import percentile
from benchmarks.workloads import Prepared, Workload

FEWER_ROUNDS = 3
"""Rounds where clients must be connected anew each time."""


@dataclass
class Entry:
    """A server that takes part."""

    peer: Peer
    process: Process
    crowd: Optional[Crowd] = None
    prepared: Optional[Prepared] = None
    cpu_us: List[float] = field(default_factory=list)
    p50_ms: List[float] = field(default_factory=list)
    p99_ms: List[float] = field(default_factory=list)


class Turns:
    """Measures one workload.

    Args:
        load: The workload.
        peers: The servers.
        runtimes: What starts them.
        notes: Gets a line for each server that falls out.
    """

    def __init__(
        self, load: Workload, peers: Sequence[Peer], runtimes: Runtimes, notes: List[str]
    ) -> None:
        self._load = load
        self._peers = peers
        self._runtimes = runtimes
        self._notes = notes

    def measure(self, rounds: int, seconds: float, limit: int) -> Dict[str, Any]:
        """Run all rounds, and return what goes into the results.

        Args:
            rounds: How many.
            seconds: About how long each server's turn lasts.
            limit: So many sockets may be open: the clients stay connected if they fit in.
        """
        stays = self._load.clients * len(self._peers) + 200 < limit
        with ExitStack() as stack:
            entries = self._start(stack)
            for turn in range(rounds if stays else min(rounds, FEWER_ROUNDS)):
                # Each round begins with another one: nobody always follows the same neighbour.
                first = turn % max(1, len(entries))
                for entry in [*entries[first:], *entries[:first]]:
                    if not self._turn(entry, seconds, stays):
                        entries.remove(entry)
                        entry.process.stop()
            for entry in entries:
                if entry.crowd is not None:
                    entry.crowd.close()
        return {
            "title": self._load.title,
            "kind": "messages",
            "clients": self._load.clients,
            "servers": {
                entry.peer.name: {
                    "cpu_us": entry.cpu_us,
                    "p50_ms": entry.p50_ms,
                    "p99_ms": entry.p99_ms,
                }
                for entry in entries
            },
        }

    def _start(self, stack: ExitStack) -> List[Entry]:
        entries = []
        for peer in self._peers:
            try:
                process = self._runtimes.start(peer)
            except CannotStart as problem:
                self._notes.append(f"{peer.name} did not start: {problem}")
                continue
            stack.callback(process.stop)
            entries.append(Entry(peer, process))
        return entries

    def _turn(self, entry: Entry, seconds: float, stays: bool) -> bool:
        """Measure one server once; returns whether it goes on taking part."""
        load, peer = self._load, entry.peer
        crowd = entry.crowd or Crowd(peer.dialect, entry.process.port, load.op)
        entry.crowd = crowd
        try:
            if entry.prepared is None:
                is_numbered = peer.is_numbered or load.op == "draw"
                entry.prepared = load.prepare(crowd, is_numbered, seconds)
            sample = load.round(crowd, entry.prepared, entry.process.pid, seconds)
        except (WrongMessage, Stuck, OSError) as problem:
            self._notes.append(f"{peer.name} fell out of {load.name}: {problem}")
            entry.crowd = None
            crowd.close()
            return False
        entry.cpu_us.append(sample.cpu_us)
        entry.p50_ms.append(percentile(sample.wait_ms, 50))
        entry.p99_ms.append(percentile(sample.wait_ms, 99))
        if not stays:
            crowd.close()
            entry.crowd = entry.prepared = None
        return True
