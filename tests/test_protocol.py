"""The wire: what comes in is a message or is refused in words, what goes out any page can read."""

from __future__ import annotations

import json
import keyword
import math
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from wszero.app import App
from wszero.client import Client, Clients
from wszero.errors import BadMessage, BadName, CannotSend
from wszero.protocol import (
    MAX_DEPTH,
    MAX_DIGITS,
    check_op,
    decode,
    encode,
    encode_value,
    is_own_op,
)

HALF = "\ud83d"
"""Half of a character: what is left of an emoji that was cut in two."""


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def strict_loads(text: str) -> Any:
    """Read JSON as `JSON.parse` does: no NaN, no Infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(f"JSON.parse refuses {name}")

    return json.loads(text, parse_constant=refuse)


def refused(text: str, **settings: bool) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode(text, **settings)
    return caught.value


def cannot_send(**params: Any) -> str:
    with pytest.raises(CannotSend) as caught:
        encode("chat", params)
    return str(caught.value)


# ---- the cases that the script's tests read, too ------------------------------------------------

VECTORS = Path(__file__).parent / "vectors"


def cases(file: str) -> list[Any]:
    found = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


def build(value: Any) -> Any:
    """Put the values that JSON does not have in their places."""
    if isinstance(value, list):
        return [build(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$build" not in value:
        return {name: build(inner) for name, inner in value.items()}
    list_in_itself: list[Any] = []
    list_in_itself.append(list_in_itself)
    object_in_itself: dict[str, Any] = {}
    object_in_itself["me"] = object_in_itself
    return {
        "nan": math.nan,
        "infinity": math.inf,
        "minus_infinity": -math.inf,
        "set": {1, 2},
        "function": build,
        "object": object(),
        "list_in_itself": list_in_itself,
        "object_in_itself": object_in_itself,
        "deep": nested(5000),
    }[value["$build"]]


@pytest.mark.parametrize("case", cases("messages.json"))
def test_both_languages_agree_on_what_is_a_message(case: dict[str, Any]) -> None:
    if case["ok"]:
        op, params, ask = decode(case["text"])
        on_the_wire = json.loads(encode(op, params))
        assert on_the_wire == {k: v for k, v in case["message"].items() if k != "_ask"}
        assert ask == case["message"].get("_ask")
    else:
        assert refused(case["text"]).code == case["code"]


@pytest.mark.parametrize("case", cases("values.json"))
def test_both_languages_agree_on_what_can_be_sent(case: dict[str, Any]) -> None:
    params = build(case["params"])
    if case["ok"]:
        assert json.loads(encode("chat", params)) == {"op": "chat", **params}
    else:
        assert case["path"] in cannot_send(**params)


# ---- what comes in ------------------------------------------------------------------------------


def test_a_message_has_an_op_and_parameters() -> None:
    message = decode('{"op": "chat", "text": "hi", "size": 3}')
    assert message == ("chat", {"text": "hi", "size": 3}, None)


@pytest.mark.parametrize("ask", [7, 1.5, "a7"])
def test_a_question_carries_its_number_apart_from_the_parameters(ask: Any) -> None:
    assert decode(json.dumps({"op": "sum", "_ask": ask, "a": 1})) == ("sum", {"a": 1}, ask)


@pytest.mark.parametrize("ask", [None, True, [1], {"a": 1}])
def test_a_number_that_could_not_be_answered_is_left_away(ask: Any) -> None:
    assert decode(json.dumps({"op": "sum", "_ask": ask})) == ("sum", {}, None)


@pytest.mark.parametrize("word", keyword.kwlist)
def test_a_word_of_python_gets_an_underscore(word: str) -> None:
    assert decode(json.dumps({"op": "chat", word: 1})).params == {f"{word}_": 1}


@pytest.mark.parametrize(
    "text", ["", " ", "hello", "{", '{"op": "a"', "{'op': 'a'}", '{"op": "a"} x']
)
def test_what_is_not_json_is_refused(text: str) -> None:
    error = refused(text)
    assert error.code == "not_json"
    assert error.fix == 'Try: {"op": "hello"}'


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400 + ".0"]
)
def test_a_number_that_pages_cannot_read_is_refused(number: str) -> None:
    assert refused(f'{{"op": "a", "x": [{number}]}}').code == "not_json"
    assert refused(f'{{"op": "a", "_ask": {number}}}').code == "not_json"


def test_a_whole_number_may_have_hundreds_of_digits() -> None:
    assert decode(f'{{"op": "a", "x": {"9" * 400}}}').params == {"x": int("9" * 400)}


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_has_a_limit_of_digits(sign: str) -> None:
    longest = sign + "9" * MAX_DIGITS
    assert decode(f'{{"op": "a", "x": {longest}}}').params == {"x": int(longest)}
    assert "too many digits" in refused(f'{{"op": "a", "x": {longest}9}}').what


def test_a_number_of_a_million_digits_is_refused_before_it_is_read() -> None:
    # Without a limit, Python before 3.8.14 takes longer for it than a test may.
    assert "too many digits" in refused(f'{{"op": "a", "x": [{"9" * 1_000_000}]}}').what


def test_a_long_text_of_digits_is_no_number() -> None:
    assert decode(f'{{"op": "a", "x": "{"9" * 10_000}"}}').params == {"x": "9" * 10_000}


@pytest.mark.parametrize("text", ["1", "null", '"chat"', '["chat"]', "[]"])
def test_a_frame_that_is_no_object_is_refused(text: str) -> None:
    assert refused(text).code == "not_object"


@pytest.mark.parametrize(
    "text", ["{}", '{"text": "hi"}', '{"op": ""}', '{"op": 5}', '{"op": null}']
)
def test_an_object_without_a_name_is_refused(text: str) -> None:
    assert refused(text).code == "no_op"


@pytest.mark.parametrize("op", ["connect", "disconnect", "error", "eval_js", "_error", "_x", "_"])
def test_what_only_wszero_sends_is_refused(op: str) -> None:
    error = refused(json.dumps({"op": op}))
    assert error.code == "reserved_op"
    assert f'"{op}"' in error.what


def test_a_long_reserved_name_is_not_repeated_at_length() -> None:
    assert len(str(refused(json.dumps({"op": "_" * 10_000})))) < 120


def test_our_page_may_use_names_that_begin_with_an_underscore() -> None:
    assert decode('{"op": "_error", "msg": "x"}', from_page=True).op == "_error"


@pytest.mark.parametrize("op", ["connect", "disconnect", "error", "eval_js"])
def test_even_our_page_may_not_use_the_other_names_of_wszero(op: str) -> None:
    assert refused(json.dumps({"op": op}), from_page=True).code == "reserved_op"


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 9_000, 200_000])
def test_a_message_that_is_too_deep_is_refused(bracket: str, depth: int) -> None:
    end = "]" if bracket == "[" else "}"
    assert refused('{"op":"a","x":' + bracket * depth + "1" + end * depth + "}").code == "not_json"


def test_a_message_may_be_deep_and_may_have_many_lists_side_by_side() -> None:
    deep, wide = nested(MAX_DEPTH - 1), [[n] for n in range(3 * MAX_DEPTH)]
    assert decode(json.dumps({"op": "a", "x": deep, "y": wide})).params == {"x": deep, "y": wide}


def test_of_two_fields_with_one_name_the_last_counts() -> None:
    assert decode('{"op": "a", "op": "b", "x": 1, "x": 2}') == ("b", {"x": 2}, None)


def test_half_an_emoji_becomes_the_sign_for_what_cannot_be_read() -> None:
    frame = '{"op": "a\\ud83d", "_ask": "\\ude00", "\\ud83dx": [{"text": "hi\\uD83D"}]}'
    assert decode(frame) == ("a\ufffd", {"\ufffdx": [{"text": "hi\ufffd"}]}, "\ufffd")


def test_a_whole_emoji_in_two_parts_stays_whole() -> None:
    params = decode('{"op": "a", "text": "\\ud83d\\ude00", "path": "C:\\\\ud83d"}').params
    assert params == {"text": "😀", "path": "C:\\ud83d"}


# ---- what goes out ------------------------------------------------------------------------------


def test_a_message_is_short_json_in_utf_8() -> None:
    assert encode("chat", {"text": "Grüße 😀"}) == '{"op":"chat","text":"Grüße 😀"}'.encode()


@pytest.mark.parametrize("word", keyword.kwlist)
def test_the_underscore_behind_a_word_of_python_is_taken_away(word: str) -> None:
    assert json.loads(encode("chat", {f"{word}_": 1})) == {"op": "chat", word: 1}


def test_other_underscores_stay() -> None:
    assert json.loads(encode("chat", {"my_": 1, "from__": 2})) == {
        "op": "chat",
        "my_": 1,
        "from__": 2,
    }


def test_tuples_and_number_keys_become_lists_and_texts() -> None:
    sent = json.loads(encode("a", {"at": (1, 2), "points": {7: 1, None: 2, True: 3, 1.5: 4}}))
    assert sent["at"] == [1, 2]
    assert sent["points"] == {"7": 1, "null": 2, "true": 3, "1.5": 4}


def test_a_value_of_a_message_of_our_own_is_named_in_words() -> None:
    assert json.loads(encode_value("_answer", {"ask": 7}, "value", [1])) == {
        "op": "_answer",
        "ask": 7,
        "value": [1],
    }
    with pytest.raises(CannotSend, match=r"value\[1\] is a set"):
        encode_value("_answer", {"ask": 7}, "value", [1, {2}])


def test_a_parameter_called_op_is_refused() -> None:
    assert '"op"' in cannot_send(op="x")


Whole = type("int64", (), {})
"""Called like a whole number of numpy's."""


def test_what_an_async_function_has_not_done_yet_needs_await() -> None:
    async def score() -> int:
        return 3

    work = score()
    assert "await" in cannot_send(x=work)
    work.close()


def circle() -> Any:
    players: list[Any] = [1]
    players.append({"next": players})
    return players


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2, {3}], "x[2] is a set"),
        ({"a": [frozenset()]}, "x['a'][0] is a frozenset"),
        (range(3), "x=list(...)"),
        ({"a": 1}.keys(), "x=list(...)"),
        ((n for n in "ab"), "x is a generator"),
        (object(), "x is an object"),
        (b"ab", "x is bytes"),
        (1j, "x is a complex"),
        (b"ab", "x=(...).decode()"),
        ([b"ab"], "x[0].decode()"),
        (date(2020, 2, 3), "x=str(...)"),
        (ValueError("no"), "x=str(...)"),
        (Decimal("1.5"), "x=float(...)"),
        (Whole(), "x=int(...)"),
        (Clients(App), "[client.name for client in clients]"),
        (dict, "x is a class"),
        (len, "brackets ()"),
        (lambda: 1, "x is a function"),
        (math.nan, "x is nan"),
        ([-math.inf], "x[0] is -inf"),
        ({math.nan: 1}, "a key of x is nan"),
        ({(1, 2): 3}, "x has the key (1, 2)"),
        ({"a": {b"k": 1}}, "x['a'] has the key b'k'"),
        ({"a" * 100: {1}}, "is a set"),
        (f"hi {HALF}", "half a character"),
        ({HALF: 1}, "a key of x is a text with half a character"),
        (circle(), "x[1]['next'] holds itself"),
        (nested(100_000), "too deep"),
    ],
)
def test_a_value_that_cannot_be_sent_is_named_with_its_path(value: Any, words: str) -> None:
    said = cannot_send(ok=1, x=value)
    assert words in said
    assert len(said) < 400


def test_a_number_with_too_many_digits_is_explained_where_python_refuses_it() -> None:
    if hasattr(sys, "get_int_max_str_digits"):
        assert "x is a number with too many digits" in cannot_send(x=10**5_000)
    else:
        assert encode("a", {"x": 10**5_000}) == b'{"op":"a","x":1' + b"0" * 5_000 + b"}"


def test_what_goes_out_is_as_deep_at_most_as_what_comes_in() -> None:
    deepest = encode("a", {"x": nested(MAX_DEPTH - 1), "y": tuple((n,) for n in range(200))})
    assert decode(deepest.decode()).op == "a"
    assert "too deep" in cannot_send(x=nested(MAX_DEPTH))
    assert "too deep" in cannot_send(x=(nested(MAX_DEPTH - 1),))


def test_a_client_is_sent_by_its_name() -> None:
    client = Client.__new__(Client)
    assert "players[0].name" in cannot_send(players=[client])


def test_an_odd_name_of_a_parameter_is_refused_in_words() -> None:
    assert "can't be sent" in cannot_send(**{HALF: 1})


# ---- names of messages --------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["error", "eval_js", "_x"])
def test_a_program_may_not_use_names_of_wszero(op: str) -> None:
    assert is_own_op(op)
    with pytest.raises(BadName, match=op):
        check_op(op, "broadcast")


@pytest.mark.parametrize("op", [5, None, "", b"chat"])
def test_what_is_no_name_is_refused_with_an_example(op: Any) -> None:
    with pytest.raises(BadName) as caught:
        check_op(op, "client.send")
    assert caught.value.fix == "Try: client.send('hello')"


@pytest.mark.parametrize("op", ["chat", "Straße", "two words", "errors", "connect"])
def test_any_other_text_is_a_name(op: str) -> None:
    assert check_op(op, "on") == op
