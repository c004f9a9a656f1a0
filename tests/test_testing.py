"""Playing a program: what pretend browsers see is what real ones would."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

import wszero
from tests.plain_client import PlainClient
from wszero import testing
from wszero.app import App
from wszero.errors import BadHandler, BadOption
from wszero.names import default_app
from wszero.testing import Game, GameError, Player, play


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a program: `written(body)` puts it between the import and `run_server()`."""

    def write(
        body: str, *, name: str = "quiz.py", end: str = "run_server()", **helpers: str
    ) -> Path:
        for helper, text in helpers.items():
            (tmp_path / f"{helper}.py").write_text(text)
        file = tmp_path / name
        file.write_text(f"from wszero import *\n{body}\n{end}\n")
        return file

    return write


BUZZER = """
winner = None

@on('connect')
def hello(client):
    client.points = 0
    client.send('welcome', name=client.name)

@on('buzz')
def buzz(client):
    global winner
    if winner is None:
        winner = client.name
        client.points += 1
        broadcast('winner', name=winner)

@on('points')
def points(client):
    return client.points
"""


# ---- a game -------------------------------------------------------------------------------------


def test_two_players_play(written: Callable[..., Path]) -> None:
    with play(written(BUZZER)) as game:
        amy, ben = game.join("Amy"), game.join("Ben")
        ben.send("buzz")
        amy.send("buzz")
        assert amy.all_heard("winner") == ben.all_heard("winner") == [{"name": "Ben"}]
        assert ben.ask("points") == 1
        assert amy.ask("points") == 0
        assert game.console == ""


def test_a_player_has_the_name_that_the_program_sees(written: Callable[..., Path]) -> None:
    with play(written(BUZZER)) as game:
        amy, other = game.join("Amy"), game.join()
        assert amy.heard("welcome") == {"name": "Amy"}
        assert other.heard("welcome") == {"name": other.name}
        assert [client.name for client in wszero.clients] == ["Amy", other.name]


TIME = """
@every(2)
def tick(): broadcast('tick')

@on('countdown')
def countdown(client):
    for n in 2, 1, 0:
        client.send('count', n=n)
        sleep(1)

@on('async countdown')
async def async_countdown(client):
    for n in 2, 1, 0:
        client.send('count', n=n)
        await sleep(1)
"""


@pytest.mark.parametrize("op", ["countdown", "async countdown"])
def test_time_passes_when_the_test_says_so(written: Callable[..., Path], op: str) -> None:
    with play(written(TIME)) as game:
        amy = game.join()
        amy.send(op)
        assert [name for name, _ in amy.messages] == ["count"]
        game.wait(2)
        assert [name for name, _ in amy.messages] == ["count", "count", "tick", "count"]


SHORT_PATIENCE_S = 2
"""Long enough for a slow machine to come to the line that is stuck."""


# ---- mistakes -----------------------------------------------------------------------------------


def test_the_console_shows_what_the_child_would_see(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with play(written("@on('buzz')\ndef buzz(client): print(1 / 0)")) as game:
        amy = game.join()
        amy.send("buzz")
        amy.send("bzz")
        assert "quiz.py, line 3" in game.console
        assert "ZeroDivisionError" in game.console
        assert '"bzz"' in game.console
        assert amy.heard("error").code == "no_handler"  # type: ignore[union-attr]
    assert "quiz.py, line 3" in capsys.readouterr().out


def test_a_program_without_run_server_is_told(written: Callable[..., Path]) -> None:
    with pytest.raises(GameError) as caught, play(written(BUZZER, end="")):
        pass
    assert "quiz.py" in str(caught.value)
    assert "at the very end: run_server()" in str(caught.value)


def test_a_program_that_ends_itself_before_run_server_is_told(
    written: Callable[..., Path],
) -> None:
    with pytest.raises(GameError, match=r"quiz\.py, line 3:\n *run_server\(\)"):  # noqa: SIM117
        with play(written("exit()")):
            pass


def test_a_program_without_wszero_is_told(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("print('Hello')")
    with pytest.raises(GameError, match=r"hello\.py"), play(tmp_path / "hello.py"):
        pass


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("print(1 / 0)", ZeroDivisionError),
        ("@on('buzz')\ndef buzz(): pass", BadHandler),
        ("run_server(foldr='dist')", BadOption),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
    ],
)
def test_a_mistake_at_the_top_of_a_program_comes_out(
    written: Callable[..., Path], body: str, error: type[BaseException]
) -> None:
    with pytest.raises(error), play(written(body)):
        pass


def test_a_program_with_a_wrong_bracket_is_not_begun(written: Callable[..., Path]) -> None:
    before = default_app()
    with pytest.raises(SyntaxError), play(written("print(")):
        pass
    assert default_app() is before


def test_a_file_that_does_not_exist_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), play(tmp_path / "quiz.py"):
        pass


def test_a_program_that_never_comes_to_run_server_is_told_with_its_line(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "START_PATIENCE_S", SHORT_PATIENCE_S)
    with pytest.raises(GameError) as caught, play(written("while True:\n    pass")):
        pass
    assert "run_server()" in str(caught.value)
    assert "quiz.py, line" in str(caught.value)


# ---- before and after ---------------------------------------------------------------------------


def test_what_stands_below_run_server_runs_when_the_game_is_over(
    written: Callable[..., Path], tmp_path: Path
) -> None:
    end = f"run_server()\nopen({str(tmp_path / 'over')!r}, 'w').close()"
    with play(written(BUZZER, end=end)):
        assert not (tmp_path / "over").exists()
    assert (tmp_path / "over").exists()


@pytest.mark.parametrize("end", ["exit()", "raise SystemExit(1)", "quit()"])
def test_a_program_may_end_with_exit(written: Callable[..., Path], end: str) -> None:
    with play(written(BUZZER, end=f"run_server()\n{end}")):
        pass


def test_a_mistake_below_run_server_comes_out(written: Callable[..., Path]) -> None:
    with pytest.raises(ZeroDivisionError), play(written(BUZZER, end="run_server()\n1 / 0")):
        pass


def test_a_failed_check_is_not_hidden_by_a_mistake_below_run_server(
    written: Callable[..., Path],
) -> None:
    with pytest.raises(AssertionError, match="my check"):  # noqa: SIM117
        with play(written(BUZZER, end="run_server()\n1 / 0")):
            raise AssertionError("my check")


def test_a_game_leaves_nothing_behind(written: Callable[..., Path]) -> None:
    before = (default_app(), App.make_driver, list(sys.path), threading.active_count())
    with play(written(TIME)) as game:
        amy = game.join()
        amy.send("countdown")
        amy.send("async countdown")
    assert (default_app(), App.make_driver, sys.path, threading.active_count()) == before
    assert len(default_app().clients) == 0
    assert not amy.client.connected


def test_a_game_without_trouble_prints_nothing(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with play(written(BUZZER)) as game:
        game.join().send("buzz")
    assert capsys.readouterr() == ("", "")


def test_every_game_begins_anew(written: Callable[..., Path]) -> None:
    program = written(BUZZER)
    for name in ("Amy", "Ben"):
        with play(program) as game:
            player = game.join(name)
            player.send("buzz")
            assert player.heard("winner") == {"name": name}
            assert player.client.id == "c1"


def test_helper_modules_begin_anew_too(written: Callable[..., Path]) -> None:
    body = "import my_rules\n@on('next')\ndef next_one(client): return my_rules.count()"
    helper = "n = 0\ndef count():\n    global n\n    n += 1\n    return n"
    for _ in range(2):
        with play(written(body, my_rules=helper)) as game:
            amy = game.join()
            assert [amy.ask("next"), amy.ask("next")] == [1, 2]
    assert "my_rules" not in sys.modules


def test_handlers_may_stand_in_a_helper(written: Callable[..., Path]) -> None:
    helper = "from wszero import on\n@on('hi')\ndef hi(client): return 'ho'"
    with play(written("import my_handlers", my_handlers=helper)) as game:
        assert game.join().ask("hi") == "ho"


def test_a_program_knows_its_own_file_and_name(written: Callable[..., Path]) -> None:
    program = written("@on('who')\ndef who(client): return [__name__, __file__]")
    with play(str(program)) as game:
        assert game.join().ask("who") == ["__main__", str(program)]


def test_an_app_of_its_own_that_runs_in_the_background_can_be_played(
    written: Callable[..., Path],
) -> None:
    body = """
app = App()

@app.on('hi')
def hi(client):
    return 'ho'

app.start(port=8001)
app.broadcast('started')
"""
    with play(written(body, end="")) as game:
        assert game.join().ask("hi") == "ho"


def test_the_program_may_stop_its_server_itself(written: Callable[..., Path]) -> None:
    body = "import threading, wszero.names\n"
    end = "wszero.names.default_app().start()\nwszero.names.default_app().stop()"
    with play(written(body, end=end)) as game:
        assert isinstance(game, Game)
    assert len(default_app().clients) == 0


# ---- pretended and real -------------------------------------------------------------------------

STORY = """
@on('connect')
def hello(client):
    client.points = 0
    client.send('welcome', id=client.id, name=client.name, here=len(clients))
    client.send_others('came', name=client.name)

@on('disconnect')
def bye(client):
    broadcast('left', name=client.name, groups=sorted(client.groups))

@on('name')
def name(client, name):
    client.name = name

@on('team')
def team(client, colour='red'):
    client.add_to_group(colour)
    broadcast('in', colour, names=[c.name for c in clients if colour in c.groups])

@on('move')
def move(client, from_, to=None):
    client.send_others('moved', from_=from_, to=to)

@on('add')
def add(client, a, b):
    client.points += 1
    return {'sum': a + b, 'points': client.points}

@on('slow')
async def slow(client):
    client.send('begin')
    await sleep(0.01)
    client.send('end')
    return 'slept'

@on('nap')
def nap(client):
    sleep(0.01)
    client.send('awake')

@on('broken')
def broken(client):
    return 1 / 0

@on('odd')
def odd(client):
    return {1, 2}

@on('paint')
def paint(client):
    client.eval_js('1 + 1')

@on('kick me')
def kick_me(client):
    client.kick('as you wish')
"""

STEPS: list[tuple[int, str, dict[str, Any]]] = [
    # who, what it sends, and what that carries
    (0, "join", {}),
    (1, "join", {}),
    (0, "name", {"name": "Amy"}),
    (1, "name", {"name": "Ben"}),
    (0, "team", {}),
    (1, "team", {}),
    (1, "team", {"colour": "blue"}),
    (0, "move", {"from": "a1", "to": [1, {"x": None}]}),
    (0, "move", {}),
    (0, "move", {"from": 1, "too": 2}),
    (0, "move", {"client": 1}),
    (0, "mvoe", {"from": 1}),
    (1, "disconnect", {}),
    (1, "_error", {"msg": "x"}),
    (0, "add", {"a": 1, "b": 2, "_ask": 1}),
    (0, "add", {"a": "x", "b": "y", "_ask": "two"}),
    (0, "add", {"a": 1, "_ask": 3}),
    (0, "broken", {"_ask": 4}),
    (0, "broken", {}),
    (0, "odd", {"_ask": 5}),
    (0, "nothing", {"_ask": 6}),
    (1, "slow", {}),
    (1, "nap", {}),
    (1, "slow", {"_ask": 7}),
    (0, "paint", {}),
    (1, "kick me", {}),
    (0, "team", {}),
]

Heards = List[List[Dict[str, Any]]]
"""What each of the clients hears, in order."""


def play_story(program: Path) -> list[Heards]:
    """What two pretend browsers hear in each step."""
    told: list[Heards] = []
    with play(program) as game:
        players: list[Player] = []
        for who, op, params in STEPS:
            for player in players:
                player.forget()
            if op == "join":
                players.append(game.join())
            else:
                players[who].send(op, **params)
            game.wait(1)
            told.append([[{"op": op, **heard} for op, heard in one.messages] for one in players])
    return told


def test_pretend_browsers_hear_what_real_clients_hear(
    written: Callable[..., Path], program: Callable[..., Any], connect: Callable[..., PlainClient]
) -> None:
    told = play_story(written(STORY, name="pretended.py"))
    url = program(f"from wszero import *\n{STORY}\nrun_server()").url
    clients: list[PlainClient] = []
    for (who, op, params), heard in zip(STEPS, told):
        if op == "join":
            clients.append(connect(url))
        else:
            clients[who].send(op, **params)
        for client, messages in zip(clients, heard):
            assert [client._receive("next", 30) for _ in messages] == messages
    # And not one message more.
    assert clients[0].ask("add", a=1, b=2)
    assert clients[0].unheard == []
    assert clients[1].wait_closed() == 4001
    assert clients[1].unheard == []
