"""Pulls the cable between a program and its pages, and looks whether anybody noticed.

python3 -m tests.rigs.blips                      all of it, some five minutes
python3 -m tests.rigs.blips cable:3 silent:25    a cut cable for 3 s, a silent network for 25 s

As root on Linux, with `ip` (iproute2): the program lives in one network namespace that the rig
makes, the pages in another, with a virtual cable in between. "cable": the link is down, and both
sides' systems know it. "silent": each side sends to a hardware address that does not exist, as
when an access point forgets a tablet, and no system knows anything.

Both sides count aloud all the time. Up to the grace: the very same client, nobody has come or gone,
each number has arrived once and in order. After it: one goodbye, a new client, and in each of the
two sessions the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

ROOT = Path(__file__).resolve().parents[2]
PROGRAM, PAGES = f"wszero-program-{os.getpid()}", f"wszero-pages-{os.getpid()}"
"""The namespaces."""
HERE, THERE, PORT = "10.77.0.1", "10.77.0.2", "8000"
NOWHERE = "02:00:00:00:00:99"
GRACE_S = 30
SILENT_S = 22
"""So long it takes at most until the program knows that nobody is there."""
PAGE_LIKE = 12
DEFAULT = ("cable:3", "silent:3", "cable:25", "silent:25", "cable:70", "silent:70")
PATIENCE_S = 60.0


def missing() -> str:
    """Return what is missing to run the rig, in a sentence; nothing if it can run."""
    if not sys.platform.startswith("linux"):
        return "This rig needs Linux: it makes network namespaces."
    if shutil.which("ip") is None:
        return "This rig needs the command ip: install iproute2."
    if os.geteuid() != 0:
        return "This rig needs root, to make network namespaces: try sudo."
    made = subprocess.run(["ip", "netns", "add", PAGES], capture_output=True, text=True)
    if made.returncode:
        return f"This rig can't make network namespaces here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", PAGES], check=True)
    return ""


def _ip(*words: str, space: str = "") -> str:
    command = ["ip", *(["-n", space] if space else []), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Cable:
    """Two namespaces and what connects them."""

    def __enter__(self) -> Cable:
        for space in (PROGRAM, PAGES):
            _ip("netns", "add", space)
            _ip("link", "set", "lo", "up", space=space)
        peer = ["peer", "name", "end", "netns", PAGES]
        _ip("link", "add", "end", "type", "veth", *peer, space=PROGRAM)
        self._addresses = {}
        for space, address in ((PROGRAM, HERE), (PAGES, THERE)):
            _ip("addr", "add", f"{address}/24", "dev", "end", space=space)
            _ip("link", "set", "end", "up", space=space)
            described = _ip("-o", "link", "show", "end", space=space)
            self._addresses[address] = described.split("link/ether ")[1].split()[0]
        return self

    def __exit__(self, *reason: object) -> None:
        for space in (PROGRAM, PAGES):
            _ip("netns", "del", space)

    def cut(self, way: str) -> None:
        """Breaks the connection."""
        if way == "cable":
            _ip("link", "set", "end", "down", space=PAGES)
        else:
            self._point_to({HERE: NOWHERE, THERE: NOWHERE})

    def mend(self, way: str) -> None:
        """Makes it whole."""
        if way == "cable":
            _ip("link", "set", "end", "up", space=PAGES)
        else:
            self._point_to(self._addresses)

    def _point_to(self, addresses: Dict[str, str]) -> None:
        for space, other in ((PROGRAM, THERE), (PAGES, HERE)):
            where = ["lladdr", addresses[other], "dev", "end", "nud", "permanent"]
            _ip("neigh", "replace", other, *where, space=space)


class Lesson:
    """A program and its pages, each in its namespace."""

    def __init__(self, folder: Path) -> None:
        self._book = folder / "book.txt"
        self._console = open(folder / "console.txt", "w+", encoding="utf-8")  # noqa: SIM115
        env = {**os.environ, "PYTHONPATH": str(ROOT), "WSZERO_SHOW": "0"}
        self._program = self._start(PROGRAM, "blips_program", str(self._book), env=env)
        self._wait_until(lambda: "http://" in self.console, "the program serves")
        words = [HERE, PORT, str(PAGE_LIKE)]
        self._pages = self._start(PAGES, "blips_pages", *words, env=env, pipes=True)
        self._wait_until(lambda: all(page["sessions"] for page in self.report()), "all are there")

    def _start(
        self, space: str, module: str, *words: str, env: Dict[str, str], pipes: bool = False
    ) -> subprocess.Popen[str]:
        command = ["ip", "netns", "exec", space, sys.executable, "-m", f"tests.rigs.{module}"]
        return subprocess.Popen(
            [*command, *words],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else self._console,
            stderr=None if pipes else self._console,
            text=True,
        )

    @property
    def console(self) -> str:
        """What the program has printed."""
        return Path(self._console.name).read_text(encoding="utf-8")

    def _wait_until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"not within {PATIENCE_S:.0f} s: {what}\n{self.console}")
            time.sleep(0.1)

    def report(self) -> List[Dict[str, Any]]:
        """Asks the pages."""
        assert self._pages.stdin is not None
        assert self._pages.stdout is not None
        self._pages.stdin.write("report\n")
        self._pages.stdin.flush()
        pages: List[Dict[str, Any]] = json.loads(self._pages.stdout.readline())
        return pages

    def book(self) -> List[List[Any]]:
        """What the program has written down."""
        lines = self._book.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Ends both."""
        self._pages.stdin.close()  # type: ignore[union-attr]
        self._program.terminate()
        for process in (self._pages, self._program):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._console.close()


class Outcome(NamedTuple):
    """What one kind of page has lived through."""

    way: str
    cut_s: float
    kind: str
    pages: int
    away_s: float
    """After the cut: until the last one has noticed; 0 if none did."""
    back_s: float
    """After the mend: until the last one is back."""
    heard: int
    told: int
    faults: List[str]


def faults_of(page: Dict[str, Any], book: List[List[Any]], is_blip: bool) -> List[str]:
    """Return what is wrong with what one page has seen, and the program of it."""
    faults = []
    ids = [session["id"] for session in page["sessions"]]
    if len(ids) != (1 if is_blip else 2):
        faults.append(f"{len(ids)} sessions")
    for session in page["sessions"]:
        heard = session["heard"]
        if not heard or heard != list(range(heard[0], heard[0] + len(heard))):
            faults.append(f"{session['id']} has heard what is not in a row")
    told = [line[2] for line in book if line[0] == "n" and line[1] in ids]
    in_order = list(range(len(told))) if is_blip else sorted(set(told))
    if told != in_order:
        faults.append("the program has heard what is not in a row")
    if page["said"] - len(told) > (5 if is_blip else 5 * (SILENT_S + GRACE_S)):
        faults.append(f"the program has heard {len(told)} of {page['said']}")
    if not all(line[3] for line in book if line[0] == "n"):
        faults.append("another client object")
    events = [line[:2] for line in book if line[0] != "n" and line[1] in ids]
    expected = [["came", ids[0]]]
    if not is_blip:
        expected += [["left", ids[0]], ["came", ids[-1]]]
    if events != expected:
        faults.append(f"events: {events}")
    if page["lost"]:
        faults.append(f"{page['lost']} lost")
    return faults


def run(way: str, cut_s: float) -> List[Outcome]:
    """One cut, seen by new pages of a new program."""
    with tempfile.TemporaryDirectory() as name, Cable() as cable:
        lesson = Lesson(Path(name))
        try:
            time.sleep(2)
            cut_at = time.time()
            cable.cut(way)
            time.sleep(cut_s)
            cable.mend(way)
            mended_at = time.time()
            pages = _wait_until_all_hear(lesson)
            # What a slow one still has on its way is not missing.
            time.sleep(2)
            pages, book = lesson.report(), lesson.book()
        finally:
            lesson.close()
    is_blip = cut_s < GRACE_S
    outcomes = []
    for kind in sorted({page["kind"] for page in pages}):
        some = [page for page in pages if page["kind"] == kind]
        faults = [fault for page in some for fault in faults_of(page, book, is_blip)]
        ids = [session["id"] for page in some for session in page["sessions"]]
        away = max(page["away_at"] for page in some)
        outcomes.append(
            Outcome(
                way,
                cut_s,
                kind,
                len(some),
                away - cut_at if away > cut_at else 0.0,
                max(max(page["back_at"] - mended_at for page in some), 0.0),
                sum(len(session["heard"]) for page in some for session in page["sessions"]),
                sum(line[0] == "n" and line[1] in ids for line in book),
                faults,
            )
        )
    return outcomes


def _wait_until_all_hear(lesson: Lesson) -> List[Dict[str, Any]]:
    """Wait until each page hears numbers again, and all of them are equally far."""
    deadline = time.monotonic() + PATIENCE_S
    newest: Optional[int] = None
    while True:
        pages = lesson.report()
        heard = [page["sessions"][-1]["heard"] for page in pages if page["connected"]]
        last = [numbers[-1] for numbers in heard if numbers]
        if newest is None:
            newest = max(last, default=None)
        elif len(last) == len(pages) and min(last) > newest + 10:
            return pages
        if time.monotonic() > deadline:
            print(f"  after {PATIENCE_S:.0f} s not all of them are back")
            return pages
        time.sleep(0.2)


def main(words: List[str]) -> int:
    """Cut in each way, print a table; return 1 when somebody noticed."""
    what_is_missing = missing()
    if what_is_missing:
        print(what_is_missing)
        return 2
    print(f"{'cut':7} {'s':>4}  {'pages':14} {'away':>6} {'back':>6} {'heard':>7} {'told':>7}")
    is_good = True
    for word in words or DEFAULT:
        way, _, seconds = word.partition(":")
        for each in run(way, float(seconds)):
            pages = f"{each.pages} {each.kind}"
            verdict = "as promised" if not each.faults else "; ".join(sorted(set(each.faults)))
            print(
                f"{each.way:7} {each.cut_s:4.0f}  {pages:14} {each.away_s:6.1f} {each.back_s:6.1f} "
                f"{each.heard:7} {each.told:7}  {verdict}",
                flush=True,
            )
            is_good &= not each.faults
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
