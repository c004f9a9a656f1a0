from __future__ import annotations

import asyncio
import os
import threading
from urllib.parse import quote

import pytest

from tests.games import until
from tests.plain_client import PlainClient
from tests.serving import Raw, serve, url
from wszero import outgoing as outgoing_module
from wszero import server as server_module
from wszero.app import App


@pytest.fixture
def app(tmp_path):
    """A program that answers, and notes who comes and goes."""
    app = App()
    app.log = []
    app.on("connect")(lambda client: app.log.append("came"))
    app.on("disconnect")(lambda client: app.log.append("left"))
    app.on("echo")(lambda client, **values: client.send("echo", **values))
    app.on("join")(lambda client, group: client.add_to_group(group))
    (tmp_path / "index.html").write_text("<p>one")
    with serve(app, folder=tmp_path):
        yield app


@pytest.fixture
def join(app, connect):
    """Lets a plain client come, or one of our pages: `join(page="/")`."""

    def join(page: str = "", run: str = "") -> PlainClient:
        return connect(url(app), path=f"/ws?page={quote(page, '')}&run={run}" if page else "/ws")

    return join


# ---- coming and going --------------------------------------------------------------------------


def test_who_comes_and_goes_is_told_to_the_program(app, join):
    amy = join()
    until(lambda: app.log == ["came"])
    assert len(app.clients) == 1
    amy.close()
    until(lambda: app.log == ["came", "left"])
    assert len(app.clients) == 0


def test_who_vanishes_has_left(app, join):
    join().vanish()
    until(lambda: app.log == ["came", "left"])


def test_messages_of_one_client_are_answered_in_order(join):
    amy = join()
    for n in range(300):
        amy.send("echo", n=n)
    assert [amy.hear("echo")["n"] for _ in range(300)] == list(range(300))


def test_a_broadcast_reaches_everybody_and_one_with_a_group_only_those_in_it(app, join):
    amy, ben = join(), join()
    amy.send("join", group="red")
    until(lambda: app._groups.members("red"))
    app.broadcast("go", "red", n=1)
    app.broadcast("go", n=2)
    assert [amy.hear("go")["n"] for _ in range(2)] == [1, 2]
    assert ben.hear("go")["n"] == 2
    assert ben.unheard == []


def test_a_broadcast_is_made_into_one_frame_whoever_gets_it(app, join, monkeypatch):
    clients = [join() for _ in range(5)]
    until(lambda: len(app.clients) == 5)
    made = []
    text_frame = outgoing_module.text_frame
    monkeypatch.setattr(
        outgoing_module, "text_frame", lambda data: made.append(data) or text_frame(data)
    )
    app.broadcast("hello")
    for client in clients:
        client.hear("hello")
    assert made == [b'{"op":"hello"}']


def test_who_reads_slowly_holds_nobody_back(app, join):
    with Raw(app.port) as slow:
        slow.shake_hands()
        amy = join()
        until(lambda: len(app.clients) == 2)
        for n in range(30):
            app.broadcast("news", n=n, text="x" * 50_000)
        assert [amy.hear("news")["n"] for _ in range(30)] == list(range(30))


def test_hundreds_who_come_and_go_leave_nothing_behind(app):
    server = app._driver._server
    server.options.away = 0.1
    threads = threading.active_count()

    def visit():
        for number in range(50):
            with Raw(app.port) as raw:
                raw.shake_hands(path="/ws" if number % 2 else "/ws?page=%2F&run=")
                if number % 3 == 0:
                    raw.reset()

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    until(lambda: app.log.count("left") == 200)
    until(lambda: not server._links and not server._webs)
    assert len(app.clients) == 0
    assert threading.active_count() <= threads + 4 + 2  # idle handlers' and files' threads
    assert len(asyncio.all_tasks(server.loop)) <= 3  # the server's own
    assert len(os.listdir("/proc/self/fd")) < 200 if os.path.isdir("/proc/self/fd") else True


# ---- from other threads ------------------------------------------------------------------------


def test_nothing_that_ten_threads_send_is_lost_and_each_ones_order_is_kept(app, join):
    amy = join()
    until(lambda: len(app.clients))
    (client,) = app.clients

    def send(thread):
        for n in range(100):
            (client.send if n % 2 else app.broadcast)("news", thread=thread, n=n)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    heard = [amy.hear("news") for _ in range(1000)]
    for number in range(10):
        assert [news["n"] for news in heard if news["thread"] == number] == list(range(100))


def test_groups_may_change_in_the_middle_of_broadcasts(app, join):
    clients = [join() for _ in range(5)]
    until(lambda: len(app.clients) == 5)
    is_over = threading.Event()

    def change():
        while not is_over.is_set():
            for client in app.clients:
                client.add_to_group("red")
                client.remove_from_group("red")

    thread = threading.Thread(target=change)
    thread.start()
    for _ in range(300):
        app.broadcast("maybe", "red", text="x")
    is_over.set()
    thread.join()
    app.broadcast("end")
    for client in clients:
        assert client.hear("end")


def test_sending_is_no_error_before_and_after_the_server_runs():
    app = App()
    app.broadcast("hello", text="nobody hears it")
    with serve(app) as app:
        pass
    app.broadcast("hello", text="nobody hears it any more")


# ---- the end -----------------------------------------------------------------------------------


def test_the_end_is_said_to_everybody_with_a_reason(app, join):
    amy = join()
    page = join(page="/")
    app.stop()
    assert amy.wait_closed() == page.wait_closed() == 1001


def test_what_was_sent_before_the_end_arrives(app, join):
    amy = join()
    until(lambda: len(app.clients))
    app.broadcast("last")
    app.stop()
    assert amy.wait_closed() == 1001
    assert amy.hear("last")


def test_nobody_can_hold_up_the_end(app):
    with Raw(app.port) as silent, Raw(app.port) as half, Raw(app.port) as deaf:
        silent.send(b"")
        half.send(b"GET / HTTP/1.1\r\nHo")
        deaf.shake_hands()
        until(lambda: len(app.clients))
        for _ in range(30):
            app.broadcast("news", text="x" * 60_000)
        app.stop()
        assert silent.is_closed()
        assert half.is_closed()
    assert app.port == 0


def test_a_client_that_has_left_with_the_server_can_still_be_sent_to(app, join):
    join()
    until(lambda: len(app.clients))
    (client,) = app.clients
    app.stop()
    client.send("hello")
    client.add_to_group("red")
    client.kick()
    assert not client.connected


# ---- looking round -----------------------------------------------------------------------------


def test_a_mistake_of_our_own_ends_no_sweep_and_is_said_once(app, capfd, monkeypatch):
    monkeypatch.setattr(server_module, "SILENT_S", 1.0)
    server, sweeps = app._driver._server, []

    def break_down():
        sweeps.append(1)
        raise ZeroDivisionError("our own")

    server.every_sweep = break_down
    with Raw(app.port) as broken, Raw(app.port) as silent:
        for raw in (broken, silent):
            raw.shake_hands()
        until(lambda: len(server._wires) == 2)
        monkeypatch.setattr(type(server), "_sweep_link", lambda *args: 1 / 0)
        assert silent.is_closed()
    until(lambda: len(sweeps) > 3)
    app.stop()
    err = capfd.readouterr().err
    assert err.count("ZeroDivisionError: our own") == 1
    assert err.count("ZeroDivisionError: division by zero") == 1


# ---- our own pages -----------------------------------------------------------------------------


def test_a_page_that_announces_itself_gets_hello_first_of_all(app, join):
    app.on("greet")(lambda client: None)
    app.handlers._by_op["connect"].function = lambda client: client.send("welcome")
    page = join(page="/")
    page.hear("welcome")
    (hello,) = page.unheard
    assert hello["op"] == "_hello"
    assert hello["id"] == app.clients[0].id
    assert hello["name"] == app.clients[0].name
    assert set(hello) == {"op", "run", "id", "name", "program", "key", "got"}


def test_all_pages_of_one_run_are_told_the_same_run_and_another_run_is_told_another(app, join):
    runs = {join(page="/").hear("_hello")["run"] for _ in range(2)}
    app.stop()
    with serve(app):
        runs.add(join(page="/").hear("_hello")["run"])
    assert len(runs) == 2


def test_a_plain_client_gets_nothing_that_only_our_page_understands(app, join, tmp_path):
    amy, page = join(), join(page="/")
    until(lambda: len(app.clients) == 2)
    for client in app.clients:
        client.name = "Amy"
    page.hear("_name")
    _save(app, tmp_path / "index.html")
    page.hear("_changed")
    app.broadcast("end")
    amy.hear("end")
    assert amy.unheard == []


def test_a_page_is_told_its_new_name(app, join):
    page = join(page="/")
    until(lambda: len(app.clients))
    app.clients[0].name = "Zoë"
    assert page.hear("_name")["name"] == "Zoë"


def _save(app, file):
    """Loads the page, as browsers do, and saves its file anew."""
    with Raw(app.port) as raw:
        assert raw.get("/").status == 200
    file.write_text(file.read_text() + " and more")


def test_a_saved_page_is_told_within_two_seconds_and_once(app, join, tmp_path):
    page = join(page="/")
    _save(app, tmp_path / "index.html")
    assert page.hear("_changed", timeout=2)["paths"] == ["/"]
    with pytest.raises(AssertionError):
        page.hear("_changed", timeout=1.2)


def test_saved_files_are_told_though_no_thread_could_be_started_for_a_while(
    app, join, tmp_path, monkeypatch
):
    refused = []

    def full(*args):
        refused.append(args)
        raise RuntimeError("can't start new thread")

    page = join(page="/")
    _save(app, tmp_path / "index.html")
    with monkeypatch.context() as patch:
        patch.setattr(app._driver._server._files, "submit", full)
        until(lambda: len(refused) >= 2)
    assert page.hear("_changed")["paths"] == ["/"]


def test_a_file_that_can_not_be_looked_for_just_now_is_missing_and_no_more(app, monkeypatch, capfd):
    server = app._driver._server
    in_files, asked = server.in_files, []

    def full(function, *args):
        if function == server.pages.hint:
            asked.append(args)
            raise RuntimeError("can't start new thread")
        return in_files(function, *args)

    monkeypatch.setattr(server, "in_files", full)
    with Raw(app.port) as raw:
        for _ in range(2):
            assert raw.get("/none.css", Referer="http://localhost/").status == 404
    app.stop()
    assert asked
    assert capfd.readouterr().err == ""


def test_a_file_that_comes_to_be_is_told(app, join, tmp_path):
    page = join(page="/")
    with Raw(app.port) as raw:
        assert raw.get("/quiz.css").status == 404
    (tmp_path / "quiz.css").write_text("p { color: red }")
    assert page.hear("_changed")["paths"] == ["/quiz.css"]


def test_saved_files_are_told_to_every_page(app, join, tmp_path):
    pages = [join(page="/"), join(page="/other.html")]
    _save(app, tmp_path / "index.html")
    for page in pages:
        assert page.hear("_changed")["paths"] == ["/"]


def test_a_page_of_an_earlier_run_that_comes_back_is_noticed(app, join):
    page = join(page="/", run="0ld")
    page.hear("_hello")
    assert app._driver._server.old_page_came


def test_an_old_page_on_another_computer_is_not_the_childs_own(app):
    with Raw(app.port, source="127.0.0.2") as tablet:
        tablet.shake_hands("/ws?page=%2F&run=0ld")
        tablet.read_frame()
    assert not app._driver._server.old_page_came


def test_a_page_of_this_run_that_comes_back_is_no_old_one(app, join):
    run = join(page="/").hear("_hello")["run"]
    app._driver._server.old_page_came = False
    join(page="/", run=run).hear("_hello")
    assert not app._driver._server.old_page_came


def test_a_mistake_in_a_page_is_said_in_the_console(app, join, capfd):
    page = join(page="/")
    page.send("_error", kind="error", msg="x is not defined", file="/", line=1)
    page.send("echo")
    page.hear("echo")
    app.stop()  # writes what is to be said yet
    assert "x is not defined" in capfd.readouterr().err


def test_a_plain_client_can_not_speak_for_our_page(join):
    amy = join()
    amy.send("_error", kind="error", msg="boo", file="/", line=1)
    assert amy.hear("error")["code"] == "reserved_op"


STRANGE = [
    {"op": "_error"},
    {"op": "_error", "kind": 7, "msg": [], "file": {}, "line": "x", "known": 5},
    {"op": "_error", "kind": "no_handler", "about": 7, "known": [1, None]},
    {"op": "_where"},
    {"op": "_where", "about": [], "code": {}, "file": 5, "line": None},
    {"op": "_whatever", "x": 1},
]


@pytest.mark.parametrize("frame", STRANGE)
def test_a_page_that_reports_nonsense_harms_nobody(app, join, frame, capfd):
    page = join(page="/")
    page.send(frame.pop("op"), **frame)
    page.send("echo", n=1)
    assert page.hear("echo")["n"] == 1
    app.stop()
    assert "wszero itself made" not in capfd.readouterr().err
