"""A newcomer's first minute, run by an environment that holds the wheel and nothing else.

    python -I tests/wheel_check.py PATH_OF_THE_WSZERO_COMMAND

Not collected by pytest: it must run where there is no pytest and no checkout.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import websockets.sync.client

import wszero

DEADLINE_S = 30


def main(command: str) -> None:
    """Starts the demo, opens its page, sends a message, presses Ctrl-C."""
    checkout = Path(__file__).resolve().parent.parent
    home = Path(wszero.__file__).resolve()
    assert checkout not in home.parents, f"{home} is the checkout, not the wheel"
    assert (home.parent / "py.typed").is_file(), "py.typed is not in the wheel"

    # Started in the background of a script, Ctrl-C is ignored, and by our children with us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings = {"WSZERO_SHOW": "0", "WSZERO_PORT": "0", "PYTHONUNBUFFERED": "1"}
    demo = subprocess.Popen(
        [command, "demo"],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # Reading the console must not wait for ever: a demo that hangs is killed.
    watchdog = threading.Timer(DEADLINE_S, demo.kill)
    watchdog.start()
    try:
        address = read_address(demo)
        look_at_pages(address)
        talk(address)
        demo.send_signal(signal.SIGINT)
        rest = demo.communicate(timeout=DEADLINE_S)[0].decode()
    finally:
        watchdog.cancel()
        demo.kill()
        demo.wait()
    assert demo.returncode == 0, f"after Ctrl-C: exit code {demo.returncode}\n{rest}"
    assert "Traceback" not in rest, rest
    print(f"The wheel works on Python {sys.version.split()[0]}: page, message, Ctrl-C.")


def read_address(demo: subprocess.Popen[bytes]) -> str:
    """Waits for the line with the address for this computer."""
    assert demo.stdout is not None
    console = ""
    for line in demo.stdout:
        console += line.decode()
        found = re.search(r"http://localhost:\d+", console)
        if found:
            return found.group()
    raise AssertionError(f"The demo ended or hung without an address:\n{console}")


def look_at_pages(address: str) -> None:
    """The page and the script that makes it live."""
    page = get(address + "/")
    assert "<html" in page.lower(), page
    assert "HANDLERS" in get(address + "/wszero.js")


def talk(address: str) -> None:
    """What one person says is on the other one's screen."""
    connect = websockets.sync.client.connect
    with connect(f"ws{address[4:]}/ws") as amy, connect(f"ws{address[4:]}/ws") as bob:
        amy.send(json.dumps({"op": "say", "text": "hello"}))
        message = {"op": ""}
        while message["op"] != "line":
            message = json.loads(bob.recv(timeout=DEADLINE_S))
        assert message["text"] == "hello", message


def get(url: str) -> str:
    """Fetches a page of this computer, whatever proxy the machine has."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=DEADLINE_S) as answer:
        text: str = answer.read().decode()
        return text


if __name__ == "__main__":
    main(sys.argv[1])
