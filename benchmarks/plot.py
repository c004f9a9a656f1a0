"""Draws what a delivery costs over the number of receivers, as SVG by hand."""

from __future__ import annotations

import math
from html import escape
from typing import Dict, List, Tuple

from benchmarks.table import Results, ratio

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 56, 56
# Each is told from its neighbours on white and on black, and every line has its name beside it.
COLOURS = (
    *("#7a7a7a", "#e0442e", "#2f7fd6", "#1b9e5a", "#b8860b", "#9a5fd0"),
    *("#d0568f", "#2a9d9d", "#8a6d3b", "#6b8e23", "#c2660c"),
)
TICKS = (1, 2, 5, 10, 20, 50, 100)
LABEL_GAP = 15

Point = Tuple[float, float]


def plot(results: Results, base: str) -> str:
    """Return the picture: for each server a line of ratios to the base with as many receivers."""
    lines = _lines(results, base)
    counts = sorted({count for points in lines.values() for count, _ in points})
    if not counts:
        raise ValueError("Nothing was sent to many: measure fanout-30, fanout-300 …")
    highest = max(value for points in lines.values() for _, value in points)
    top = next((tick for tick in TICKS if tick >= highest), math.ceil(highest))
    low = min(0.9, *(value for points in lines.values() for _, value in points))

    def at(count: float, value: float) -> Point:
        across = math.log(count / counts[0]) / (math.log(counts[-1] / counts[0]) or 1)
        up = math.log(value / low) / math.log(top / low)
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1)

    parts = [_head(f"What a delivery costs the server, {base} = 1")]
    for tick in (tick for tick in TICKS if tick <= top):
        x, y = at(counts[0], tick)
        parts.append(f'<path class="grid" d="M{x} {y}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{tick} ×</text>')
    for count in counts:
        x, y = at(count, low)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{count:,}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
        "receivers</text>"
    )
    parts += _curves({name: [at(*point) for point in points] for name, points in lines.items()})
    return "\n".join([*parts, "</svg>", ""])


def _lines(results: Results, base: str) -> Dict[str, List[Point]]:
    lines: Dict[str, List[Point]] = {}
    for name, load in results["workloads"].items():
        if not name.startswith("fanout-"):
            continue
        for server in results["servers"]:
            value = ratio(results, name, server, base)
            if value is not None:
                lines.setdefault(server, []).append((load["clients"], value))
    # A line that ends halfway, at the limit on clients, would say nothing but that.
    longest = max((len(points) for points in lines.values()), default=0)
    whole = {server: points for server, points in lines.items() if len(points) == longest}
    return {server: sorted(points) for server, points in whole.items()}


def _head(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="Verdana, Arial, sans-serif" font-size="12">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>text{fill:#1f2937}.grid{stroke:#1f2937;stroke-opacity:.2}"
        "@media(prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}"
        ".grid{stroke:#e6edf3}}</style>\n"
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        f'<text x="{LEFT}" y="28" font-size="16">{escape(title)}</text>'
    )


def _curves(lines: Dict[str, List[Point]]) -> List[str]:
    parts = []
    ends = sorted((points[-1][1], name) for name, points in lines.items())
    places: Dict[str, float] = {}
    last = -math.inf
    for y, name in ends:
        last = places[name] = max(y, last + LABEL_GAP)
    # Pushed below the picture's edge, all names move up together.
    too_low = max(0.0, last - (HEIGHT - BOTTOM)) if ends else 0.0
    for (name, points), colour in zip(lines.items(), _colours(len(lines))):
        width = 3.5 if name == "wszero" else 1.8
        path = "L".join(f"{x} {y}" for x, y in points)
        style = f'stroke="{colour}" stroke-width="{width}"'
        parts.append(f'<path fill="none" {style} stroke-linejoin="round" d="M{path}"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="{width + 1}" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        label = round(places[name] - too_low, 1)
        parts.append(f'<path stroke="{colour}" d="M{x + 4} {y}L{x + 16} {label}"/>')
        weight = ' font-weight="bold"' if name == "wszero" else ""
        parts.append(f'<text x="{x + 20}" y="{round(label + 4, 1)}"{weight}>{escape(name)}</text>')
    return parts


def _colours(count: int) -> List[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]
