"""What of a file is sent: everything, a part, or word that the browser has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.ranges import Plan, Version, http_date, plan, version_of

SIZE = 1000
MONDAY, TUESDAY = "Mon, 06 Jan 2025 10:00:00 GMT", "Tue, 07 Jan 2025 10:00:00 GMT"
STRONG, WEAK = Version('"abc"', TUESDAY), Version('W/"abc"', TUESDAY)
WHOLE, KNOWN, CHANGED = Plan(200, 0, SIZE), Plan(304), Plan(412)


def get(version: Version = STRONG, method: str = "GET", **headers: str) -> Plan:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return plan(method, named, SIZE, version)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-1", 0, 2),
        ("bytes=0-", 0, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=10-10", 10, 11),
        ("bytes=500-99999", 500, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-5000", 0, 1000),
        ("Bytes = 0-1", 0, 2),
        ("bytes=,0-1,", 0, 2),
        ("bytes=0-999999999999999999", 0, 1000),
    ],
)
def test_a_part_is_sent(asked, start, stop):
    assert get(range=asked) == Plan(206, start, stop)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(asked):
    assert get(range=asked) == Plan(416)


@pytest.mark.parametrize(
    "asked",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=2-1", "lines=0-1", "bytes=0-1-2"),
        *("bytes=0-1,5-6", "bytes=0-0,-1", "bytes=٠-١", "bytes=+1-2", "bytes=" + "9" * 5000 + "-"),
    ],
)
def test_what_is_no_single_part_gets_the_whole_file(asked):
    assert get(range=asked) == WHOLE


def test_only_get_has_parts():
    assert get(method="HEAD", range="bytes=0-1") == WHOLE


def test_an_empty_file_has_no_parts():
    assert plan("GET", {"range": "bytes=0-"}, 0, STRONG) == Plan(416)
    assert plan("GET", {}, 0, STRONG) == Plan(200, 0, 0)


@pytest.mark.parametrize("condition", ['"abc"', TUESDAY, f" {TUESDAY} "])
def test_a_part_of_the_same_version_is_sent(condition):
    assert get(range="bytes=0-1", if_range=condition) == Plan(206, 0, 2)


@pytest.mark.parametrize("condition", ['"old"', 'W/"abc"', MONDAY, "", "abc"])
def test_of_another_version_the_whole_file_is_sent(condition):
    assert get(range="bytes=0-1", if_range=condition) == WHOLE


@pytest.mark.parametrize("condition", ['W/"abc"', '"abc"', TUESDAY])
def test_parts_of_a_file_that_may_just_be_changing_are_not_joined(condition):
    assert get(WEAK, range="bytes=0-1", if_range=condition) == WHOLE


@pytest.mark.parametrize("version", [STRONG, WEAK])
@pytest.mark.parametrize("tags", ['"abc"', 'W/"abc"', '"x", "abc"', '"x,y",W/"abc"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_this_version_gets_no_other_copy(version, tags, method):
    assert get(version, method, if_none_match=tags, range="bytes=0-1") == KNOWN


@pytest.mark.parametrize("tags", ['"x"', "abc", "", '"abcd"'])
def test_who_has_another_version_gets_the_file(tags):
    assert get(if_none_match=tags) == WHOLE
    assert get(if_none_match=tags, if_modified_since=TUESDAY) == WHOLE


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (TUESDAY, KNOWN),
        ("Wed, 08 Jan 2025 10:00:00 GMT", KNOWN),
        (MONDAY, WHOLE),
        ("yesterday", WHOLE),
        ("", WHOLE),
        ("Tue, 99 Jan 99999999999 99:00:00 GMT", WHOLE),
    ],
)
def test_who_has_it_from_a_later_day_gets_no_other_copy(since, expected):
    assert get(if_modified_since=since) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if_match": '"abc"'}, WHOLE),
        ({"if_match": "*"}, WHOLE),
        ({"if_match": '"x"'}, CHANGED),
        ({"if_unmodified_since": TUESDAY}, WHOLE),
        ({"if_unmodified_since": MONDAY}, CHANGED),
        ({"if_unmodified_since": "nonsense"}, WHOLE),
        ({"if_match": '"abc"', "if_unmodified_since": MONDAY}, WHOLE),
    ],
)
def test_who_wants_only_this_version_is_told_when_it_has_gone(headers, expected):
    assert get(**headers) == expected


def test_a_weak_version_is_never_the_one_that_is_wanted():
    assert get(WEAK, if_match='W/"abc"') == CHANGED


def test_a_file_without_a_date_has_no_conditions_with_dates():
    bare = Version('"abc"')
    assert get(bare, if_modified_since=TUESDAY, if_unmodified_since=MONDAY) == WHOLE
    assert bare.headers == [("ETag", '"abc"')]


NOW = 1_700_000_000 * 10**9


def test_what_is_read_as_a_whole_is_known_by_its_bytes():
    one, two = version_of(b"a", 1, NOW, NOW), version_of(b"b", 1, NOW, NOW)
    assert one.etag != two.etag
    assert one == version_of(b"a", 1, NOW, NOW + 5)
    assert one.etag.startswith('"')


def test_a_large_file_is_known_by_its_date_and_size():
    old = NOW - 10**10
    assert version_of(None, 5, old, NOW).etag != version_of(None, 6, old, NOW).etag
    assert version_of(None, 5, old, NOW).etag != version_of(None, 5, old + 1, NOW).etag
    assert version_of(None, 5, old, NOW).etag.startswith('"')


def test_a_large_file_that_was_saved_just_now_is_known_weakly():
    assert version_of(None, 5, NOW - 10**9, NOW).etag.startswith('W/"')


def test_a_date_that_is_still_to_come_is_not_sent():
    assert version_of(b"a", 1, NOW + 10**9, NOW).modified == ""
    assert version_of(b"a", 1, 0, NOW).modified == ""


def test_dates_are_written_as_http_wants_them():
    assert http_date(1736244000) == TUESDAY
    assert version_of(b"", 0, 1736244000 * 10**9, NOW * 2).modified == TUESDAY


CONDITIONS = ["range", "if-range", "if-match", "if-none-match", "if-modified-since"]


@given(
    st.dictionaries(
        st.sampled_from(CONDITIONS),
        st.text(max_size=40) | st.sampled_from(["bytes=-5", "bytes=3-", MONDAY, '"abc"', "*"]),
    ),
    st.integers(0, 10),
)
def test_whatever_is_asked_the_plan_lies_within_the_file(headers, size):
    answer = plan("GET", headers, size, STRONG)
    assert answer.status in (200, 206, 304, 412, 416)
    assert 0 <= answer.start <= answer.stop <= size
