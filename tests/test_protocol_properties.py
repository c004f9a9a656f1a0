"""The pure core, for any input at all: hypothesis looks for the text that breaks it.

The examples are the same in each run: what fails for one fails for all.
"""

from __future__ import annotations

import json
import keyword
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms import Room
from wszero.errors import BadMessage, CannotSend
from wszero.protocol import MAX_DEPTH, Message, decode, encode, encode_value, is_own_op

deterministic = settings(derandomize=True, max_examples=80, deadline=None, database=None)
in_few = settings(deterministic, max_examples=40)
"""Where each example is a whole lesson."""

CODES = {"not_json", "not_object", "no_op", "reserved_op"}

# ---- values -------------------------------------------------------------------------------------

_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_simple = st.none() | st.booleans() | _numbers | st.text()
values = st.recursive(
    _simple,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
halves_too = st.text(st.characters())
anything = st.recursive(
    _simple | st.floats() | halves_too | st.binary(max_size=2) | st.sets(st.integers(), max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(halves_too | st.floats() | st.none(), inner, max_size=3)
        | st.dictionaries(st.tuples(st.integers()), inner, max_size=1)
    ),
    max_leaves=6,
)
parameter_names = st.from_regex(r"[a-z]{1,9}", fullmatch=True).filter(lambda name: name != "op")
parameters = st.dictionaries(
    parameter_names.map(lambda name: f"{name}_" if keyword.iskeyword(name) else name),
    values,
    max_size=3,
)
ops = st.text(min_size=1).filter(
    lambda op: not is_own_op(op) and op not in ("connect", "disconnect")
)

# ---- texts --------------------------------------------------------------------------------------

# Each has stopped a server.
WILD_VALUES = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "-0.0", "01", "+1"),
    *("9" * 400, "-" + "9" * 400, "9" * 5_000, "9" * 400 + ".5", "0." + "0" * 400 + "1"),
    *("[" * 9_000 + "]" * 9_000, '{"a":' * 9_000 + "1" + "}" * 9_000, "[" * 9_000),
    *("[" * MAX_DEPTH + "]" * MAX_DEPTH, "[[]]", "[{}]"),
    *('"\\ud83d"', '"\\ude00\\ud83d"', '{"\\ud83d": 1}', '"\\u0000"', '"\\uFEFF"', '"\\x00"'),
    *("'a'", "None", "True", "undefined", "", '"', "1,", "//", "/**/1", '"\n"'),
]
wild_values = st.sampled_from(WILD_VALUES)
raw_values = wild_values | values.map(json.dumps)
WILD_NAMES = [
    *("op", "_ask", "text", "client", "self", "group", "params", "args", "kwargs", "value"),
    *("__class__", "__dict__", "__init__", "__proto__", "from", "class", "None", "from_"),
    *("", " ", "a b", "é", "💩", "\ud83d", "\0", "op_", "_", "x" * 500),
]
wild_names = st.sampled_from(WILD_NAMES)
wild_ops = st.sampled_from(
    [
        *("chat", "sum", "anything", "nothing", "exit", "bug", "connect", "disconnect", "error"),
        *("eval_js", "_hello", "_error", "_", "__class__", "", " ", "\ud83d", "x" * 500, "é"),
    ]
)


def _as_text(pairs: list[tuple[str, str]]) -> str:
    # By hand: some names come twice, and some values are no JSON.
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


objects = st.tuples(
    wild_ops.map(lambda op: ("op", json.dumps(op))),
    st.lists(st.tuples(wild_names, raw_values), max_size=3),
).map(lambda drawn: _as_text([drawn[0], *drawn[1]]))


def _broken(drawn: tuple[str, int, int, str]) -> str:
    text, start, length, put_in = drawn
    start %= len(text) + 1
    return text[:start] + put_in + text[start + length :]


broken_objects = st.tuples(
    objects, st.integers(0, 10_000), st.integers(0, 5), st.text(max_size=3)
).map(_broken)
frames = (
    objects
    | broken_objects
    | raw_values
    | st.text()
    | st.text(alphabet='{}[]",:\\u0189deEop_ask.+-truefalsn ')
    | st.dictionaries(st.sampled_from(["op", "_ask", "x", "from"]), values).map(json.dumps)
)


def read_strictly(frame: bytes) -> Any:
    """Read a frame as `JSON.parse` does: no NaN, no Infinity; and no half of a character."""

    def refuse(name: str) -> None:
        raise AssertionError(f"JSON.parse refuses {name}")

    value = json.loads(frame.decode("utf-8", "strict"), parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode("utf-8", "strict")
    return value


# ---- in and out ---------------------------------------------------------------------------------


@deterministic
@given(frames, st.booleans())
def test_any_text_is_a_message_or_is_refused_with_a_code(text: str, from_page: bool) -> None:
    outcome: Message | BadMessage
    try:
        outcome = decode(text, from_page)
    except BadMessage as error:
        outcome = error
    if isinstance(outcome, BadMessage):
        assert outcome.code in CODES
        assert len(str(outcome)) < 300
    else:
        assert isinstance(outcome, Message)
        assert outcome.op
        assert "op" not in outcome.params


@deterministic
@given(frames, st.booleans())
def test_what_was_let_in_can_be_sent_on(text: str, from_page: bool) -> None:
    try:
        message = decode(text, from_page)
    except BadMessage:
        return
    read_strictly(encode("chat", message.params))
    read_strictly(encode("chat", {"name": message.op}))
    read_strictly(encode_value("_answer", {"ask": message.ask}, "value", message.params))


@deterministic
@given(frames)
def test_only_our_page_may_use_our_names(text: str) -> None:
    try:
        op = decode(text).op
    except BadMessage:
        return
    assert not is_own_op(op)
    assert op not in ("connect", "disconnect")


@deterministic
@given(ops, parameters)
def test_what_was_encoded_is_the_same_when_it_is_decoded(op: str, params: dict[str, Any]) -> None:
    assert decode(encode(op, params).decode()) == (op, params, None)


@deterministic
@given(st.text(), st.dictionaries(parameter_names, anything, max_size=3))
def test_what_goes_out_can_be_parsed_by_any_page(op: str, params: dict[str, Any]) -> None:
    try:
        frame = encode(op, params)
    except CannotSend:
        return
    assert read_strictly(frame)["op"] == op


# ---- the core -----------------------------------------------------------------------------------


def class_room() -> Room:
    """A program whose handlers take what comes in different ways."""
    room = Room()

    @room.on("chat")
    def chat(client: Any, text: Any) -> None:
        room.app.broadcast("chat", name=client.name, text=text)

    @room.on("sum")
    def sum_of(client: Any, a: Any = 1, *, b: Any = 2) -> Any:
        return [a, b]

    @room.on("anything")
    def anything(client: Any, **params: Any) -> Any:
        client.send("anything", **params)
        return params

    @room.on("nothing")
    def nothing(client: Any) -> None:
        pass

    @room.on("exit")
    def leave(client: Any, **params: Any) -> None:
        raise SystemExit(str(params))

    @room.on("bug")
    def bug(client: Any, text: Any = 1) -> Any:
        return text["there is none"]

    return room


def test_nothing_wild_stops_the_core() -> None:
    # All of them, while the tests below pick some.
    room = class_room()
    amy = room.join()
    pairs = [("text", value) for value in WILD_VALUES] + [(name, "1") for name in WILD_NAMES]
    for op in ("chat", "anything", "exit"):
        for pair in pairs:
            room.get(amy, _as_text([("op", json.dumps(op)), ("_ask", "1"), pair]))
    for frame, _ in room.frames:
        read_strictly(frame)
    assert room.closed(amy) is None
    room.get(amy, '{"op": "sum", "_ask": 7}')
    assert room.heard(amy)[-1] == {"op": "_answer", "ask": 7, "value": [1, 2]}


@in_few
@given(st.lists(frames, max_size=4))
def test_no_text_stops_the_core_or_reaches_somebody_else(texts: list[str]) -> None:
    room = class_room()
    amy, ben = room.join(), room.join()
    for text in texts:
        room.get(amy, text)
    for frame, _ in room.frames:
        read_strictly(frame)
    # Ben gets what the program sends him, and hears nothing of Amy's mistakes.
    assert all(heard["op"] == "chat" for heard in room.heard(ben))
    assert set(room.app.clients) == {amy, ben}
    assert room.closed(amy) is None
    room.get(amy, '{"op": "chat", "text": "still here"}')
    assert room.heard(ben)[-1]["text"] == "still here"


@deterministic
@given(frames)
def test_each_text_gets_few_answers(text: str) -> None:
    room = class_room()
    amy = room.join()
    room.get(amy, text)
    # What the handler sends, the answer to a question, and one error: no more.
    assert len(room.heard(amy)) <= 2


@in_few
@given(st.lists(frames, min_size=1, max_size=4))
def test_what_is_wrong_again_is_a_line_at_most(texts: list[str]) -> None:
    room = class_room()
    amy = room.join()
    for text in texts:
        room.get(amy, text)
    said = room.console
    for text in texts:
        room.get(amy, text)
    assert len(room.console[len(said) :].splitlines()) <= len(texts)
