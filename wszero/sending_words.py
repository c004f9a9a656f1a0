"""How a line that sends would be right, in the words in which the child has written it.

What a name holds just now helps nobody: the text of the line is quoted, never a value.
"""

from __future__ import annotations

import ast
import re
from typing import List, Optional, Tuple

from .places import calling_place
from .program_text import called_at

MOST_QUOTED = 40
"""So many characters of one value are quoted; a longer one is three dots."""


def with_a_name(doing: str, value: object) -> str:
    """Return how the child's line sends a value with a name, which it has sent without one.

    Args:
        doing: ``broadcast`` or ``client.send``.
        value: The value. Its name is that of the variable which the child's line sends.
    """
    call, text = _calling(doing)
    if call is None or any(isinstance(one, ast.Starred) for one in call.args) or len(call.args) < 2:
        return f"{doing}('chat', text=...)"
    has_group = doing != "client.send" and len(call.args) > 2
    before = [_quoted(text, one) for one in call.args[: 2 if has_group else 1]]
    named = _named(text, call.args[2 if has_group else 1], value)
    return f"{_as_written(text, call.func, doing)}({', '.join([*before, *named])})"


def from_an_object(doing: str) -> str:
    """Return how the child's line sends ``{'op': 'chat', 'text': 'hi'}`` in Python's way."""
    call, text = _calling(doing)
    if call is not None and len(call.args) == 1 and isinstance(call.args[0], ast.Dict):
        fields = _fields(text, call.args[0])
        op = dict(fields).get("op", "")
        if op:
            named = [f"{name}={value}" for name, value in fields if name != "op"][:3]
            return f"{_as_written(text, call.func, doing)}({', '.join([op, *named])})"
    return f"{doing}('chat', text='hello')"


def has_named_values(doing: str) -> bool:
    """Tell whether the child's line gives names to the values that it sends."""
    call, _ = _calling(doing)
    return call is not None and (bool(call.keywords) or len(call.args) > 2)


def with_the_variable(fix: str, code: str) -> str:
    """Return what to try with the variable that a line sends in place of three dots.

    Args:
        fix: As `wszero.protocol` says it: ``Make it a list: who=list(...)``.
        code: The line, or ``return names``.

    Example:
        >>> with_the_variable("Make it a list: who=list(...)", "send('joined', who=names)")
        'Make it a list: who=list(names)'
    """
    name = re.search(r"(\w+)=\w*\(\.\.\.\)", fix)
    if name is None:
        return fix
    written = re.search(rf"\b{name.group(1)}\s*=\s*([A-Za-z_][\w.]*)\s*[,)]", code)
    returned = re.match(r"return\s+([A-Za-z_][\w.]*)\s*(#|$)", code)
    found = returned or written
    if returned or code.startswith("return"):
        fix = fix.replace(f"{name.group(1)}=", "return ")
    if found is None:
        return fix
    return fix.replace("(...).", f"{found.group(1)}.").replace("(...)", f"({found.group(1)})")


def _calling(doing: str) -> Tuple[Optional[ast.Call], str]:
    place = calling_place()
    return called_at(place.file, place.line, doing.split(".")[-1]) if place else (None, "")


def _named(text: str, node: ast.expr, value: object) -> List[str]:
    if isinstance(node, ast.Name):
        is_fields = isinstance(value, dict) and all(str(key).isidentifier() for key in value)
        return [f"**{node.id}" if value and is_fields else f"{node.id}={node.id}"]
    if isinstance(node, ast.Dict):
        # What JavaScript calls an object: its names become ours.
        fields = _fields(text, node)
        if fields and len(fields) == len(node.keys):
            return [f"{name}={inner}" for name, inner in fields[:3]]
    return [f"text={_quoted(text, node)}"]


def _fields(text: str, node: ast.Dict) -> List[Tuple[str, str]]:
    return [
        (key.value, _quoted(text, value))
        for key, value in zip(node.keys, node.values)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier()
    ]


def _as_written(text: str, node: ast.expr, doing: str) -> str:
    # Somebody may say player.send(), or app.broadcast().
    written = ast.get_source_segment(text, node) or ""
    return written if re.fullmatch(r"[\w.]{1,30}", written) else doing


def _quoted(text: str, node: ast.expr) -> str:
    written = ast.get_source_segment(text, node) or "..."
    return written if len(written) <= MOST_QUOTED and "\n" not in written else "..."
