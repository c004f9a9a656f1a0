"""Parts of files and conditions, through a real socket."""

from __future__ import annotations

import os
import time

import pytest

from tests.serving import Raw, serve

SOUND = bytes(range(256)) * 1000
"""Larger than what is read at once."""
SMALL = b"0123456789"


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "bell.mp3").write_bytes(SOUND)
    (tmp_path / "digits.txt").write_bytes(SMALL)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "index.html").write_text("<h1>Quiz")
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "bell.mp3", (an_hour_ago, an_hour_ago))
    with serve(folder=tmp_path) as app, Raw(app.port) as raw:
        yield raw


def test_a_tablet_asks_for_two_bytes_first_and_then_for_the_sound(raw):
    answer = raw.get("/bell.mp3", Range="bytes=0-1")
    assert (answer.status, answer.body) == (206, SOUND[:2])
    assert answer.headers["content-range"] == f"bytes 0-1/{len(SOUND)}"
    assert answer.headers["accept-ranges"] == "bytes"
    answer = raw.get(
        "/bell.mp3", Range=f"bytes=0-{len(SOUND) - 1}", If_Range=answer.headers["etag"]
    )
    assert (answer.status, answer.body) == (206, SOUND)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=100000-", slice(100_000, None)),
        ("bytes=-70000", slice(-70_000, None)),
        ("bytes=65535-65536", slice(65_535, 65_537)),
        ("bytes=131072-199999", slice(131_072, 200_000)),
    ],
)
def test_a_part_of_a_large_file_is_sent(raw, asked, part):
    answer = raw.get("/bell.mp3", Range=asked)
    assert (answer.status, answer.body) == (206, SOUND[part])
    assert raw.get("/digits.txt").body == SMALL


def test_a_part_of_a_small_file_is_sent(raw):
    assert raw.get("/digits.txt", Range="bytes=3-5").body == b"345"


@pytest.mark.parametrize(("path", "size"), [("/digits.txt", 10), ("/empty.txt", 0)])
def test_a_part_that_is_not_there_is_refused_with_the_size(raw, path, size):
    answer = raw.get(path, Range="bytes=10-")
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert raw.get("/digits.txt").status == 200


def test_of_several_parts_the_whole_file_is_sent(raw):
    answer = raw.get("/digits.txt", Range="bytes=0-1,4-5")
    assert (answer.status, answer.body) == (200, SMALL)


def test_head_tells_of_the_whole_file(raw):
    answer = raw.get("/bell.mp3", "HEAD", Range="bytes=0-1")
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(SOUND)))


@pytest.mark.parametrize("path", ["/digits.txt", "/bell.mp3", "/", "/wszero.js", "/favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_the_file_is_told_so(raw, path, method):
    first = raw.get(path)
    answer = raw.get(path, method, If_None_Match=first.headers["etag"])
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == first.headers["etag"]
    assert answer.headers["cache-control"] == first.headers["cache-control"]
    assert raw.get("/digits.txt").body == SMALL


def test_who_has_the_file_since_it_was_saved_is_told_so(raw):
    modified = raw.get("/bell.mp3").headers["last-modified"]
    assert raw.get("/bell.mp3", If_Modified_Since=modified).status == 304


def test_a_page_that_was_changed_is_sent_anew(raw, tmp_path):
    etag = raw.get("/").headers["etag"]
    (tmp_path / "index.html").write_text("<h1>Quit")  # of the same size, within the same tick
    answer = raw.get("/", If_None_Match=etag)
    assert answer.status == 200
    assert b"Quit" in answer.body


def test_who_wants_only_the_old_version_is_told_that_it_has_gone(raw):
    assert raw.get("/digits.txt", If_Match='"old"').status == 412
    assert raw.get("/digits.txt").status == 200


def test_a_part_of_a_page_counts_the_script_tag_as_well(raw):
    whole = raw.get("/").body
    answer = raw.get("/", Range="bytes=5-20")
    assert answer.body == whole[5:21]
    assert answer.headers["content-range"] == f"bytes 5-20/{len(whole)}"
