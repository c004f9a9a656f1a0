"""Frames, held against websockets' own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from wszero.frames import head_at, text_frame, unmask

SIZES = [0, 1, 124, 125, 126, 127, 255, 256, 65_534, 65_535, 65_536, 65_537, 200_000]
"""All around the places where a longer length is written: RFC 6455, section 5.2."""


@pytest.mark.parametrize("size", SIZES)
def test_a_text_is_framed_as_websockets_does_it(size):
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.CONT])
@pytest.mark.parametrize("is_masked", [True, False])
def test_the_head_tells_where_a_frame_starts_and_ends(size, opcode, is_masked):
    payload = bytes(range(256)) * (size // 256 + 1)
    data = Frame(opcode, payload[:size], fin=False).serialize(mask=is_masked)
    start, stop = head_at(data, 0)
    assert (stop - start, stop) == (size, len(data))
    read = unmask(data[start:], data[start - 4 : start]) if is_masked else data[start:]
    assert read == payload[:size]


@pytest.mark.parametrize("size", SIZES)
def test_a_head_of_which_not_all_has_come_tells_nothing_false(size):
    data = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
    whole = head_at(data, 0)
    for have in range(whole.start + 1):
        assert head_at(data[:have], 0) in (None, whole)
    assert head_at(data[: whole.start - 4], 0) == whole


@given(
    payloads=st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    opcode=st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.CLOSE]),
    copy=st.sampled_from([bytes, bytearray]),
)
def test_frames_in_a_row_are_found_one_after_the_other(payloads, opcode, copy):
    if opcode in (Opcode.PING, Opcode.CLOSE):
        payloads = [payload[:125] for payload in payloads]
    data = copy(b"".join(Frame(opcode, each).serialize(mask=True) for each in payloads))
    found, at = [], 0
    while at < len(data):
        start, stop = head_at(data, at)
        found.append(unmask(bytes(data[start:stop]), bytes(data[start - 4 : start])))
        at = stop
    assert found == payloads


@given(data=st.binary(max_size=100), mask=st.binary(min_size=4, max_size=4))
def test_a_mask_is_taken_off_byte_by_byte(data, mask):
    assert unmask(data, mask) == bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def test_the_largest_length_that_can_be_announced_is_read():
    assert head_at(b"\x81\xff" + b"\xff" * 8, 0).stop == 14 + 2**64 - 1
