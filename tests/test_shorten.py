"""Values for the panel are small and printable, whatever they were."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wszero.shorten import MAX_TEXT, cut_text, shorten


def test_what_is_small_stays_as_it_is() -> None:
    value = {"text": "hi", "n": 3, "list": [1, 2.5, None, True], "dict": {"a": {"b": []}}}
    assert shorten(value) == value


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert shorten("x" * 201) == "x" * 200 + "…"
    assert shorten("x" * 200) == "x" * 200


def test_a_text_may_be_allowed_more() -> None:
    assert shorten("x" * 300, text=300) == "x" * 300


def test_a_long_list_says_how_many_more_there_are() -> None:
    assert shorten(list(range(500)))[-2:] == [19, "… 480 more"]


def test_a_long_dict_says_how_many_more_there_are() -> None:
    assert shorten({str(n): n for n in range(25)})["…"] == "5 more"


def test_what_is_nested_deeply_ends_in_dots() -> None:
    assert shorten([[[[[1]]]]]) == [[[["[…]"]]]]
    assert shorten([[[[{"a": 1}]]]]) == [[[["{…}"]]]]
    assert shorten([[[[[], {}]]]]) == [[[[[], {}]]]]


def test_a_list_that_holds_itself_comes_to_an_end() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "…" in json.dumps(shorten(endless), ensure_ascii=False)


def test_many_lists_in_lists_share_one_budget() -> None:
    value = [[["x" * 50] * 20] * 20] * 20
    assert len(json.dumps(shorten(value))) < 3_000


def test_what_is_no_json_is_shown_as_text() -> None:
    assert shorten(b"abc") == "b'abc'"
    assert shorten(1 + 2j) == "(1+2j)"
    assert shorten(float("inf")) == "inf"
    assert shorten({1: (2, 3)}) == {"1": [2, 3]}
    assert shorten({5}) == [5]


def test_an_object_that_can_not_describe_itself_is_named_by_its_class() -> None:
    class Robot:
        def __repr__(self) -> str:
            raise ValueError("no")

    assert shorten([Robot()]) == ["<Robot>"]


def test_a_huge_whole_number_is_described() -> None:
    assert shorten(10**5000) == "<a whole number of about 5001 digits>"


def test_subclasses_of_numbers_and_texts_count_as_what_they_are() -> None:
    class Score(int):
        pass

    class Name(str):
        pass

    assert json.dumps(shorten([Score(3), Name("Amy")])) == '[3, "Amy"]'


def test_half_a_surrogate_pair_becomes_writable() -> None:
    assert cut_text("a\ud83d").encode("utf-8") == b"a?"
    assert shorten(["\ud83d"]) == ["?"]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.text(alphabet=st.characters(), max_size=250),
    lambda inner: (
        st.lists(inner, max_size=40)
        | st.dictionaries(st.text(max_size=300) | st.integers(), inner, max_size=40)
    ),
    max_leaves=60,
)


@settings(max_examples=30)
@given(ANYTHING)
def test_everything_becomes_json_of_a_bounded_size(value: Any) -> None:
    text = json.dumps(shorten(value), ensure_ascii=False, allow_nan=False)
    assert len(text.encode("utf-8")) < 16_000


@given(st.text(max_size=500))
def test_shortening_twice_is_shortening_once(text: str) -> None:
    assert shorten(shorten(text)) == shorten(text)
    assert len(shorten(text)) <= MAX_TEXT + 1
