"""Which hosts and origins are let in, and the words for the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.origins import (
    is_allowed_host,
    is_allowed_origin,
    is_own_page,
    why_not_host,
    why_not_origin,
)

# --- Host ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LocalHost:8000",
        "192.168.1.5:8000",
        "8.8.8.8",
        "[::1]:8000",
        "[fe80::1]",
        "teacher-pc:8000",
        "PC_12",
        "raspberrypi.local",
        "raspberrypi.local.:8000",
        "a.b.local:1",
    ],
)
def test_addresses_and_names_of_the_own_network_are_hosts(host):
    assert is_allowed_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        " ",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "192.168.1.5.evil.example:8000",
        "evil.local.example",
        ".local",
        "127.1",
        "::1",
        "[::1",
        "[evil]:80",
        "a b",
        "user@localhost",
        "localhost/x",
        "localhost:80:80",
        "localhost:port",
        "localhost\n",
    ],
)
def test_every_other_host_is_refused_in_words(host):
    assert not is_allowed_host(host)
    assert why_not_host(host)


def test_a_refused_host_is_told_how_to_allow_it():
    words = why_not_host("quiz.school.example:8000")
    assert words is not None
    assert "run_server(allow=['quiz.school.example'])" in words


@pytest.mark.parametrize("allow", ["quiz.example", ["quiz.example"], ["quiz.example:8000"], "*"])
def test_a_host_can_be_allowed(allow):
    assert is_allowed_host("quiz.example:8000", allow)
    assert is_allowed_host("QUIZ.example:8000", allow)


@pytest.mark.parametrize("allow", [None, [], "", [""], "example", ["quiz.example:9000"], "le:8000"])
def test_a_host_is_not_allowed_by_something_like_it(allow):
    assert not is_allowed_host("quiz.example:8000", allow)


# --- Origin -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost:8000", "192.168.1.5", "[::1]:8000", "pi.local:8000"])
def test_a_page_of_this_server_may_join(host):
    assert is_allowed_origin(f"http://{host}", host)


def test_a_client_that_is_no_browser_may_join():
    assert is_allowed_origin(None, "localhost:8000")
    assert is_allowed_origin(None, None)


def test_a_page_is_not_let_in_without_a_host():
    assert not is_allowed_origin("http://None", None)
    assert not is_allowed_origin("http://", "")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://localhost",
        "http://localhost:8001",
        "https://localhost:8000",
        "http://localhost:8000/",
        "http://localhost:8000.evil.example",
        "http://127.0.0.1:8000",
        "http://localhost:80000",
        "file://",
        "localhost:8000",
    ],
)
def test_a_page_from_elsewhere_may_not_join(origin):
    assert not is_allowed_origin(origin, "localhost:8000")
    assert why_not_origin(origin, "localhost:8000")


def test_a_page_opened_as_a_file_is_told_the_address():
    assert why_not_origin("null", "localhost:8000") == (
        "This page was opened as a file. "
        "Open http://localhost:8000/ in the browser instead of the file."
    )


@pytest.mark.parametrize(
    "allow",
    [
        ["http://localhost:5173"],
        "http://localhost:5173/",
        ["localhost:5173"],
        ["localhost"],
        ["elsewhere", "LOCALHOST:5173"],
        "*",
    ],
)
def test_an_origin_can_be_allowed(allow):
    assert is_allowed_origin("http://localhost:5173", "localhost:8000", allow)


@pytest.mark.parametrize(
    "allow", [["http://localhost:5174"], ["https://localhost:5173"], ["http://localhost"], ["host"]]
)
def test_an_origin_is_not_allowed_by_something_like_it(allow):
    assert not is_allowed_origin("http://localhost:5173", "localhost:8000", allow)


def test_an_allowed_name_is_not_found_in_the_middle_of_another():
    assert not is_allowed_origin("evil://x://quiz.example", "h", ["quiz.example"])
    assert not is_allowed_origin("http://quiz.example.evil", "h", ["quiz.example"])
    assert not is_allowed_origin("http://quiz.example:80@evil", "h", ["quiz.example"])


@given(st.text(), st.none() | st.text())
def test_whatever_is_sent_the_words_are_short_and_plain(origin, host):
    for words in (why_not_origin(origin, host), why_not_host(origin)):
        assert words is None or (len(words) < 400 and words.isprintable())


# --- Referer ------------------------------------------------------------------------------------


def test_a_page_of_this_server_is_known_by_its_address():
    assert is_own_page("http://192.168.1.5:8000/quiz.html", "192.168.1.5:8000")
    assert is_own_page("http://localhost:8000/", "localhost:8000")


@pytest.mark.parametrize(
    "referer", [None, "", "http://localhost:8000.evil.example/", "http://localhost:80/", "/"]
)
def test_a_page_from_elsewhere_is_none_of_ours(referer):
    assert not is_own_page(referer, "localhost:8000")
    assert not is_own_page(referer, None)
    assert not is_own_page(referer, "")
