"""Lines come out whole, however the bytes came in, and too long ones are left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wszero.line_splitter import MAX_LINE_BYTES, LineSplitter


def test_a_line_that_comes_in_pieces_comes_out_whole() -> None:
    lines = LineSplitter()
    assert lines.feed(b"he") == []
    assert lines.feed(b"llo\nwor") == [b"hello"]
    assert lines.feed(b"ld\n") == [b"world"]


def test_empty_lines_are_passed_over() -> None:
    assert LineSplitter().feed(b"\n  \r\na\n\n") == [b"a"]


def test_a_line_that_is_too_long_is_counted_and_the_next_one_is_read() -> None:
    lines = LineSplitter(max_bytes=10)
    assert lines.feed(b"x" * 10 + b"\nshort\n") == [b"short"]
    assert lines.overlong == 1


def test_a_line_that_is_too_long_and_comes_in_pieces_counts_once() -> None:
    lines = LineSplitter(max_bytes=10)
    for _ in range(5):
        assert lines.feed(b"x" * 8) == []
    assert lines.feed(b"tail\nshort\n") == [b"short"]
    assert lines.overlong == 1


def test_a_second_line_that_is_too_long_counts_too() -> None:
    lines = LineSplitter(max_bytes=10)
    lines.feed(b"x" * 20)
    assert lines.feed(b"\n" + b"y" * 20) == []
    assert lines.feed(b"\nz\n") == [b"z"]
    assert lines.overlong == 2


def test_a_stream_without_an_end_of_line_is_not_kept() -> None:
    lines = LineSplitter()
    for _ in range(100):
        lines.feed(b"x" * 10_000)
    assert len(lines._rest) < MAX_LINE_BYTES


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9))
def test_how_the_bytes_are_cut_makes_no_difference(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts) + b"\n"
    at_once, bit_by_bit = LineSplitter(max_bytes=8), LineSplitter(max_bytes=8)
    whole = at_once.feed(data)
    pieces = [
        line for at in range(0, len(data), size) for line in bit_by_bit.feed(data[at : at + size])
    ]
    assert pieces == whole
    assert bit_by_bit.overlong == at_once.overlong
