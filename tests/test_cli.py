"""The command line, through real processes wherever it starts one."""

from __future__ import annotations

import os
import signal
import time

import pytest

from wszero import __version__
from wszero.cli import main
from wszero.cli_new import why_not
from wszero.cli_run import Watch
from wszero.options import make_options

QUIZ = """
from wszero import *

@on('connect')
def connect(client):
    client.send('hello', text='first')

run_server()
"""
PAGE = "<!DOCTYPE html><title>Quiz</title><b data-show='hello.text'></b>"
STUCK = """
from wszero import *

@on('go')
def go(client):
    print('stuck now')
    while True:
        pass

run_server()
"""


@pytest.fixture
def quiz(tmp_path):
    """The place of a program with a page; `quiz.write_text` is what saving does."""
    (tmp_path / "quiz.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "quiz.py").write_text(QUIZ, encoding="utf-8")
    return tmp_path / "quiz.py"


def seconds_to_end(game, limit=20):
    """Waits until a command and all that it has started have ended; returns how long that took."""
    start = time.monotonic()
    game.wait(limit)
    assert game.is_silent, "something that it has started still runs"
    return time.monotonic() - start


# ---- wszero quiz.py: saved, started again ------------------------------------------------------


def test_a_saved_program_starts_again_and_its_pages_come_back(command, quiz, browser_page):
    game = command("quiz.py")
    amy, ben = browser_page(game.url), browser_page(game.url)
    ben.wait_for_text("first")
    quiz.write_text(QUIZ.replace("first", "second"))
    game.wait_for("quiz.py was saved: starting again")
    for page in (amy, ben):
        page.wait_for_text("second")
    quiz.write_text(QUIZ.replace("first", "third one"))
    for page in (amy, ben):
        page.wait_for_text("third one")


def test_a_program_that_is_started_again_keeps_its_port(command, quiz, connect):
    game = command("quiz.py")
    url = game.url
    assert connect(url).hear("hello")["text"] == "first"
    quiz.write_text(QUIZ.replace("first", "second"))
    game.wait_for(f"{url}\n", times=2)
    assert connect(url).hear("hello")["text"] == "second"


def test_a_port_that_was_found_is_tried_first_the_next_time(monkeypatch):
    monkeypatch.delenv("WSZERO_PORT", raising=False)
    monkeypatch.setenv("WSZERO_PORT_BEFORE", "8004")
    assert (make_options(8000, {}).port, make_options(8000, {}).port_is_named) == (8004, False)
    assert (make_options(0, {}).port, make_options(0, {}).port_is_named) == (8004, False)
    assert (make_options(5000, {}).port, make_options(5000, {}).port_is_named) == (5000, True)


def test_a_file_that_the_program_imports_starts_it_again_too(command, quiz):
    (quiz.parent / "words.py").write_text("TEXT = 'one'")
    quiz.write_text("import words\nprint('the word is', words.TEXT)\n" + QUIZ)
    game = command("quiz.py")
    game.wait_for("the word is one")
    game.url  # noqa: B018 - waits until it runs
    (quiz.parent / "words.py").write_text("TEXT = 'another'")
    game.wait_for("words.py was saved")
    game.wait_for("the word is another")


def test_a_program_that_is_stuck_starts_again_too(command, quiz, connect):
    quiz.write_text(STUCK)
    game = command("quiz.py")
    connect(game.url).send("go")
    game.wait_for("stuck now")
    quiz.write_text(QUIZ)
    game.wait_for(f"{game.url}\n", times=2)
    assert connect(game.url).hear("hello")["text"] == "first"


def test_a_mistake_stays_on_the_screen_until_the_next_save(command, quiz):
    quiz.write_text("print('begin')\n1 / 0\n")
    game = command("quiz.py")
    game.wait_for("has ended with a mistake. Save it to start it again")
    assert "division by zero" in game.console
    quiz.write_text(QUIZ)
    assert game.url


def test_a_program_that_has_ended_waits_for_the_next_save(command, quiz):
    quiz.write_text("print('no server')\n")
    game = command("quiz.py")
    game.wait_for("quiz.py has ended. Save it")
    quiz.write_text(QUIZ)
    assert game.url


def test_a_program_that_can_not_be_read_is_explained_and_starts_when_it_is_right(command, quiz):
    quiz.write_text("x = 1\nif x == 1\n    print(x)\n")
    game = command("quiz.py")
    console = game.wait_for("Save it when it is right")
    assert "quiz.py, line 2:\n    if x == 1\n  A colon is missing.\n" in console
    assert "Traceback" not in console
    assert "SyntaxError" not in console
    quiz.write_text(QUIZ)
    assert game.url


@pytest.mark.parametrize(
    ("first", "line", "words"),
    [
        ("", "@on('hi')", "Try as the first line: from wszero import *"),
        ("import random\n", "@on('hi')", "Try as the first line: from wszero import *"),
        ("from wzsero import *\n", "from wzsero import *", "Did you mean wszero?"),
        ("from WSzero import *\n", "from WSzero import *", "Did you mean wszero?"),
    ],
)
def test_a_program_that_does_not_load_wszero_is_explained(command, quiz, first, line, words):
    quiz.write_text(f"{first}@on('hi')\ndef hi(client):\n    pass\nrun_server()\n")
    game = command("quiz.py")
    console = game.wait_for("Save it when it is right")
    assert f"    {line}\n" in console
    assert words in console
    assert "Traceback" not in console
    quiz.write_text(QUIZ)
    assert game.url


def test_a_mistake_that_is_saved_while_the_program_runs_stops_it(command, quiz):
    game = command("quiz.py")
    game.url  # noqa: B018 - waits until it runs
    quiz.write_text(QUIZ + "print('oh\n")
    game.wait_for("never ends")
    quiz.write_text(QUIZ)
    game.wait_for(f"{game.url}\n", times=2)


def test_what_is_typed_reaches_the_program(command, quiz):
    quiz.write_text("print('Hello', input())")
    game = command("quiz.py")
    game.type("Amy")
    game.wait_for("Hello Amy")


def test_only_the_first_start_opens_the_browser(command, quiz):
    ticks = """
import os
print('show:', os.environ['WSZERO_SHOW'])

from wszero import *

@every(0.5)
def tick():
    print('tick')

run_server()
"""
    quiz.write_text(ticks)
    # With a browser for text only, no window opens here either way.
    game = command("quiz.py", env={"WSZERO_SHOW": "1", "BROWSER": "lynx"})
    game.wait_for("show: 1")
    game.wait_for("tick", times=6)
    quiz.write_text(ticks + "\n")
    game.wait_for("show: 0")


def test_settings_reach_the_program(command, quiz):
    quiz.write_text("import os; print(os.environ['WSZERO_PORT'], os.environ['WSZERO_SHOW'])")
    game = command("quiz.py", "--port", "8123", "--no-browser", env={"WSZERO_SHOW": "1"})
    game.wait_for("8123 0")


def test_the_panel_of_an_editor_keeps_the_program_to_itself(command, quiz):
    quiz.write_text("import os; print(os.environ['WSZERO_MONITOR'])")
    command("quiz.py", env={"WSZERO_MONITOR": "127.0.0.1:9:key"}).wait_for("127.0.0.1:9:key")


# ---- the end -----------------------------------------------------------------------------------


def test_ctrl_c_ends_the_program_and_the_command(command, quiz):
    game = command("quiz.py")
    game.url  # noqa: B018 - waits until it runs
    game.interrupt()
    assert seconds_to_end(game) < 8
    assert game.returncode == 0
    assert game.console.endswith("quiz.py has stopped.\n")
    assert "Traceback" not in game.console


def test_ctrl_c_ends_a_handler_that_never_ends(command, quiz, connect):
    quiz.write_text(STUCK)
    game = command("quiz.py")
    connect(game.url).send("go")
    game.wait_for("stuck now")
    game.interrupt()
    assert seconds_to_end(game) < 8
    assert game.returncode == 0
    assert "Traceback" not in game.console


def test_ctrl_c_ends_a_program_that_never_comes_to_its_server(command, quiz):
    quiz.write_text("from wszero import *\nprint('begin')\nwhile True:\n    pass\n")
    game = command("quiz.py")
    game.wait_for("begin")
    game.interrupt()
    assert seconds_to_end(game) < 8
    assert "Traceback" not in game.console


def test_ctrl_c_ends_a_program_that_wants_to_hear_nothing_of_it(command, quiz):
    quiz.write_text(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('begin')\nwhile True:\n    pass\n"
    )
    game = command("quiz.py")
    game.wait_for("begin")
    game.interrupt()
    assert seconds_to_end(game) < 8


def test_ctrl_c_ends_the_command_while_nothing_runs(command, quiz):
    quiz.write_text("print('oh\n")
    game = command("quiz.py")
    game.wait_for("Save it when it is right")
    game.interrupt()
    assert seconds_to_end(game) < 8
    assert game.returncode == 0


def test_ctrl_c_for_the_command_alone_ends_the_program_too(command, quiz):
    game = command("quiz.py")
    game.url  # noqa: B018 - waits until it runs
    game.process.send_signal(signal.SIGINT)
    assert seconds_to_end(game) < 8
    assert game.returncode == 0


def test_a_command_that_is_told_to_end_lets_the_program_say_goodbye(command, quiz):
    quiz.write_text(QUIZ + "print('Goodbye')\n")
    game = command("quiz.py")
    game.url  # noqa: B018 - waits until it runs
    game.process.terminate()
    assert seconds_to_end(game) < 8
    assert game.returncode == 0
    assert "Goodbye" in game.console


@pytest.mark.parametrize("source", [QUIZ, STUCK], ids=["idle", "stuck"])
def test_a_command_that_is_killed_leaves_no_program_behind(command, quiz, connect, source):
    quiz.write_text(source)
    game = command("quiz.py")
    connect(game.url).send("go")
    if source is STUCK:
        game.wait_for("stuck now")
    game.process.kill()
    assert seconds_to_end(game) < 10


# ---- wszero new --------------------------------------------------------------------------------


def test_new_writes_a_program_whose_page_works(command, browser_page):
    assert command("new", "hello").wait() == 0
    game = command("hello.py")
    amy, ben = (
        browser_page(game.url, viewport={"width": 375, "height": 667}),
        browser_page(game.url),
    )
    ben.wait_for_text("You are Robin 2")
    amy.click("text=Wave to everybody")
    ben.wait_for_text("Otter 1 waves!", "li")
    ben.fill("[name=text]", "<b>hi</b>")
    ben.press("[name=text]", "Enter")
    amy.wait_for_text("Robin 2: <b>hi</b>", "li")
    ben.close()
    amy.wait_for_text("Robin 2 has gone", "li")
    assert amy.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_new_says_what_to_type_next(command):
    written = command("new", "hello.py")
    assert written.wait() == 0
    assert "Here are hello.py and hello.html." in written.console
    assert "python -m wszero hello.py" in written.console


@pytest.mark.parametrize("there", ["quiz.py", "quiz.html"])
def test_new_never_overwrites(tmp_path, monkeypatch, capsys, there):
    monkeypatch.chdir(tmp_path)
    (tmp_path / there).write_text("mine")
    assert main(["new", "quiz"]) == 1
    assert f"{there} is here already, so nothing was written." in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("random", "my_random"),
        ("turtle", "my_turtle"),
        ("sys", "my_sys"),
        ("Random", "my_Random"),
        ("wszero", "my_wszero"),
        ("websockets", "my_websockets"),
        ("gpiozero", "my_gpiozero"),
        ("class", "my_class"),
        ("con", "my_con"),
        ("my quiz", "my_quiz"),
        ("3d", "my_3d"),
        ("../quiz", "quiz"),
        ("a/b", "a_b"),
        ("", "quiz"),
        ("quiz!", "quiz"),
        ("_x", "x"),
    ],
)
def test_new_refuses_names_that_would_do_harm_and_knows_a_better_one(name, better):
    assert why_not(name).endswith(f" Try: {better}")
    assert len(why_not(name).split()) <= 25


@pytest.mark.parametrize("name", ["quiz", "my_quiz", "my-quiz", "Quiz2", "übung"])
def test_new_takes_ordinary_names(name):
    assert why_not(name) == ""


# ---- what else may be typed --------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["demo", "--help"]])
def test_the_help_names_each_command(words, capsys):
    assert main(words) == 0
    shown = capsys.readouterr().out
    for text in ("new quiz", "quiz.py", "demo", "--port", "--no-browser", "Press Ctrl-C"):
        assert text in shown
    assert max(map(len, shown.splitlines())) <= 90


def test_python_m_wszero_calls_itself_so_in_its_help(command):
    shown = command("--help")
    assert shown.wait() == 0
    assert "python -m wszero new quiz" in shown.console


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"wszero {__version__} (Python 3.")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["quizz.py"], "There is no quizz.py here. Did you mean quiz.py?"),
        (["quizz"], "There is no quizz here. Did you mean quiz.py?"),
        (["zebra.py"], "There is no zebra.py here. There are: my game.py, quiz.py"),
        (["my gme.py"], 'Did you mean "my game.py"?'),
        (["lib/quiz.py"], "There is no quiz.py in lib: the folder"),
        (["nowhere/quiz.py"], "There is no folder nowhere."),
        (["quiz.html"], "quiz.html is not a program. Its program is: quiz.py"),
        (["notes.txt"], "notes.txt is not a Python program"),
        (["lib"], "lib is a folder."),
        (["dmeo"], "wszero has no command dmeo. Did you mean: "),
        (["neww", "quiz"], "one word too many"),
        (["quiz.py", "extra"], "extra is one word too many."),
        (["quiz.py", "--prot", "8001"], "wszero does not know --prot. Did you mean --port?"),
        (["quiz.py", "--port", "99999"], "A port is a whole number from 0 to 65535: --port 8001"),
        (["quiz.py", "--port"], "A port is a whole number"),
        (["quiz.py", "--port=x"], "A port is a whole number"),
        (["new"], "The program needs a name."),
        (["new", "my", "quiz"], "A name has no spaces."),
    ],
)
def test_a_command_that_makes_no_sense_is_answered_with_what_to_type(
    tmp_path, monkeypatch, capsys, words, answer
):
    monkeypatch.chdir(tmp_path)
    for name in ("quiz.py", "my game.py", "quiz.html", "notes.txt", ".hidden.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "lib").mkdir()
    assert main(words) == 2
    told = capsys.readouterr().err
    assert answer in told
    assert "argument" not in told


def test_a_folder_without_programs_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["quiz.py"]) == 2
    assert f"the folder {tmp_path} holds no programs" in capsys.readouterr().err


def test_the_py_may_be_left_out(command, quiz):
    assert command("quiz").url


# ---- Watch -------------------------------------------------------------------------------------


def save(file, text, second):
    """Saves a file as if at that second."""
    file.write_text(text)
    os.utime(file, (second, second))


def test_a_save_is_told_once_and_only_when_the_file_stays_as_it_is(tmp_path):
    quiz = tmp_path / "quiz.py"
    save(quiz, "1", 1)
    watch = Watch(tmp_path, "quiz.py")
    assert [watch.poll(), watch.poll()] == ["", ""]
    save(quiz, "half", 2)
    assert watch.poll() == ""
    save(quiz, "whole", 3)
    assert [watch.poll(), watch.poll(), watch.poll()] == ["", "quiz.py", ""]


def test_a_program_that_is_away_for_a_moment_is_told_when_it_is_back(tmp_path):
    quiz = tmp_path / "quiz.py"
    save(quiz, "1", 1)
    watch = Watch(tmp_path, "quiz.py")
    quiz.unlink()
    assert [watch.poll(), watch.poll(), watch.poll()] == ["", "", ""]
    save(quiz, "2", 2)
    assert [watch.poll(), watch.poll()] == ["", "quiz.py"]


def test_only_python_files_in_the_folder_count(tmp_path):
    save(tmp_path / "quiz.py", "1", 1)
    watch = Watch(tmp_path, "quiz.py")
    for name in ("quiz.html", ".#quiz.py", "quiz.py~", "notes.txt"):
        save(tmp_path / name, "2", 2)
    assert [watch.poll(), watch.poll()] == ["", ""]


def test_of_several_saved_files_the_program_is_named(tmp_path):
    for name in ("a.py", "quiz.py"):
        save(tmp_path / name, "1", 1)
    watch = Watch(tmp_path, "quiz.py")
    for name in ("a.py", "quiz.py"):
        save(tmp_path / name, "22", 2)
    assert [watch.poll(), watch.poll()] == ["", "quiz.py"]
