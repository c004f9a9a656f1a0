"""Pretend browsers hear, ask and leave as real ones do; time passes when it is told to."""

from __future__ import annotations

import io
from typing import Any, Iterator

import pytest

from tests.games import NewGame
from wszero import pretend, sleep
from wszero.app import App
from wszero.client import Client
from wszero.errors import CannotSend
from wszero.pretend import Game, GameError, Heard, PretendClock
from wszero.runtime import Runtime

SHORT_PATIENCE_S = 2
"""Long enough for a slow machine to come to the line that is stuck."""


@pytest.fixture
def game() -> Iterator[NewGame]:
    with NewGame() as game:
        yield game


# ---- pages --------------------------------------------------------------------------------------


def test_a_page_has_the_name_that_the_program_sees(game: NewGame) -> None:
    @game.on("connect")
    def hello(client: Client) -> None:
        client.send("welcome", name=client.name)

    amy, other = game.join("Amy"), game.join()
    assert amy.heard("welcome") == {"name": "Amy"}
    assert other.heard("welcome") == {"name": other.name}
    assert [client.name for client in game.app.clients] == ["Amy", other.name]


def test_a_page_can_be_told_apart(game: NewGame) -> None:
    assert game.join(page="/quiz.html").client._page == "/quiz.html"


def test_who_leaves_is_gone(game: NewGame) -> None:
    game.on("disconnect")(lambda client: game.app.broadcast("left", name=client.name))
    amy, ben = game.join("Amy"), game.join("Ben")
    amy.leave()
    amy.leave()
    assert ben.all_heard("left") == [{"name": "Amy"}]
    assert amy.messages == []
    with pytest.raises(GameError, match="Amy has left"):
        amy.send("hello")


def test_a_kick_closes_the_page_and_tells_why(game: NewGame) -> None:
    @game.on("rude")
    def rude(client: Client) -> None:
        client.kick("Be kind.")
        client.send("too late")

    game.on("disconnect")(lambda client: game.app.broadcast("left"))
    amy, ben = game.join(), game.join()
    amy.send("rude")
    assert amy.kicked == "Be kind."
    assert ben.kicked is None
    assert amy.messages == []
    assert ben.heard("left") is not None
    with pytest.raises(GameError):
        amy.send("rude")


def test_groups_and_others_work_as_behind_real_pages(game: NewGame) -> None:
    @game.on("team")
    def team(client: Client, colour: str) -> None:
        client.add_to_group(colour)

    @game.on("shout")
    def shout(client: Client, colour: str) -> None:
        game.app.broadcast("shout", colour, n=1)
        client.send_others("heard", n=2)

    amy, ben, cat = game.join(), game.join(), game.join()
    for player in (amy, ben):
        player.send("team", colour="red")
    amy.send("shout", colour="red")
    assert [name for name, _ in amy.messages] == ["shout"]
    assert [name for name, _ in ben.messages] == ["shout", "heard"]
    assert [name for name, _ in cat.messages] == ["heard"]


# ---- what was heard -----------------------------------------------------------------------------


def test_the_newest_message_is_heard_and_old_ones_can_be_forgotten(game: NewGame) -> None:
    game.on("count")(lambda client, n: client.send("n", n=n))
    amy = game.join()
    amy.send("count", n=1)
    amy.send("count", n=2)
    assert amy.heard("n") == {"n": 2}
    assert amy.all_heard("n") == [{"n": 1}, {"n": 2}]
    amy.forget()
    assert amy.heard("n") is None


def test_what_was_heard_can_be_asked_by_name() -> None:
    heard = Heard(text="hi", items=[1], **{"from": "Amy"})
    assert heard.text == heard["text"] == "hi"
    assert heard.from_ == "Amy"
    assert heard["items"] == [1]
    assert Heard()
    assert not hasattr(heard, "size")
    with pytest.raises(AttributeError, match="text, items, from"):
        heard.size  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        Heard().text  # noqa: B018


def test_words_of_python_travel_as_on_the_wire(game: NewGame) -> None:
    game.on("move")(lambda client, from_: game.app.broadcast("moved", from_=from_))
    amy = game.join()
    amy.send("move", from_="a1")
    assert amy.messages == [("moved", {"from": "a1"})]


def test_what_was_heard_is_not_the_programs_own(game: NewGame) -> None:
    board = [[0]]

    @game.on("mark")
    def mark(client: Client) -> None:
        client.send("board", board=board)
        board[0][0] += 1

    amy = game.join()
    amy.send("mark")
    assert amy.heard("board") == {"board": [[0]]}


# ---- what is sent -------------------------------------------------------------------------------


def test_a_message_that_no_page_may_send_is_refused(game: NewGame) -> None:
    game.on("disconnect")(game.log.append)
    amy = game.join()
    amy.send("disconnect")
    heard = amy.heard("error")
    assert heard is not None
    assert heard.code == "reserved_op"
    assert game.log == []


def test_what_no_page_could_send_is_refused_at_the_tests_line(game: NewGame) -> None:
    with pytest.raises(CannotSend, match=r"x is a set"):
        game.join().send("buzz", x={1})


def test_mistakes_are_shown_on_the_console(game: NewGame) -> None:
    game.on("buzz")(lambda client: 1 / 0)
    amy = game.join()
    assert game.console == ""
    amy.send("buzz")
    amy.send("bzz")
    assert "ZeroDivisionError" in game.console
    assert '"bzz"' in game.console


# ---- answers ------------------------------------------------------------------------------------


def test_every_question_gets_its_own_answer(game: NewGame) -> None:
    game.on("add")(lambda client, a, b: a + b)
    amy, ben = game.join(), game.join()
    assert [amy.ask("add", a=1, b=n) for n in range(3)] == [1, 2, 3]
    assert ben.ask("add", a=1, b=1) == 2


def test_an_answer_that_takes_time_has_not_come_yet(game: NewGame) -> None:
    @game.on("later")
    async def later(client: Client) -> str:
        await sleep(1)  # type: ignore[misc]
        return "done"

    amy = game.join()
    with pytest.raises(GameError, match=r"game\.wait\(1\)"):
        amy.ask("later")
    game.wait(1)
    assert amy.heard("_answer") == {"ask": 1, "value": "done"}


@pytest.mark.parametrize(("op", "words"), [("broken", "mistake"), ("unknown", "unknown")])
def test_no_answer_is_told_with_the_reason(game: NewGame, op: str, words: str) -> None:
    game.on("broken")(lambda client: 1 / 0)
    with pytest.raises(GameError, match=words):
        game.join().ask(op)


# ---- time ---------------------------------------------------------------------------------------


def test_every_waits_until_time_passes(game: NewGame) -> None:
    game.every(2)(lambda: game.app.broadcast("tick"))
    amy = game.join()
    game.wait(1.9)
    assert amy.all_heard("tick") == []
    game.wait(0.1)
    assert len(amy.all_heard("tick")) == 1
    game.wait(60)
    assert len(amy.all_heard("tick")) == 31


def countdown(client: Client) -> None:
    for n in (2, 1, 0):
        client.send("count", n=n)
        sleep(1)


async def async_countdown(client: Client) -> None:
    for n in (2, 1, 0):
        client.send("count", n=n)
        await sleep(1)  # type: ignore[misc]


@pytest.mark.parametrize("handler", [countdown, async_countdown])
def test_a_sleep_waits_until_time_passes(game: NewGame, handler: Any) -> None:
    game.on("countdown")(handler)
    amy = game.join()
    amy.send("countdown")
    assert amy.all_heard("count") == [{"n": 2}]
    game.wait(1)
    assert amy.all_heard("count") == [{"n": 2}, {"n": 1}]
    game.wait(10)
    assert amy.all_heard("count") == [{"n": 2}, {"n": 1}, {"n": 0}]


@pytest.mark.parametrize("handler", [countdown, async_countdown])
def test_others_play_on_while_a_handler_sleeps(game: NewGame, handler: Any) -> None:
    game.on("countdown")(handler)
    game.on("buzz")(lambda client: game.app.broadcast("winner"))
    amy, ben = game.join(), game.join()
    amy.send("countdown")
    ben.send("buzz")
    assert [name for name, _ in amy.messages] == ["count", "winner"]


def test_what_is_due_happens_in_order_and_at_its_own_time() -> None:
    clock = PretendClock()
    seen: list[float] = []
    for seconds in (3, 1, 2, 5, -1):
        clock.call_later(seconds, lambda: seen.append(clock.now()))
    clock.call_later(2.5, lambda: seen.append(0)).cancel()
    clock.move(4, lambda: None)
    assert seen == [0, 1, 2, 3]
    assert clock.now() == 4
    clock.stop()
    clock.move(4, lambda: None)
    assert seen == [0, 1, 2, 3]


def test_what_happens_may_set_the_next_thing_within_the_same_wait() -> None:
    clock = PretendClock()
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.now())
        clock.call_later(1, again)

    clock.call_later(1, again)
    clock.move(3, lambda: None)
    assert seen == [1, 2, 3]


def test_everything_settles_before_more_time_passes() -> None:
    clock = PretendClock()
    seen: list[object] = []
    clock.call_later(1, lambda: seen.append(1))
    clock.call_later(2, lambda: seen.append(2))
    clock.move(2, lambda: seen.append("settled"))
    assert seen == [1, "settled", 2, "settled"]


# ---- stuck --------------------------------------------------------------------------------------


def stuck(client: Client) -> None:
    while True:
        pass


async def async_stuck(client: Client) -> None:
    while True:
        pass


@pytest.mark.parametrize("handler", [stuck, async_stuck])
def test_a_stuck_handler_is_told_with_its_line(
    game: NewGame, monkeypatch: pytest.MonkeyPatch, handler: Any
) -> None:
    game.on("buzz")(handler)
    game.on("quick")(lambda client: None)
    amy = game.join()
    amy.send("quick")
    monkeypatch.setattr(pretend, "PATIENCE_S", SHORT_PATIENCE_S)
    with pytest.raises(GameError) as caught:
        amy.send("buzz")
    assert "busy" in str(caught.value)
    assert "test_pretend.py, line" in str(caught.value)
    game.stop(0.2)


def test_what_goes_wrong_in_a_game_is_a_failed_check() -> None:
    error = GameError("It broke.", "Mend it.")
    assert isinstance(error, AssertionError)
    assert str(error) == "It broke.\n  Mend it."


def test_functions_that_were_called_every_second_before_the_game_are_called_in_it() -> None:
    app, clock = App(), PretendClock()
    ticks: list[int] = []
    app.every(1)(lambda: ticks.append(1))
    runtime = Runtime(app, clock)
    game = Game(app, runtime, clock, io.StringIO())
    game.wait(3)
    assert ticks == [1, 1, 1]
    assert runtime.stop()


def test_pretend_browsers_need_none_of_our_own_messages(game: NewGame) -> None:
    amy = game.join()
    amy.client.name = "Amy"
    assert not game.is_page(amy)
    assert amy.messages == []
    assert isinstance(game.app, App)
