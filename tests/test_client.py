"""One client: what the program may do with it, and what is refused in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.rooms import Room
from wszero.client import _ANIMALS, MOST_SCRIPTS, SCRIPT_HEAD, Client
from wszero.errors import BadName, CannotSend, NoSuchAttribute, ReadOnly
from wszero.monitor_protocol import MessageOut, Renamed


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def amy(room: Room) -> Client:
    return room.join()


# ---- who it is ----------------------------------------------------------------------------------


def test_every_client_has_an_id_and_a_friendly_name_of_its_own(room: Room) -> None:
    clients = [room.join() for _ in range(2 * len(_ANIMALS) + 1)]
    assert [client.id for client in clients[:3]] == ["c1", "c2", "c3"]
    assert clients[0].name == "Otter 1"
    assert len({client.name for client in clients}) == len(clients)


def test_the_animals_are_all_different() -> None:
    assert len(set(_ANIMALS)) == len(_ANIMALS)


def test_the_program_may_set_the_name(room: Room, amy: Client) -> None:
    amy.name = "Amy"
    assert amy.name == "Amy"
    assert str(amy) == "Amy"
    assert repr(amy) == "<Client Amy>"
    assert room.seen(Renamed) == [Renamed("c1", "Amy")]


def test_our_page_is_told_its_new_name_and_nobody_else_is(room: Room) -> None:
    amy, ben = room.join(is_page=True), room.join()
    amy.name = "Amy"
    ben.name = "Ben"
    assert room.heard(amy) == [{"op": "_name", "name": "Amy"}]
    assert room.heard(ben) == []


@pytest.mark.parametrize("name", ["", "  ", None, 5, ["Amy"]])
def test_what_is_no_name_is_refused(amy: Client, name: Any) -> None:
    with pytest.raises(CannotSend) as caught:
        amy.name = name
    assert caught.value.fix == "Try: client.name = 'Amy'"
    assert amy.name == "Otter 1"


def test_a_client_tells_whether_it_is_there(room: Room, amy: Client) -> None:
    assert amy.connected
    room.leave(amy)
    assert not amy.connected


# ---- attributes of the program ------------------------------------------------------------------


def test_any_other_attribute_belongs_to_the_program(amy: Client) -> None:
    amy.score = 1
    amy.score += 1
    amy._hidden = "x"
    assert (amy.score, amy._hidden) == (2, "x")
    del amy.score
    assert not hasattr(amy, "score")


def test_two_clients_do_not_share_attributes(room: Room, amy: Client) -> None:
    amy.score = 1
    assert not hasattr(room.join(), "score")


def test_a_missing_attribute_can_be_asked_for(amy: Client) -> None:
    assert getattr(amy, "score", 7) == 7


def test_a_missing_attribute_says_how_to_make_it(amy: Client) -> None:
    with pytest.raises(NoSuchAttribute) as caught:
        print(amy.score)
    assert "score" in caught.value.what
    assert caught.value.fix == "First write: client.score = 0"


@pytest.mark.parametrize(
    ("wrong", "right"), [("scor", "score"), ("nam", "name"), ("add_to_gruop", "add_to_group")]
)
def test_a_misspelt_attribute_gets_a_suggestion(amy: Client, wrong: str, right: str) -> None:
    amy.score = 1
    with pytest.raises(NoSuchAttribute, match=f"Did you mean client.{right}"):
        getattr(amy, wrong)


def test_to_broadcast_needs_no_client(amy: Client) -> None:
    with pytest.raises(NoSuchAttribute, match="without client: broadcast"):
        amy.broadcast("chat", text="hi")


def test_python_itself_asks_for_names_that_need_no_explanation(amy: Client) -> None:
    with pytest.raises(AttributeError) as caught:
        amy.__length_hint__()
    assert not isinstance(caught.value, NoSuchAttribute)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("send", "client.send('chat', text='hello')"),
        ("groups", "client.add_to_group('red')"),
        ("id", "client.name = 'Amy'"),
        ("kick", "client.my_kick"),
        ("connected", "client.my_connected"),
        ("_link", "another name"),
        ("_app", "another name"),
    ],
)
def test_what_wszero_uses_can_not_be_assigned_over(amy: Client, name: str, instead: str) -> None:
    with pytest.raises(ReadOnly) as caught:
        setattr(amy, name, 5)
    assert f"client.{name} " in caught.value.what
    assert instead in caught.value.fix


def test_to_add_to_the_groups_with_an_operator_is_refused_too(amy: Client) -> None:
    with pytest.raises(ReadOnly, match="add_to_group"):
        amy.groups |= {"red"}  # type: ignore[misc, assignment]


def test_a_client_can_be_copied_and_kept_in_sets_and_dictionaries(amy: Client) -> None:
    amy.score = 3
    assert copy.copy(amy).score == 3
    assert {amy: 1}[amy] == 1
    assert amy in {amy}


# ---- sending ------------------------------------------------------------------------------------


def test_a_message_reaches_this_client_alone(room: Room, amy: Client) -> None:
    ben = room.join()
    amy.send("chat", text="hi", group="red", client=1, self=2)
    expected = {"op": "chat", "text": "hi", "group": "red", "client": 1, "self": 2}
    assert room.heard(amy) == [expected]
    assert room.heard(ben) == []


def test_the_panel_sees_what_was_sent(room: Room, amy: Client) -> None:
    amy.send("chat", text="hi")
    (event,) = room.seen(MessageOut)
    assert (event.clients, event.op, event.params) == (["c1"], "chat", {"text": "hi"})
    assert not event.everybody
    assert event.size_bytes == len('{"op":"chat","text":"hi"}')


def test_others_get_what_a_client_sends_them(room: Room, amy: Client) -> None:
    ben, cat = room.join(), room.join()
    amy.send_others("draw", x=3)
    assert room.heard(amy) == []
    assert room.heard(ben) == room.heard(cat) == [{"op": "draw", "x": 3}]
    assert [count for _, count in room.frames] == [2]


@pytest.mark.parametrize("group", [{"group": "red"}, {}])
def test_others_may_be_those_of_a_group(room: Room, amy: Client, group: dict[str, str]) -> None:
    ben, cat = room.join(), room.join()
    amy.add_to_group("red")
    ben.add_to_group("red")
    amy.send_others("go", *([] if group else ["red"]), **group, n=1)
    assert [len(room.heard(client)) for client in (amy, ben, cat)] == [0, 1, 0]


def test_a_text_in_the_place_of_a_group_is_explained(room: Room, amy: Client) -> None:
    room.join()
    amy.send_others("chat", "hello")
    assert 'amy.send_others("chat", text="hello")' in room.console


def test_to_be_alone_in_a_group_needs_no_explanation(room: Room, amy: Client) -> None:
    amy.add_to_group("red")
    amy.send_others("go", "red")
    assert room.console == ""


def test_a_value_without_a_name_is_refused_with_right_code(amy: Client) -> None:
    with pytest.raises(CannotSend) as caught:
        amy.send("buzz", "hello")
    assert caught.value.fix == 'Give it a name: amy.send("buzz", text="hello")'
    with pytest.raises(CannotSend) as caught:
        amy.send_others("go", "red", 3)
    assert caught.value.fix == 'Give it a name: amy.send_others("go", "red", text=3)'


def test_a_variable_without_a_name_gets_its_own_one(amy: Client) -> None:
    text, point = "hello", {"x": 1}
    with pytest.raises(CannotSend, match=r'amy\.send\("buzz", text=text\)'):
        amy.send("buzz", text)
    with pytest.raises(CannotSend, match=r'amy\.send\("buzz", \*\*point\)'):
        amy.send("buzz", point)


@pytest.mark.parametrize("op", ["error", "_x", "", 5])
def test_a_wrong_name_of_a_message_is_refused(room: Room, amy: Client, op: Any) -> None:
    with pytest.raises(BadName):
        amy.send(op, text="hi")
    with pytest.raises(BadName):
        amy.send_others(op)
    assert not room.frames


def test_a_value_that_can_not_be_sent_is_refused_even_without_receivers(
    room: Room, amy: Client
) -> None:
    room.leave(amy)
    with pytest.raises(CannotSend, match=r"players\[0\] is a set"):
        amy.send("list", players=[{1}])


def test_what_is_sent_to_one_who_has_left_is_lost(room: Room, amy: Client) -> None:
    room.leave(amy)
    amy.send("chat")
    amy.send_others("chat")
    amy.kick()
    amy.name = "Amy"
    assert not room.frames
    assert room.closed(amy) is None


def test_javascript_is_sent_to_the_page(room: Room, amy: Client) -> None:
    amy.eval_js("alert(1)")
    assert room.heard(amy) == [{"op": "eval_js", "script": "alert(1)"}]


def test_javascript_must_be_a_text(amy: Client) -> None:
    with pytest.raises(CannotSend, match="in quotes"):
        amy.eval_js(5)  # type: ignore[arg-type]


def test_a_client_can_leave_a_group(room: Room, amy: Client) -> None:
    amy.add_to_group("red")
    amy.remove_from_group("red")
    room.app.broadcast("go", "red", n=1)
    assert not amy.groups
    assert not room.frames


def test_a_script_that_fails_is_found_at_the_line_that_sent_it(amy: Client) -> None:
    script = f"alert({'1' * 1_000})"
    amy.eval_js("alert(2)")
    amy.eval_js(script)
    place = amy._place_of_script(script)
    assert place is not None
    assert (place.short.split(",")[0], place.code) == ("test_client.py", "amy.eval_js(script)")
    # The page tells only how it begins.
    assert amy._place_of_script(script[:SCRIPT_HEAD]) == place
    assert amy._place_of_script("alert(3)") is None


def test_of_two_lines_with_one_script_the_last_is_found(amy: Client) -> None:
    amy.eval_js("alert(1)")
    amy.eval_js("alert(" + "1)")
    place = amy._place_of_script("alert(1)")
    assert place is not None
    assert place.code.endswith('+ "1)")')


def test_only_the_last_scripts_are_remembered(amy: Client) -> None:
    for n in range(100):
        amy.eval_js("first" if n % 10 == 0 else f"alert({n})")
    assert len(amy._scripts) == MOST_SCRIPTS
    assert amy._place_of_script("first")
    assert amy._place_of_script("alert(99)")
    assert not amy._place_of_script("alert(1)")


# ---- kicking ------------------------------------------------------------------------------------


def test_a_kick_closes_with_its_words_after_what_was_sent_before(room: Room, amy: Client) -> None:
    amy.send("bye")
    amy.kick("Please be kind.")
    amy.send("too late")
    assert room.heard(amy) == [{"op": "bye"}]
    assert room.closed(amy) == (4001, "Please be kind.")


def test_a_kick_may_have_no_reason_or_one_that_is_no_text(room: Room) -> None:
    amy, ben = room.join(), room.join()
    amy.kick()
    ben.kick(404)  # type: ignore[arg-type]
    assert room.closed(amy) == (4001, "")
    assert room.closed(ben) == (4001, "404")


# ---- all clients --------------------------------------------------------------------------------


def test_the_clients_can_be_counted_visited_and_looked_for(room: Room) -> None:
    amy, ben = room.join("Amy"), room.join("Ben")
    clients = room.app.clients
    assert list(clients) == [amy, ben]
    assert len(clients) == 2
    assert amy in clients
    assert clients[-1] is ben
    assert clients[:1] == (amy,)
    assert repr(clients) == "<2 clients: Amy, Ben>"


def test_no_clients_are_as_false_as_an_empty_list(room: Room) -> None:
    assert not room.app.clients
    room.join()
    assert room.app.clients


def test_who_leaves_is_no_longer_among_the_clients(room: Room, amy: Client) -> None:
    room.leave(amy)
    assert amy not in room.app.clients
    assert len(room.app.clients) == 0


def test_clients_may_come_and_go_while_the_program_visits_them(room: Room) -> None:
    amy, ben = room.join(), room.join()
    seen = []
    for client in room.app.clients:
        seen.append(client)
        room.leave(client)
        room.join()
    assert seen == [amy, ben]
