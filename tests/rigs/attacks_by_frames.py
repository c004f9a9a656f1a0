"""Attacks with frames and texts that are wrong, or only strange."""

from __future__ import annotations

import contextlib
import json
import struct
import time
import zlib

from tests.rigs.attack_list import attack
from tests.rigs.scene import Bounds, Scene
from tests.rigs.sockets import BINARY, CLOSE, CONT, PING, TEXT, Peer, frame, text

MIB = 1024 * 1024
HALF_OF_A_CHARACTER = "é".encode()[:1]


def _ends_with(scene: Scene, what: str, data: bytes, codes: tuple[int, ...]) -> None:
    peer = scene.peer()
    # Refused at its head: what follows need not be read.
    with contextlib.suppress(OSError):
        peer.send(data)
    code = peer.close_code(5.0)
    wanted = " or ".join(map(str, codes))
    scene.check(code in codes, f"{what}: {code} instead of {wanted}")
    peer.close()


def _goes_on(scene: Scene, peer: Peer, what: str) -> None:
    peer.send(text("echo", proof=what))
    for message in peer.messages(5.0):
        if message.get("op") == "echo" and message.get("proof") == what:
            return
    scene.check(False, f"{what}: the connection is of no use any more")


@attack(has_witness=True)
def announces(scene: Scene) -> None:
    """A frame of 2^63 bytes is announced, and more such: refused at its head."""
    for size in (2**63, 2**63 - 1, 2**64 - 1, 2**40, MIB + 1):
        head = b"\x81\xff" + struct.pack("!Q", size) + b"\0\0\0\0"
        _ends_with(scene, f"{size} bytes announced", head + b"x" * 1000, (1002, 1009))
    scene.check("max_message" in scene.program.console, "the console does not name max_message")


@attack(Bounds(peak_mb=64))
def oversize(scene: Scene) -> None:
    """Messages over the limit: in one frame, in pieces, in thousands of pieces."""
    _ends_with(scene, "2 MiB", frame(TEXT, b"x" * 2 * MIB), (1009,))
    half = frame(TEXT, b"x" * (MIB // 2), fin=False)
    more = frame(CONT, b"x" * (MIB // 2), fin=False)
    _ends_with(scene, "1.5 MiB in three", half + more * 2, (1009,))
    crumbs = frame(CONT, b"x" * 4096, fin=False) * 300
    _ends_with(scene, "1.2 MiB in three hundred", frame(TEXT, b"x", fin=False) + crumbs, (1009,))
    _ends_with(scene, "2 MiB binary", frame(BINARY, b"x" * 2 * MIB), (1009,))
    peer = scene.peer()
    peer.send(text("vote", choice="x" * (MIB - 100)))
    _goes_on(scene, peer, "just under the limit")


@attack()
def zip_bomb(scene: Scene) -> None:
    """Compression is offered and not taken; a compressed frame is an error."""
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    peer = scene.peer(headers=offer)
    scene.check("permessage-deflate" not in peer.head.lower(), "compression was negotiated")
    bomb = zlib.compress(b"x" * 64 * MIB, 9)[2:-4]
    peer.send(frame(TEXT, bomb, rsv=4))
    code = peer.close_code(5.0)
    scene.check(code == 1002, f"a compressed frame: {code} instead of 1002")
    scene.note(f"closed with {code}")


@attack()
def broken_frames(scene: Scene) -> None:
    """Every way to break a frame: 1002, and 1007 for what is not UTF-8."""
    piece = frame(TEXT, b'{"op":', fin=False)
    protocol = {
        "an unknown opcode": frame(3, b"x"),
        "an unknown control opcode": frame(11, b"x"),
        "a frame without mask": b"\x81\x02hi",
        "the first reserved bit": frame(TEXT, b"{}", rsv=4),
        "the last reserved bit": frame(TEXT, b"{}", rsv=1),
        "a reserved bit of a ping": frame(PING, b"", rsv=2),
        "a ping in pieces": frame(PING, b"x", fin=False),
        "a long ping": frame(PING, b"x" * 126),
        "a rest without a beginning": frame(CONT, b"x"),
        "a beginning within a message": piece + frame(TEXT, b"x"),
        "a close of one byte": frame(CLOSE, b"\x03"),
        "a close with a code that is none": frame(CLOSE, b"\x03\xed"),
        "a close with 999": frame(CLOSE, struct.pack("!H", 999)),
    }
    for what, data in protocol.items():
        _ends_with(scene, what, data, (1002,))
    not_utf8 = {
        "a byte that starts nothing": frame(TEXT, b'{"op":"a\xff"}'),
        "half a character": frame(TEXT, b"{" + HALF_OF_A_CHARACTER),
        "a surrogate": frame(TEXT, b'{"op":"\xed\xa0\x80"}'),
        "an overlong slash": frame(TEXT, b"\xc0\xaf"),
        "beyond the last character": frame(TEXT, b"\xf4\x90\x80\x80"),
        "in pieces": piece + frame(CONT, b"\xff"),
        "a reason of a close": frame(CLOSE, b"\x03\xe8\xff"),
    }
    for what, data in not_utf8.items():
        # websockets counts a reason as part of the protocol.
        codes = (1007, 1002) if "reason" in what else (1007,)
        _ends_with(scene, what, data, codes)
    split = "é".encode()
    peer = scene.peer()
    start = b'{"op":"echo","x":"' + split[:1]
    peer.send(frame(TEXT, start, fin=False) + frame(CONT, split[1:] + b'"}'))
    answer = peer.hear("echo", 5.0)
    scene.check(answer is not None and answer["x"] == "é", "a character in two pieces was lost")
    peer.send(frame(BINARY, b"\0\1\2") + frame(BINARY, b"", fin=False) + frame(CONT, b"x"))
    scene.check(peer.hear("error", 5.0) is not None, "no error for a binary message")
    _goes_on(scene, peer, "binary")


def strange_texts() -> list[str]:
    """Texts that have stopped servers before."""
    values = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 100_000, "1e-999"]
    values += ["-0", "-0.0", "0.1e-400", "1E400", "0" * 400, '"\\ud800"', '"\\udc00\\ud800"']
    values += ['"\\u0000"', '"' + "x" * 100_000 + '"', "[" * 9_000 + "]" * 9_000, "[" * 100_000]
    values += ['{"a":' * 9_000 + "1" + "}" * 9_000, '"\\uFEFF\\u202e"', '"💩"', "[]", "{}", "null"]
    texts = [f'{{"op":"echo","x":{value}}}' for value in values]
    texts += [f'{{"op":"strict","text":{value}}}' for value in values]
    names = ["__class__", "__dict__", "client", "self", "group", "op_", "params", "args", "kwargs"]
    names += ["text ", "", "a b", "é", "__init__", "from", "class", "None", "\ud83d", "_ask", "\0"]
    for name in names:
        texts.append(json.dumps({"op": "echo", name: 1}))
        texts.append(json.dumps({"op": "strict", "text": "a", name: [1]}))
        texts.append(json.dumps({"op": "bug", name: {"a": 1}}))
    texts += ['{"op":"echo","op":"strict","text":1,"text":2}', '{"op":"echo","x":1,"x":2}']
    texts += ["", " ", "null", "1", '"chat"', "[]", "{}", '{"op":1}', '{"op":null}', '{"op":""}']
    texts += ['{"op":["echo"]}', '{"op":{"a":1}}', '{"op":"' + "x" * 100_000 + '"}', "\ufeff{}"]
    texts += ['{"op":"echo","_ask":' + ask + "}" for ask in ("1", "null", "[1]", "1e999", '"x"')]
    texts += ["{" * 50_000, '{"op":"echo"' + ',"a":1' * 50_000 + "}", "\0", '{"op":"\\u0000"}']
    return texts


@attack(Bounds(p99_ms=150, lines=60))
def strange(scene: Scene) -> None:
    """NaN, 400 digits, 9,000 levels, lone surrogates, __class__: an answer, and all goes on."""
    peer = scene.peer()
    for number, one in enumerate(strange_texts()):
        if number % 20 == 0:
            time.sleep(0.1)
        try:
            peer.send(frame(TEXT, one.encode("utf-8", "replace")))
        except OSError as error:
            scene.check(False, f"{one[:60]!r} closed the connection: {error}")
            return
    _goes_on(scene, peer, "after all of them")
    answers = 0
    peer.send(text("strict", text="last"))
    for opcode, payload in peer.frames(3.0):
        if opcode == CLOSE:
            scene.check(False, "a text closed the connection")
        if opcode == TEXT:
            answers += 1
            if payload == b'{"op":"strict","text":"last"}':
                break
    scene.note(f"{len(strange_texts())} texts")


@attack(Bounds(lines=60))
def every_frame_of_theirs_parses(scene: Scene) -> None:
    """Each of the same texts alone: exactly one answer, which any page can read."""
    peer = scene.peer()

    def refuse(name: str) -> None:
        raise ValueError(name)

    for number, one in enumerate(strange_texts()):
        peer.send(frame(TEXT, one.encode("utf-8", "replace")))
        peer.send(text("vote", choice="x") + text("strict", text=f"end {number}"))
        answers = 0
        for opcode, payload in peer.frames(5.0):
            if opcode == CLOSE:
                scene.check(False, f"{one[:60]!r} closed the connection")
                return
            try:
                message = json.loads(payload.decode(), parse_constant=refuse)
            except ValueError as error:
                scene.check(False, f"{one[:60]!r}: JSON.parse refuses the answer: {error}")
                continue
            if message.get("op") == "strict" and message.get("text") == f"end {number}":
                break
            answers += 1
        else:
            scene.check(False, f"{one[:60]!r}: what came behind it was not answered")
            return
        # A bug is the program's own: the console hears of it, not the page.
        few = (0, 1) if one.startswith('{"op": "bug"') else (1, 2)
        scene.check(answers in few, f"{one[:60]!r}: {answers} answers")


@attack(Bounds(lines=40))
def forged(scene: Scene) -> None:
    """Ops that only wszero sends, from a plain client and from a page: refused, nothing happens."""
    before = scene.held().get("handled", {})
    ops = ["connect", "disconnect", "error", "eval_js", "_hello", "_got", "_answer", "_changed"]
    ops += ["_name", "_error", "_where", "_", "__init__", "_got"]
    for path in ("/ws", "/ws?page=/&run=", "/ws?page=/&run=x&key=forged&got=99999999999999999999"):
        peer = scene.peer(path=path)
        for op in ops:
            peer.send(text(op))
            for value in (-1, 10**30, "x", None, [1], {"a": 1}, 1e300, True):
                peer.send(text(op, n=value, msg=value, about=value, script="alert(1)", got=value))
            time.sleep(0.02)
        _goes_on(scene, peer, f"{path}")
        peer.send(frame(CLOSE, b"\x03\xe8"))
        peer.close_code(5.0)
    # Those who report come and go, too: each comes once and goes once.
    after = scene.held().get("handled", {})
    new = {op: after.get(op, 0) - before.get(op, 0) for op in ("connect", "disconnect")}
    scene.check(abs(new["connect"] - new["disconnect"] - 0) <= 1, f"calls do not match: {new}")
    scene.check(new["connect"] <= 40, f"forged calls: {new}")


@attack()
def reset_within_a_frame(scene: Scene) -> None:
    """Three hundred connections that break in the middle of a frame or of a handshake."""
    whole = text("echo", x="x" * 5000)
    for number in range(300):
        peer = Peer(scene.port)
        peer.send(whole * (number % 3) + whole[: 1 + number * 16])
        peer.reset()
    gone_s = scene.until(6, lambda: scene.held().get("clients", 99) <= 2)
    scene.check(gone_s <= 6, "clients are left")
