"""Plain words for a program that Python can't even begin to read.

Python's own words for these mistakes differ from version to version, and many name things that a
child does not know. So the mistake is looked at again here, with the line at hand.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import warnings
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Tuple

from .errors import Place
from .mistakes import plain
from .reporter import in_words

_BLOCK = re.compile(r"(if|elif|else|for|while|def|async|class|try|except|finally|with)\b")
_ONE_EQUALS = re.compile(r"(if|elif|while)\b[^=!<>]*[^=!<>:]=[^=]")
_PRINT = re.compile(r"print\s+[\w'\"]")
_NUMBER_FIRST = re.compile(r"(?:def\s+)?\d+[A-Za-z_]\w*\s*[=(]")
_NOT_TEXT = (
    "Some letters in this file are not saved in a way that Python can read.",
    "In your editor, save it as UTF-8.",
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_CURLY_QUOTES = "“”„‟‘’‚‛«»`´′″"  # what word processors make of quotes


class _Mistake(NamedTuple):
    """What Python says about a file that it can't read."""

    msg: str
    line: int
    offset: int
    code: str
    source: str


def explain_unreadable(program: Path) -> str:
    """Return words for the first mistake that keeps Python from reading a program, or "".

    The files beside the program that it imports are looked at as well.

    Args:
        program: The path of the program.
    """
    seen = {program.stem}
    waiting = [program]
    while waiting:
        file = waiting.pop(0)
        try:
            tree = _parse(file)
        except SyntaxError as error:
            return _in_words(file, error)
        except ValueError:  # Python 3.8 has no line for signs that are no text
            return in_words(*_NOT_TEXT, Place(str(file), 1, ""))
        except (OSError, RecursionError, MemoryError):
            continue  # the program's own Python will say it
        for name in sorted(set(_imports(tree)) - seen):
            seen.add(name)
            beside = program.parent / f"{name}.py"
            if beside.is_file():
                waiting.append(beside)
    return ""


def _parse(file: Path) -> ast.Module:
    source = file.read_bytes()
    with warnings.catch_warnings():
        # The program's own Python gives these warnings once more.
        warnings.simplefilter("ignore")
        tree = ast.parse(source, str(file))
        # Finds what parsing alone does not, such as a return outside of a function.
        compile(source, str(file), "exec", dont_inherit=True)
    return tree


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _in_words(file: Path, error: SyntaxError) -> str:
    source = file.read_bytes().decode("utf-8-sig", "replace")
    lines = source.splitlines()
    line = error.lineno or 1
    if error.filename == "<fstring>":
        # Python 3.8 reads what is in the curly brackets on its own, and counts from there.
        inside = "{" + (error.text or "").strip()[1:-1]
        line = next((n for n, text in enumerate(lines, 1) if inside in text), 1)
    line = min(max(line, 1), max(len(lines), 1))
    code = lines[line - 1] if lines else ""
    mistake = _Mistake(str(error.msg), line, error.offset or 0, code, source)
    what, fix, line = _explain(mistake)
    code = lines[line - 1] if lines else ""
    return in_words(what, fix, Place(str(file), line, code.strip()))


def _explain(mistake: _Mistake) -> Tuple[str, str, int]:
    """Return what is wrong, what to try, and the line that it is about."""
    found = _bracket_without_partner(mistake) or _long_text(mistake)
    if found is not None:
        return found
    for explain in (_indentation, _text, _sign, _misplaced, _name, _line):
        words = explain(mistake)
        if words is not None:
            return (*words, mistake.line)
    if re.search("invalid syntax|unexpected EOF", mistake.msg):
        what = "Python does not understand this line."
        fix = "Look for a missing quote, comma, bracket or colon, here and one line above."
    else:
        what = f"Python does not understand this line: {plain(mistake.msg)}."
        fix = "Read it once more, sign by sign."
    return what, fix, mistake.line


Words = Optional[Tuple[str, str]]


def _bracket_without_partner(mistake: _Mistake) -> Optional[Tuple[str, str, int]]:
    # Older Pythons blame the next line, or the end of the file. So the brackets are counted here.
    if not re.search(r"invalid syntax|EOF|never closed|expected", mistake.msg):
        return None
    if "indent" in mistake.msg or "triple-quoted" in mistake.msg:
        return None
    opened: List[Tuple[str, int]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(mistake.source).readline):
            # Below the line that Python stumbled at, all may be counted wrong.
            if token.type == tokenize.OP and token.string in _PAIRS:
                opened.append((token.string, token.start[0]))
            elif token.type != tokenize.OP or token.string not in _PAIRS.values():
                continue
            elif not opened or _PAIRS[opened.pop()[0]] != token.string:
                return None
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # the file ends inside the bracket
    else:
        return None
    if not opened:
        return None
    bracket, line = opened[-1]
    if line > mistake.line:
        return None
    return f"The bracket {bracket} has no partner.", f"Put {_PAIRS[bracket]} where it ends.", line


def _long_text(mistake: _Mistake) -> Optional[Tuple[str, str, int]]:
    if "triple-quoted" not in mistake.msg:
        return None
    line = mistake.line
    try:
        for _ in tokenize.generate_tokens(io.StringIO(mistake.source).readline):
            pass
    except tokenize.TokenError as error:
        line = error.args[1][0]  # where the text begins; older Pythons blame the end of the file
    except (SyntaxError, IndentationError):
        pass
    return "A text with three quotes never ends.", "Put three quotes where it ends.", line


def _indentation(mistake: _Mistake) -> Words:
    msg = mistake.msg
    if "inconsistent use of tabs" in msg:
        return "This line mixes tabs and spaces.", "Use spaces only, 4 for each step to the right."
    if "unindent does not match" in msg:
        return (
            "This line does not begin below any line above it.",
            "Move it left or right until it does.",
        )
    is_at_end = "unexpected EOF" in msg and mistake.code.rstrip().endswith(":")
    if "expected an indented block" in msg or is_at_end:
        return (
            "After a line that ends with a colon, the next one begins further right.",
            "Put 4 spaces in front of this line.",
        )
    if "unexpected indent" in msg:
        return (
            "This line begins further right than the one before it.",
            "Take the spaces in front of it away.",
        )
    return None


def _text(mistake: _Mistake) -> Words:
    msg = mistake.msg
    if "string literal" in msg:
        return (
            "A text begins in this line and never ends.",
            "Put the same quote at its end as at its beginning.",
        )
    # Only 3.9 to 3.11 say f-string also of what is plainly not Python inside of one.
    if ("f-string" in msg or "t-string" in msg) and "invalid syntax" not in msg:
        return (
            "Something in this f'…' text is not right.",
            "Look inside its curly brackets: f'Hello {name}'",
        )
    if "unicodeescape" in msg:
        return "In a text, \\ has a meaning of its own.", "Write / or two of them: \\\\"
    if re.search(r"unicode error|codec can't|encoding|UTF-8|null bytes|non-printable", msg):
        return _NOT_TEXT
    return None


def _sign(mistake: _Mistake) -> Words:
    if "invalid" not in mistake.msg or "character" not in mistake.msg:
        return None
    odd = [sign for sign in mistake.code if ord(sign) > 127 and not sign.isalnum()]
    rest = mistake.code[max(mistake.offset - 1, 0) :]
    sign = next((sign for sign in rest if sign in odd), odd[0] if odd else "")
    if any(sign in _CURLY_QUOTES for sign in odd):
        return "These quotes are not the ones that Python knows.", "Type them again: 'hello'"
    shown = f"The sign {sign}" if sign.strip() and sign.isprintable() else "A sign in this line"
    return f"{shown} means nothing to Python here.", "Take it away, or put it in quotes."


def _misplaced(mistake: _Mistake) -> Words:
    msg = mistake.msg
    if "'return' outside" in msg or "'yield' outside" in msg:
        return (
            "return works only inside a function.",
            "Put 4 spaces in front of it, below its def line.",
        )
    if "'await' outside" in msg or "outside async function" in msg:
        return "await works only inside an async def.", "Write async def instead of def."
    if "outside loop" in msg or "not properly in loop" in msg:
        return "This works only inside a for or while loop.", "Is it too far left?"
    if "follows keyword argument" in msg:
        return (
            "In the brackets, what has a name comes last.",
            "Try: broadcast('chat', text='hello')",
        )
    unmatched = re.search(r"unmatched '(.)'", msg)
    if unmatched:
        return f"This {unmatched.group(1)} has no partner.", "Is one bracket too many?"
    no_pair = re.search(r"'(.)' does not match opening parenthesis '(.)'", msg)
    if no_pair:
        shut, opened = no_pair.groups()
        return f"{opened} and {shut} are no pair.", f"Close {opened} with {_PAIRS[opened]}"
    return None


def _name(mistake: _Mistake) -> Words:
    msg, code = mistake.msg, mistake.code.strip()
    own_word = re.match(r"(?:def\s+)?(\w+)\s*(?:=[^=]|\()", code)
    if own_word and keyword.iskeyword(own_word.group(1)) and "invalid syntax" in msg:
        word = own_word.group(1)
        if "=" in own_word.group() or code.startswith("def"):
            return f"{word} is a word of Python's own.", f"Choose another: my_{word.lower()}"
    if "invalid decimal literal" in msg or _NUMBER_FIRST.match(code):
        return "A name can't begin with a number.", "Put a letter first: player1"
    if "leading zeros" in msg or "invalid token" in msg:
        return "A number can't begin with 0.", "Take the 0 away, or use quotes: '007'"
    return None


def _line(mistake: _Mistake) -> Words:
    msg = mistake.msg
    bare = re.sub(r"\s*#.*", "", mistake.code.strip())
    if _PRINT.match(bare):
        return "print needs brackets.", "Try: print('hello')"
    if _ONE_EQUALS.match(bare):
        return "One = puts a value into a name.", "To ask whether two are the same, write =="
    if "cannot assign to" in msg or "can't assign to" in msg:
        return "Only a name can stand in front of =", "Try: points = 3"
    is_open = "invalid syntax" in msg and _BLOCK.match(bare) and ":" not in bare
    if "expected ':'" in msg or is_open:
        return "A colon is missing.", "Put : at the end of the line."
    if re.match(r"(else|elif|except|finally)\b", bare):
        word = bare.split(":")[0].split()[0]
        first = "if" if word in ("else", "elif") else "try"
        return (
            f"This {word} has no {first} above it.",
            f"Does it begin right below its {first}?",
        )
    if "forgot a comma" in msg:
        return "Python does not understand this line.", "Is a comma missing?"
    return None
