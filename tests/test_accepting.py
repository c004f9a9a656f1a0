"""No file handles left: said once, nobody is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import socket
import time
from typing import Iterator

import pytest

from tests.games import until
from tests.serving import Raw, serve
from wszero import accepting, visitors

REQUEST = b"GET /cat.png HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setattr(accepting, "PAUSE_S", 0.05)
    (tmp_path / "cat.png").write_bytes(b"cat")
    with serve(folder=tmp_path) as app:
        with Raw(app.port) as raw:
            raw.get("/cat.png")  # threads and all else are there now
        until(lambda: not app._driver._server._webs)
        yield app


@contextlib.contextmanager
def no_handles_left(spare: int = 0) -> Iterator[None]:
    """Takes all file handles of this process but so many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 60, before[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(spare):
            os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for handle in taken:
            os.close(handle)


@pytest.fixture
def outside(app) -> Iterator[list[socket.socket]]:
    """Visitors who have a socket already, and have not knocked yet."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(20)]
        for one in sockets:
            one.settimeout(30)
        yield sockets


def knock(app, visitor: socket.socket) -> None:
    visitor.connect(("127.0.0.1", app.port))
    visitor.sendall(REQUEST)


def everything_from(visitor: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := visitor.recv(65536):
            data += piece
            if data.endswith(b"cat"):
                break
    return data


def test_without_handles_a_visitor_is_told_to_try_again(app, outside, capfd):
    with no_handles_left():
        for visitor in outside:
            knock(app, visitor)
        answers = [everything_from(visitor) for visitor in outside]
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    assert b"Try again" in answers[0]
    app.stop()  # writes what is to be said yet
    err = capfd.readouterr().err
    assert err.count("so some browsers have to wait.") == 1
    assert "Traceback" not in err
    assert len(err.splitlines()) < 10


def test_the_door_opens_by_itself_when_handles_are_free_again(app, outside):
    with no_handles_left():
        knock(app, outside[0])
        assert b" 503 " in everything_from(outside[0])

    def is_let_in(visitor: socket.socket) -> bool:
        knock(app, visitor)
        return everything_from(visitor).endswith(b"cat")

    # Who comes while the first one is still being turned away may be turned away with it.
    assert is_let_in(outside[1]) or is_let_in(outside[2])


def test_who_waits_while_handles_are_free_again_is_not_turned_away():
    with contextlib.ExitStack() as stack:
        loop = stack.enter_context(contextlib.closing(asyncio.new_event_loop()))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = listening.getsockname()
        first, second = (stack.enter_context(socket.create_connection(address)) for _ in "12")
        crowd = visitors.Visitors([], lambda *words, **key: None)
        door = accepting.Door(loop, [listening], asyncio.Protocol, crowd)
        stack.callback(door.close)
        door._shut(listening, OSError(errno.EMFILE, "no more just then"))
        assert first.recv(20).startswith(b"HTTP/1.1 503 ")
        taken, peer = listening.accept()
        taken.close()
        assert peer == second.getsockname()


def test_without_handles_the_server_does_not_spin(app, outside, monkeypatch):
    monkeypatch.setattr(accepting, "PAUSE_S", 60.0)
    with no_handles_left():
        knock(app, outside[0])
        everything_from(outside[0])
        knock(app, outside[1])  # waits at the door from here on
        before, start = time.process_time(), time.monotonic()
        until(lambda: time.monotonic() > start + 0.5)
        assert time.process_time() - before < 0.3


def test_who_is_idle_makes_room(app, outside):
    idle = [Raw(app.port) for _ in range(5)]
    until(lambda: len(app._driver._server._webs) == 5)
    with no_handles_left():
        knock(app, outside[0])
        assert b" 200 " in everything_from(outside[0])
        for raw in idle:
            raw.close()


def test_without_handles_a_file_is_refused_in_words_and_not_missing(app, outside, capfd):
    with no_handles_left(spare=1):
        knock(app, outside[0])  # takes the last one
        answer = everything_from(outside[0])
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in answer
    app.stop()
    assert "No more files can be opened" in capfd.readouterr().err


def test_when_no_thread_can_be_started_a_file_is_refused_in_words(app, monkeypatch, capfd):
    def full(*args):
        raise RuntimeError("can't start new thread")

    with Raw(app.port) as raw:
        with monkeypatch.context() as patch:
            patch.setattr(app._driver._server._files, "submit", full)
            assert raw.get("/cat.png").status == 503
        with Raw(app.port) as again:
            assert again.get("/cat.png").body == b"cat"
    app.stop()
    assert capfd.readouterr().err.count("memory is full") == 1


def test_answers_are_not_held_back_to_be_joined(app):
    with Raw(app.port):
        until(lambda: app._driver._server._webs)
        [web] = app._driver._server._webs
        sock = web.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_loop_that_watches_no_sockets_serves_as_well(tmp_path, monkeypatch):
    def no_reader(*args):
        raise NotImplementedError

    (tmp_path / "cat.png").write_bytes(b"cat")
    monkeypatch.setattr(accepting.Door, "_listen", no_reader)  # as Windows' default loop
    with serve(folder=tmp_path) as app, Raw(app.port) as raw:
        assert raw.get("/cat.png").body == b"cat"


# ---- too many visitors -------------------------------------------------------------------------


def test_of_too_many_visitors_those_who_are_idle_for_longest_go(app, monkeypatch):
    monkeypatch.setattr(visitors, "MOST", 10)
    monkeypatch.setattr(visitors, "ROOM", 1)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(Raw(app.port)) for _ in range(30)]
        assert all(raw.is_closed() for raw in crowd[:20])
        assert all(raw.get("/cat.png").status == 200 for raw in crowd[20:])


def test_who_has_most_connections_loses_his_own(app, monkeypatch):
    monkeypatch.setattr(visitors, "MOST", 10)
    monkeypatch.setattr(visitors, "ROOM", 1)
    with Raw(app.port, "127.0.0.2") as amy, contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(Raw(app.port))
        assert amy.get("/cat.png").status == 200


def test_when_all_are_busy_the_next_one_is_told_so(app, tmp_path, monkeypatch):
    monkeypatch.setattr(visitors, "MOST", 2)
    (tmp_path / "film.mp4").write_bytes(bytes(30_000_000))
    with Raw(app.port) as one, Raw(app.port) as two:
        for raw in (one, two):
            raw.ask("/film.mp4")
            raw.read(10)
        with Raw(app.port) as late:
            answer = late.answer()
            assert answer.status == 503
            assert b"Try again" in answer.body


@pytest.mark.parametrize(
    ("error", "is_scarce"),
    [
        (OSError(errno.EMFILE, ""), True),
        (OSError(errno.ENFILE, ""), True),
        (OSError(errno.ENOMEM, ""), True),
        (OSError(errno.ENOBUFS, ""), True),
        (RuntimeError("can't start new thread"), True),
        (FileNotFoundError(errno.ENOENT, ""), False),
        (OSError("no number"), False),
        (RuntimeError("shut down"), False),
    ],
)
def test_what_is_scarce_is_said_once_in_few_words(error, is_scarce):
    said = []
    crowd = visitors.Visitors([], lambda *words, **key: said.append(words))
    assert crowd.is_scarce(error) == is_scarce
    assert len(said) == is_scarce
    assert all(len(f"{what} {fix}".split()) <= 25 for _, what, fix in said)
