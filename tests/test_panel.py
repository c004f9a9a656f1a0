"""The panel's model follows a program's life, and stays small whatever the program does."""

from __future__ import annotations

import tracemalloc

import pytest

from wszero.monitor_protocol import (
    Busy,
    Free,
    GroupChanged,
    Hello,
    Joined,
    Left,
    LeftOut,
    Marked,
    MessageIn,
    MessageOut,
    Ran,
    Renamed,
    Started,
    Stop,
    Stopping,
    Trouble,
)
from wszero.panel import MAX_CLIENTS, MAX_GROUPS, MAX_HANDLERS, MAX_TROUBLES, PanelModel, PanelState
from wszero.panel_log import MAX_ENTRIES

STARTED = Started(
    "/home/amy/quiz.py",
    "r1",
    "http://localhost:8000/",
    tablet_url="http://192.168.1.7:8000/",
    port=8000,
    handlers=[{"op": "buzz", "name": "on_buzz", "file": "/home/amy/quiz.py", "line": 7}],
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(clock: Clock) -> PanelModel:
    """A panel with a running program and two clients."""
    model = PanelModel(clock=clock, now=clock)
    model.feed(STARTED)
    model.feed(Joined("c1", "Amy", "192.168.1.20", "/"))
    model.feed(Joined("c2", "Bo"))
    return model


# --- the program's life ---


def test_a_new_panel_waits() -> None:
    assert PanelModel().state is PanelState.WAITING


def test_a_program_starts_runs_stops_and_ends() -> None:
    model = PanelModel()
    states = []
    for event in (Hello("k3y"), STARTED, Stopping("Stop was pressed")):
        model.feed(event)
        states.append(model.state)
    model.ended()
    assert [*states, model.state] == [
        PanelState.STARTING,
        PanelState.RUNNING,
        PanelState.STOPPING,
        PanelState.ENDED,
    ]


def test_the_reason_for_stopping_is_kept_when_the_link_closes(model: PanelModel) -> None:
    model.feed(Stopping("Stop was pressed"))
    model.ended()
    assert model.reason == "Stop was pressed"


def test_stop_shows_at_once(model: PanelModel) -> None:
    model.stopping()
    assert model.state is PanelState.STOPPING


def test_stop_does_nothing_when_nothing_runs(model: PanelModel) -> None:
    model.ended("It crashed")
    model.stopping("Stop was pressed")
    assert (model.state, model.reason) == (PanelState.ENDED, "It crashed")


def test_nobody_is_connected_after_the_end(model: PanelModel) -> None:
    model.feed(GroupChanged("c1", "red", True))
    model.feed(Busy("buzz"))
    model.ended()
    assert (model.clients, model.groups, model.busy) == ({}, {}, None)


def test_log_and_troubles_can_be_read_after_the_end(model: PanelModel) -> None:
    model.feed(MessageIn("c1", "buzz"))
    model.feed(Trouble("mistake", "no"))
    model.ended()
    assert len(model.log.entries()) == len(model.troubles) == 1


@pytest.mark.parametrize("ended_before", [True, False])
def test_another_run_begins_with_an_empty_page(model: PanelModel, ended_before: bool) -> None:
    model.feed(MessageIn("c1", "buzz"))
    model.feed(Trouble("mistake", "no"))
    model.feed(LeftOut(5))
    model.pause_log(True)
    if ended_before:
        model.ended("It crashed")
    model.feed(STARTED)
    assert (model.clients, model.troubles, model.log.entries()) == ({}, [], [])
    assert (model.messages_in, model.left_out, model.rate_in, model.reason) == (0, 0, 0.0, "")
    assert not model.log.paused


def test_trouble_before_the_start_belongs_to_the_run(model: PanelModel) -> None:
    model.feed(Hello("k3y"))
    assert model.troubles == []
    model.feed(Trouble("mistake", "no"))
    model.feed(STARTED)
    assert len(model.troubles) == 1


def test_the_run_button_and_the_first_word_of_the_program_are_one_start() -> None:
    model = PanelModel()
    model.starting()
    model.feed(Trouble("mistake", "no"))
    model.feed(Hello("k3y"))
    assert (model.state, len(model.troubles)) == (PanelState.STARTING, 1)


def test_the_addresses_are_known_while_it_runs(model: PanelModel) -> None:
    assert model.program is not None
    assert model.program.tablet_url == "http://192.168.1.7:8000/"


# --- clients and groups ---


def test_a_client_is_known_with_all_that_was_told(model: PanelModel) -> None:
    amy = model.clients["c1"]
    assert (amy.name, amy.address, amy.page, amy.since) == ("Amy", "192.168.1.20", "/", 1_000.0)


def test_a_client_that_left_is_gone_from_its_groups(model: PanelModel) -> None:
    model.feed(GroupChanged("c1", "red", True))
    model.feed(GroupChanged("c2", "red", True))
    model.feed(Left("c1"))
    assert list(model.clients) == ["c2"]
    assert list(model.groups["red"]) == ["c2"]


def test_a_group_without_members_disappears(model: PanelModel) -> None:
    model.feed(GroupChanged("c1", "red", True))
    model.feed(GroupChanged("c1", "red", False))
    assert (model.groups, model.clients["c1"].groups) == ({}, set())


def test_a_client_can_get_another_name(model: PanelModel) -> None:
    model.feed(Renamed("c1", "Amelia"))
    assert model.clients["c1"].name == "Amelia"


def test_marks_come_and_go(model: PanelModel) -> None:
    model.feed(Marked("c1", "slow", True))
    model.feed(Marked("c1", "away", True))
    model.feed(Marked("c1", "slow", False))
    assert model.clients["c1"].marks == {"away"}


def test_events_about_strangers_do_no_harm(model: PanelModel) -> None:
    for event in (
        Left("c9"),
        Renamed("c9", "X"),
        GroupChanged("c9", "red", True),
        Marked("c9", "slow", True),
        MessageIn("c9", "buzz"),
        MessageOut(["c9"], "won"),
    ):
        model.feed(event)
    assert list(model.clients) == ["c1", "c2"]
    assert model.groups == {}
    assert [entry.who for entry in model.log.entries()] == ["c9", "c9"]


# --- messages ---


def test_messages_are_counted_for_each_client(model: PanelModel) -> None:
    model.feed(MessageIn("c1", "buzz"))
    model.feed(MessageOut(["c1"], "won"))
    model.feed(MessageOut(["c1", "c2"], "lost", group="red"))
    model.feed(MessageOut([], "end", everybody=True))
    amy, bo = model.clients["c1"], model.clients["c2"]
    assert (amy.messages_in, model.sent_to(amy), model.sent_to(bo)) == (1, 3, 2)
    assert (model.messages_in, model.messages_out) == (1, 3)


def test_who_comes_late_was_not_sent_what_went_before(model: PanelModel) -> None:
    model.feed(MessageOut([], "end", everybody=True))
    model.feed(Joined("c3", "Cy"))
    model.feed(MessageOut([], "end", everybody=True))
    assert model.sent_to(model.clients["c3"]) == 1


def test_the_log_names_clients_as_they_were_called_then(model: PanelModel) -> None:
    model.feed(MessageIn("c1", "buzz", {"n": 1}, handled=False, size_bytes=9))
    model.feed(Renamed("c1", "Amelia"))
    model.feed(MessageOut(["c1"], "won"))
    first, second = model.log.entries()
    assert (first.who, first.incoming, first.text, first.handled) == ("Amy", True, "n=1", False)
    assert (second.who, second.incoming) == ("Amelia", False)


def test_rates_look_at_the_last_five_seconds(model: PanelModel, clock: Clock) -> None:
    for _ in range(50):
        model.feed(MessageIn("c1", "buzz"))
        model.feed(MessageOut(["c1"], "won"))
        model.feed(MessageOut(["c2"], "lost"))
    assert (model.rate_in, model.rate_out) == (10.0, 20.0)
    clock.now += 4
    assert model.rate_in == 10.0
    clock.now += 1
    assert model.rate_in == 0.0


def test_rates_take_the_same_room_after_a_whole_day(model: PanelModel, clock: Clock) -> None:
    for _ in range(1_000):
        clock.now += 90
        model.feed(MessageIn("c1", "buzz"))
    assert len(model._rate_in._steps) <= 10
    assert model.rate_in == 0.2


def test_what_was_left_out_counts_too(model: PanelModel) -> None:
    model.feed(LeftOut(30, messages_in=10, messages_out=20))
    model.feed(LeftOut(5))
    assert (model.left_out, model.messages_in, model.messages_out) == (35, 10, 20)
    assert (model.rate_in, model.rate_out) == (2.0, 4.0)


# --- handlers and troubles ---


def test_handlers_are_known_before_they_run(model: PanelModel) -> None:
    buzz = model.handlers["buzz"]
    assert (buzz.name, buzz.file, buzz.line, buzz.runs) == ("on_buzz", "/home/amy/quiz.py", 7, 0)


def test_handlers_tell_how_often_they_ran(model: PanelModel) -> None:
    model.feed(Ran("buzz"))
    model.feed(Ran("buzz", 4))
    model.feed(Ran("added later", 1))
    assert {op: handler.runs for op, handler in model.handlers.items()} == {
        "buzz": 5,
        "added later": 1,
    }


def test_handlers_of_another_version_do_no_harm() -> None:
    model = PanelModel()
    model.feed(Started("q.py", "r1", "http://localhost/", handlers=[{"op": 5, "line": "x"}, {}]))
    assert model.handlers["5"].line is None


def test_the_same_trouble_is_shown_once_with_its_count(model: PanelModel) -> None:
    model.feed(Trouble("mistake", "no", "/q.py", 7, "c1"))
    model.feed(Trouble("mistake", "other", "/q.py", 8))
    model.feed(Trouble("mistake", "no", "/q.py", 7, "c2", count=2))
    assert [(trouble.text, trouble.count) for trouble in model.troubles] == [
        ("other", 1),
        ("no", 2),
    ]


def test_the_busy_line_shows_until_it_is_free(model: PanelModel) -> None:
    busy = Busy("buzz", "/q.py", 7, "while True: pass", 2.0)
    model.feed(busy)
    assert model.busy == busy
    model.feed(Free())
    assert model.busy is None


# --- views ---


@pytest.mark.parametrize(
    "event",
    [STARTED, Joined("c3", "Cy"), MessageIn("c1", "buzz"), Busy("buzz"), LeftOut(1), Stopping()],
)
def test_the_version_moves_with_every_change(model: PanelModel, event: Started) -> None:
    before = model.version
    model.feed(event)
    assert model.version > before


@pytest.mark.parametrize("name", ["starting", "stopping", "ended", "clear_log"])
def test_the_version_moves_with_what_the_panel_does(model: PanelModel, name: str) -> None:
    before = model.version
    getattr(model, name)()
    assert model.version > before


def test_the_version_stands_still_when_nothing_changes(model: PanelModel) -> None:
    before = model.version
    model.feed(Stop())  # type: ignore[arg-type]  # as an event of a newer version would be
    assert (model.rate_in, model.troubles, model.log.entries()) == (0.0, [], [])
    assert model.version == before


def test_the_log_can_stand_still_and_be_cleared(model: PanelModel) -> None:
    model.feed(MessageIn("c1", "buzz"))
    before = model.version
    model.pause_log(True)
    model.feed(MessageIn("c1", "won"))
    assert [entry.op for entry in model.log.entries()] == ["buzz"]
    model.pause_log(False)
    assert len(model.log.entries()) == 2
    model.clear_log()
    assert model.log.entries() == []
    assert model.version > before + 2


# --- floods ---


def test_a_flood_of_messages_leaves_the_memory_flat(model: PanelModel, clock: Clock) -> None:
    def flood() -> None:
        for _ in range(5_000):
            clock.now += 0.0002
            model.feed(MessageIn("c1", "chat", {"text": "x" * 50}))
            model.feed(MessageOut([], "chat", {"text": "x" * 50}, everybody=True))

    flood()
    tracemalloc.start()
    try:
        flood()
        before, _ = tracemalloc.get_traced_memory()
        flood()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(model.log.entries()) == MAX_ENTRIES
    assert after - before < 100_000


def test_everything_else_is_bounded_too() -> None:
    model = PanelModel()
    for n in range(MAX_CLIENTS + 10):
        model.feed(Joined(f"c{n}", "Otter"))
        model.feed(GroupChanged(f"c{n}", f"g{n}", True))
        model.feed(Ran(f"op{n}", 1))
        model.feed(Trouble("mistake", f"{n}"))
    assert len(model.clients) == MAX_CLIENTS
    assert len(model.groups) <= MAX_GROUPS
    assert len(model.handlers) == MAX_HANDLERS
    assert [trouble.text for trouble in model.troubles[-1:]] == [str(MAX_CLIENTS + 9)]
    assert len(model.troubles) == MAX_TROUBLES


def test_a_client_that_joins_twice_is_one_client(model: PanelModel) -> None:
    model.feed(GroupChanged("c1", "red", True))
    model.feed(Joined("c1", "Amy"))
    assert len(model.clients) == 2
    assert model.groups == {}
