"""The panel's list of messages stays short, and can be filtered, held still and saved."""

from __future__ import annotations

import time
from typing import Any

import pytest

from wszero.panel_log import MAX_ENTRIES, LogEntry, MessageLog


def entry(op: str = "chat", client: str = "c1", **more: Any) -> LogEntry:
    values: dict[str, Any] = {
        "time": 0.0,
        "incoming": True,
        "clients": (client,),
        "names": ("Amy",),
        "params": {},
        **more,
    }
    return LogEntry(op=op, **values)


def log_of(*entries: LogEntry) -> MessageLog:
    log = MessageLog()
    for one in entries:
        log.add(one)
    return log


def ops(log: MessageLog, **filters: Any) -> list[str]:
    return [one.op for one in log.entries(**filters)]


def test_only_the_newest_are_kept() -> None:
    log = log_of(*[entry(str(n)) for n in range(MAX_ENTRIES + 5)])
    assert ops(log) == [str(n) for n in range(5, MAX_ENTRIES + 5)]
    assert log.total == MAX_ENTRIES + 5


def test_a_filter_by_client_shows_what_it_sent_and_received() -> None:
    log = log_of(
        entry("a", "c1"),
        entry("b", "c2"),
        entry("c", clients=("c2", "c1"), names=("Bo", "Amy"), incoming=False),
        entry("d", clients=(), names=(), everybody=True, incoming=False),
    )
    assert ops(log, client="c1") == ["a", "c", "d"]


def test_a_filter_by_op_shows_only_that() -> None:
    assert ops(log_of(entry("a"), entry("b"), entry("a", "c2")), op="a", client="c2") == ["a"]


def test_a_view_can_ask_for_the_newest_only() -> None:
    log = log_of(entry("a"), entry("b"), entry("c"))
    assert ops(log, newest=2) == ["b", "c"]
    assert ops(log, newest=0) == []
    assert ops(log, newest=4) == ["a", "b", "c"]


def test_the_ops_can_be_offered_to_a_filter() -> None:
    assert log_of(entry("b"), entry("a"), entry("b")).ops() == ["a", "b"]


def test_a_paused_log_stands_still_and_counts_what_comes() -> None:
    log = log_of(entry("a"))
    log.pause()
    log.add(entry("b"))
    assert (ops(log), log.paused, log.unseen) == (["a"], True, 1)


def test_a_resumed_log_shows_what_came_meanwhile() -> None:
    log = log_of(entry("a"))
    log.pause()
    log.add(entry("b"))
    log.resume()
    assert (ops(log), log.paused, log.unseen) == (["a", "b"], False, 0)


def test_pausing_twice_holds_the_first_moment() -> None:
    log = log_of(entry("a"))
    log.pause()
    log.add(entry("b"))
    log.pause()
    assert ops(log) == ["a"]


def test_a_flood_does_not_push_out_what_is_being_read() -> None:
    log = log_of(entry("a"))
    log.pause()
    for _ in range(MAX_ENTRIES * 2):
        log.add(entry("b"))
    assert ops(log) == ["a"]


def test_clearing_forgets_everything() -> None:
    log = log_of(entry("a"))
    log.pause()
    log.clear()
    assert ops(log) == []
    log.resume()
    assert ops(log) == []


@pytest.mark.parametrize(
    ("more", "who"),
    [
        ({}, "Amy"),
        ({"everybody": True, "clients": (), "names": ()}, "everybody"),
        ({"group": "red", "clients": ("c1", "c2")}, "group red"),
        ({"clients": ("c1", "c2"), "names": ("Amy", "Bo")}, "2 clients"),
        ({"clients": (), "names": ()}, "0 clients"),
    ],
)
def test_the_other_end_is_named_in_words(more: dict[str, Any], who: str) -> None:
    assert entry(**more).who == who


def test_values_look_as_a_child_writes_them() -> None:
    one = entry(params={"text": "Zoë", "n": 3, "list": [1, None]})
    assert one.text == 'text="Zoë", n=3, list=[1, null]'


def test_the_text_of_the_log_has_one_line_for_each_message() -> None:
    noon = time.mktime((2024, 5, 1, 12, 0, 0, 0, 0, -1))
    log = log_of(
        entry(time=noon, params={"text": "a\nb"}, handled=False),
        entry("won", time=noon, incoming=False, everybody=True),
        entry("other", "c9"),
    )
    assert log.export(client="c1") == (
        '12:00:00  Amy -> chat  text="a\\nb"  (no handler)\n12:00:00  everybody <- won\n'
    )
