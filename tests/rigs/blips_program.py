"""The program of the rig `blips.py`: it counts aloud for everybody, and writes down what it hears.

A JSON list a line goes into the file that it is started with: what happened, to whom, which number.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from wszero import broadcast, every, on, run_server

PORT = 8000
EVERY_S = 0.1
PAGE = """<!DOCTYPE html><title>blips</title><script>
var sessions = [], said = 0;
HANDLERS.n = function (msg) {
    var last = sessions[sessions.length - 1];
    if (!last || last.id !== wszero.id) { sessions.push(last = { id: wszero.id, heard: [] }); }
    last.heard.push(msg.i);
};
setInterval(function () {
    if (wszero.connected || said) { send('n', { i: said }); said += 1; }
}, 200);
</script>"""

book = open(sys.argv[1], "a", encoding="utf-8", buffering=1)  # noqa: SIM115
count = -1


def note(*what: object) -> None:
    """Write it down."""
    book.write(json.dumps(what) + "\n")


@on("connect")
def connect(client: Any) -> None:
    """Somebody has come."""
    note("came", client.id)


@on("disconnect")
def disconnect(client: Any) -> None:
    """Somebody has left."""
    note("left", client.id)


@on("n")
def n(client: Any, i: int) -> None:
    """Somebody counts; it must be the client that has counted before."""
    known = getattr(client, "seen", client)
    client.seen = client
    note("n", client.id, i, known is client)


@every(EVERY_S)
def tick() -> None:
    """Count for everybody."""
    global count
    count += 1
    broadcast("n", i=count)


if __name__ == "__main__":
    folder = Path(sys.argv[1]).parent
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    run_server(PORT, folder=str(folder), show=False)
