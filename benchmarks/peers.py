"""Who is measured, and what each of them needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from benchmarks.dialects import Bare, Page, Plain, SocketIO
from benchmarks.processes import Process

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
BUILD = CHECKOUT / "build" / "benchmarks"
NODE_MODULES = BUILD / "node" / "node_modules"

_ASK_VERSIONS = """
import json, sys
try:
    from importlib.metadata import version
except ImportError:
    from importlib_metadata import version
found = {"python": sys.version.split()[0]}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except Exception:
        pass
print(json.dumps(found))
"""


PLAIN = Plain()


@dataclass(frozen=True)
class Peer:
    """One row of the table.

    Attributes:
        name: What `--servers` calls it.
        program: Its file in `servers/`.
        needs: The packages without which it can't be measured.
        words: What its program is told before the port.
        dialect: What its clients say around the messages.
        is_numbered: False where it sends ready-made frames (but for drawing).
    """

    name: str
    program: str
    needs: Tuple[str, ...] = ()
    words: Tuple[str, ...] = ()
    dialect: Plain = PLAIN
    is_numbered: bool = True

    @property
    def is_node(self) -> bool:
        """Whether it runs in Node.js instead of Python."""
        return self.program.endswith(".js")


FLOOR = "floor"
PEERS = (
    Peer(FLOOR, "floor.py", dialect=Bare(), is_numbered=False),
    Peer("wszero", "wszero_chat.py", ("websockets", "h11"), dialect=Page()),
    Peer("wszero-plain", "wszero_chat.py", ("websockets", "h11")),
    Peer("wszero-defaults", "wszero_chat.py", ("websockets", "h11"), ("--defaults",), Page()),
    Peer("websockets", "by_hand.py", ("websockets",)),
    Peer("starlette", "starlette_chat.py", ("starlette", "uvicorn", "websockets"), ("asyncio",)),
    Peer(
        "starlette-uvloop",
        "starlette_chat.py",
        ("starlette", "uvicorn", "websockets", "uvloop"),
        ("uvloop",),
    ),
    Peer("aiohttp", "aiohttp_chat.py", ("aiohttp",)),
    Peer("tornado", "tornado_chat.py", ("tornado",)),
    Peer(
        "socketio",
        "socketio_chat.py",
        ("python-socketio", "uvicorn", "websockets"),
        dialect=SocketIO(),
    ),
    Peer("ws", "ws_chat.js", ("ws",)),
)


class Runtimes:
    """The Python and the Node.js that run the servers, and what is installed for them.

    Args:
        python: The Python that was asked for; the one in build/benchmarks that was made of it is
            taken where there is one.
        wszero: The folder that holds the package `wszero`; this checkout if not given.
    """

    def __init__(self, python: Optional[str] = None, wszero: Optional[str] = None) -> None:
        self.wszero = Path(wszero).resolve() if wszero else CHECKOUT
        self.base = python or sys.executable
        own = environment_of(self.base) / "bin" / "python"
        self.python = str(own) if own.exists() else self.base
        names = sorted({name for peer in PEERS if not peer.is_node for name in peer.needs})
        answer = subprocess.run(
            [self.python, "-c", _ASK_VERSIONS, *names], stdout=subprocess.PIPE, check=True
        )
        self.versions: Dict[str, str] = json.loads(answer.stdout)
        self.node = shutil.which("node")
        package = NODE_MODULES / "ws" / "package.json"
        if self.node and package.exists():
            self.versions["ws"] = str(json.loads(package.read_text("utf-8"))["version"])
            words = subprocess.run([self.node, "--version"], stdout=subprocess.PIPE, check=True)
            self.versions["node"] = words.stdout.decode().strip().lstrip("v")

    def missing(self, peer: Peer) -> List[str]:
        """Return what a peer needs and is not there."""
        return [name for name in peer.needs if name not in self.versions]

    def start(self, peer: Peer) -> Process:
        """Start a peer's server.

        Raises:
            CannotStart: It does not listen.
        """
        runs = self.node if peer.is_node else self.python
        environment = {
            "PYTHONPATH": str(self.wszero),
            "NODE_PATH": str(NODE_MODULES),
            "WSZERO_SHOW": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        BUILD.mkdir(parents=True, exist_ok=True)
        command = [str(runs), str(HERE / "servers" / peer.program), *peer.words]
        return Process(command, environment, BUILD / f"{peer.name}.log")


def environment_of(python: str) -> Path:
    """Return the folder of the environment that is made of a Python."""
    words = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", words], stdout=subprocess.PIPE, check=True)
    return BUILD / answer.stdout.decode().strip()
