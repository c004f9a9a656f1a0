from __future__ import annotations

import json
import threading

import pytest

from tests.games import until
from tests.serving import CLOSE, TEXT, Raw, frame, handshake, serve
from wszero import file_answers as file_answers_module
from wszero import server as server_module
from wszero import web as web_module
from wszero.app import App

PAGE = b"<title>Quiz</title><h1>Quiz</h1>"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "cat.png").write_bytes(b"\x89PNG" * 10)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "index.html").write_bytes(b"<p>Room")
    return tmp_path


@pytest.fixture(autouse=True)
def _no_mistake_of_our_own(capfd):
    yield
    assert "wszero itself made" not in capfd.readouterr().err


@pytest.fixture
def app(folder):
    with serve(folder=folder) as app:
        yield app


@pytest.fixture
def raw(app):
    with Raw(app.port) as raw:
        yield raw


# ---- pages and files ---------------------------------------------------------------------------


def test_a_page_is_shown(raw):
    answer = raw.get("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<h1>Quiz</h1>" in answer.body
    assert b"/wszero.js" in answer.body


def test_a_file_is_shown_as_it_is(raw):
    answer = raw.get("/cat.png?size=big")
    assert (answer.status, answer.body) == (200, b"\x89PNG" * 10)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"


def test_the_library_for_pages_is_shown(raw):
    assert b"HANDLERS" in raw.get("/wszero.js").body


@pytest.mark.parametrize("path", ["/", "/cat.png", "/wszero.js", "/nothing.png", "/room"])
def test_head_gives_the_headers_of_get_and_no_body(app, path):
    with Raw(app.port) as raw:
        get = raw.get(path)
        head = raw.get(path, "HEAD")
        # What comes next on the socket shows that no body was sent.
        assert raw.get("/cat.png").status == 200
    assert (head.status, head.body) == (get.status, b"")
    del head.headers["date"], get.headers["date"]
    assert head.headers == get.headers


def test_a_file_that_is_not_there_is_said_in_words(raw):
    answer = raw.get("/nothing.png")
    assert answer.status == 404
    assert "nothing.png" in answer.body.decode()


def test_a_folder_is_sent_on_to_its_slash(raw):
    answer = raw.get("/room?x=1")
    assert (answer.status, answer.headers["location"]) == (302, "/room/?x=1")
    assert raw.get("/room/?x=1").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUIZ"])
def test_other_methods_are_refused_with_those_that_work(raw, method):
    answer = raw.get("/", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert raw.is_closed()


def test_what_is_uploaded_is_refused_in_words(raw):
    body = b"x" * 5_000_000
    raw.ask("/", "POST", Content_Length=str(len(body)))
    raw.send(body)
    assert raw.answer().status == 405


def test_who_goes_on_sending_after_the_last_answer_is_dropped(folder, monkeypatch):
    monkeypatch.setattr(web_module, "LINGER_S", 0.2)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    with serve(folder=folder) as app, Raw(app.port) as raw:
        raw.ask("/", "POST", Content_Length="1000000000")
        assert raw.answer().status == 405
        with pytest.raises(ConnectionError):
            _send_for_ever(raw)


def _send_for_ever(raw):
    while True:
        raw.send(b"x" * 1000)


def test_a_file_that_can_not_be_read_is_said_to_be_gone(app, folder, raw, monkeypatch):
    def gone(found):
        raise OSError

    monkeypatch.setattr(file_answers_module, "read_page", gone)
    assert raw.get("/").status == 404
    assert raw.get("/nothing").status == 404


# ---- several requests on one socket ------------------------------------------------------------


def test_several_requests_come_on_one_socket(raw):
    answers = [raw.get(path) for path in ("/", "/cat.png", "/nothing.png", "/room", "/cat.png")]
    assert [answer.status for answer in answers] == [200, 200, 404, 302, 200]


def test_requests_that_come_before_the_answer_are_answered_in_order(raw):
    for path in ("/", "/cat.png", "/nothing.png"):
        raw.ask(path)
    assert [raw.answer().status for _ in range(3)] == [200, 200, 404]


def test_a_socket_is_closed_when_the_browser_wants_that(raw):
    assert raw.get("/", Connection="close").status == 200
    assert raw.is_closed()


def test_an_old_browser_gets_its_answer_and_the_end(raw):
    raw.send(b"GET /cat.png HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert raw.answer().body == b"\x89PNG" * 10
    assert raw.is_closed()


def test_the_last_request_is_answered_although_nothing_follows(raw):
    raw.ask("/cat.png")
    raw.ask("/")
    raw.socket.shutdown(1)
    assert [raw.answer().status for _ in range(2)] == [200, 200]
    assert raw.is_closed()


# ---- strange visitors --------------------------------------------------------------------------


def test_a_request_may_come_in_crumbs(raw):
    raw.send_in_crumbs(b"GET /cat.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert raw.answer().status == 200


def test_half_a_request_and_the_end_is_no_request(raw):
    raw.send(b"GET /cat.png HTTP/1.1\r\nHo")
    raw.socket.shutdown(1)
    assert raw.is_closed()


@pytest.mark.parametrize("said", [b"", b"GET /cat.png HTTP/1.1\r\nHo"])
def test_who_never_sends_a_whole_request_is_dropped(folder, monkeypatch, said):
    monkeypatch.setattr(web_module, "HANDSHAKE_S", 0.2)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    with serve(folder=folder) as app, Raw(app.port) as raw:
        raw.send(said)
        assert raw.is_closed()


def test_a_socket_that_nobody_uses_any_more_is_dropped(folder, monkeypatch):
    monkeypatch.setattr(web_module, "KEEP_ALIVE_S", 0.2)
    monkeypatch.setattr(server_module, "SWEEP_EVERY_S", 0.05)
    with serve(folder=folder) as app, Raw(app.port) as raw:
        assert raw.get("/").status == 200
        assert raw.is_closed()


GARBAGE = [
    b"hello\r\n\r\n",
    b"\0" * 100 + b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n",
    b"\xff\xfe\r\n\r\n",
]


@pytest.mark.parametrize("bytes_", GARBAGE)
def test_what_is_no_request_is_refused_and_nobody_else_notices(app, bytes_, capfd):
    with Raw(app.port) as raw, Raw(app.port) as other:
        raw.send(bytes_)
        assert 400 <= raw.answer().status < 500
        assert raw.is_closed()
        assert other.get("/").status == 200
    app.stop()  # writes what is to be said yet
    assert capfd.readouterr().err == ""


def test_who_speaks_https_is_told_to_speak_http(raw):
    client_hello = bytes.fromhex("16030100f4010000f00303") + bytes(range(200)) + b"\r\n\r\n"
    raw.send(client_hello)
    answer = raw.answer()
    assert answer.status == 400
    assert b"http://" in answer.body


@pytest.mark.parametrize("line", [b"X: " + b"x" * 100_000, b"X: y\r\n" * 10_000])
def test_a_huge_head_is_refused(raw, line):
    raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + line)
    assert 400 <= raw.answer().status < 500


# ---- large files -------------------------------------------------------------------------------

BIG = bytes(range(256)) * 4 * 4096  # 4 MiB


def test_a_large_file_arrives_whole_at_a_slow_reader_while_others_are_served(app, folder):
    (folder / "film.mp4").write_bytes(BIG)
    with Raw(app.port) as slow, Raw(app.port) as other:
        slow.ask("/film.mp4")
        assert slow.read(20) == b"HTTP/1.1 200 \r\nConte"
        # It is far larger than all buffers between us: the server waits for its reader now.
        assert other.get("/").status == 200
        while slow._reader.readline().strip():
            pass
        assert slow.read(len(BIG)) == BIG
        assert slow.get("/cat.png").status == 200


def test_a_reader_that_goes_in_the_middle_of_a_large_file_harms_nobody(app, folder, capfd):
    (folder / "film.mp4").write_bytes(BIG)
    for _ in range(5):
        raw = Raw(app.port)
        raw.ask("/film.mp4")
        raw.read(1000)
        raw.reset()
    with Raw(app.port) as raw:
        assert raw.get("/film.mp4").body == BIG
    until(lambda: not app._driver._server._webs)
    app.stop()
    assert capfd.readouterr().err == ""


def test_a_file_that_gets_shorter_while_it_is_sent_breaks_the_connection(app, folder):
    (folder / "film.mp4").write_bytes(BIG * 4)
    with Raw(app.port) as raw:
        raw.ask("/film.mp4")
        raw.read(1000)
        (folder / "film.mp4").write_bytes(b"short")
        rest = b"x"
        size = 0
        while rest:
            try:
                rest = raw.read(100_000)
            except ConnectionResetError:
                break
            size += len(rest)
    assert size < len(BIG) * 4


def test_the_end_of_the_server_ends_a_large_file_quietly(folder, capfd):
    (folder / "film.mp4").write_bytes(BIG)
    with serve(folder=folder) as app:
        raw = Raw(app.port)
        raw.ask("/film.mp4")
        raw.read(1000)
    raw.close()
    assert capfd.readouterr().err == ""


# ---- who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]", "pc7", "pc7.local:1"])
def test_a_name_without_dots_and_an_address_are_ours(raw, host):
    assert raw.get("/", Host=host).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_name_of_the_internet_is_not_ours(raw, method):
    answer = raw.get("/", method, Host="evil.example")
    assert answer.status == 421
    assert method == "HEAD" or b"run_server(allow=['evil.example'])" in answer.body


def test_a_request_without_a_host_is_refused(raw):
    raw.send(b"GET / HTTP/1.0\r\n\r\n")
    assert raw.answer().status == 421


def test_a_name_that_the_program_allows_is_ours(folder):
    with serve(folder=folder, allow=["quiz.school.example"]) as app, Raw(app.port) as raw:
        assert raw.get("/", Host="quiz.school.example").status == 200


@pytest.mark.parametrize("origin", ["", "http://localhost"])
def test_our_own_page_and_who_is_no_page_may_open_a_socket(raw, origin):
    assert raw.shake_hands(Origin=origin).status == 101


@pytest.mark.parametrize(
    "origin", ["http://localhost:1", "https://localhost", "http://evil.example"]
)
def test_a_page_from_elsewhere_may_not_open_a_socket(raw, origin):
    answer = raw.shake_hands(Origin=origin)
    assert answer.status == 403
    assert b"run_server(allow=" in answer.body
    assert raw.is_closed()


def test_a_page_that_was_opened_as_a_file_is_told_what_to_open(raw):
    answer = raw.shake_hands(Origin="null")
    assert answer.status == 403
    assert b"Open http://localhost/" in answer.body


def test_an_origin_that_the_program_allows_may_open_a_socket(folder):
    with serve(allow=["http://localhost:5173"]) as app, Raw(app.port) as raw:
        assert raw.shake_hands(Origin="http://localhost:5173").status == 101


# ---- the door to a WebSocket -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_sockets_address_says_what_it_is_for(raw, method):
    answer = raw.get("/ws", method)
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    assert raw.is_closed()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Connection": "close"}, 400),
    ],
)
def test_a_handshake_that_is_none_is_refused_quietly(app, raw, headers, status, capfd):
    assert raw.shake_hands(**headers).status == status
    assert raw.is_closed()
    app.stop()
    assert capfd.readouterr().err == ""


def test_a_head_request_is_no_handshake(raw):
    raw.send(handshake().replace(b"GET", b"HEAD", 1))
    assert raw.answer("HEAD").status == 405
    assert raw.is_closed()


@pytest.mark.parametrize("path", ["/ws2", "/ws/", "/WS", "/"])
def test_another_address_is_no_socket(raw, path):
    assert raw.shake_hands(path).status in (200, 404)


def test_a_handshake_may_come_in_crumbs(raw):
    raw.send_in_crumbs(handshake())
    assert raw.answer().status == 101


def test_a_message_may_come_in_one_piece_with_the_handshake(raw):
    message = json.dumps({"op": "hi", "_ask": 1}).encode()
    assert raw.shake_hands(more=frame(TEXT, message)).status == 101
    opcode, payload = raw.read_frame()
    assert opcode == TEXT
    assert json.loads(payload)["ask"] == 1


def test_a_goodbye_may_come_in_one_piece_with_the_handshake(raw):
    assert raw.shake_hands(more=frame(CLOSE, b"\x03\xe8")).status == 101
    assert raw.read_close_code() == 1000
    assert raw.is_closed()


def test_a_page_can_be_loaded_before_the_socket_opens_on_the_same_connection(raw):
    assert raw.get("/").status == 200
    assert raw.shake_hands().status == 101


def test_no_more_clients_than_the_program_wants_come_in(folder):
    with serve(max_clients=1) as app, Raw(app.port) as raw:
        assert raw.shake_hands().status == 101
        with Raw(app.port) as late:
            answer = late.shake_hands()
            assert answer.status == 503
            assert b"max_clients" in answer.body
        raw.close()
        until(lambda: _may_come_in(app))


def _may_come_in(app):
    with Raw(app.port) as again:
        return again.shake_hands().status == 101


def test_compression_is_not_agreed_to(raw):
    answer = raw.shake_hands(Sec_WebSocket_Extensions="permessage-deflate")
    assert answer.status == 101
    assert "sec-websocket-extensions" not in answer.headers


def test_many_who_come_at_once_are_all_served(app):
    statuses = []

    def visit():
        with Raw(app.port) as raw:
            statuses.append(raw.get("/").status)

    threads = [threading.Thread(target=visit) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 60


def test_connections_that_ended_are_forgotten(app: App):
    for _ in range(20):
        with Raw(app.port) as raw:
            raw.get("/")
    until(lambda: not app._driver._server._webs)
