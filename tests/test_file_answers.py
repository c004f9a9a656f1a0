"""What is answered with a file, without a network."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from wszero.file_answers import PIECE, FileAnswer
from wszero.pages import Found, Pages

FILM = bytes(range(256)) * (PIECE // 100)  # some pieces, the last of them not whole


async def in_files(function, *args):
    return function(*args)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "film.mp4").write_bytes(FILM)
    return tmp_path / "film.mp4"


@pytest.fixture
def found(film) -> Found:
    found = Pages(None, film.parent).find("/film.mp4")
    assert isinstance(found, Found)
    return found


def begun(found: Found, method: str = "GET", **headers: str) -> FileAnswer:
    answer = FileAnswer(found, in_files)
    asyncio.run(answer.begin(method, headers))
    return answer


def pieces_of(answer: FileAnswer) -> list[bytes]:
    pieces = [answer.piece]
    while not answer.is_last:
        asyncio.run(answer.go_on())
        pieces.append(answer.piece)
    return pieces


def test_a_large_file_comes_in_pieces(found):
    answer = begun(found)
    pieces = pieces_of(answer)
    assert (answer.status, b"".join(pieces)) == (200, FILM)
    assert {len(piece) for piece in pieces[:-1]} == {PIECE}
    assert ("Content-Length", str(len(FILM))) in answer.headers


def test_of_a_part_that_was_asked_for_no_more_comes(found):
    answer = begun(found, range=f"bytes=5-{PIECE + 9}")
    assert (answer.status, b"".join(pieces_of(answer))) == (206, FILM[5 : PIECE + 10])
    assert ("Content-Range", f"bytes 5-{PIECE + 9}/{len(FILM)}") in answer.headers


def test_a_part_that_is_not_there_is_answered_in_words(found):
    answer = begun(found, range=f"bytes={len(FILM)}-")
    assert (answer.status, answer.piece) == (416, b"")
    assert f"{len(FILM):,} bytes" in answer.words


def test_an_empty_file_has_no_piece(film):
    film.write_bytes(b"")
    found = Pages(None, film.parent).find("/film.mp4")
    assert (begun(found).status, pieces_of(begun(found))) == (200, [b""])


def test_a_file_that_has_changed_before_is_being_saved(film, found):
    film.write_bytes(b"another film")
    answer = begun(found)
    assert (answer.status, answer.piece) == (503, b"")
    assert "Try again" in answer.words


def test_a_file_that_changes_meanwhile_is_not_sent_half_old_and_half_new(film, found):
    answer = begun(found)
    film.write_bytes(b"another film")
    with pytest.raises(OSError, match="changed"):
        asyncio.run(answer.go_on())


def test_reading_on_may_be_tried_again(found, film):
    answer = begun(found)
    away = film.rename(film.with_name("away"))
    with pytest.raises(FileNotFoundError):
        asyncio.run(answer.go_on())
    away.rename(film)
    assert b"".join(pieces_of(answer)) == FILM
