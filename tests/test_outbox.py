"""What waits for the panel is bounded; what matters is kept, what is too much is counted."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from wszero import outbox
from wszero.monitor_protocol import (
    Busy,
    Event,
    Free,
    GroupChanged,
    Joined,
    Left,
    LeftOut,
    Marked,
    MessageIn,
    MessageOut,
    Ran,
    Renamed,
    Trouble,
    from_line,
)
from wszero.outbox import (
    BYTES_A_FLUSH,
    LINES_A_FLUSH,
    MAX_BYTES_WAITING,
    MAX_MESSAGE_BYTES_WAITING,
    MAX_MESSAGES_WAITING,
    MAX_WAITING,
    MESSAGES_A_SECOND,
    Outbox,
)

MESSAGE = MessageIn("c1", "chat", {"text": "hi"})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(clock: Clock) -> Outbox:
    return Outbox(clock)


def taken(box: Outbox) -> list[Any]:
    """Everything that waits, however many batches it takes."""
    events = []
    while box:
        events += [from_line(line) for line in box.take().splitlines()]
    return events


def left_out(events: list[Any]) -> LeftOut:
    """The one event that says how many are missing."""
    (only,) = [event for event in events if isinstance(event, LeftOut)]
    return only


def put(box: Outbox, *events: Event) -> None:
    for event in events:
        box.put(event)


def test_events_come_out_in_the_order_in_which_they_went_in(box: Outbox) -> None:
    events: list[Event] = [Joined("c1", "Amy"), MESSAGE, MessageOut(["c1"], "chat"), Left("c1")]
    put(box, *events)
    assert taken(box) == events
    assert not box


def test_a_burst_passes_whole_and_what_is_over_it_is_counted(box: Outbox) -> None:
    put(box, *[MESSAGE] * (MAX_MESSAGES_WAITING + 7))
    events = taken(box)
    assert events.count(MESSAGE) == MAX_MESSAGES_WAITING
    assert left_out(events) == LeftOut(7, messages_in=7)


def test_what_was_left_out_is_counted_once(box: Outbox) -> None:
    put(box, *[MESSAGE] * (MAX_MESSAGES_WAITING + 1))
    taken(box)
    put(box, Free())
    assert taken(box) == [Free()]


def test_messages_in_and_out_are_counted_apart(box: Outbox) -> None:
    put(box, *[MESSAGE] * MAX_MESSAGES_WAITING, MESSAGE, *[MessageOut(["c1"], "chat")] * 2)
    assert left_out(taken(box)) == LeftOut(3, messages_in=1, messages_out=2)


def test_a_lasting_flood_passes_at_a_fixed_rate(box: Outbox, clock: Clock) -> None:
    put(box, *[MESSAGE] * MAX_MESSAGES_WAITING)
    taken(box)
    clock.now += 0.1
    put(box, *[MESSAGE] * MAX_MESSAGES_WAITING)
    assert taken(box).count(MESSAGE) == MESSAGES_A_SECOND // 10


def test_after_a_pause_a_burst_passes_again(box: Outbox, clock: Clock) -> None:
    put(box, *[MESSAGE] * (MAX_MESSAGES_WAITING + 1))
    taken(box)
    clock.now += 60
    put(box, *[MESSAGE] * MAX_MESSAGES_WAITING)
    assert taken(box) == [MESSAGE] * MAX_MESSAGES_WAITING


def test_messages_do_not_pile_up_while_nobody_takes_them(box: Outbox, clock: Clock) -> None:
    for _ in range(3):
        put(box, *[MESSAGE] * MAX_MESSAGES_WAITING)
        clock.now += 60
    missing = 2 * MAX_MESSAGES_WAITING
    assert left_out(taken(box)) == LeftOut(missing, messages_in=missing)


def test_large_messages_are_bounded_by_their_bytes(box: Outbox) -> None:
    large = MessageIn("c1", "chat", {str(n): "x" * 200 for n in range(5)})
    put(box, *[large] * MAX_MESSAGES_WAITING)
    assert box._bytes < MAX_MESSAGE_BYTES_WAITING + 2_000
    assert left_out(taken(box)).count > MAX_MESSAGES_WAITING // 2


def test_large_messages_make_room_when_they_are_taken(box: Outbox, clock: Clock) -> None:
    large = MessageIn("c1", "chat", {str(n): "x" * 200 for n in range(5)})
    for _ in range(3):
        put(box, *[large] * 700)
        assert taken(box) == [large] * 700
        clock.now += 60


def test_who_comes_and_goes_is_kept_when_messages_are_left_out(box: Outbox) -> None:
    put(box, *[MESSAGE] * MAX_MESSAGES_WAITING)
    comings = [Joined(f"c{n}", f"Otter {n}") for n in range(5_000)]
    put(box, *comings)
    assert [event for event in taken(box) if isinstance(event, Joined)] == comings


def test_there_is_a_hard_bound_for_everything(box: Outbox) -> None:
    put(box, *[Joined(f"c{n}", "Otter") for n in range(MAX_WAITING + 3)])
    assert left_out(taken(box)) == LeftOut(3)


def test_there_is_a_hard_bound_in_bytes(box: Outbox) -> None:
    put(box, *[Trouble("mistake", "x" * 2_000, line=n) for n in range(5_000)])
    assert box._bytes < MAX_BYTES_WAITING + 3_000
    assert left_out(taken(box)).count > 500


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            Trouble("mistake", "no", "/q.py", 7, count=1),
            Trouble("mistake", "no", "/q.py", 7, count=2),
        ),
        (GroupChanged("c1", "red", True), GroupChanged("c1", "red", False)),
        (Marked("c1", "slow", True), Marked("c1", "slow", False)),
        (Renamed("c1", "Amy"), Renamed("c1", "Bo")),
        (Busy("chat", seconds=2.0), Busy("chat", seconds=3.0)),
        (Busy("chat", seconds=2.0), Free()),
    ],
)
def test_of_events_that_replace_each_other_the_newest_waits(
    box: Outbox, old: Event, new: Event
) -> None:
    put(box, old, Left("c2"), new)
    assert taken(box) == [new, Left("c2")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (GroupChanged("c1", "red", True), GroupChanged("c1", "blue", True)),
        (Marked("c1", "slow", True), Marked("c1", "away", True)),
        (Renamed("c1", "Amy"), Renamed("c2", "Amy")),
        (Trouble("mistake", "no", line=7), Trouble("mistake", "no", line=8)),
    ],
)
def test_events_about_different_things_are_all_kept(box: Outbox, one: Event, other: Event) -> None:
    put(box, one, other)
    assert taken(box) == [one, other]


def test_an_endless_change_of_groups_takes_no_room(box: Outbox) -> None:
    for n in range(10_000):
        box.put(GroupChanged("c1", "red", bool(n % 2)))
    assert box._bytes < 100
    assert taken(box) == [GroupChanged("c1", "red", True)]


def test_the_runs_of_a_handler_are_added_up(box: Outbox) -> None:
    put(box, *[Ran("chat")] * 9_000, Ran("buzz", 2))
    assert taken(box) == [Ran("chat", 9_000), Ran("buzz", 2)]
    put(box, Ran("chat"))
    assert taken(box) == [Ran("chat", 1)]


def test_handlers_without_number_take_bounded_room(
    box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_MESSAGES_WAITING", 2)
    put(box, Ran("a", 1), Ran("b", 1), Ran("c", 1), Ran("a", 1))
    assert taken(box) == [Ran("a", 2), Ran("b", 1), LeftOut(1)]


def test_values_are_copied_at_once(box: Outbox) -> None:
    players = ["Amy"]
    box.put(MessageOut([], "players", {"list": players}, everybody=True))
    players.append("Bo")
    assert taken(box)[0].params == {"list": ["Amy"]}


def test_one_batch_is_small_enough_for_a_socket(box: Outbox) -> None:
    put(box, *[Trouble("mistake", "x" * 2_000, line=n) for n in range(1_000)])
    assert BYTES_A_FLUSH <= len(box.take()) < BYTES_A_FLUSH + 3_000


def test_one_batch_is_short_enough_for_a_panel(box: Outbox) -> None:
    put(box, *[Left(f"c{n}") for n in range(LINES_A_FLUSH + 5)])
    assert len(box.take().splitlines()) == LINES_A_FLUSH
    assert len(box.take().splitlines()) == 5


def test_threads_lose_nothing_between_them(box: Outbox) -> None:
    def join_many(letter: str) -> None:
        for n in range(500):
            box.put(Joined(f"{letter}{n}", "Otter"))

    switch_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=join_many, args=letter) for letter in "abcd"]
    try:
        for thread in threads:
            thread.start()
        events = []
        while any(thread.is_alive() for thread in threads):
            events += taken(box)
    finally:
        sys.setswitchinterval(switch_interval_s)
    events += taken(box)
    assert len({event.client for event in events}) == len(events) == 2_000
    assert box._bytes == 0
