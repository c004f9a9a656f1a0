"""Renews the tables in docs/performance.md, and its picture."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers import CHECKOUT
from benchmarks.plot import plot
from benchmarks.table import Results, tables

DOCS = CHECKOUT / "docs"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def renew(results: Results, base: str, folder: Path = DOCS) -> None:
    """Write what was measured between the two marks of the page, and draw the picture.

    Args:
        results: What was measured.
        base: The server that counts as 1.00.
        folder: Where `performance.md` is.

    Raises:
        ValueError: The page has lost its marks, or nothing was sent to many.
    """
    page = folder / "performance.md"
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} needs the lines {BEGIN} and {END}.")
    picture = plot(results, base)
    lines = "\n".join([describe(results), *tables(results, base, is_markdown=True)])
    page.write_text(f"{before}{BEGIN}\n\n{lines.rstrip()}\n\n{END}{after}", "utf-8")
    (folder / "performance.svg").write_text(picture, "utf-8")


def describe(results: Results) -> str:
    """Return in a sentence what was measured."""
    versions = dict(results["versions"])
    names = {"python": "Python", "node": "Node.js"}
    words = ", ".join(f"{names.get(name, name)} {versions[name]}" for name in sorted(versions))
    return (
        f"{results['processors']} processors; {results['rounds']} rounds of "
        f"{results['seconds']:g} s "
        "(at most 3 rounds with 5,000 receivers, and 7 when connecting); the idle were watched for "
        f"{results['idle_seconds']:g} s. Versions: {words}."
    )
