"""Strange requests, each through a real socket: the right status, and never a hang."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.games import until
from tests.serving import TEXT, Raw, frame, handshake, serve
from wszero import server as server_module
from wszero import web as web_module
from wszero.app import App

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST


@pytest.fixture
def app(tmp_path):
    (tmp_path / "index.html").write_text("<h1>Quiz")
    (tmp_path / "cat.png").write_bytes(b"cat")
    app = App()
    app.on("hi")(lambda client: "hello")
    with serve(app, folder=tmp_path) as app:
        yield app


@pytest.fixture
def raw(app):
    with Raw(app.port) as raw:
        yield raw


@pytest.fixture(autouse=True)
def _nothing_is_said_and_others_are_served(app, request, capfd):
    yield
    with Raw(app.port) as other:
        assert other.get("/").status == 200
    err = capfd.readouterr().err
    assert "Traceback" not in err
    assert "made a mistake" not in err
    assert len(err.splitlines()) < 20


def status_of(raw: Raw, data: bytes) -> int:
    """Sends bytes; returns the status of the answer, after which the connection must end."""
    raw.send(data)
    answer = raw.answer("HEAD" if data.startswith(b"HEAD") else "GET")
    assert raw.is_closed()
    assert answer.headers["date"].endswith("GMT")
    return answer.status


# ---- what is no request ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\n", 400),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/1.1 \r\n", 400),
        (b" GET / HTTP/1.1\r\n", 400),
        (b"G\0T / HTTP/1.1\r\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"GET / http/1.1\r\n", 400),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n", 400),
        (b"GET /\0 HTTP/1.1\r\n", 400),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 400),
        (b"\x00\x01\x02", 400),
        (b"\xff" * 20, 400),
        (b"GET / HTTP/1.15\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/0.9\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
        (b"GET /" + b"a" * 300_000, 414),
        (GET + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (GET + b"X: " + b"x" * 20_000, 431),
        (GET + b"X: y\r\n" * 5000 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_of_http_1_is_refused(raw, data, status):
    assert status_of(raw, data) == status


@pytest.mark.parametrize(
    "line",
    [
        b"",
        HOST * 2,
        HOST + b"Host: elsewhere\r\n",
        HOST + b"no colon\r\n",
        HOST + b"X : y\r\n",
        HOST + b": y\r\n",
        HOST + b"X: a\0b\r\n",
        HOST + b"X: a\rb\r\n",
        HOST + b"X: a\r\n b\r\n",
        HOST + b" X: a\r\n",
        HOST + b"Content-Length: -1\r\n",
        HOST + b"Content-Length: +1\r\n",
        HOST + b"Content-Length: 1e3\r\n",
        HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n",
        HOST + b"Content-Length: " + b"9" * 400 + b"\r\n",
        HOST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_head_that_could_be_read_in_two_ways_is_refused(raw, method, line):
    assert status_of(raw, method + b" / HTTP/1.1\r\n" + line + b"\r\n0\r\n\r\n") == 400


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip", b"xchunked", b"chunked, chunked"])
def test_a_coding_that_nobody_knows_is_refused(raw, coding):
    assert status_of(raw, GET + b"Transfer-Encoding: " + coding + b"\r\n\r\n") == 501


def test_a_run_of_blanks_stops_nobody(raw):
    # h11's patterns would look at it for a time that grows with its square.
    assert status_of(raw, GET + b"X:" + b" " * 15_000 + b"\0\r\n\r\n") == 400


@pytest.mark.parametrize("more", [b"", b"\r\n\r\n"])
def test_who_speaks_tls_is_told_to_use_http_and_the_console_says_so_once(app, more, capfd):
    client_hello = bytes.fromhex("16030100f4010000f00303") + bytes(range(240)) + more
    app.reporter._counts.clear()
    for _ in range(3):
        with Raw(app.port) as raw:
            raw.send(client_hello)
            answer = raw.answer()
            assert (answer.status, b"http://" in answer.body) == (400, True)
    said = []
    until(lambda: said.append(capfd.readouterr().err) or "https" in "".join(said))
    console = "".join([*said, capfd.readouterr().err])
    assert console.count("https") == 1
    assert "A browser came with https, which this server does not speak." in console
    assert "Begin the address with http://" in console


# ---- methods and targets -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", [b"OPTIONS *", b"CONNECT localhost:80", b"POST /ws", b"get /", b"G /", b"TRACE /"]
)
def test_only_get_and_head_work(raw, line):
    raw.send(line + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    answer = raw.answer()
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert raw.is_closed()


@pytest.mark.parametrize(
    "target", [b"*", b"cat.png", b"localhost:80", b"https://localhost/", b"ftp://localhost/", b"?"]
)
def test_a_target_that_is_no_path_is_refused(raw, target):
    assert status_of(raw, b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n") == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://localhost/cat.png", 200),
        (b"HTTP://127.0.0.1:8000/cat.png?x=1", 200),
        (b"http://localhost", 200),
        (b"http://localhost?x=1", 200),
        (b"http://localhost/nothing.png", 404),
        (b"http://evil.example/cat.png", 421),
        (b"http://user@localhost/", 421),
        (b"http:///cat.png", 421),
    ],
)
def test_a_whole_address_names_the_server_that_is_meant(raw, target, status):
    raw.send(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert raw.answer().status == status


# ---- bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        GET + b"Content-Length: 5\r\n\r\nhello",
        GET + b"Content-Length: 99999999999999999\r\n\r\n",
        GET + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense",
        GET + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
        GET.replace(b"/ ", b"/ws ", 1) + b"Content-Length: 5\r\n\r\nhello",
        b"HEAD / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
    ],
)
def test_nobody_uploads_anything(raw, data):
    assert status_of(raw, data) == 413


def test_what_hides_in_a_body_is_no_request(raw):
    inner = GET + b"\r\n"
    raw.send(GET + b"Content-Length: %d\r\n\r\n" % len(inner) + inner)
    assert raw.answer().status == 413
    assert raw.is_closed()


@pytest.mark.parametrize("line", [b"Content-Length: 0\r\n", b"Expect: 100-continue\r\n"])
def test_who_announces_no_body_is_answered(raw, line):
    raw.send(GET + line + b"\r\n")
    assert raw.answer().status == 200
    assert raw.get("/cat.png").body == b"cat"


# ---- several requests --------------------------------------------------------------------------


def test_the_answer_to_nonsense_after_a_head_request_has_a_body(raw):
    assert raw.get("/", "HEAD").status == 200
    raw.send(b"nonsense\r\n")
    assert b"http://" in raw.answer().body


def test_empty_lines_between_requests_are_passed_over(raw):
    raw.send(b"\r\n\r\n" + GET + b"\r\n\r\n" + GET + b"\r\n")
    assert [raw.answer().status for _ in range(2)] == [200, 200]


def test_what_follows_a_good_request_is_judged_by_itself(raw):
    raw.send(GET + b"\r\n" + b"nonsense\r\n\r\n" + GET + b"\r\n")
    assert [raw.answer().status for _ in range(2)] == [200, 400]
    assert raw.is_closed()


def test_nobody_is_answered_faster_than_he_reads(app):
    requests = b"GET /wszero.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
    with Raw(app.port) as raw:
        until(lambda: app._driver._server._webs)
        [web] = app._driver._server._webs
        raw.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            _ask_for_ever(raw, requests)
        until(lambda: not web._can_write.is_set())
        assert web.transport.get_write_buffer_size() < 400_000
        assert len(web._heads) < 400_000
    until(lambda: not app._driver._server._webs)


def _ask_for_ever(raw: Raw, requests: bytes) -> None:
    sent = 0
    while True:
        sent += raw.socket.send(requests[sent % len(requests) :])


def test_who_stops_reading_in_the_middle_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(web_module, "STALL_S", 0.3)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    (tmp_path / "film.mp4").write_bytes(bytes(30_000_000))
    with serve(folder=tmp_path) as app, Raw(app.port) as raw:
        raw.ask("/film.mp4")
        raw.read(10)
        until(lambda: not app._driver._server._webs)


def test_a_byte_at_a_time_does_not_make_more_time(tmp_path, monkeypatch):
    monkeypatch.setattr(web_module, "HANDSHAKE_S", 0.3)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    with serve(folder=tmp_path) as app, Raw(app.port) as raw:
        assert raw.get("/nothing.png").status == 404
        raw.send(GET + b"X: ")
        with pytest.raises(ConnectionError):
            _send_slowly(raw)


def _send_slowly(raw: Raw) -> None:
    for _ in range(10_000):
        raw.send(b"x")
        time.sleep(0.005)  # the visitor's own slowness


# ---- handshakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": "h2c"}, 426),
        ({"Upgrade": "notwebsocket"}, 426),
        ({"Connection": "keep-alive"}, 400),
        ({"Connection": ""}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": "13, 13"}, 426),
        ({"Sec_WebSocket_Version": ""}, 426),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "A" * 24}, 400),
        ({"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==, x"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_a_handshake_with_a_fault_is_told_which(app, headers, status, capfd):
    with Raw(app.port) as raw:
        answer = raw.shake_hands(**headers)
        assert answer.status == status
        assert raw.is_closed()
    assert len(answer.body) > 10
    assert answer.headers.get("upgrade") == ("websocket" if status == 426 else None)
    capfd.readouterr()


def test_an_old_browser_is_told_the_version_that_is_spoken(raw):
    answer = raw.shake_hands(Sec_WebSocket_Version="8")
    assert answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("method", [b"POST", b"PUT"])
def test_a_handshake_is_a_get(raw, method):
    assert status_of(raw, handshake().replace(b"GET", method, 1)) == 405


def test_a_handshake_of_http_1_0_is_refused(raw):
    assert status_of(raw, handshake().replace(b"HTTP/1.1", b"HTTP/1.0", 1)) == 400


@pytest.mark.parametrize("header", [b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Origin: x"])
def test_a_handshake_says_each_thing_once(raw, header, capfd):
    double = header + b"\r\n" + header + b"\r\n\r\n"
    raw.send(handshake()[:-2] + double)
    assert raw.answer().status in (400, 403)
    capfd.readouterr()


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "WebSocket"},
        {"Connection": "keep-alive, Upgrade"},
        {"Sec_WebSocket_Protocol": "chat, superchat"},
        {"Origin": "http://localhost"},
        {"Content_Length": "0"},
        {"Cookie": "x" * 12_000},
        {f"X_{number}": "y" for number in range(200)},
    ],
)
def test_handshakes_of_all_browsers_are_accepted(raw, headers):
    assert raw.shake_hands(**headers).status == 101


def test_requests_frames_and_a_handshake_may_come_all_at_once(raw):
    message = json.dumps({"op": "hi", "_ask": 1}).encode()
    raw.send(GET + b"\r\n" + handshake() + frame(TEXT, message))
    assert [raw.answer().status for _ in range(2)] == [200, 101]
    assert json.loads(raw.read_frame()[1])["ask"] == 1


# ---- at random ---------------------------------------------------------------------------------

PARTS = [
    *(b"GET", b"HEAD", b"POST", b"OPTIONS", b" ", b"/", b"/ws", b"/cat.png", b"*", b"..", b"%00"),
    *(b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b": ", b"\0"),
    *(HOST, GET, handshake(), frame(TEXT, b"{}"), b"Range: bytes=", b"0-1", b"-1", b"If-Range: "),
    *(b"Content-Length: ", b"5", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"),
    *(b"Connection: close\r\n", b"Upgrade: websocket\r\n", b"If-None-Match: *\r\n", b"\xff\xfe"),
]


@settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=20), max_size=12).map(b"".join))
def test_whatever_comes_is_answered_or_ended(app, data):
    with Raw(app.port) as raw:
        raw.send(data)
        raw.socket.shutdown(1)
        assert _statuses(raw) <= {101, 200, 206, 302, 304, 400, 403, 404, 405, 412} | {
            *(413, 414, 416, 421, 426, 431, 501, 505)
        }
    until(lambda: not app._driver._server._webs)


def _statuses(raw: Raw) -> set[int]:
    """Reads all there is; the statuses of the answers."""
    everything = b""
    try:
        while data := raw.socket.recv(65536):
            everything += data
    except ConnectionResetError:
        pass
    lines = [line for line in everything.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return {int(line.split()[1]) for line in lines}
