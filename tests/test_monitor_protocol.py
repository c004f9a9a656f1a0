"""Events and commands survive the way through a line; what makes no sense is refused in words."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wszero import monitor_protocol
from wszero.monitor_protocol import (
    COMMANDS,
    EVENTS,
    MAX_LINE_BYTES,
    Broadcast,
    Hello,
    Joined,
    Kick,
    Left,
    MessageIn,
    MessageOut,
    ProtocolError,
    Send,
    Started,
    Stop,
    Trouble,
    from_line,
    parse_address,
    to_line,
)

LEAVES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10)
SHORT = st.dictionaries(st.text(max_size=8), LEAVES | st.lists(LEAVES, max_size=3), max_size=5)
TEXT = st.text(max_size=40)
WHOLE = st.integers(0, 10**9)
SHORT_VALUES: dict[str, Any] = {
    "str": TEXT,
    "str | None": st.none() | TEXT,
    "int": WHOLE,
    "int | None": st.none() | WHOLE,
    "float": st.floats(0, 1e6),
    "bool": st.booleans(),
    "list[str]": st.lists(TEXT, max_size=5),
    "dict[str, Any]": SHORT,
    "list[dict[str, Any]]": st.lists(SHORT, max_size=3),
}
NASTY_TEXT = st.text(alphabet=st.sampled_from("\x01\ud83d🙂x\n"), max_size=5_000)
NASTY = st.recursive(NASTY_TEXT, lambda inner: st.lists(inner, max_size=30), max_leaves=60)
NASTY_VALUES: dict[str, Any] = {
    **SHORT_VALUES,
    "str": NASTY_TEXT,
    "str | None": NASTY_TEXT,
    "list[str]": st.integers(0, 3_000).map(lambda n: ["\x01" * 150] * n),
    "dict[str, Any]": st.dictionaries(NASTY_TEXT, NASTY, max_size=30),
    "list[dict[str, Any]]": st.integers(0, 3_000).map(
        lambda n: [{"op": "\x01" * 99, "name": "buzz", "file": "/home/amy/quiz.py", "line": 7}] * n
    ),
}


def messages(classes: tuple[type[Any], ...], values: dict[str, Any]) -> st.SearchStrategy[Any]:
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(cls, **{part.name: values[str(part.type)] for part in fields(cls)})
        for cls in classes
    ]
    return st.one_of(kinds)


@given(messages(EVENTS + COMMANDS, SHORT_VALUES))
def test_what_is_short_comes_back_equal(message: Any) -> None:
    if isinstance(message, MessageOut) and message.everybody:
        message.clients.clear()
    line = to_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert from_line(line) == message


@settings(max_examples=40)
@given(messages(EVENTS, NASTY_VALUES))
def test_an_event_always_makes_a_line_that_can_be_read(event: Any) -> None:
    line = to_line(event)
    assert len(line) <= MAX_LINE_BYTES
    assert type(from_line(line)) is type(event)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8")))
def test_nonsense_is_refused_in_words(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        from_line(line)


@settings(max_examples=50)
@given(
    st.sampled_from(["joined", "started", "message_out", "trouble", "busy", "marked"]),
    st.dictionaries(
        st.sampled_from(["client", "name", "op", "handlers", "clients", "run", "line", "on"]),
        LEAVES | st.lists(LEAVES) | SHORT,
    ),
)
def test_fields_of_any_type_give_an_event_or_a_word(kind: str, found: dict[str, Any]) -> None:
    line = json.dumps({"event": kind, **found}).encode()
    try:
        message = from_line(line)
    except ProtocolError as error:
        assert kind in str(error)  # noqa: PT017
    else:
        assert from_line(to_line(message)) == message


def test_a_line_is_compact_json_that_names_its_kind() -> None:
    assert to_line(Left("c4", "closed")) == b'{"event":"left","client":"c4","reason":"closed"}\n'
    assert to_line(Stop()) == b'{"command":"stop"}\n'
    assert to_line(Hello("k3y")) == b'{"event":"hello","token":"k3y","version":1}\n'


def test_kinds_are_snake_case() -> None:
    assert json.loads(to_line(MessageOut(["c1"], "chat")))["event"] == "message_out"


def test_texts_stay_readable_in_the_line() -> None:
    assert "Zoë 🙂".encode() in to_line(Joined("c1", "Zoë 🙂"))


def test_fields_that_are_not_known_are_ignored() -> None:
    assert from_line(b'{"event":"left","client":"c4","mood":"sad"}') == Left("c4")


def test_fields_that_have_a_default_may_be_missing() -> None:
    assert from_line(b'{"command":"kick","client":"c4"}') == Kick("c4", "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"op":"chat"}', "no 'None'"),
        (b'{"event":"party"}', "Use the same wszero at both ends"),
        (b'{"event":["left"],"client":"c4"}', "in this version"),
        (b'{"event":"left"}', "'left' came without 'client'"),
        (b'{"event":"left","client":4}', "'left' needs a text as 'client'"),
        (b'{"event":"ran","op":"chat","count":true}', "needs a whole number as 'count'"),
        (b'{"command":"send","client":"c4","op":"chat","params":[]}', "needs an object"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_in_words(line: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match="panel link") as caught:
        from_line(line)
    assert words in str(caught.value)


def test_an_event_is_not_a_command() -> None:
    with pytest.raises(ProtocolError):
        from_line(b'{"command":"left","client":"c4"}')


def test_long_values_are_shortened_in_events() -> None:
    event = from_line(to_line(MessageIn("c1", "chat", {"text": "x" * 10**6})))
    assert isinstance(event, MessageIn)
    assert event.params == {"text": "x" * 200 + "…"}


def test_a_text_that_grows_in_json_still_makes_a_line_that_can_be_read() -> None:
    event = Started("\x01" * 3_000, "r1", "u", other_urls=["\x01" * 150] * 900)
    line = to_line(event)
    assert len(line) <= MAX_LINE_BYTES
    assert isinstance(from_line(line), Started)


def test_a_thousand_ids_are_enough() -> None:
    event = from_line(to_line(MessageOut(["c1"] * 3_000, "chat")))
    assert isinstance(event, MessageOut)
    assert event.clients == ["c1"] * 1_000


def test_the_ids_of_everybody_do_not_travel() -> None:
    event = MessageOut(["c1", "c2"], "chat", everybody=True)
    assert from_line(to_line(event)) == MessageOut([], "chat", everybody=True)


def test_the_words_and_the_path_of_a_trouble_stay_whole() -> None:
    trouble = Trouble("mistake", "m" * 900, file="/very" * 100 + "/quiz.py", line=7)
    assert from_line(to_line(trouble)) == trouble


def test_all_handlers_of_a_large_program_are_told() -> None:
    handlers = [{"op": f"op{n}", "name": "f", "file": "/quiz.py", "line": n} for n in range(150)]
    started = Started("/quiz.py", "r1", "http://localhost:8000/", handlers=handlers)
    assert from_line(to_line(started)) == started


def test_a_command_goes_whole() -> None:
    send = Send("c1", "chat", {"text": "x" * 5_000, "list": list(range(100))})
    assert from_line(to_line(send)) == send


def test_a_command_that_is_too_long_is_refused_in_words() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        to_line(Broadcast("chat", {"text": "x" * 70_000}))


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object(), "\ud83d"])
def test_a_command_that_is_no_json_is_refused_in_words(value: object) -> None:
    with pytest.raises(ProtocolError, match="can't be sent"):
        to_line(Broadcast("chat", {"value": value}))


def test_the_token_is_not_shown_by_accident() -> None:
    assert "s3cret" not in repr(Hello("s3cret"))
    assert "s3cret" not in repr(parse_address("127.0.0.1:80:s3cret"))


def test_every_event_and_command_can_be_imported_from_here() -> None:
    names = {cls.__name__ for cls in EVENTS + COMMANDS}
    assert names <= set(monitor_protocol.__all__)


def test_an_address_has_three_parts() -> None:
    assert tuple(parse_address("127.0.0.1:50123:k3y-_")) == ("127.0.0.1", 50123, "k3y-_")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not look like"),
        ("127.0.0.1:80", "does not look like"),
        ("127.0.0.1:80:a:b", "does not look like"),
        ("192.168.1.7:80:s3cret", "another computer"),
        ("localhost:80:s3cret", "another computer"),
        ("127.0.0.1:0:s3cret", "1 to 65535"),
        ("127.0.0.1:65536:s3cret", "1 to 65535"),
        ("127.0.0.1:٣:s3cret", "1 to 65535"),
        ("127.0.0.1:+80:s3cret", "1 to 65535"),
        ("127.0.0.1:80:", "token"),
        ("127.0.0.1:80:s3cret word", "token"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        parse_address(text)
    assert "s3cret" not in str(caught.value)
