"""Where the script tag goes, and which pages do without it."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.pages import Pages
from wszero.script_tag import TAG, add_tag, read_page


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><html><head>|<title>x</title></head><body></body></html>",
        "<HTML><HEAD lang=en>|<TITLE>x</TITLE></HEAD></HTML>",
        "<head data-x='a>b' class=\"c>d\">|<meta charset=utf-8>",
        "<head\n  lang='de'\n>|<title>x</title>",
        "<html lang='en'>|<body>hi",
        "<!DOCTYPE html>|<title>x</title>",
        "<!DOCTYPE html>|\n<h1>Hello</h1>",
        "|<h1>Hello</h1>",
        "|",
        "|Hello",
        "|3 < 4 <head>",
        "<!doctype html><!-- <head> -->\n<html><!-- <head> --><head>|",
        "<!-- no > end <head> --><!doctype html>|<p>",
        "<!--><head>|<title>-->x</title>",
        "<!---><head>|<title>-->x</title>",
        "<!doctype html>|<header><h1>x</h1></header>",
        "<html>|<header>x</header><head></head>",
        "<html>|<script>var s = '<head>'</script>",
        "<html>|<title>the <head> of a page</title>",
        "<html>|<body><head>",
        "<?xml version='1.0'?><!doctype html><html><head>|",
        "<head>|<script src='quiz.js'></script>",
        "<head>|<script src='notwszero.js'></script>",
        "<head>|<p>wszero.js is a file, new WebSocket is code</p>",
        "<head>|<!-- <script src='/wszero.js'></script> -->",
        "<head>|<!-- <script>new WebSocket('x')</script> -->",
        "<head>|<script>// new WebSocket(url)\nsend('hi')</script>",
        "<head>|<script>/* import '/wszero.mjs' */ send('hi')</script>",
        "<head>|<meta name='wszero' content='on'>",
        "<head>|<meta name='viewport' content='off'>",
        "<head>|<title>unfinished <!-- page",
        "<head>|<p title='unfinished",
        "<head title='unfinished|",
    ],
)
def test_the_script_tag_comes_first_in_the_head(page):
    before, _, after = page.partition("|")
    assert add_tag((before + after).encode()) == before.encode() + TAG + after.encode()


@pytest.mark.parametrize(
    "page",
    [
        "<head><script src='/wszero.js'></script>",
        "<head><script defer src=wszero.js></script>",
        '<head><SCRIPT SRC = "http://10.0.0.2:8000/wszero.js?v=1"></SCRIPT>',
        "<script type=module>import { on } from '/wszero.mjs'</script>",
        '<script type="importmap">{"imports": {"wszero": "/wszero.mjs"}}</script>',
        "<script type=module>const w = await import(`./wszero.mjs`)</script>",
        "<script>const url = 'http://x//y'; const s = new WebSocket(url)</script>",
        "<script>s = new  window.WebSocket('ws://' + location.host + '/ws')</script>",
        "<script>new WebSocket('ws://",
        '<head><meta name="wszero" content="off"></head>',
        "<META CONTENT=off NAME=wszero>",
    ],
)
def test_a_page_with_a_client_of_its_own_is_left_alone(page):
    assert add_tag(page.encode()) == page.encode()


def test_the_mark_at_the_start_of_a_file_stays_first():
    page = codecs.BOM_UTF8 + "<p>ä</p>".encode()
    assert add_tag(page) == codecs.BOM_UTF8 + TAG + "<p>ä</p>".encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_page_in_utf_16_is_left_alone(encoding):
    page = "<head><title>ä</title>".encode(encoding)
    assert add_tag(page) == page


def test_bytes_that_are_no_utf_8_pass_unchanged():
    assert add_tag(b"<head>caf\xe9 \xff") == b"<head>" + TAG + b"caf\xe9 \xff"


@given(st.binary(), st.sampled_from([b"", b"<head>", b"<script>", b"<!--", b"'", b'"', b"<p a='"]))
def test_the_tag_only_ever_adds_itself_and_no_line(start, middle):
    page = start + middle + start
    sent = add_tag(page)
    assert sent == page or sent.replace(TAG, b"", 1) == page or page.count(TAG)
    assert sent.count(b"\n") == page.count(b"\n")


@pytest.mark.parametrize(
    "piece", [b"<", b"<a =x ", b"<!--", b"<script>'", b"<p '", b"='", b"/*`'\""]
)
def test_a_page_of_nothing_but_beginnings_is_read_in_no_time(piece):
    # Reading it in quadratic time would take hours: the test's time limit would end it.
    assert len(add_tag(piece * 500_000)) >= 500_000


def test_only_pages_get_the_tag(tmp_path):
    (tmp_path / "quiz.html").write_bytes(b"<title>Quiz</title>")
    (tmp_path / "quiz.js").write_bytes(b"send('go')")
    pages = Pages(tmp_path / "quiz.py")
    assert read_page(pages.find("/quiz.html")) == TAG + b"<title>Quiz</title>"
    assert read_page(pages.find("/quiz.js")) == b"send('go')"
