"""Medians and ratios of what was measured, as text."""

from __future__ import annotations

import statistics
from typing import Any, Dict, List, Optional, Sequence

Results = Dict[str, Any]
"""What `--json` writes: see `compare.py`."""


def ratio(results: Results, workload: str, server: str, base: str) -> Optional[float]:
    """Return how many times the base's CPU time a server takes: the median of the rounds' ratios.

    Both are measured within a moment in each round, so that what disturbs the machine meets both.
    """
    ours = results["workloads"].get(workload, {}).get("servers", {}).get(server)
    theirs = results["workloads"].get(workload, {}).get("servers", {}).get(base)
    if not ours or not theirs or not ours["cpu_us"] or not theirs["cpu_us"]:
        return None
    pairs = zip(ours["cpu_us"], theirs["cpu_us"])
    return float(statistics.median([one / other for one, other in pairs]))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def grid(rows: Sequence[Sequence[str]], is_markdown: bool) -> List[str]:
    """Return the lines of a table, whose first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for index, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append(f"| {' | '.join(cells)} |" if is_markdown else "  ".join(cells).rstrip())
        if index == 0 and is_markdown:
            lines.append(f"| {' | '.join(['---'] + ['---:'] * (len(row) - 1))} |")
    return lines


def tables(results: Results, base: str, is_markdown: bool = False) -> List[str]:
    """Return all tables as lines of text."""
    workloads = results["workloads"]
    loads = [name for name, load in workloads.items() if load["kind"] == "messages"]
    lines: List[str] = []
    if loads:
        lines += _title("CPU time of the server for one message or delivery", is_markdown)
        lines += grid(_cpu_rows(results, loads, base), is_markdown)
        lines += _title("Waiting in milliseconds, p50 / p99", is_markdown)
        lines += grid(_wait_rows(results, loads), is_markdown)
    if any(load["kind"] != "messages" for load in workloads.values()):
        lines += _title("Connections", is_markdown)
        lines += grid(_connection_rows(results), is_markdown)
    lines += ["", *results["notes"]]
    return lines


def _title(words: str, is_markdown: bool) -> List[str]:
    return ["", f"### {words}", ""] if is_markdown else ["", words]


def _servers(results: Results) -> List[str]:
    return list(results["servers"])


def _cpu_rows(results: Results, loads: List[str], base: str) -> List[List[str]]:
    workloads = results["workloads"]
    rows = [["", *(workloads[load]["title"] for load in loads)]]
    first = [f"{base}, µs"]
    for load in loads:
        values = workloads[load]["servers"].get(base, {}).get("cpu_us")
        first.append(f"{statistics.median(values):.2f}" if values else "–")
    rows.append(first)
    for server in _servers(results):
        ratios = [ratio(results, load, server, base) for load in loads]
        rows.append([server, *("–" if one is None else f"{one:.2f}" for one in ratios)])
    return rows


def _wait_rows(results: Results, loads: List[str]) -> List[List[str]]:
    workloads = results["workloads"]
    rows = [["", *(workloads[load]["title"] for load in loads)]]
    for server in _servers(results):
        row = [server]
        for load in loads:
            found = workloads[load]["servers"].get(server)
            p50, p99 = (found["p50_ms"], found["p99_ms"]) if found else ([], [])
            middle = statistics.median
            row.append(f"{middle(p50):.2f} / {middle(p99):.2f}" if p50 and p99 else "–")
        rows.append(row)
    return rows


def _connection_rows(results: Results) -> List[List[str]]:
    columns = {
        "kib": "KiB each",
        "idle_us": "idle, µs a second each",
        "connect_us": "coming and going, µs",
    }
    values: Dict[str, Dict[str, float]] = {}
    for load in results["workloads"].values():
        if load["kind"] != "messages":
            for server, found in load["servers"].items():
                values.setdefault(server, {}).update(found["values"])
    rows = [["", *columns.values()]]
    for server in _servers(results):
        known = values.get(server, {})
        rows.append([server, *(f"{known[one]:.1f}" if one in known else "–" for one in columns)])
    return rows
