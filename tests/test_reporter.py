"""The console: each trouble is said once, then counted; nothing from outside can spoil it."""

from __future__ import annotations

import io
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wszero.errors import Place
from wszero.reporter import Reporter, in_words

LINE = Place("/home/amy/quiz.py", 7, "print(1 / 0)", "buzz")


class Console(io.StringIO):
    """What was written, line by line."""

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.getvalue().splitlines() if line.strip()]


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def reporter(console: Console) -> Reporter:
    return Reporter(console)


# ---- how it is said -----------------------------------------------------------------------------


def test_where_then_the_line_then_what_then_what_to_try() -> None:
    said = in_words("It broke.", "Mend it.", LINE)
    assert said == "\nquiz.py, line 7:\n    print(1 / 0)\n  It broke.\n  Mend it.\n"


def test_the_lines_that_led_there_come_first() -> None:
    page = Place("/quiz.html", 3, "send('buzz')")
    lines = in_words("It broke.", "", LINE._replace(via=(page,))).split("\n")
    assert lines[1:4] == ["quiz.html, line 3:", "    send('buzz')", "quiz.py, line 7:"]


def test_a_place_without_code_and_no_place_at_all_are_fine() -> None:
    assert in_words("It broke.", "", Place("quiz.html", 0, "")) == "\nquiz.html:\n  It broke.\n"
    assert in_words("It broke.") == "\n  It broke.\n"


def test_words_of_several_lines_are_all_moved_in() -> None:
    assert in_words("One\ntwo", "three\nfour") == "\n  One\n  two\n  three\n  four\n"


def test_no_text_can_move_the_cursor_or_colour_the_console() -> None:
    said = in_words("\x1b[2Jwhat\r", "\x07fix", LINE._replace(code="x = '\x1b[31m'"))
    assert "what" in said
    assert "fix" in said
    assert said.replace("\n", "").isprintable()


def test_a_huge_text_stays_readable() -> None:
    said = in_words("a" * 10**6, "b" * 10**6, LINE._replace(code="c" * 10**6))
    assert len(said) < 3_000


# ---- once, then counted -------------------------------------------------------------------------


def test_the_same_trouble_is_said_once_and_counted(reporter: Reporter, console: Console) -> None:
    counts = [reporter.report("mistake", "It broke.", "Mend it.", LINE) for _ in range(1_200)]
    assert counts == list(range(1, 1_201))
    assert console.getvalue().count("It broke.") == 1
    assert any("1,000 times" in line for line in console.lines)
    assert len(console.lines) < 20


def test_the_second_time_is_said_so_that_who_tries_again_sees_it(
    reporter: Reporter, console: Console
) -> None:
    reporter.report("mistake", "It broke.", "", LINE)
    reporter.report("mistake", "It broke.", "", LINE)
    assert console.lines[-1] == "quiz.py, line 7: 2 times now"


def test_the_same_words_at_another_line_are_another_trouble(
    reporter: Reporter, console: Console
) -> None:
    reporter.report("mistake", "It broke.", "", LINE)
    assert reporter.report("mistake", "It broke.", "", LINE._replace(line=8)) == 1
    assert console.getvalue().count("It broke.") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [("c1 has no 'x'", "c2 has no 'y'"), ('no "amy" in 3', 'no "ben" in 71')],
)
def test_the_same_line_with_another_name_or_number_is_the_same_trouble(
    reporter: Reporter, one: str, other: str
) -> None:
    reporter.report("mistake", one, "", LINE)
    assert reporter.report("mistake", other, "", LINE) == 2


def test_a_key_tells_what_is_the_same(reporter: Reporter) -> None:
    assert reporter.report("parameters", "Amy sent x.", key="x") == 1
    assert reporter.report("parameters", "Ben sent x.", key="x") == 2
    assert reporter.report("parameters", "Amy sent x.", key="y") == 1


def test_two_kinds_are_counted_apart(reporter: Reporter) -> None:
    assert reporter.report("mistake", "It broke.") == 1
    assert reporter.report("answer", "It broke.") == 1


def test_a_known_trouble_is_known(reporter: Reporter) -> None:
    assert not reporter.knows("mistake", "x")
    reporter.report("mistake", "It broke.", key="x")
    assert reporter.knows("mistake", "x")
    assert not reporter.knows("answer", "x")


# ---- bounded ------------------------------------------------------------------------------------


def test_ever_new_troubles_of_a_kind_do_not_fill_the_screen(
    reporter: Reporter, console: Console
) -> None:
    for n in range(5_000):
        reporter.report("no_handler", f"A page sent x{n}.", key=n)
    assert len(console.lines) < 30
    assert "only counted" in console.lines[-1]
    assert reporter.knows("no_handler", "a new one")


def test_ever_new_troubles_are_not_remembered_one_by_one(reporter: Reporter) -> None:
    for n in range(5_000):
        reporter.report("no_handler", f"A page sent x{n}.", key=n)
    assert len(reporter._counts) + len(reporter._labels) < 50


def test_what_is_left_out_is_still_counted(reporter: Reporter, console: Console) -> None:
    for n in range(5):
        reporter.report("no_handler", "x", key=n)
    assert [reporter.report("no_handler", "x", key=f"new {n}") for n in range(3)] == [1, 2, 3]
    assert reporter.report("no_handler", "x", key=4) == 2
    reporter.sum_up()
    assert console.lines[-1] == "More trouble, which was only counted: 3 times in all"


def test_of_the_programs_own_mistakes_more_are_said(reporter: Reporter, console: Console) -> None:
    for n in range(50):
        reporter.report("mistake", f"It broke, {n}.", "", LINE._replace(line=n))
    assert console.getvalue().count("It broke") == 20


def test_a_kind_that_a_page_thinks_of_is_no_new_kind(reporter: Reporter, console: Console) -> None:
    for n in range(5_000):
        reporter.report(f"page {n}", "The page has a mistake.", key=n)
    assert len(console.lines) < 10
    assert len(reporter._kinds) == 1


@pytest.mark.parametrize("different", [1, 5, 100, 10_000])
def test_a_kind_of_trouble_never_fills_the_screen(
    reporter: Reporter, console: Console, different: int
) -> None:
    for n in range(10_000):
        reporter.report("parameters", "It needs x.", "Send x.", LINE, n % different)
    reporter.sum_up()
    assert len(console.lines) < 45


def test_words_of_a_pupil_in_a_mistake_do_not_make_it_another(reporter: Reporter) -> None:
    reporter.report("mistake", "ValueError: apples", "", LINE)
    assert reporter.report("mistake", "ValueError: pears, or: both\nof them", "", LINE) == 2
    assert reporter.report("mistake", "TypeError: apples", "", LINE) == 1


def test_other_kinds_are_still_said(reporter: Reporter, console: Console) -> None:
    for n in range(100):
        reporter.report("no_handler", "x", key=n)
    reporter.report("mistake", "It broke.")
    assert "It broke." in console.getvalue()


# ---- summing up ---------------------------------------------------------------------------------


def test_at_the_end_the_counts_that_nobody_has_seen_are_said(
    reporter: Reporter, console: Console
) -> None:
    for _ in range(8):
        reporter.report("mistake", "It broke.", "", LINE)
    reporter.report("mistake", "Another one.")
    reporter.sum_up()
    summed_up = [line for line in console.lines if "in all" in line]
    assert summed_up == ["quiz.py, line 7: 8 times in all"]


def test_with_nothing_to_sum_up_nothing_is_said(reporter: Reporter, console: Console) -> None:
    reporter.sum_up()
    reporter.report("mistake", "It broke.")
    before = console.getvalue()
    reporter.sum_up()
    assert console.getvalue() == before


# ---- the console itself -------------------------------------------------------------------------


def test_troubles_go_to_the_error_output_and_other_lines_to_the_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reporter = Reporter()
    reporter.report("mistake", "It broke.")
    reporter.say("said")
    reporter.write("written\n")
    reporter.tell("told")
    out, err = capsys.readouterr()
    assert out == "told\n"
    assert err == "\n  It broke.\nsaid\nwritten\n"


def test_with_one_place_to_write_all_goes_there(reporter: Reporter, console: Console) -> None:
    reporter.tell("told")
    reporter.say("said")
    assert console.lines == ["told", "said"]


class GoneConsole(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("closed"), BrokenPipeError()])
def test_a_console_that_has_gone_harms_nobody(error: Exception) -> None:
    reporter = Reporter(GoneConsole(error))
    assert [reporter.report("mistake", "It broke.") for _ in range(3)] == [1, 2, 3]
    reporter.tell("told")
    reporter.sum_up()


def test_no_console_at_all_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    reporter = Reporter()
    reporter.report("mistake", "It broke.")
    reporter.tell("told")


def test_a_console_that_knows_few_characters_gets_what_it_can_show() -> None:
    raw = io.BytesIO()
    reporter = Reporter(io.TextIOWrapper(raw, encoding="cp437"))
    reporter.report("mistake", "Otter 🦦 broke it.")
    assert b"Otter" in raw.getvalue()
    assert b"broke it." in raw.getvalue()


def test_a_console_that_goes_while_it_shows_few_characters_harms_nobody() -> None:
    class GoingConsole(io.StringIO):
        def write(self, text: str) -> int:
            if text.isascii():
                raise OSError("gone")
            raise UnicodeEncodeError("ascii", text, 0, 1, "no such character")

    assert Reporter(GoingConsole()).report("mistake", "Otter 🦦 broke it.") == 1


def test_threads_do_not_mix_their_words(reporter: Reporter, console: Console) -> None:
    begin = threading.Barrier(4)

    def work(number: int) -> None:
        begin.wait()
        for n in range(5):
            reporter.report("mistake", f"what {number} {n}", f"fix {number} {n}", key=(number, n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = list(zip(console.lines[::2], console.lines[1::2]))
    assert len(pairs) == 20
    assert all(what.replace("what", "fix") == fix for what, fix in pairs)


places = st.tuples(st.text(), st.integers(0, 9), st.text()).map(lambda parts: Place(*parts))


@given(st.text(), st.text(), st.none() | places)
def test_any_words_can_be_reported(what: str, fix: str, place: Place | None) -> None:
    console = Console()
    reporter = Reporter(console)
    for _ in range(2):
        reporter.report("mistake", what, fix, place)
    reporter.sum_up()
    said = console.getvalue()
    assert said.replace("\n", "").isprintable()


def test_a_report_in_the_middle_of_a_report_is_made_and_waits_for_nobody() -> None:
    """Python may throw away a failed task, which reports itself, wherever memory is asked for."""

    class Out(io.StringIO):
        def write(self, text: str) -> int:
            if "first" in text:
                inner.report("task", "second")
            return super().write(text)

    out = Out()
    inner = Reporter(out)
    thread = threading.Thread(target=inner.report, args=("task", "first"), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert "first" in out.getvalue()
    assert "second" in out.getvalue()
