"""The core: what is fed in comes out as calls and frames, in words where something is wrong."""

from __future__ import annotations

import json
import threading
from typing import Any, Callable, Sequence

import pytest

from tests.rooms import Room
from wszero.app import App
from wszero.calls import Every, failed_at_the_door
from wszero.client import Client
from wszero.errors import AlreadyRunning, BadHandler, BadName, CannotSend, Place, ServerStopped
from wszero.interfaces import Nowhere
from wszero.monitor_protocol import (
    GroupChanged,
    Joined,
    Left,
    Marked,
    MessageIn,
    MessageOut,
    Ran,
    Trouble,
)
from wszero.troubles import MOST_WAITING


@pytest.fixture
def room() -> Room:
    return Room()


class PretendDriver:
    """A driver that notes down what it is asked for."""

    made: list[PretendDriver]

    def __init__(self, app: App, port: int, given: dict[str, Any]) -> None:
        self.app, self.port, self.given = app, port, given
        self.asked: list[str] = []
        self.made.append(self)

    def run(self) -> None:
        self.asked.append("run")
        self.app.driver_ended()

    def start(self) -> None:
        self.asked.append("start")

    def stop(self) -> None:
        self.asked.append("stop")
        self.app.driver_ended()


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> list[PretendDriver]:
    monkeypatch.setattr(App, "make_driver", PretendDriver)
    monkeypatch.setattr(PretendDriver, "made", [], raising=False)
    return PretendDriver.made


# ---- coming and going ---------------------------------------------------------------------------


def test_connect_and_disconnect_get_the_client(room: Room) -> None:
    seen: list[object] = []
    room.on("connect")(lambda client: seen.append(("connect", client)))
    room.on("disconnect")(lambda client: seen.append(("disconnect", client)))
    amy = room.join()
    room.leave(amy)
    assert seen == [("connect", amy), ("disconnect", amy)]


def test_in_connect_the_client_is_there_and_in_disconnect_it_is_not(room: Room) -> None:
    there: list[bool] = []

    def note(client: Any) -> None:
        there.append(client in room.app.clients and client.connected)

    room.on("connect")(note)
    room.on("disconnect")(note)
    room.leave(room.join())
    assert there == [True, False]


def test_disconnect_still_sees_attributes_and_groups(room: Room) -> None:
    @room.on("disconnect")
    def gone(client: Any) -> None:
        room.app.broadcast("left", points=client.points, groups=list(client.groups))

    amy, ben = room.join(), room.join()
    amy.points = 3
    amy.add_to_group("red")
    room.leave(amy)
    assert room.heard(ben) == [{"op": "left", "points": 3, "groups": ["red"]}]
    assert room.heard(amy) == []


def test_a_program_without_these_handlers_is_fine(room: Room) -> None:
    amy = room.join()
    room.leave(amy)
    assert room.console == ""


def test_the_panel_sees_who_comes_and_goes(room: Room) -> None:
    amy = room.app.new_client(None, "/quiz.html", "10.0.0.7")
    room.app.join(amy)
    room.app.leave(amy, "closed")
    assert room.events == [Joined("c1", "Otter 1", "10.0.0.7", "/quiz.html"), Left("c1", "closed")]


def test_the_panel_finds_a_client_by_its_id_while_it_is_there(room: Room) -> None:
    amy = room.join()
    assert room.app.client_with_id(amy.id) is amy
    room.leave(amy)
    assert room.app.client_with_id(amy.id) is None


def test_an_id_is_never_given_twice(room: Room) -> None:
    amy = room.join()
    room.leave(amy)
    assert room.join().id != amy.id


def test_our_page_is_greeted_with_its_name_and_the_run(room: Room) -> None:
    amy = room.join(is_page=True)
    assert room.app.hello(amy, "r7", "quiz.py") == {
        "run": "r7",
        "id": "c1",
        "name": "Otter 1",
        "program": "quiz.py",
    }


def test_who_comes_and_goes_leaves_nothing_behind(room: Room) -> None:
    app = room.app
    for n in range(200):
        client = app.new_client(None)
        app.join(client)
        client.add_to_group(f"group {n}")
        app.leave(client, "left")
    assert not app._members
    assert not app._groups._members
    assert not app._groups._tuples


# ---- messages -----------------------------------------------------------------------------------


def test_a_message_calls_its_handler_with_client_and_parameters(room: Room) -> None:
    seen: list[object] = []

    @room.on("move")
    def move(client: Any, x: int, y: int = 5, **more: Any) -> None:
        seen.append((client, x, y, more))

    amy = room.join()
    room.message(amy, "move", x=1, from_=2)
    room.get(amy, '{"op": "move", "x": 1, "y": 2, "from": "left"}')
    assert seen == [(amy, 1, 5, {"from_": 2}), (amy, 1, 2, {"from_": "left"})]


def test_the_panel_sees_messages_and_how_often_handlers_ran(room: Room) -> None:
    @room.on("move")
    def move(client: Any, x: int) -> None:
        pass

    amy = room.join()
    room.message(amy, "move", x=1)
    room.message(amy, "jump")
    assert room.seen(MessageIn) == [
        MessageIn("c1", "move", {"x": 1}, True, 22),
        MessageIn("c1", "jump", {}, False, 14),
    ]
    assert room.seen(Ran) == [Ran("move", 1)]


def test_what_a_handler_returns_answers_who_asked(room: Room) -> None:
    room.on("add")(lambda client, a, b: a + b)
    amy, ben = room.join(), room.join()
    room.message(amy, "add", a=1, b=2, _ask=7)
    assert room.heard(amy) == [{"op": "_answer", "ask": 7, "value": 3}]
    assert room.heard(ben) == []


def test_nothing_returned_is_an_answer_too(room: Room) -> None:
    room.on("add")(lambda client: None)
    amy = room.join()
    room.message(amy, "add", _ask="a")
    assert room.heard(amy) == [{"op": "_answer", "ask": "a", "value": None}]


def test_without_a_question_there_is_no_answer(room: Room) -> None:
    room.on("add")(lambda client: {1, 2})
    amy = room.join()
    room.message(amy, "add")
    assert room.heard(amy) == []
    assert room.console == ""


def test_an_answer_that_can_not_be_sent_is_explained_on_both_sides(room: Room) -> None:
    @room.on("players")
    def players(client: Any) -> object:
        return {"names": {"Amy"}}

    amy = room.join()
    room.message(amy, "players", _ask=7)
    (answer,) = room.heard(amy)
    assert (answer["ask"], answer["code"]) == (7, "failed")
    for said in (answer["error"], room.console):
        assert "players() returned a value, but value['names'] is a set" in said
    assert "test_app.py" in room.console


def test_a_muted_client_is_told_and_not_listened_to(room: Room) -> None:
    ran: list[object] = []
    room.on("chat")(ran.append)
    amy = room.join()
    room.app.mute(amy, True)
    room.message(amy, "chat")
    room.message(amy, "chat", _ask=7)
    room.app.mute(amy, False)
    room.message(amy, "chat")
    error, answer = room.heard(amy)
    assert (error["op"], error["code"], error["about"]) == ("error", "muted", "chat")
    assert (answer["op"], answer["code"], answer["ask"]) == ("_answer", "muted", 7)
    assert ran == [amy]
    assert [event.handled for event in room.seen(MessageIn)] == [False, False, True]
    assert room.seen(Marked) == [Marked("c1", "muted", True), Marked("c1", "muted", False)]


def test_messages_of_one_who_has_left_are_answered_to_nobody(room: Room) -> None:
    room.on("add")(lambda client: 3)
    amy = room.join()
    room.leave(amy)
    room.message(amy, "add", _ask=1)
    room.message(amy, "unknown", _ask=2)
    assert not room.frames


# ---- a message that fits no handler -------------------------------------------------------------


def test_a_message_nobody_handles_is_told_to_the_sender_and_once_on_the_console(room: Room) -> None:
    room.on("chat")(lambda client, text: None)
    amy, ben = room.join(), room.join()
    for client in (amy, ben, amy):
        room.message(client, "chta")
    (error,) = room.heard(ben)
    assert (error["op"], error["code"], error["about"]) == ("error", "no_handler", "chta")
    assert "chat" in error["msg"]
    assert room.console.count("Did you mean") == 1
    assert [trouble.count for trouble in room.seen(Trouble)] == [1, 2, 3]


def test_a_question_nobody_handles_is_answered(room: Room) -> None:
    amy = room.join()
    room.message(amy, "score", _ask=7)
    (answer,) = room.heard(amy)
    assert (answer["op"], answer["ask"], answer["code"]) == ("_answer", 7, "no_handler")
    assert "@on('score')" in answer["error"]


def test_a_name_that_can_stand_in_no_program_is_not_suggested(room: Room) -> None:
    amy = room.join()
    room.message(amy, "my message")
    assert "@on" not in room.console


def test_a_message_in_the_shape_of_an_event_is_refused(room: Room) -> None:
    ran: list[object] = []
    room.on("disconnect")(ran.append)
    amy = room.join()
    room.message(amy, "disconnect")
    assert room.heard(amy)[0]["code"] == "reserved_op"
    assert not ran


def test_parameters_that_do_not_fit_are_explained_on_both_sides(room: Room) -> None:
    @room.on("chat")
    def chat(client: Any, text: str) -> None:
        raise AssertionError("never called")

    amy = room.join()
    room.message(amy, "chat", txt="hi")
    room.message(amy, "chat", _ask=7)
    error, answer = room.heard(amy)
    assert (error["code"], error["about"]) == ("parameters", "chat")
    assert "txt" in error["msg"]
    assert "text" in error["msg"]
    assert (answer["code"], answer["ask"]) == ("parameters", 7)
    assert "chat()" in room.console
    assert not room.seen(Ran)


def test_a_mistake_inside_a_handler_is_no_matter_of_parameters(room: Room) -> None:
    @room.on("chat")
    def chat(client: Any, text: str) -> None:
        len(5)  # type: ignore[arg-type]

    amy = room.join()
    room.message(amy, "chat", text="hi")
    assert room.heard(amy) == []
    assert "len(5)" in room.console
    assert room.seen(Trouble)[0].kind == "mistake"


def test_a_wrong_call_inside_a_handler_is_no_matter_of_parameters(room: Room) -> None:
    def helper(a: int) -> None:
        pass

    @room.on("chat")
    def chat(client: Any) -> None:
        helper()  # type: ignore[call-arg]

    room.message(room.join(), "chat")
    assert "helper()" in room.console
    assert room.seen(Trouble)[0].kind == "mistake"


def test_what_no_signature_explains_is_told_as_a_mistake(room: Room) -> None:
    room.on("max")(max)
    amy = room.join()
    room.message(amy, "max", key=1)
    assert room.seen(Trouble)[0].kind == "mistake"


def test_only_a_call_that_never_entered_the_function_failed_at_the_door() -> None:
    assert not failed_at_the_door(TypeError("raised nowhere"))


def test_what_comes_from_outside_can_not_play_tricks_with_the_console(room: Room) -> None:
    amy = room.join()
    amy.name = "\x1b[2JAmy\nhaha" + "!" * 1000
    room.get(amy, "no json")
    room.get(amy, json.dumps({"op": "\x1b[2J\nhaha" + "!" * 1000}))
    room.on("chat")(lambda client: None)
    room.get(amy, json.dumps({"op": "chat", "\x1b[2J\nhaha" + "!" * 1000: 1}))
    assert "\x1b" not in room.console
    assert "\nhaha" not in room.console
    assert len(room.console) < 1500


def test_half_an_emoji_costs_its_sender_an_answer_and_nobody_else_anything(room: Room) -> None:
    room.on("add")(lambda client, n: n)
    amy = room.join()
    room.get(amy, '{"op": "\\ud83d"}')
    room.get(amy, '{"op": "add", "n": "\\ud83d", "_ask": "\\ud83d"}')
    error, answer = room.heard(amy)
    assert (error["code"], error["about"]) == ("no_handler", "\ufffd")
    assert (answer["ask"], answer["value"]) == ("\ufffd", "\ufffd")


# ---- the page tells its line --------------------------------------------------------------------


def test_our_page_is_given_time_to_tell_its_line(room: Room) -> None:
    room.has_a_clock()
    amy = room.join(is_page=True)
    room.message(amy, "chta")
    assert room.console == ""
    assert room.heard(amy)[0]["code"] == "no_handler"
    room.app.troubles.where(amy, "chta", Place("quiz.html", 3, "send('chta')"))
    assert "chta" in room.console
    assert "quiz.html, line 3" in room.console
    room.time_passes()
    assert room.console.count("line 3") == 1


def test_a_page_that_tells_no_line_does_not_hold_back_the_words(room: Room) -> None:
    room.has_a_clock()
    amy = room.join(is_page=True)
    room.message(amy, "chta")
    room.time_passes()
    assert "chta" in room.console
    room.app.troubles.where(amy, "chta", Place("quiz.html", 3, ""))
    assert "quiz.html" not in room.console


def test_the_second_time_there_is_nothing_to_wait_for(room: Room) -> None:
    room.has_a_clock()
    amy = room.join(is_page=True)
    for _ in range(3):
        room.message(amy, "chta")
        room.time_passes()
    assert [trouble.count for trouble in room.seen(Trouble)] == [1, 2, 3]
    assert not room._due


def test_a_line_that_nobody_waits_for_is_left(room: Room) -> None:
    room.app.troubles.where(room.join(is_page=True), "chat", Place("quiz.html", 3, ""))
    assert room.console == ""


def test_a_flood_of_nonsense_makes_up_no_long_queue(room: Room) -> None:
    room.has_a_clock()
    amy = room.join(is_page=True)
    for n in range(1_000):
        room.message(amy, f"nonsense{n}")
    assert len(room._due) <= MOST_WAITING
    room.time_passes()
    assert not room.app.troubles._wait_for_page
    assert len(room.console) < 10_000


# ---- a handler that fails -----------------------------------------------------------------------


def test_a_mistake_is_told_with_the_childs_line_and_harms_nobody(room: Room) -> None:
    @room.on("buzz")
    def buzz(client: Any) -> None:
        print(1 / 0)

    amy, ben = room.join(), room.join()
    room.message(amy, "buzz")
    assert "test_app.py" in room.console
    assert "print(1 / 0)" in room.console
    room.app.broadcast("on")
    assert room.heard(ben) == [{"op": "on"}]
    (trouble,) = room.seen(Trouble)
    assert (trouble.kind, trouble.client, trouble.count) == ("mistake", "c1", 1)
    assert trouble.file is not None
    assert trouble.file.endswith("test_app.py")
    assert room.seen(Ran) == [Ran("buzz", 1)]


def test_the_same_mistake_is_told_once_and_counted(room: Room) -> None:
    @room.on("buzz")
    def buzz(client: Any) -> None:
        print(1 / 0)

    amy = room.join()
    for _ in range(12):
        room.message(amy, "buzz")
    assert room.console.count("print(1 / 0)") == 1
    assert "10" in room.console
    assert room.seen(Trouble)[-1].count == 12


def test_a_question_to_a_handler_that_fails_is_answered(room: Room) -> None:
    room.on("buzz")(lambda client: 1 / 0)
    amy = room.join()
    room.message(amy, "buzz", _ask=7)
    (answer,) = room.heard(amy)
    assert (answer["op"], answer["ask"], answer["code"]) == ("_answer", 7, "failed")
    assert "ZeroDivision" not in answer["error"]


@pytest.mark.parametrize(
    "error", [SystemExit(), KeyboardInterrupt(), GeneratorExit(), RecursionError(), KeyError("x")]
)
def test_any_kind_of_error_ends_its_own_message_only(room: Room, error: BaseException) -> None:
    @room.on("buzz")
    def buzz(client: Any) -> None:
        raise error

    amy = room.join()
    room.message(amy, "buzz")
    assert len(room.seen(Trouble)) == 1
    room.app.broadcast("on")
    assert room.heard(amy) == [{"op": "on"}]


def test_a_handler_that_the_stop_ended_made_no_mistake(room: Room) -> None:
    @room.on("buzz")
    def buzz(client: Any) -> None:
        raise ServerStopped

    room.message(room.join(), "buzz")
    assert room.console == ""
    assert not room.seen(Trouble)


def test_a_mistake_in_every_has_no_client(room: Room) -> None:
    @room.app.every(1)
    def tick() -> None:
        print(1 / 0)

    room.run(room.app.tick(room.app.everies[0]))
    (trouble,) = room.seen(Trouble)
    assert trouble.client is None
    assert "print(1 / 0)" in room.console


# ---- broadcast ----------------------------------------------------------------------------------


def test_a_broadcast_reaches_everybody_as_one_frame(room: Room) -> None:
    clients = [room.join() for _ in range(5)]
    room.app.broadcast("chat", text="hi", self=1, app=2, receivers=3)
    expected = {"op": "chat", "text": "hi", "self": 1, "app": 2, "receivers": 3}
    assert all(room.heard(client) == [expected] for client in clients)
    assert [count for _, count in room.frames] == [5]


def test_a_broadcast_without_receivers_sends_nothing(room: Room) -> None:
    room.app.broadcast("chat", text="hi")
    assert not room.frames
    assert room.console == ""


def test_the_panel_sees_whom_a_broadcast_was_meant_for(room: Room) -> None:
    amy, _ben = room.join(), room.join()
    amy.add_to_group("red")
    room.app.broadcast("all")
    room.app.broadcast("some", "red", n=1)
    everybody, group = room.seen(MessageOut)
    assert everybody.everybody
    assert (everybody.clients, everybody.group) == ([], None)
    assert (group.clients, group.group, group.everybody) == (["c1"], "red", False)


def test_the_panel_keeps_what_was_sent_when_the_program_goes_on_with_it(room: Room) -> None:
    room.join()
    params = {"n": 1}
    room.app.broadcast("count", **params)
    params["n"] = 2
    assert room.seen(MessageOut)[0].params == {"n": 1}


def test_the_panel_sees_who_changes_groups_once(room: Room) -> None:
    amy = room.join()
    amy.add_to_group("red")
    amy.add_to_group("red")
    amy.remove_from_group("red")
    amy.remove_from_group("red")
    assert room.seen(GroupChanged) == [
        GroupChanged("c1", "red", True),
        GroupChanged("c1", "red", False),
    ]


def test_a_text_in_the_place_of_a_group_is_explained(room: Room) -> None:
    room.join()
    room.app.broadcast("chat", "hello")
    assert 'broadcast("chat", text="hello")' in room.console
    assert "test_app.py" in room.console


def test_an_empty_group_with_parameters_is_nothing_to_explain(room: Room) -> None:
    room.app.broadcast("chat", "red", text="hello")
    assert room.console == ""


def test_a_second_value_without_a_name_is_refused(room: Room) -> None:
    with pytest.raises(CannotSend, match=r'broadcast\("chat", "red", text="hello"\)'):
        room.app.broadcast("chat", "red", "hello")


@pytest.mark.parametrize("op", ["error", "eval_js", "_x", "", 5, None])
def test_a_wrong_name_of_a_message_is_refused(room: Room, op: Any) -> None:
    with pytest.raises(BadName):
        room.app.broadcast(op)
    with pytest.raises(BadName):
        room.app.broadcast(op, "red")
    assert room.console == ""


class LeavingClient(Client):
    """Leaves between the first look at its link and the second, as a busy network may have it."""

    @property
    def _link(self) -> object:
        looks: list[object] = self.__dict__["looks"]
        return looks.pop() if looks else None


class LinksOnly:
    """A transport that notes whatever it is given for a link."""

    def __init__(self) -> None:
        self.links: list[object] = []

    def send(self, payload: bytes, links: Sequence[object]) -> None:
        self.links += links

    def close(self, link: object, code: int, reason: str) -> None:
        self.links.append(link)

    def is_page(self, link: object) -> bool:
        self.links.append(link)
        return True


@pytest.mark.parametrize(
    "do",
    [
        lambda app, client: client.send("chat"),
        lambda app, client: app.broadcast("chat"),
        lambda app, client: client.eval_js("alert(1)"),
        lambda app, client: app.troubles.error(client, "failed", "words"),
        lambda app, client: setattr(client, "name", "Amy"),
        lambda app, client: client.kick(),
    ],
    ids=["send", "broadcast", "eval_js", "error", "name", "kick"],
)
def test_who_leaves_in_the_middle_of_a_send_does_not_harm_it(
    room: Room, do: Callable[[App, Client], None]
) -> None:
    room.app.transport = transport = LinksOnly()
    client = LeavingClient(room.app, 1, None)
    client.__dict__["looks"] = []
    room.run(room.app.join(client))
    client.__dict__["looks"] = ["link"]
    do(room.app, client)
    assert "link" in transport.links
    assert None not in transport.links


def test_a_stop_in_the_middle_of_a_send_does_not_harm_it(room: Room) -> None:
    class StoppingApp(App):
        """Has its observer taken away between the first look at it and the second."""

        looks = 1

        @property
        def observer(self) -> Any:
            self.looks -= 1
            return events.append if self.looks >= 0 else None

        @observer.setter
        def observer(self, observer: Any) -> None:
            pass

    events: list[object] = []
    app = StoppingApp()
    app.broadcast("chat")
    assert len(events) == 1


def test_an_object_as_in_javascript_is_refused_with_right_code(room: Room) -> None:
    with pytest.raises(BadName, match=r"broadcast\(.chat., text="):
        room.app.broadcast({"op": "chat", "text": "hi"})  # type: ignore[arg-type]


def test_what_to_try_names_the_childs_own_variable(room: Room) -> None:
    players = {"Amy"}
    with pytest.raises(CannotSend, match=r"names=list\(players\)"):
        room.app.broadcast("all", names=players)


def test_who_has_left_joins_no_group_but_may_send_to_the_others(room: Room) -> None:
    amy, ben = room.join(), room.join()
    room.leave(amy)
    amy.add_to_group("red")
    amy.send_others("bye")
    assert room.heard(ben) == [{"op": "bye"}]
    assert not room.seen(GroupChanged)


def test_broadcasts_from_many_threads_all_arrive(room: Room) -> None:
    amy = room.join()
    begin = threading.Barrier(4)

    def work(number: int) -> None:
        begin.wait()
        for n in range(100):
            room.app.broadcast("chat", number=number, n=n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        heard = [message["n"] for message in room.heard(amy) if message["number"] == number]
        assert heard == list(range(100))


# ---- every --------------------------------------------------------------------------------------


def test_every_calls_its_function_without_anything(room: Room) -> None:
    ticks: list[int] = []

    @room.app.every(2)
    def tick() -> None:
        ticks.append(1)

    (every,) = room.app.everies
    assert every.seconds == 2
    room.run(room.app.tick(every))
    assert ticks == [1]


def test_every_begins_at_once_while_the_server_runs(room: Room) -> None:
    begun: list[Every] = []
    room.app.schedule = begun.append
    room.app.every(0.5)(lambda: None)
    assert begun == room.app.everies


@pytest.mark.parametrize("seconds", ["2", None, True, 0, -1, 0.001, float("nan"), [1]])
def test_every_needs_a_sensible_number_of_seconds(room: Room, seconds: Any) -> None:
    with pytest.raises(BadHandler, match="@every"):
        room.app.every(seconds)


def test_every_without_brackets_is_refused(room: Room) -> None:
    with pytest.raises(BadHandler, match=r"@every\("):

        @room.app.every  # type: ignore[arg-type]
        def tick() -> None:
            pass


def test_a_function_of_every_gets_nothing(room: Room) -> None:
    with pytest.raises(BadHandler, match=r"def tick\(\):"):

        @room.app.every(1)
        def tick(client: Any) -> None:
            pass

    assert not room.app.everies


# ---- starting and stopping ----------------------------------------------------------------------


def test_run_makes_a_driver_with_the_settings_and_runs_it(drivers: list[PretendDriver]) -> None:
    app = App()
    app.run(8001, show=False)
    (driver,) = drivers
    assert (driver.port, driver.given, driver.asked) == (8001, {"show": False}, ["run"])
    assert app.was_started


def test_an_early_ctrl_c_stops_what_has_begun(drivers: list[PretendDriver]) -> None:
    class ImpatientApp(App):
        def _new_driver(self, port: int, options: dict[str, Any]) -> Any:
            super()._new_driver(port, options)
            raise KeyboardInterrupt

    ImpatientApp().run()
    assert drivers[0].asked == ["stop"]


def test_an_app_can_run_in_the_background_and_be_stopped(drivers: list[PretendDriver]) -> None:
    app = App()
    app.start()
    assert app.port == 8000
    app.stop()
    assert app.port == 0
    assert drivers[0].asked == ["start", "stop"]


def test_to_stop_what_does_not_run_is_no_mistake() -> None:
    app = App()
    app.stop()
    assert app.port == 0
    assert not app.was_started


def test_a_second_start_is_refused_and_after_a_stop_it_works(drivers: list[PretendDriver]) -> None:
    app = App()
    app.start()
    with pytest.raises(AlreadyRunning, match=r"run_server\(\)"):
        app.start()
    app.stop()
    app.start()
    assert len(drivers) == 2


def test_when_the_server_has_stopped_nobody_is_connected(room: Room) -> None:
    amy = room.join()
    amy.add_to_group("red")
    room.app.driver_ended()
    assert not amy.connected
    assert not room.app.clients
    amy.send("chat")
    room.app.broadcast("chat")
    assert not room.frames


def test_what_a_stopped_server_used_is_let_go(room: Room) -> None:
    room.has_a_clock()
    room.app.schedule = lambda every: None
    room.app.driver_ended()
    assert room.app.later is None
    assert room.app.schedule is None
    assert room.app.observer is None
    assert isinstance(room.app.transport, Nowhere)


def test_before_the_server_runs_everything_may_be_sent_to_nobody() -> None:
    app = App()
    app.broadcast("chat", text="hi")
    client = app.new_client(object())
    client.send("chat")
    client.name = "Amy"
    client.kick()
    assert not app.transport.is_page(object())


def test_two_apps_know_nothing_of_each_other() -> None:
    one, two = Room(), Room()
    one.on("chat")(lambda client: None)
    amy, ben = one.join(), two.join()
    one.app.broadcast("hi")
    assert one.heard(amy)
    assert not two.heard(ben)
    assert not two.app.handlers.get("chat")
