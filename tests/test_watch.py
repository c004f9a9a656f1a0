"""Which of the paths that were served have changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wszero.pages import Missing, Pages
from wszero.watch import Watch


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "static").mkdir()
    for name in ("quiz.html", "quiz.js", "quiz.css"):
        (tmp_path / name).write_text(f"the first {name}")
    return tmp_path


@pytest.fixture
def pages(root) -> Pages:
    return Pages(root / "quiz.py")


@pytest.fixture
def watch(pages) -> Watch:
    watch = Watch(pages)
    for target in ("/", "/quiz.css?v=1"):
        watch.served(target, pages.find(target))
    return watch


def polls(watch: Watch, times: int = 4) -> list[str]:
    return [path for _ in range(times) for path in watch.poll()]


def save(file: Path, text: str) -> None:
    """Save a file so that it is newer, however coarse the clock of the disk is."""
    newer_ns = file.stat().st_mtime_ns + 10**9 if file.exists() else 10**18
    file.write_text(text)
    os.utime(file, ns=(newer_ns, newer_ns))


def test_without_a_change_nothing_is_told(watch):
    assert polls(watch) == []


def test_a_saved_file_is_told_once(root, watch):
    save(root / "quiz.css", "h1 { color: blue }")
    assert polls(watch) == ["/quiz.css"]


def test_a_change_is_told_when_two_polls_saw_the_same(root, watch):
    save(root / "quiz.css", "h1 {")
    assert watch.poll() == []
    save(root / "quiz.css", "h1 { color: ")
    assert watch.poll() == []
    save(root / "quiz.css", "h1 { color: blue }")
    assert watch.poll() == []
    assert watch.poll() == ["/quiz.css"]


def test_a_file_that_is_deleted_and_written_anew_is_one_change(root, watch):
    (root / "quiz.css").unlink()
    assert polls(watch) == []
    save(root / "quiz.css", "new")
    assert polls(watch) == ["/quiz.css"]


def test_the_start_page_changes_when_another_file_begins_to_answer_it(tmp_path):
    pages = Pages(tmp_path / "quiz.py")
    watch = Watch(pages)
    watch.served("/")
    (tmp_path / "quiz.html").write_text("<h1>Mine</h1>")
    assert polls(watch) == ["/"]
    (tmp_path / "quiz.html").unlink()
    assert polls(watch) == ["/"]


def test_a_file_that_was_asked_for_in_vain_is_told_when_it_comes(root, pages, watch):
    watch.served("/late.css", pages.find("/late.css"))
    assert polls(watch) == []
    (root / "static" / "late.css").write_text("x")
    assert polls(watch) == ["/late.css"]


def test_a_page_that_one_tablet_has_reloaded_is_still_told_to_the_others(root, pages, watch):
    save(root / "quiz.css", "new")
    watch.poll()
    watch.served("/quiz.css", pages.find("/quiz.css"))
    assert polls(watch) == ["/quiz.css"]


def test_files_that_are_not_there_push_no_file_out_of_the_watch(root, pages, watch):
    for number in range(2000):
        watch.served(f"/nothing-{number}.css", Missing(""))
    save(root / "quiz.css", "new")
    assert polls(watch, 2) == ["/quiz.css"]


def test_the_watch_forgets_what_was_asked_for_longest_ago(root, pages):
    watch = Watch(pages, limit=2)
    for target in ("/", "/quiz.css", "/", "/quiz.js"):
        watch.served(target, pages.find(target))
    for name in ("quiz.html", "quiz.css", "quiz.js"):
        save(root / name, "new")
    assert sorted(polls(watch)) == ["/", "/quiz.js"]
