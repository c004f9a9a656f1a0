"""What the name of a file tells: its content type, and whether it may be shown."""

from __future__ import annotations

import pytest

from wszero.file_names import content_type_of, may_be_shown


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.HTM", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.md", "text/plain; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.JPG", "image/jpeg"),
        ("a.gif", "image/gif"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.mp3", "audio/mpeg"),
        ("a.wav", "audio/wav"),
        ("a.ogg", "audio/ogg"),
        ("a.m4a", "audio/mp4"),
        ("a.mp4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.strange", "application/octet-stream"),
        ("noending", "application/octet-stream"),
    ],
)
def test_each_kind_of_file_has_its_type_on_every_computer(name, content_type):
    assert content_type_of(name) == content_type


@pytest.mark.parametrize(
    "name", ["cat.png", "two words.txt", "ä.html", "👩\u200d🚀.png", "copy.js"]
)
def test_an_ordinary_name_may_be_shown(name):
    assert may_be_shown(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        ".env",
        "quiz.PY",
        "quiz．py",
        "quiz.p\u200dy",
        "a~",
        "NUL",
        "quiz.py3",
        "QUIZ~1.PNG",
    ],
)
def test_what_might_be_secret_or_a_device_may_not_be_shown(name):
    assert not may_be_shown(name)
