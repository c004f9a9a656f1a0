"""Compare what a message costs wszero and its peers: CPU time of the server, on this machine.

    python benchmarks/compare.py --install      all peers, into build/benchmarks, then the table
    python benchmarks/compare.py                those that are there
    python benchmarks/compare.py --quick --servers floor,wszero --only echo-1,fanout-30

The numbers are ratios within one run, of rounds that alternate. What they mean and how they come
about is told in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Dict, List, Sequence

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.checking import WrongMessage
from benchmarks.installing import install
from benchmarks.load import Crowd, Stuck, raise_limit
from benchmarks.peers import FLOOR, PEERS, Peer, Runtimes
from benchmarks.processes import CannotStart, Process
from benchmarks.table import Results, percentile, tables
from benchmarks.workloads import Workload, standard


def main(words: Sequence[str]) -> int:
    """Do what the command line says; returns the exit code."""
    options = _options(words)
    limit = raise_limit()
    problems = install(options.python or sys.executable) if options.install else []
    runtimes = Runtimes(options.python, options.wszero)
    results: Results = {
        "versions": runtimes.versions,
        "servers": [],
        "workloads": {},
        "notes": problems,
        "processors": os.cpu_count(),
    }
    peers = _present(options.servers, runtimes, results["notes"])
    results["servers"] = [peer.name for peer in peers]
    for load in _chosen(options.only):
        if load.clients + 200 > limit:
            results["notes"].append(f"Left out: {load.name}, only {limit} files may be open.")
            continue
        rounds = min(options.rounds, 3) if load.clients > 1000 else options.rounds
        print(f"{load.name} …", file=sys.stderr, flush=True)
        results["workloads"][load.name] = measure(
            load, peers, runtimes, rounds, options.seconds, results["notes"]
        )
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    base = FLOOR if FLOOR in results["servers"] else results["servers"][0]
    print("\n".join(tables(results, base)))
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, help="how often each is measured (7)")
    parser.add_argument("--seconds", type=float, help="how long each time (0.4)")
    parser.add_argument("--only", help="workloads: " + ",".join(one.name for one in standard()))
    parser.add_argument("--servers", help="servers: " + ",".join(peer.name for peer in PEERS))
    parser.add_argument("--python", help="the Python that runs the servers (this one)")
    parser.add_argument("--wszero", metavar="FOLDER", help="another checkout's wszero")
    parser.add_argument("--install", action="store_true", help="install the peers first")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 0.1 seconds")
    parser.add_argument("--json", metavar="FILE", help="where to write all numbers")
    options = parser.parse_args(words)
    options.rounds = options.rounds or (2 if options.quick else 7)
    options.seconds = options.seconds or (0.1 if options.quick else 0.4)
    return options


def _chosen(only: str) -> List[Workload]:
    known = {load.name: load for load in standard()}
    return [known[name] for name in _names(only, list(known), "workload")]


def _present(servers: str, runtimes: Runtimes, notes: List[str]) -> List[Peer]:
    known = {peer.name: peer for peer in PEERS}
    found = []
    for name in _names(servers, list(known), "server"):
        missing = runtimes.missing(known[name])
        if missing:
            notes.append(f"Not measured: {name}, {' and '.join(missing)} not installed.")
        else:
            found.append(known[name])
    if not found:
        sys.exit("None of these servers is installed. Try --install.")
    return found


def _names(text: str, known: List[str], kind: str) -> List[str]:
    chosen = [name.strip() for name in text.split(",")] if text else known
    for name in chosen:
        if name not in known:
            sys.exit(f"There is no {kind} {name!r}. There are: {', '.join(known)}")
    return chosen


def measure(
    load: Workload,
    peers: Sequence[Peer],
    runtimes: Runtimes,
    rounds: int,
    seconds: float,
    notes: List[str],
) -> Dict[str, object]:
    """Run one workload: all servers are up, and each round asks one after the other."""
    running: Dict[str, Process] = {}
    servers: Dict[str, Dict[str, List[float]]] = {}
    try:
        for peer in peers:
            try:
                running[peer.name] = runtimes.start(peer)
            except CannotStart as problem:
                notes.append(f"{peer.name} did not start: {problem}")
        for turn in range(rounds):
            # Each round begins with another one: nobody always follows the same neighbour.
            for peer in [*peers[turn % len(peers) :], *peers[: turn % len(peers)]]:
                if peer.name not in running:
                    continue
                process = running[peer.name]
                found = servers.setdefault(peer.name, {"cpu_us": [], "p50_ms": [], "p99_ms": []})
                is_numbered = peer.is_numbered or load.op == "draw"
                try:
                    with Crowd(peer.dialect, process.port, load.op) as crowd:
                        sample = load.round(crowd, process.pid, seconds, is_numbered)
                except (WrongMessage, Stuck, OSError) as problem:
                    notes.append(f"{peer.name} fell out of {load.name}: {problem}")
                    running.pop(peer.name).stop()
                    del servers[peer.name]
                    continue
                found["cpu_us"].append(sample.cpu_us)
                found["p50_ms"].append(percentile(sample.wait_ms, 50))
                found["p99_ms"].append(percentile(sample.wait_ms, 99))
                time.sleep(0.02)
    finally:
        for process in running.values():
            process.stop()
    return {"title": load.title, "kind": "messages", "clients": load.clients, "servers": servers}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
