"""Who may come back as the client that they were."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wszero.sessions import MOST_ENDED, Sessions


@pytest.fixture
def sessions():
    return Sessions()


def begun(sessions: Sessions, key: str) -> SimpleNamespace:
    link = SimpleNamespace(key=key)
    sessions.begin(link)
    return link


def test_a_session_is_found_by_its_key_until_it_ends(sessions):
    link = begun(sessions, "k3y")
    assert sessions.find("k3y") is link
    sessions.end(link, "", kicked=False)
    assert sessions.find("k3y") is None
    assert sessions.why_ended("k3y") is None


def test_why_a_page_was_cut_off_is_known_until_it_has_been_told(sessions):
    sessions.end(begun(sessions, "old"), "It did not read.", kicked=False)
    assert sessions.why_ended("old").why == "It did not read."
    sessions.begin(SimpleNamespace(key="new"), instead_of="old")
    assert sessions.why_ended("old") is None


def test_a_kick_without_words_is_known_too(sessions):
    sessions.end(begun(sessions, "k3y"), "", kicked=True)
    assert sessions.why_ended("k3y").kicked


def test_what_had_no_session_leaves_nothing_behind(sessions):
    sessions.end(SimpleNamespace(key=""), "It did not read.", kicked=False)
    assert sessions.why_ended("") is None


def test_of_very_many_that_were_cut_off_the_newest_are_known(sessions):
    for number in range(MOST_ENDED + 1):
        sessions.end(begun(sessions, str(number)), "why", kicked=True)
    assert sessions.why_ended("0") is None
    assert sessions.why_ended("1") is not None
    assert sessions.why_ended(str(MOST_ENDED)) is not None
