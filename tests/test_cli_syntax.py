"""Programs that Python can't read, explained alike on every Python."""

from __future__ import annotations

import re

import pytest

from wszero.cli_syntax import explain_unreadable

FORBIDDEN = re.compile("traceback|exception|argument|positional|coroutine|decorator", re.I)
PLAIN = "Python does not understand this line."

# What is written, the line that is named, what is said about it.
MISTAKES = {
    "no colon": ("x = 1\nif x == 1\n    x = 2", 2, "A colon is missing."),
    "no colon after def": ("def hello(client)\n    pass", 1, "A colon is missing."),
    "no colon after else": ("if 1:\n    pass\nelse\n    pass", 3, "A colon is missing."),
    "else alone": ("else:\n    pass", 1, "This else has no if above it."),
    "except alone": ("except ValueError:\n    pass", 1, "This except has no try above it."),
    "no quote": ("x = 1\nprint('hello)", 2, "never ends"),
    "two quotes": ("print(\"hello')", 1, "never ends"),
    "three quotes": ("x = '''abc\ndef", 1, "three quotes"),
    "no bracket": ("x = 1\nprint('hello'\ny = 2\n", 2, "The bracket ( has no partner."),
    "no bracket after @on": (
        "@on('a'\ndef a(client):\n    pass",
        1,
        "The bracket ( has no partner.",
    ),
    "no bracket at the end": ("x = [1, 2", 1, "The bracket [ has no partner."),
    "a bracket too many": ("print('a'))", 1, "This ) has no partner."),
    "wrong bracket": ("print('a']", 1, "( and ] are no pair."),
    "not indented": ("def f():\nprint(1)", 2, "Put 4 spaces in front of this line."),
    "nothing after a colon": ("def f():\n", 1, "Put 4 spaces in front of this line."),
    "too far right": ("x = 1\n    y = 2", 2, "Take the spaces in front of it away."),
    "in between": ("def f():\n        x = 1\n    y = 2", 3, "does not begin below any line"),
    "tabs": ("if 1:\n        x = 1\n\ty = 2", 3, "mixes tabs and spaces"),
    "print without brackets": ("print 'hello'", 1, "print needs brackets."),
    "one equals sign": ("x = 1\nif x = 1:\n    pass", 2, "write =="),
    "a number in front of =": ("3 = x", 1, "Only a name can stand in front of ="),
    "curly quotes": ("print(“hello”)", 1, "Type them again: 'hello'"),
    "a long dash": ("x = 3 – 1", 1, "The sign – means nothing"),
    "return outside": ("x = 1\nreturn x", 2, "return works only inside a function."),
    "await in def": ("def f():\n    await sleep(1)", 2, "Write async def instead of def."),
    "break outside": ("break", 1, "only inside a for or while loop"),
    "a name first": ("broadcast(text='a', 'chat')", 1, "what has a name comes last"),
    "f-string": ("x = 1\nprint(f'{x')", 2, "Something in this f'…' text is not right."),
    "f-string inside": ("x = 1\n\nprint(f'{a b}')", 3, PLAIN),
    "a number first": ("1player = 3", 1, "A name can't begin with a number."),
    "zero first": ("x = 007", 1, "A number can't begin with 0."),
    "a word of Python's": ("class = 3", 1, "class is a word of Python's own."),
    "backslash": ("open('C:\\Users\\amy')", 1, "\\ has a meaning of its own"),
    "no comma": ("x = [1 2]", 1, PLAIN),
    "not Python": ("hello there everybody", 1, PLAIN),
    "unfinished": ("x = 1 +", 1, PLAIN),
    "same name twice": ("def f(a, a):\n    pass", 1, "Python does not understand this line: "),
}


def explain(folder, source):
    """What is said about a program."""
    file = folder / "quiz.py"
    file.write_bytes(source if isinstance(source, bytes) else source.encode())
    return explain_unreadable(file)


@pytest.mark.parametrize(("source", "line", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_explained_with_its_line(tmp_path, source, line, said):
    words = explain(tmp_path, source)
    place, code, *prose = words.strip().splitlines()
    assert place == f"quiz.py, line {line}:"
    assert code.strip() == source.splitlines()[line - 1].strip()
    assert said in words
    assert len(" ".join(prose).split()) <= 25
    assert not FORBIDDEN.search(" ".join(prose))


@pytest.mark.parametrize("source", ["", "x = 1\n", "print('ö')\n", "\ufeffx = 1\n", "x = '\\d'\n"])
def test_a_program_that_can_be_read_needs_no_words(tmp_path, source):
    assert explain(tmp_path, source) == ""


@pytest.mark.parametrize("source", [b"x = '\xff'\n", b"x = 1\0\n", "x = 1".encode("utf-16")])
def test_a_file_that_is_not_utf_8_is_explained(tmp_path, source):
    assert "save it as UTF-8" in explain(tmp_path, source)


def test_a_file_that_the_program_imports_is_explained_too(tmp_path):
    (tmp_path / "words.py").write_text("import more\n")
    (tmp_path / "more.py").write_text("x = 1\nx = (\n")
    assert "more.py, line 2:" in explain(tmp_path, "from words import x\n")


def test_files_that_import_each_other_are_looked_at_once(tmp_path):
    (tmp_path / "words.py").write_text("import quiz, words\n")
    assert explain(tmp_path, "import words\nimport quiz\n") == ""


def test_a_program_that_is_not_there_is_left_to_python(tmp_path):
    assert explain_unreadable(tmp_path / "nowhere.py") == ""
