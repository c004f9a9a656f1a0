"""What the text of a program shows, and running it does not.

Some mistakes raise nothing: `run_server` without brackets, `on('chat')` without @, a handler
below `run_server()`, a name of wszero's that is used for something else. The program simply does
not do what the child expects. So the program's text is looked at, once.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
import warnings
from functools import lru_cache
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from .errors import Place
from .name_words import OUR_NAMES
from .places import source_line, source_text

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_CALLED = ("broadcast", "run_server")
_CALLED_OF_CLIENT = ("send", "send_others", "eval_js", "kick", "add_to_group", "remove_from_group")
_IN_BRACKETS = {
    "broadcast": "'chat', text='hello'",
    "send": "'chat', text='hello'",
    "send_others": "'chat', text='hello'",
    "eval_js": "'alert(1)'",
    "add_to_group": "'red'",
    "remove_from_group": "'red'",
}


class Finding(NamedTuple):
    """A mistake that can be seen in a program's text."""

    what: str
    fix: str
    place: Optional[Place]


def findings(file: str) -> Iterator[Finding]:
    """Return the mistakes in a program's text that never raise an error, in the order of lines.

    Args:
        file: The path of the program.
    """
    tree = _parse(file)
    if tree is None or not _uses_wszero(tree):
        return
    found = [
        *_without_brackets(tree),
        *_without_at(tree, file),
        *_below_run_server(tree),
        *_run_server_twice(tree),
        *_almost_events(tree),
        *_hidden_names(tree),
    ]
    for line, what, fix in sorted(found):
        yield Finding(what, fix, _place(file, line))


def why_not_started(file: str, has_handlers: bool) -> Optional[Finding]:
    """Return why a program has ended without a server, if its text shows it.

    Args:
        file: The path of the program.
        has_handlers: Without any, only ``run_server`` without brackets is a mistake.
    """
    tree = _parse(file)
    if tree is None or not _uses_wszero(tree):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and _last_name(node.value) == "run_server":
            what, fix = "run_server needs brackets, or nothing starts.", "Try: run_server()"
            return Finding(what, fix, _place(file, node.lineno))
    if not has_handlers:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last_name(node.func) == "run_server":
            what = "The program ended before it came to this line."
            fix = "It belongs at the very end, with no spaces in front."
            return Finding(what, fix, _place(file, node.lineno))
    name = file.replace("\\", "/").rsplit("/", 1)[-1]
    return Finding(
        f"{name} has ended, but its server never started.",
        "Put this at the very end: run_server()",
        None,
    )


def not_imported(file: str) -> Optional[Finding]:
    """Return what to say about a program that uses wszero's names and does not import it.

    Python's own words are all that such a program could say by itself.

    Args:
        file: The path of the program.
    """
    tree = _parse(file)
    if tree is None or _uses_wszero(tree):
        return None
    first = "from wszero import *"
    for node in tree.body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            is_close = difflib.SequenceMatcher(None, name.lower(), "wszero").ratio() > 0.8
            if is_close and not os.path.exists(os.path.join(os.path.dirname(file), f"{name}.py")):
                what = f"Python has no module called {name}."
                return Finding(
                    what, f"Did you mean wszero? Try: {first}", _place(file, node.lineno)
                )
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
        return None  # the names may come from there
    given = {name for node in tree.body for name in _names_given(node)}
    for node in tree.body:
        for one in node.decorator_list if isinstance(node, _FUNCTIONS) else ():
            called = one.func if isinstance(one, ast.Call) else one
            name = called.id if isinstance(called, ast.Name) else ""
            if name in ("on", "every") and name not in given:
                what = f"Python does not know the name {name}."
                return Finding(what, f"Try as the first line: {first}", _place(file, one.lineno))
    return None


def hiding_line(file: str, name: str) -> int:
    """Return the line at a program's top that uses one of wszero's names for something else."""
    tree = _parse(file)
    for node in tree.body if tree is not None and _uses_wszero(tree) else ():
        if not isinstance(node, (ast.Import, ast.ImportFrom)) and name in _names_given(node):
            return node.lineno
    return 0


def function_at(file: str, line: int) -> Optional[_Function]:
    """Return the innermost function that a line stands in."""
    inner: Optional[_Function] = None
    for node in _around(file, line):
        if isinstance(node, _FUNCTIONS):
            inner = node
    return inner


def is_in_loop(file: str, line: int) -> bool:
    """Tell whether a line stands in a loop of its own function."""
    is_looping = False
    for node in _around(file, line):
        if isinstance(node, _FUNCTIONS):
            is_looping = False
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            is_looping = True
    return is_looping


def called_at(file: str, line: int, name: str) -> Tuple[Optional[ast.Call], str]:
    """Return the call of a function or method in a line, and the text of the whole file."""
    for node in _around(file, line):
        if isinstance(node, ast.Call) and _last_name(node.func) == name:
            return node, source_text(file)
    return None, ""


def return_line(file: str, line: int) -> int:
    """Return the line with the only ``return`` of the function at a line; 0 if there are more."""
    function = function_at(file, line)
    if function is None:
        return 0
    lines = [
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    return lines[0] if len(lines) == 1 else 0


def sending_line(file: str, op: str) -> int:
    """Return the first line that sends a message of this name; 0 if there is none."""
    tree = _parse(file)
    lines = [
        node.lineno
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Call)
        and _last_name(node.func) in ("send", "broadcast", "send_others")
        and node.args
        and getattr(node.args[0], "value", None) == op
    ]
    return min(lines, default=0)


# ---- finding -----------------------------------------------------------------------------------

_Found = Tuple[int, str, str]


def _without_brackets(tree: ast.Module) -> Iterator[_Found]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr):
            continue
        name, owner = _last_name(node.value), ""
        if isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            owner = node.value.value.id
        if name in (_CALLED_OF_CLIENT if owner else _CALLED):
            shown = f"{owner}.{name}" if owner else name
            what = f"{shown} does nothing without brackets."
            yield node.lineno, what, f"Try: {shown}({_IN_BRACKETS.get(name, '')})"


def _without_at(tree: ast.Module, file: str) -> Iterator[_Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = node.value.func.id if isinstance(node.value.func, ast.Name) else ""
            if name in ("on", "every"):
                what = f"{name}() does nothing without an @ in front."
                yield node.lineno, what, f"Try: @{source_line(file, node.lineno):.60}"


def _below_run_server(tree: ast.Module) -> Iterator[_Found]:
    is_below = False
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            is_below = is_below or _last_name(node.value.func) == "run_server"
        elif isinstance(node, _FUNCTIONS) and is_below:
            for one in node.decorator_list:
                called = one.func if isinstance(one, ast.Call) else one
                if _last_name(called) in ("on", "every"):
                    what = f"{node.name}() stands below run_server(), so Python never sees it."
                    yield one.lineno, what, "Move run_server() to the very end."


def _run_server_twice(tree: ast.Module) -> Iterator[_Found]:
    lines = [
        node.lineno
        for node in tree.body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and _last_name(node.value.func) == "run_server"
    ]
    if len(lines) > 1:
        yield lines[0], "run_server() stands here twice.", "Keep the last one."


def _almost_events(tree: ast.Module) -> Iterator[_Found]:
    """Not refused: a page of somebody's may really send "connected"."""
    for node in ast.walk(tree):
        for one in node.decorator_list if isinstance(node, _FUNCTIONS) else ():
            if isinstance(one, ast.Call) and _last_name(one.func) == "on" and one.args:
                name = getattr(one.args[0], "value", None)
                event = re.fullmatch("((?:dis)?connect)(?:ed)?", str(name), re.I)
                if event and name != event.group(1).lower():
                    what = f'wszero never calls "{name}" by itself.'
                    yield one.lineno, what, f"Did you mean @on('{event.group(1).lower()}')?"


def _hidden_names(tree: ast.Module) -> Iterator[_Found]:
    is_ours = False
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "wszero":
            is_ours = is_ours or any(alias.name == "*" for alias in node.names)
        elif is_ours:
            for name in _names_given(node):
                if name in OUR_NAMES:
                    what = f"This hides wszero's own {name}."
                    is_import = isinstance(node, (ast.Import, ast.ImportFrom))
                    fix = f"Choose another name: my_{name}"
                    if is_import:
                        fix = "Take this line away: wszero has its own."
                    yield node.lineno, what, fix


def _names_given(node: ast.stmt) -> List[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    targets: List[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.For)):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


# ---- reading -----------------------------------------------------------------------------------


def _parse(file: str) -> Optional[ast.Module]:
    return _parse_text(source_text(file))


@lru_cache(maxsize=8)
def _parse_text(text: str) -> Optional[ast.Module]:
    with warnings.catch_warnings():
        # Python has given its warnings when it read the program itself.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _uses_wszero(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "wszero":
            return True
        if isinstance(node, ast.Import) and any(alias.name == "wszero" for alias in node.names):
            return True
    return False


def _around(file: str, line: int) -> List[ast.AST]:
    """Return what a line stands in, the outermost first."""
    tree = _parse(file)
    return list(_children_around(tree, line)) if tree is not None else []


def _children_around(node: ast.AST, line: int) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        begin, end = getattr(child, "lineno", 0), getattr(child, "end_lineno", 0)
        if begin <= line <= end:
            yield child
        # Some have no lines of their own, but what is in them has.
        if begin <= line <= end or not begin:
            yield from _children_around(child, line)


def _last_name(node: ast.expr) -> str:
    """Return ``send`` for ``client.send``, and ``run_server`` for itself."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _place(file: str, line: int) -> Place:
    return Place(file, line, source_line(file, line))
