#!/usr/bin/env python3
"""Attack a real server in every way, beside a witness that must not notice.

python tests/rigs/attacks.py                     all attacks, one after the other
python tests/rigs/attacks.py floods churn        these
python tests/rigs/attacks.py --list              what there is
python tests/rigs/attacks.py --seconds 30        longer
python tests/rigs/attacks.py --python build/venvs/3.8/bin/python       the server's Python

For each: the witness (50 lines a second, each back, in order), memory, threads and file handles,
lines in the console, and that a page loads within two seconds all the time. Linux only.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.rigs import attacks_by_flood, attacks_by_frames, attacks_by_leaving, attacks_by_number
from tests.rigs.attack_list import ATTACKS, Attack
from tests.rigs.running import ROOT, Program, default_python, versions
from tests.rigs.scene import Scene

FILES = (attacks_by_flood, attacks_by_leaving, attacks_by_frames, attacks_by_number)


def main() -> int:
    """Does what the words say.

    Returns:
        The exit code: 0 when each attack came to nothing.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--python", default=default_python())
    parser.add_argument("--console", action="store_true", help="show what the server says")
    parser.add_argument("--source", default=ROOT, type=Path, help="a folder with another wszero")
    words = parser.parse_args()
    if words.list:
        for one in ATTACKS.values():
            print(f"{one.name:<28} {one.words}")
        return 0
    unknown = set(words.names) - set(ATTACKS)
    if unknown:
        parser.error(f"there is no attack called {', '.join(sorted(unknown))}: see --list")
    Program.source = words.source.resolve()
    python, websockets = versions(words.python)
    print(f"Python {python}, websockets {websockets}")
    groups = f"{'noise':>5}  {'witness, ms':>19}   {'memory, MB':>12}  {'page':>6} {'lines':>5}"
    columns = f"{'p99':>5}  {'p50':>5} {'p99':>6} {'max':>6}   {'peak':>5} {'left':>6}  {'ms':>6}"
    print(f"{'':<28}      {groups}")
    print(f"{'attack':<28}      {columns}        what was seen", flush=True)
    chosen = [ATTACKS[name] for name in words.names] or list(ATTACKS.values())
    failed = [one.name for one in chosen if not run(one, words)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} came to nothing")
    if failed:
        print("failed:", ", ".join(failed))
    return 1 if failed else 0


def run(one: Attack, words: argparse.Namespace) -> bool:
    """Makes one attack and prints its line.

    Returns:
        Whether all went well.
    """
    began = time.monotonic()
    try:
        scene = Scene(words.python, words.seconds, one.options, one.handles, one.has_witness)
    except (SystemExit, OSError) as error:
        print(f"{one.name:<28} FAIL {error}", flush=True)
        return False
    figures: dict[str, Any] = {}
    try:
        try:
            one.run(scene)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            scene.check(False, f"{type(error).__name__}: {error} (line {where.lineno})")
        figures = scene.end(one.bounds)
    finally:
        scene.kill()
    witness = figures["witness"] or {"p50": 0, "p99": 0, "max": 0}
    took = f"{time.monotonic() - began:.0f} s"
    costs = f"{witness['p50']:>5.1f} {witness['p99']:>6.1f} {witness['max']:>6.0f}"
    memory = f"{figures['peak_mb']:>5.1f} {figures['memory_mb']:>6.1f}"
    print(
        f"{one.name:<28} {'FAIL' if scene.faults else 'PASS'} {figures['noise']['p99']:>5.1f}"
        f"  {costs}   {memory}  {figures['page_ms']:>6.0f} {len(figures['lines']):>5}"
        f"  {'; '.join(scene.notes)} ({took})"
    )
    for fault in list(dict.fromkeys(scene.faults))[:12]:
        print(f"      {fault}")
    if words.console or (scene.faults and any("console" in fault for fault in scene.faults)):
        shown = figures["lines"] if words.console else figures["lines"][:12]
        print(*(f"      | {line[:150]}" for line in shown), sep="\n")
    sys.stdout.flush()
    return not scene.faults


if __name__ == "__main__":
    sys.exit(main())
