"""The part of the rig `blips.py` that judges: a rig that finds nothing must be one that could."""

from __future__ import annotations

import pytest

from tests.rigs.blips import faults_of


def page(*sessions, said=10, lost=0):
    seen = [{"id": id, "heard": list(heard)} for id, heard in sessions]
    return {"sessions": seen, "said": said, "lost": lost}


def book(*events, told=range(10), id="c1", same=True):
    return [["came", id], *(["n", id, i, same] for i in told), *events]


WHOLE = page(("c1", range(3, 9)))
TWO = page(("c1", range(3, 9)), ("c2", range(20, 25)))
AFTER_GRACE = book(["left", "c1"], ["came", "c2"], ["n", "c2", 12, True])


def test_a_blip_that_nobody_noticed_is_no_fault():
    assert faults_of(WHOLE, book(["came", "c7"]), is_blip=True) == []


def test_a_new_client_after_the_grace_is_no_fault():
    assert faults_of(TWO, AFTER_GRACE, is_blip=False) == []


@pytest.mark.parametrize(
    ("seen", "written", "word"),
    [
        (TWO, AFTER_GRACE, "2 sessions"),
        (page(("c1", [3, 4, 6])), book(), "not in a row"),
        (page(("c1", [3, 4, 4, 5])), book(), "not in a row"),
        (page(("c1", [])), book(), "not in a row"),
        (WHOLE, book(told=[0, 1, 3, 2, *range(4, 10)]), "not in a row"),
        (WHOLE, book(told=[0, 1, 1, *range(2, 10)]), "not in a row"),
        (WHOLE, book(told=[0, 1]), "has heard 2 of 10"),
        (WHOLE, book(same=False), "another client"),
        (WHOLE, book(["left", "c1"]), "events"),
        (page(("c1", range(3)), lost=2), book(), "2 lost"),
    ],
)
def test_each_fault_of_a_blip_is_found(seen, written, word):
    assert any(word in fault for fault in faults_of(seen, written, is_blip=True))


@pytest.mark.parametrize(
    ("seen", "written", "word"),
    [
        (WHOLE, book(), "1 sessions"),
        (TWO, book(["came", "c2"]), "events"),
        (TWO, book(["left", "c1"], ["left", "c1"], ["came", "c2"]), "events"),
        (TWO, book(["left", "c1"], ["came", "c2"], ["n", "c2", 5, True]), "not in a row"),
    ],
)
def test_each_fault_after_the_grace_is_found(seen, written, word):
    assert any(word in fault for fault in faults_of(seen, written, is_blip=False))
