"""What a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.requests import handshake_fault, split_target

GOOD = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/cat.png?x=1", ("/cat.png?x=1", "here")),
        ("//evil.example/", ("//evil.example/", "here")),
        ("http://there:80/cat.png?x=1", ("/cat.png?x=1", "there:80")),
        ("HTTP://there", ("/", "there")),
        ("http://there?x=1", ("/?x=1", "there")),
        ("http:///x", ("/x", "")),
        ("https://there/", ("", "here")),
        ("*", ("", "here")),
        ("there:80", ("", "here")),
        ("", ("", "here")),
    ],
)
def test_a_target_is_a_path_or_a_whole_address(target, expected):
    assert split_target(target, "here") == expected


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("upgrade", "WebSocket"),
        ("upgrade", "h2c, websocket"),
        ("connection", "keep-alive, upgrade"),
        ("sec-websocket-version", " 13 "),
        ("sec-websocket-key", " dGhlIHNhbXBsZSBub25jZQ== "),
    ],
)
def test_browsers_say_the_same_in_several_ways(header, value):
    assert handshake_fault(b"GET", b"1.1", {**GOOD, header: value}) is None


def test_only_get_opens_a_websocket():
    fault = handshake_fault(b"HEAD", b"1.1", GOOD)
    assert (fault.status, fault.headers) == (405, [("Allow", "GET")])


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("upgrade", 426),
        ("connection", 400),
        ("sec-websocket-version", 426),
        ("sec-websocket-key", 400),
    ],
)
@pytest.mark.parametrize("value", [None, "", "x", "websockets", "12", "ä" * 24, "=" * 24])
def test_a_handshake_without_its_parts_is_none(header, status, value):
    headers = {name: text for name, text in {**GOOD, header: value}.items() if text is not None}
    fault = handshake_fault(b"GET", b"1.1", headers)
    assert fault is not None
    assert fault.status == status


def test_a_handshake_of_http_1_0_is_none():
    fault = handshake_fault(b"GET", b"1.0", GOOD)
    assert fault is not None
    assert fault.status == 400


@given(st.dictionaries(st.sampled_from(list(GOOD)), st.text(max_size=30)), st.text(max_size=30))
def test_whatever_is_sent_there_is_an_answer(headers, target):
    fault = handshake_fault(b"GET", b"1.1", {**GOOD, **headers})
    assert fault is None or fault.status in (400, 426)
    path, _host = split_target(target, None)
    assert path == "" or path.startswith("/")
