"""Where the head of a request ends, and what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.heads import (
    HTTP_2,
    LONG_HEAD,
    LONG_TARGET,
    MAX_HEAD,
    NO_UPLOADS,
    NOT_HTTP,
    STRANGE_HEAD,
    TLS,
    Fault,
    Heads,
    body_fault,
)

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def heads_of(data: bytes, size: int = 10**9) -> list[object]:
    """Whatever comes out when data comes in pieces of a size, up to the first fault."""
    heads, found = Heads(), []
    for start in range(0, len(data), size):
        heads.feed(data[start : start + size])
        while (one := heads.next()) is not None:
            found.append(one)
            if isinstance(one, Fault):
                return found
    return found


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_heads_are_cut_out_one_by_one_in_whatever_pieces_they_come(size):
    other = b"HEAD /cat.png HTTP/1.0\nX: y\n\n"
    assert heads_of(HEAD + other + b"\r\n" + HEAD, size) == [HEAD, other, HEAD]


def test_a_head_that_is_not_all_there_is_waited_for():
    heads = Heads()
    heads.feed(HEAD[:-1])
    assert heads.next() is None
    heads.feed(HEAD[-1:])
    assert heads.next() == HEAD
    assert heads.next() is None
    assert len(heads) == 0


def test_what_follows_a_head_is_given_out_once():
    heads = Heads()
    heads.feed(HEAD + b"\x81\x80")
    heads.next()
    assert [heads.rest(), heads.rest()] == [b"\x81\x80", b""]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\x16\x03\x01", TLS),
        (b"\x16", TLS),
        (b"\n", NOT_HTTP),
        (b" GET", NOT_HTTP),
        (b"GET /\r\n", NOT_HTTP),
        (b"x" * 40, NOT_HTTP),
        (b"GET / FTP", NOT_HTTP),
        (b"PRI * HTTP/2.0\r\n", HTTP_2),
        (b"GET /" + b"x" * 8200, LONG_TARGET),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD, LONG_HEAD),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n", LONG_HEAD),
        (b"GET / HTTP/1.1\r\nX: \0\r\n\r\n", STRANGE_HEAD),
        (b"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", STRANGE_HEAD),
        (b"GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", STRANGE_HEAD),
        (b"GET / HTTP/1.1\r\nX: a" + b" " * 64 + b"\r\n\r\n", STRANGE_HEAD),
    ],
)
def test_what_is_wrong_is_named_as_soon_as_it_can_be(data, fault, size):
    assert heads_of(data, size) == [fault]


@given(st.binary(max_size=60), st.integers(1, 60))
def test_the_pieces_in_which_it_comes_change_nothing(data, size):
    assert heads_of(HEAD + data, size)[0] == HEAD
    assert heads_of(data, size)[:1] == heads_of(data, 1)[:1]


@pytest.mark.parametrize(
    ("length", "coding", "fault"),
    [
        (None, None, None),
        ("0", None, None),
        ("1", None, NO_UPLOADS),
        (None, "chunked", NO_UPLOADS),
    ],
)
def test_a_request_with_a_body_is_refused(length, coding, fault):
    assert body_fault(length, coding) == fault


def test_a_body_with_two_sizes_is_nonsense():
    fault = body_fault("0", "chunked")
    assert fault is not None
    assert fault.status == 400
