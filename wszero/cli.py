"""The command line: ``wszero quiz.py``, ``wszero new quiz``, ``wszero demo``.

Its texts are for teachers, and for children who have a terminal.
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import sys
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Sequence

from . import __version__
from .cli_new import CannotWrite, write_program
from .cli_run import Runner
from .errors import did_you_mean
from .listening import HIGHEST_PORT
from .reporter import Reporter

HELP = """\
wszero: a WebSocket server and its web page, in a few lines of Python.

  {wszero} new quiz     write a small program to begin with: quiz.py and quiz.html
  {wszero} quiz.py      run a program. Its page opens in the browser, and whenever
                      {pad}you save quiz.py, it starts again by itself
  {wszero} demo         a chat that is ready to use, to see that everything works

Settings, for quiz.py and demo:

  --port 8001        the number in the address (8000 if you say nothing, and the
                     next free one if that is taken; 0 is any free one)
  --no-browser       do not open the browser

Others:

  {wszero} --version    which wszero this is, and which Python runs it
  {wszero} --help       this text

The first five minutes:

  {wszero} new hello
  {wszero} hello.py
  Type the address "On a tablet nearby" into a tablet's browser.
  Change a line of hello.py or hello.html, and save it.
  Press Ctrl-C here to stop.
"""

COMMANDS = ("demo", "new")
WRONG = 2
"""The exit code for a command that can't be understood; also what argparse uses."""
_MOST_FILES_NAMED = 6


class _Wrong(Exception):
    """The command line can't be understood: says why, and what to write instead."""


class _Parser(argparse.ArgumentParser):
    """argparse in plain words, and without a help text of its own."""

    def error(self, message: str) -> NoReturn:
        if "--port" in message:
            raise _Wrong(f"A port is a whole number from 0 to {HIGHEST_PORT}: --port 8001")
        raise _Wrong(f"Try: {_name_of_command()} --help")


def main(words: Optional[Sequence[str]] = None) -> int:
    """Do what the command line says.

    Args:
        words: What follows the command's name; from ``sys.argv`` if not given.

    Returns:
        The exit code: 0 when all went well, 1 when it did not, 2 for words that make no sense.
    """
    tell = Reporter().tell
    try:
        return _do(list(sys.argv[1:] if words is None else words))
    except _Wrong as problem:
        Reporter(sys.stderr).tell(str(problem))
        return WRONG
    except CannotWrite as problem:
        Reporter(sys.stderr).tell(str(problem))
        return 1
    except KeyboardInterrupt:
        tell("")
        return 0


def _do(words: List[str]) -> int:
    settings = _parse(words)
    command, rest = (settings.words[0], settings.words[1:]) if settings.words else ("", [])
    if settings.version:
        Reporter().tell(f"wszero {__version__} (Python {platform.python_version()})")
        return 0
    if settings.help or not command:
        Reporter().tell(_help().rstrip())
        return 0
    if command == "new":
        return _new(rest)
    if rest:
        raise _Wrong(f"{rest[0]} is one word too many. Try: {_name_of_command()} {_shown(command)}")
    environ = _environment(settings.port, settings.no_browser)
    if command == "demo":
        return _demo(environ)
    return Runner(_find_program(command), environ).run()


def _parse(words: List[str]) -> argparse.Namespace:
    parser = _Parser(prog="wszero", add_help=False, allow_abbrev=False)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--port", type=_port)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--version", "-V", action="store_true")
    parser.add_argument("--help", "-h", "-?", action="store_true")
    settings, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        known = ("--port", "--no-browser", "--version", "--help")
        close = did_you_mean(unknown[0].split("=")[0], known)
        hint = f"Did you mean {close}?" if close else f"See: {_name_of_command()} --help"
        raise _Wrong(f"wszero does not know {unknown[0]}. {hint}")
    return settings


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > HIGHEST_PORT:
        raise ValueError
    return int(text)


def _environment(port: Optional[int], no_browser: bool) -> Dict[str, str]:
    environ = dict(os.environ)
    if port is not None:
        environ["WSZERO_PORT"] = str(port)
    if no_browser:
        environ["WSZERO_SHOW"] = "0"
    return environ


def _help() -> str:
    name = _name_of_command()
    return HELP.format(wszero=name, pad=" " * (len(name) - len("wszero")))


def _name_of_command() -> str:
    """Return how this was started, so that what we tell people to type works for them."""
    return "wszero" if Path(sys.argv[0]).stem != "__main__" else "python -m wszero"


# ---- new, demo ---------------------------------------------------------------------------------


def _new(words: List[str]) -> int:
    if len(words) != 1:
        name = "_".join(words) if words else "quiz"
        why = "A name has no spaces." if words else "The program needs a name."
        raise _Wrong(f"{why} Try: {_name_of_command()} new {name}")
    program, page = write_program(words[0], Path())
    Reporter().tell(
        f"Here are {program} and {page}.\n\n"
        f"Run it:            {_name_of_command()} {program}\n"
        f"Then change it:    open {program} and {page} in your editor"
    )
    return 0


def _demo(environ: Dict[str, str]) -> int:
    os.environ.update(environ)
    runpy.run_path(str(Path(__file__).parent / "demo" / "chat.py"), run_name="__main__")
    return 0


# ---- which program? ----------------------------------------------------------------------------


def _find_program(word: str) -> Path:
    """Return the program that a word means.

    Raises:
        _Wrong: There is none; says which ones there are.
    """
    path = Path(word)
    with_suffix = path.with_name(path.name + ".py") if path.name else path
    if path.is_file() and path.suffix.lower() in (".py", ".pyw"):
        return path
    if not path.suffix and with_suffix.is_file():
        return with_suffix
    if path.is_dir():
        raise _Wrong(f"{word} is a folder. Name a program in it: {_shown(_example_in(path))}")
    program = path.with_suffix(".py")
    if path.is_file() and program.is_file():
        raise _Wrong(f"{word} is not a program. Its program is: {_shown(str(program))}")
    if path.is_file():
        raise _Wrong(f"{word} is not a Python program: its name does not end with .py")
    raise _Wrong(_nothing_called(word))


def _nothing_called(word: str) -> str:
    path = Path(word)
    programs = _programs_in(path.parent)
    if not path.suffix:
        close = did_you_mean(word, COMMANDS)
        if close:
            return f"wszero has no command {word}. Did you mean: {_name_of_command()} {close}"
    where = "here" if path.parent == Path() else f"in {path.parent}"
    close = did_you_mean(path.stem, [Path(name).stem for name in programs])
    if close:
        meant = path.with_name(f"{close}.py")
        return f"There is no {path.name} {where}. Did you mean {_shown(str(meant))}?"
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    if programs:
        names = ", ".join(programs[:_MOST_FILES_NAMED])
        more = " …" if len(programs) > _MOST_FILES_NAMED else ""
        return f"There is no {path.name} {where}. There are: {names}{more}"
    return (
        f"There is no {path.name} {where}: the folder {path.parent.resolve()} holds no programs. "
        "Go to the right one first: cd FOLDER"
    )


def _programs_in(folder: Path) -> List[str]:
    try:
        return sorted(file.name for file in folder.glob("*.py") if file.name[0] not in "._")
    except OSError:
        return []


def _example_in(folder: Path) -> str:
    return str(folder / (_programs_in(folder) or ["quiz.py"])[0])


def _shown(path: str) -> str:
    """Return a path as it has to be typed."""
    return f'"{path}"' if " " in path else path
