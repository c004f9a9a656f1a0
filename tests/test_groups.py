"""Groups: who is in, who gets a broadcast, and what happens while they come and go."""

from __future__ import annotations

import sys
import threading
from typing import Any, Iterator

import pytest

from tests.rooms import Room
from wszero.client import Client
from wszero.errors import BadName, ReadOnly
from wszero.groups import ClientGroups, Groups, check_group


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Let threads take turns so often that a race shows itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_members_stand_in_the_order_in_which_they_came(room: Room) -> None:
    groups, amy, ben = Groups(), room.join(), room.join()
    groups.add("red", ben)
    groups.add("red", amy)
    assert groups.members("red") == (ben, amy)


def test_nobody_is_in_a_group_that_does_not_exist() -> None:
    assert Groups().members("red") == ()


def test_to_join_twice_changes_nothing(room: Room) -> None:
    groups, amy = Groups(), room.join()
    assert groups.add("red", amy)
    assert not groups.add("red", amy)
    assert groups.members("red") == (amy,)


def test_to_leave_a_group_twice_changes_nothing(room: Room) -> None:
    groups, amy = Groups(), room.join()
    assert not groups.remove("red", amy)
    groups.add("red", amy)
    assert groups.remove("red", amy)
    assert not groups.remove("red", amy)


def test_a_list_that_was_taken_stays_as_it_was(room: Room) -> None:
    groups, amy, ben = Groups(), room.join(), room.join()
    groups.add("red", amy)
    taken = groups.members("red")
    groups.add("red", ben)
    groups.remove("red", amy)
    assert taken == (amy,)
    assert groups.members("red") == (ben,)


def test_a_list_is_made_anew_only_when_somebody_came_or_went(room: Room) -> None:
    groups, amy, ben = Groups(), room.join(), room.join()
    groups.add("red", amy)
    taken = groups.members("red")
    groups.add("red", amy)
    groups.add("blue", ben)
    assert groups.members("red") is taken


def test_an_empty_group_leaves_nothing_behind(room: Room) -> None:
    groups, amy = Groups(), room.join()
    for n in range(100):
        groups.add(str(n), amy)
        groups.members(str(n))
        groups.remove(str(n), amy)
        groups.members(str(n))
    assert not groups._members
    assert not groups._tuples


def test_threads_that_change_a_group_see_their_own_changes(
    room: Room, quick_switches: None
) -> None:
    groups, wrong = Groups(), []
    begin = threading.Barrier(4)

    def work(client: Client) -> None:
        begin.wait()
        for _ in range(4_000):
            groups.add("red", client)
            if client not in groups.members("red"):
                wrong.append("is missing")
            groups.remove("red", client)
            if client in groups.members("red"):
                wrong.append("is still there")

    threads = [threading.Thread(target=work, args=(room.join(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_client_tells_its_groups(room: Room) -> None:
    amy = room.join()
    amy.add_to_group("red")
    amy.add_to_group("blue")
    amy.remove_from_group("red")
    assert set(amy.groups) == {"blue"}
    assert "blue" in amy.groups
    assert sorted(amy.groups | {"green"}) == ["blue", "green"]


def test_only_those_in_a_group_get_what_is_meant_for_it(room: Room) -> None:
    amy, ben = room.join(), room.join()
    amy.add_to_group("red")
    room.app.broadcast("go", "red", n=1)
    room.app.broadcast("go", group="red", n=2)
    assert room.heard(amy) == [{"op": "go", "n": 1}, {"op": "go", "n": 2}]
    assert room.heard(ben) == []


def test_who_has_left_is_in_no_group_but_its_own_list_stays(room: Room) -> None:
    amy = room.join()
    amy.add_to_group("red")
    room.leave(amy)
    assert set(amy.groups) == {"red"}
    assert room.app._groups.members("red") == ()


def test_who_has_left_can_not_join_a_group_any_more(room: Room) -> None:
    amy = room.join()
    room.leave(amy)
    amy.add_to_group("red")
    assert not amy.groups
    assert room.app._groups.members("red") == ()


@pytest.mark.parametrize(
    ("change", "instead"),
    [
        (lambda groups: groups.add("red"), "client.add_to_group('red')"),
        (lambda groups: groups.remove("red"), "client.remove_from_group('red')"),
        (lambda groups: groups.discard("red"), "client.remove_from_group('red')"),
    ],
)
def test_to_change_the_list_itself_is_explained(change: Any, instead: str) -> None:
    with pytest.raises(ReadOnly) as caught:
        change(ClientGroups({"blue"}))
    assert instead in caught.value.fix


def test_a_groups_name_is_any_text() -> None:
    assert check_group("the reds!", "…") == "the reds!"


@pytest.mark.parametrize("name", ["", None, 5, True, b"red", ["red", "blue"], ("red",), {"red"}])
def test_what_is_no_groups_name_is_refused_with_right_code(room: Room, name: Any) -> None:
    amy = room.join()
    with pytest.raises(BadName, match=r"client\.add_to_group\('red'\)"):
        amy.add_to_group(name)
    with pytest.raises(BadName, match=r"client\.remove_from_group\('red'\)"):
        amy.remove_from_group(name)


@pytest.mark.parametrize("name", ["", 5, ["red"]])
def test_a_broadcast_to_no_groups_name_is_refused(room: Room, name: Any) -> None:
    amy = room.join()
    with pytest.raises(BadName, match=r"broadcast\("):
        room.app.broadcast("go", name)
    with pytest.raises(BadName, match=r"client\.send_others\("):
        amy.send_others("go", name)


def test_several_groups_and_a_value_without_a_name_are_told_apart(room: Room) -> None:
    with pytest.raises(BadName, match="not several"):
        room.app.broadcast("go", ["red", "blue"])  # type: ignore[arg-type]
    with pytest.raises(BadName, match="value without a name"):
        room.app.broadcast("go", 5)  # type: ignore[arg-type]
    with pytest.raises(BadName, match="name of a group is a text"):
        room.app.broadcast("go", "")
    with pytest.raises(BadName, match="name of a group is a text"):
        room.join().add_to_group(5)  # type: ignore[arg-type]


def test_a_huge_wrong_name_is_not_repeated_at_length() -> None:
    with pytest.raises(BadName) as caught:
        check_group(list(range(10_000)).__repr__().encode(), "…")
    assert len(str(caught.value)) < 200
