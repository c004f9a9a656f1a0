from __future__ import annotations

import signal
import socket
import threading
import time

import pytest

from tests.games import until
from tests.serving import Raw, serve, url
from wszero import driver as driver_module
from wszero.app import App
from wszero.driver import Driver
from wszero.errors import AlreadyRunning, BadOption, PortTaken, WszeroError


@pytest.fixture
def app():
    app = App()
    app.on("echo")(lambda client, **values: client.send("echo", **values))
    yield app
    app.stop()


def start(app, **options):
    app.start(0, **{"host": "localhost", **options})


def is_served(port: int) -> bool:
    try:
        with Raw(port) as raw:
            return raw.get("/").status == 200
    except OSError:
        return False


# ---- start and stop ----------------------------------------------------------------------------


def test_start_returns_when_pages_can_come(app):
    start(app)
    assert is_served(app.port)


def test_stop_returns_when_nobody_can_come_any_more(app):
    start(app)
    port = app.port
    app.stop()
    assert not is_served(port)
    assert app.port == 0


def test_an_app_can_be_started_and_stopped_twice(app, connect):
    for _ in range(2):
        start(app)
        amy = connect(url(app))
        amy.send("echo", n=1)
        assert amy.hear("echo")["n"] == 1
        app.stop()
        assert amy.wait_closed() == 1001


def test_a_stop_when_nothing_runs_does_nothing(app):
    app.stop()
    start(app)
    app.stop()
    app.stop()


def test_an_app_that_runs_is_not_started_again(app):
    start(app)
    with pytest.raises(AlreadyRunning):
        start(app)
    assert is_served(app.port)


def test_two_apps_run_beside_each_other_on_two_ports(app, connect):
    other = App()
    other.on("who")(lambda client: "other")
    app.on("who")(lambda client: "first")
    with serve(other):
        start(app)
        assert app.port != other.port
        assert connect(url(app)).ask("who") == "first"
        assert connect(url(other)).ask("who") == "other"
        assert (len(app.clients), len(other.clients)) == (1, 1)


def test_stop_in_the_middle_of_a_handler_stops(app, connect):
    @app.on("stop")
    def stop(client):
        app.stop()
        client.send("too late, perhaps")

    start(app)
    amy = connect(url(app))
    amy.send("stop")
    assert amy.wait_closed() == 1001
    until(lambda: app.port == 0)


def test_stop_in_an_async_handler_stops(app, connect):
    @app.on("stop")
    async def stop(client):
        app.stop()

    start(app)
    amy = connect(url(app))
    amy.send("stop")
    assert amy.wait_closed() == 1001
    until(lambda: app.port == 0)


def test_run_returns_when_another_thread_stops_it(app):
    stopper = threading.Thread(target=lambda: [until(lambda: app.port), app.stop()])
    stopper.start()
    app.run(0, host="localhost")
    stopper.join()
    assert app.port == 0


def test_run_works_in_another_thread(app):
    thread = threading.Thread(target=lambda: app.run(0, host="localhost"))
    thread.start()
    until(lambda: is_served(app.port))
    app.stop()
    thread.join()


def test_clients_are_gone_with_the_server(app, connect):
    start(app)
    connect(url(app))
    until(lambda: len(app.clients))
    (client,) = app.clients
    client.add_to_group("red")
    app.stop()
    assert (len(app.clients), client.connected) == (0, False)
    assert app._groups.members("red") == ()


# ---- every -------------------------------------------------------------------------------------


def test_every_runs_while_the_server_does_and_again_with_the_next_one(app):
    ticks = []
    app.every(0.02)(lambda: ticks.append(time.monotonic()))
    for _ in range(2):
        ticks.clear()
        start(app)
        until(lambda: len(ticks) >= 3)
        app.stop()
    number = len(ticks)
    start(app, show=False)
    until(lambda: len(ticks) > number)


def test_an_every_that_is_made_while_the_server_starts_is_called_as_often_as_others(
    app, monkeypatch
):
    runtimes = []

    def begin(self, server):
        app.every(60)(lambda: None)
        runtimes.append(self._runtime)
        begin_server(self, server)

    begin_server = Driver._start_server
    monkeypatch.setattr(Driver, "_start_server", begin)
    app.every(60)(lambda: None)
    start(app)
    assert len(runtimes[0].clock._timers) == 2


# ---- ports and settings ------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_and_leaves_nothing_behind(app):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        app.start(taken.getsockname()[1], host="localhost")
    start(app)
    assert is_served(app.port)


def test_a_setting_that_makes_no_sense_is_told_and_leaves_nothing_behind(app):
    with pytest.raises(BadOption):
        start(app, max_clients="many")
    start(app)


def test_the_environment_chooses_the_port(app, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("WSZERO_PORT", str(port))
    app.start(host="localhost")
    assert app.port == port


@pytest.mark.parametrize("address", ["nonsense", "example.org:1:key", "127.0.0.1:x:key"])
def test_a_panels_address_that_makes_no_sense_is_told_and_leaves_nothing_behind(
    app, monkeypatch, address
):
    monkeypatch.setenv("WSZERO_MONITOR", address)
    with pytest.raises(WszeroError):
        start(app)
    monkeypatch.delenv("WSZERO_MONITOR")
    start(app)
    assert is_served(app.port)


# ---- Ctrl-C and signals ------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["listen", "Addresses", "Server", "welcome"])
def test_ctrl_c_while_the_server_starts_ends_it(app, monkeypatch, where):
    def ctrl_c(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Driver, "__init__", _init_with(ctrl_c, patch, where))
        app.run(0, host="localhost")
    start(app)
    assert is_served(app.port)


def _init_with(ctrl_c, patch, where):
    init = Driver.__init__

    def make(self, *args):
        init(self, *args)
        # Only now: the driver itself has been made.
        patch.setattr(driver_module, where, ctrl_c)

    return make


@pytest.mark.parametrize("where", ["make_options", "Runtime"])
def test_ctrl_c_before_the_server_starts_is_no_error(app, monkeypatch, where):
    def ctrl_c(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(driver_module, where, ctrl_c)
        app.run(0, host="localhost")
    start(app)
    assert is_served(app.port)


def test_ctrl_c_just_before_run_is_no_error_and_leaves_nothing_behind(app, monkeypatch):
    def ctrl_c(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Driver, "run", ctrl_c)
        app.run(0, host="localhost")
    start(app)
    assert is_served(app.port)


@pytest.mark.parametrize("where", ["Addresses", "Server", "welcome"])
def test_ctrl_c_while_the_server_starts_waits_until_it_has(app, monkeypatch, where):
    done = []

    def slowly(*args):
        _press(signal.SIGINT)
        done.append(where)
        return real(*args)

    real = getattr(driver_module, where)
    with monkeypatch.context() as patch:
        patch.setattr(Driver, "__init__", _init_with(slowly, patch, where))
        app.run(0, host="localhost")
    assert done == [where]
    assert app.port == 0


def test_ctrl_c_ends_run(app):
    def press():
        until(lambda: is_served(app.port))
        _press(signal.SIGINT)

    threading.Thread(target=press).start()
    app.run(0, host="localhost")
    assert app.port == 0


def test_sigterm_ends_run_and_is_the_programs_own_again(app):
    before = signal.getsignal(signal.SIGTERM)

    def press():
        until(lambda: is_served(app.port))
        _press(signal.SIGTERM)

    threading.Thread(target=press).start()
    app.run(0, host="localhost")
    assert signal.getsignal(signal.SIGTERM) == before


IMPATIENT = """
import signal
from wszero import *

@on('connect')
def connect(client):
    print('busy')
    input()

try:
    run_server()
except KeyboardInterrupt:
    print('this one came too late')
signal.signal(signal.SIGINT, signal.SIG_IGN)
print('went on')
"""


def test_an_impatient_second_ctrl_c_does_not_hinder_the_end(program, connect):
    game = program(IMPATIENT)
    amy = connect(game.url)
    game.wait_for("busy")
    for _ in range(3):
        # input() can't be interrupted, so the end takes longer than this.
        game.interrupt()
        time.sleep(0.1)
    # Python itself ends such a program with "Fatal Python error".
    assert game.wait() == 0, game.console
    assert amy.wait_closed() == 1001
    assert "went on" in game.console


def _press(number):
    signal.pthread_kill(threading.main_thread().ident, number)


# ---- the first words ---------------------------------------------------------------------------


def test_the_address_and_how_to_stop_are_said(app, capsys):
    start(app)
    port = app.port
    app.stop()  # writes what is to be said yet
    said = capsys.readouterr().out
    assert f"http://localhost:{port}" in said
    assert "Ctrl-C" in said


@pytest.mark.parametrize("wants", [True, False])
def test_the_browser_opens_once_and_only_where_that_is_wanted(app, monkeypatch, wants):
    opened = []
    monkeypatch.setattr(driver_module, "SHOW_AFTER_S", 0.05)
    monkeypatch.setattr(driver_module, "may_show", lambda show, environ: show)
    monkeypatch.setattr(driver_module, "open_page", lambda url, tell: opened.append(url))
    ticks = []
    app.every(0.1)(lambda: ticks.append(1))
    start(app, show=wants)
    until(lambda: len(ticks) >= 3)
    assert opened == ([f"http://localhost:{app.port}"] if wants else [])


def test_no_browser_opens_when_an_old_page_comes_back(app, monkeypatch, connect):
    opened = []
    monkeypatch.setattr(driver_module, "SHOW_AFTER_S", 0.5)
    monkeypatch.setattr(driver_module, "may_show", lambda show, environ: True)
    monkeypatch.setattr(driver_module, "open_page", lambda url, tell: opened.append(url))
    start(app)
    connect(url(app), path="/ws?page=%2F&run=0ld").hear("_hello")
    ticks = []
    app.every(0.5)(lambda: ticks.append(1))
    until(lambda: len(ticks) >= 2)
    assert opened == []
