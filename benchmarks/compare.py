"""Compare what a message costs wszero and its peers: CPU time of the server, on this machine.

    python benchmarks/compare.py --install      all peers, into build/benchmarks, then the table
    python benchmarks/compare.py                those that are there
    python benchmarks/compare.py --quick --servers floor,wszero --only echo-1,fanout-30
    python benchmarks/compare.py --json build/benchmarks/all.json --plot
    python benchmarks/compare.py --from build/benchmarks/all.json --plot

The numbers are ratios within one run, of rounds that alternate. What they mean and how they come
about is told in docs/performance.md, whose tables and picture `--plot` renews.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import List, Sequence

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.connections import connecting, idle
from benchmarks.installing import install
from benchmarks.load import raise_limit
from benchmarks.page import renew
from benchmarks.peers import FLOOR, PEERS, Peer, Runtimes
from benchmarks.table import Results, tables
from benchmarks.turns import Turns
from benchmarks.workloads import standard

IDLE, CONNECTING = "idle", "connecting"
BIGGEST = "fanout-5000"
SPARE_FILES = 200


def main(words: Sequence[str]) -> int:
    """Do what the command line says; returns the exit code."""
    options = _options(words)
    if options.reading:
        results: Results = json.loads(Path(options.reading).read_text("utf-8"))
    else:
        results = _measure(options)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    servers = results["servers"]
    base = options.base or (FLOOR if FLOOR in servers else servers[0])
    if base not in servers:
        sys.exit(f"{base} was not measured.")
    print("\n".join(tables(results, base)))
    if options.plot:
        renew(results, base)
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, help="how often each is measured (15)")
    parser.add_argument("--seconds", type=float, help="how long each time (0.2)")
    parser.add_argument("--idle-seconds", type=float, help="how long the idle are watched (30)")
    parser.add_argument("--only", help="workloads: " + ",".join(_all_names()))
    parser.add_argument("--servers", help="servers: " + ",".join(peer.name for peer in PEERS))
    parser.add_argument("--base", help="the server that counts as 1.00 (floor)")
    parser.add_argument("--python", help="the Python that runs the servers (this one)")
    parser.add_argument("--wszero", metavar="FOLDER", help="another checkout's wszero")
    parser.add_argument("--install", action="store_true", help="install the peers first")
    parser.add_argument("--quick", action="store_true", help="2 short rounds, none to 5000")
    parser.add_argument("--json", metavar="FILE", help="where to write all numbers")
    parser.add_argument("--from", metavar="FILE", dest="reading", help="numbers to read instead")
    parser.add_argument("--plot", action="store_true", help="renew docs/performance.*")
    options = parser.parse_args(words)
    options.rounds = options.rounds or (2 if options.quick else 15)
    options.seconds = options.seconds or (0.1 if options.quick else 0.2)
    options.idle_seconds = options.idle_seconds or (2.0 if options.quick else 30.0)
    return options


def _measure(options: argparse.Namespace) -> Results:
    # Names first: a slip of the pen must not show after the minutes that installing takes.
    chosen = _names(options.only, _all_names(), "workload")
    if options.quick and not options.only:
        chosen = [name for name in chosen if name != BIGGEST]
    _names(options.servers, [peer.name for peer in PEERS], "server")
    limit = raise_limit()
    notes = install(options.python or sys.executable) if options.install else []
    runtimes = Runtimes(options.python, options.wszero)
    peers = _present(options.servers, runtimes, notes)
    results: Results = {
        "versions": runtimes.versions,
        "processors": os.cpu_count(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "idle_seconds": options.idle_seconds,
        "servers": [peer.name for peer in peers],
        "workloads": {},
        "notes": notes,
    }
    loads = {load.name: load for load in standard()}
    few = 100 if options.quick else 1000
    for name in chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        clients = loads[name].clients if name in loads else few
        if clients + SPARE_FILES > limit:
            notes.append(f"Left out: {name}, because only {limit} files may be open.")
        elif name == IDLE:
            found = idle(peers, runtimes, notes, few, options.idle_seconds, limit)
            results["workloads"][name] = found
        elif name == CONNECTING:
            rounds = min(options.rounds, 7)
            found = connecting(peers, runtimes, notes, min(few, 300), rounds)
            results["workloads"][name] = found
        else:
            turns = Turns(loads[name], peers, runtimes, notes)
            found = turns.measure(options.rounds, options.seconds, limit)
            results["workloads"][name] = found
    return results


def _all_names() -> List[str]:
    return [*(load.name for load in standard()), IDLE, CONNECTING]


def _present(servers: str, runtimes: Runtimes, notes: List[str]) -> List[Peer]:
    known = {peer.name: peer for peer in PEERS}
    found = []
    for name in _names(servers, list(known), "server"):
        missing = runtimes.missing(known[name])
        if missing:
            notes.append(f"Not measured: {name}, for want of {' and '.join(missing)}.")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
