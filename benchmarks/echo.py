"""What one echoed message costs the server, and how much of it is the baton.

Three servers with the same handler, in rounds that alternate, so that noise meets all of them:

- wszero: as shipped, handlers on a thread of their own
- straight: wszero's network thread, with the handler called in its asyncio loop
- by hand: a server written with `websockets`, JSON and a loop over messages

The load comes over plain sockets with frames made beforehand, so that it costs little, and each
answer is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
from typing import Callable, Dict, List

MASK = b"\x01\x02\x03\x04"


# ---- the servers -------------------------------------------------------------------------------


def wszero_program() -> None:
    """Run the program as a user writes it."""
    import time

    import wszero

    @wszero.on("echo")
    def echo(client: wszero.Client, text: str) -> None:
        client.send("echo", text=text)

    @wszero.on("cpu")
    def cpu(client: wszero.Client) -> None:
        client.send("cpu", seconds=time.process_time())

    wszero.run_server()


def straight_program() -> None:
    """Run the same handlers, called in the network thread's loop instead of on a thread."""
    from wszero.runtime import Runtime

    def feed(self: Runtime, function: Callable[..., object], *args: object) -> None:
        call = function(*args)
        if call is not None:
            self.app.finished(call, call.start())  # type: ignore[attr-defined, arg-type]

    Runtime.feed = feed  # type: ignore[method-assign]
    wszero_program()


def by_hand_program() -> None:
    """Run what people write with `websockets` alone."""
    import asyncio
    import time

    from websockets.asyncio.server import ServerConnection, serve

    async def talk(connection: ServerConnection) -> None:
        async for text in connection:
            message = json.loads(text)
            if message["op"] == "echo":
                await connection.send(json.dumps({"op": "echo", "text": message["text"]}))
            else:
                await connection.send(json.dumps({"op": "cpu", "seconds": time.process_time()}))

    async def main() -> None:
        async with serve(talk, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            print(f"http://localhost:{port}", flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())


SERVERS = {"wszero": wszero_program, "straight": straight_program, "by hand": by_hand_program}


# ---- the load ----------------------------------------------------------------------------------


def frame(text: str) -> bytes:
    """Return a client's frame for a short text."""
    data = text.encode()
    masked = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(data))
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data)]) + MASK + masked


class Load:
    """One connection that sends many frames and counts the answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65536)
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]

    def answers(self) -> List[bytes]:
        """Return the texts that have come, at least one."""
        texts: List[bytes] = []
        while not texts:
            data = self.socket.recv(65536)
            assert data, "the server has gone"
            self.rest += data
            while len(self.rest) >= 2:
                length, start = self.rest[1], 2
                if length == 126 and len(self.rest) >= 4:
                    length, start = struct.unpack("!H", self.rest[2:4])[0], 4
                if len(self.rest) < start + length:
                    break
                if self.rest[0] == 0x81:
                    texts.append(self.rest[start : start + length])
                self.rest = self.rest[start + length :]
        return texts

    def cpu_seconds(self) -> float:
        """Return the CPU time that the server's process has used."""
        self.socket.sendall(frame('{"op": "cpu"}'))
        return float(json.loads(self.answers()[-1])["seconds"])

    def echo(self, messages: int, outstanding: int) -> float:
        """Return microseconds of CPU time for one echoed message."""
        before = self.cpu_seconds()
        sent = heard = 0
        while heard < messages:
            wanted = min(outstanding - (sent - heard), messages - sent)
            if wanted > 0:
                frames = [
                    frame(f'{{"op": "echo", "text": "{n}"}}') for n in range(sent, sent + wanted)
                ]
                self.socket.sendall(b"".join(frames))
                sent += wanted
            for text in self.answers():
                assert json.loads(text)["text"] == str(heard), "lost or out of order"
                heard += 1
        return (self.cpu_seconds() - before) / messages * 1e6


def measure(rounds: int, messages: int) -> None:
    """Print the table."""
    environment = {**os.environ, "WSZERO_PORT": "0", "WSZERO_SHOW": "0"}
    processes = []
    loads: Dict[str, Load] = {}
    for name in SERVERS:
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", name],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://localhost:" in line)
        loads[name] = Load(int(line.strip().rsplit(":", 1)[1]))
    try:
        print(f"{'CPU µs a message':24}" + "".join(f"{name:>12}" for name in SERVERS))
        for outstanding in (1, 16):
            results: Dict[str, List[float]] = {name: [] for name in SERVERS}
            for _ in range(rounds + 1):
                for name, load in loads.items():
                    results[name].append(load.echo(messages, outstanding))
            # The first round warms up.
            middle = {name: statistics.median(values[1:]) for name, values in results.items()}
            print(
                f"{f'{outstanding} outstanding':24}"
                + "".join(f"{v:12.1f}" for v in middle.values())
            )
            ratios = "".join(f"{middle['wszero'] / value:12.2f}" for value in middle.values())
            print(f"{'  wszero is … times':24}{ratios}")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        SERVERS[options.serve]()
    else:
        measure(options.rounds, options.messages)


if __name__ == "__main__":
    main()
