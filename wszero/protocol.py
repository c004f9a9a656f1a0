"""The wire format: one text frame is one JSON object with a string ``op``.

Pure: text in, values out, and the other way round. The message cases in ``tests/vectors/`` are read
by the tests of this module and of ``static/wszero.js`` alike.
"""

from __future__ import annotations

import json
import keyword
import math
import re
from typing import Any, Callable, Dict, NamedTuple, NoReturn, Optional, Union

from .errors import BadMessage, BadName, CannotSend

MAX_DEPTH = 100
"""Lists in lists in lists … deeper than this are refused: nobody draws or chats that way."""

MAX_DIGITS = 4_300
"""Of a whole number. Newer Pythons read no longer ones; older ones need minutes for a million."""

Params = Dict[str, Any]
AskId = Union[int, float, str]

# Python's keywords can't be parameter names: `from` on the wire is `from_` in Python.
_KEYWORDS = frozenset(keyword.kwlist)
_FROM_PYTHON = {f"{word}_": word for word in keyword.kwlist}
_OWN_OPS = frozenset({"error", "eval_js"})
_EVENTS = frozenset({"connect", "disconnect"})
# Half of a character that takes two in UTF-16. JSON can write one alone: "\ud83d".
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Message(NamedTuple):
    """A message that came in."""

    op: str
    params: Params
    ask: Optional[AskId]
    """The number that the answer must carry; ``None`` when no answer is wanted."""


def is_own_op(op: str) -> bool:
    """Tell whether a message name belongs to wszero itself."""
    return op in _OWN_OPS or op.startswith("_")


def check_op(op: object, doing: str) -> str:
    """Return the name of a message that a program wants to use.

    Args:
        op: What the program wrote.
        doing: How it was used, for the words: ``client.send``.

    Raises:
        BadName: It is no text, is empty or belongs to wszero.
    """
    if not isinstance(op, str):
        raise BadName(
            f"The first thing in {doing}() must be the message's name, in quotes.",
            f"Try: {doing}('hello')",
        )
    if not op:
        raise BadName(f"{doing}('') has no message name.", f"Try: {doing}('hello')")
    if is_own_op(op):
        raise BadName(f'The name "{op}" belongs to wszero.', "Choose another name, like 'chat'.")
    return op


def encode(op: str, params: Params) -> bytes:
    """Return the frame's text (UTF-8) for a message.

    Raises:
        CannotSend: A value is not JSON; the words name its path.

    Example:
        >>> encode("chat", {"text": "hi", "from_": "Amy"})
        b'{"op":"chat","text":"hi","from":"Amy"}'
    """
    message: Params = {"op": op}
    for name, value in params.items():
        message[_FROM_PYTHON.get(name, name)] = value
    if "op" in params:
        raise CannotSend('"op" is the message\'s own name.', "Give this value another name.")
    return _to_json(message, params)


def encode_value(op: str, fields: Params, value_name: str, value: Any) -> bytes:
    """Return the frame for a message of wszero's own that carries one value of the program."""
    return _to_json({"op": op, **fields, value_name: value}, {value_name: value})


def _to_json(message: Params, params: Params) -> bytes:
    try:
        frame = _encode(message).encode()
    except (TypeError, ValueError, RecursionError):
        _explain(params)
    # How deep Python itself can go differs from one version to the next.
    may_be_deep = len(frame) > MAX_DEPTH and frame.count(b"[") + frame.count(b"{") > MAX_DEPTH
    if may_be_deep and _depth(message) > MAX_DEPTH:
        _explain(params)
    return frame


def _explain(params: Params) -> NoReturn:
    for name, value in params.items():
        _explain_value(value, name, 1, frozenset())
    raise CannotSend("This message holds something that can't be sent.")


def _explain_value(value: Any, path: str, depth: int, outer: frozenset[int]) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CannotSend(f"{path} is a text with half a character in it.") from None
    elif isinstance(value, int):
        try:
            int.__repr__(value)
        except ValueError:
            raise CannotSend(f"{path} is a number with too many digits to send.") from None
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise CannotSend(f"{path} is {value}: pages can't read that number.")
    elif isinstance(value, (list, tuple, dict)):
        if depth >= MAX_DEPTH:
            raise CannotSend(f"{path[:60]}… holds lists in lists, too deep to send.")
        if id(value) in outer:
            raise CannotSend(f"{path} holds itself, so it never ends.")
        outer = outer | {id(value)}
        if isinstance(value, dict):
            for key, inner in value.items():
                if not (key is None or isinstance(key, (str, int, float, bool))):
                    raise CannotSend(
                        f"{path} has the key {key!r:.40}.", "Keys must be texts or numbers."
                    )
                _explain_value(key, f"a key of {path}", depth + 1, outer)
                _explain_value(inner, f"{path}[{key!r:.40}]", depth + 1, outer)
        else:
            for index, inner in enumerate(value):
                _explain_value(inner, f"{path}[{index}]", depth + 1, outer)
    else:
        kind = type(value).__name__
        raise CannotSend(
            f"{_short(path, 80)} is {_a(kind)}: that can't be sent.",
            _instead(kind, _short(path, 40)),
        )


_FUNCTIONS = ("function", "method", "builtin_function_or_method")
_LISTS = ("set", "frozenset", "range", "dict_keys", "dict_values", "generator", "map", "deque")
_TEXTS = ("datetime", "date", "time", "timedelta", "UUID", "PosixPath", "WindowsPath")


def _a(kind: str) -> str:
    if kind in ("bytes", "Clients"):
        return kind.lower()
    if kind in _FUNCTIONS:
        return "a function"
    if kind == "coroutine":
        return "an async function's work, not yet done"
    if kind == "type":
        return "a class"
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _instead(kind: str, path: str) -> str:
    # Only the child's line knows what is sent under this name: `wszero.sending_words` puts it in.
    is_name = path.isidentifier()
    name, path, first = (f"{path}=", "...", "(...)") if is_name else ("", path, path)
    if kind in _LISTS:
        return f"Make it a list: {name}list({path})"
    if kind in _TEXTS or kind.endswith("Error"):
        return f"Make it a text: {name}str({path})"
    if kind in ("Decimal", "Fraction", "float32", "float64"):
        return f"Make it a number: {name}float({path})"
    if kind in ("int8", "uint8", "int32", "int64"):
        return f"Make it a number: {name}int({path})"
    if kind == "bytes":
        return f"Make it a text: {name}{first}.decode()"
    if kind == "Client":
        return f"Send the name: {name}{first}.name"
    if kind == "Clients":
        return "Send the names: [client.name for client in clients]"
    if kind in _FUNCTIONS:
        return "Did you forget the brackets () behind it?"
    if kind == "coroutine":
        return "Did you forget await in front of it?"
    return "Send what is in it: texts, numbers, lists or dictionaries."


def _short(path: str, most: int) -> str:
    return path if len(path) <= most else f"{path[: most // 2]}…{path[-(most // 2) :]}"


def decode(text: str, from_page: bool = False) -> Message:
    """Return the message in a frame from outside.

    Args:
        text: The frame's text.
        from_page: The sender is our page, which may use wszero's own names (``_error`` …).

    Raises:
        BadMessage: The frame is no message; its ``code`` and words go back to the sender.

    Example:
        >>> decode('{"op": "chat", "text": "hi"}').params
        {'text': 'hi'}
    """
    try:
        # A shorter text holds no number that is too long: most messages need no look at each.
        message = (_decode if len(text) <= MAX_DIGITS else _decode_long)(text)
        too_deep = (
            len(text) > MAX_DEPTH
            and text.count("[") + text.count("{") > MAX_DEPTH
            and _depth(message) > MAX_DEPTH
        )
    except RecursionError:
        too_deep = True
    except ValueError as error:
        if isinstance(error, BadMessage):
            raise
        raise BadMessage("not_json", "This is not JSON.", 'Try: {"op": "hello"}') from None
    if too_deep:
        raise BadMessage("not_json", "This message is too deep: lists in lists in lists.")
    if "\\u" in text:
        message = _whole(message)
    if not isinstance(message, dict):
        raise BadMessage("not_object", "A message is an object.", 'Try: {"op": "hello"}')
    op = message.pop("op", None)
    if not isinstance(op, str) or not op:
        raise BadMessage("no_op", 'The message has no name "op".', 'Try: {"op": "hello"}')
    if (is_own_op(op) and not (from_page and op.startswith("_"))) or op in _EVENTS:
        raise BadMessage("reserved_op", f'Only wszero itself sends "{op[:60]}".')
    ask = message.pop("_ask", None)
    if ask is not None and (not isinstance(ask, (int, float, str)) or isinstance(ask, bool)):
        ask = None
    if not _KEYWORDS.isdisjoint(message):
        message = {f"{k}_" if k in _KEYWORDS else k: v for k, v in message.items()}
    return Message(op, message, ask)


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessage("not_json", f"{name} is not a number that JSON knows.")


def _depth(value: Any) -> int:
    """Return how many lists and objects lie inside each other."""
    depth = 0
    layer = [value]
    while True:
        layer = [outer for outer in layer if isinstance(outer, (list, dict, tuple))]
        if not layer:
            return depth
        depth += 1
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]


def _finite(text: str) -> float:
    """Return a number with a point or an exponent; ``1e999`` would become infinity."""
    number = float(text)
    if not math.isfinite(number):
        raise BadMessage("not_json", "A number in this message is too big.")
    return number


def _not_too_long(text: str) -> int:
    """Return a whole number: reading its digits costs the square of their number."""
    if len(text) - text.startswith("-") > MAX_DIGITS:
        raise BadMessage("not_json", "A number in this message has too many digits.")
    return int(text)


def _whole(value: Any) -> Any:
    """Return a value without halves of characters, which no frame could carry on.

    A page makes one when it cuts a text in the middle of an emoji. Where a browser itself meets
    one, it puts this same sign in its place.
    """
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return value


def _make_encode() -> Callable[[Any], str]:
    """Return what makes JSON of a value.

    `json` makes a new encoder in C for each text; one for all saves half of the time. What holds
    itself ends in a RecursionError then, and `_explain` says so.
    """
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        in_c = json.encoder.c_make_encoder(  # type: ignore[attr-defined, unused-ignore]
            None, encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False,
            False,
        )  # fmt: skip
        "".join(in_c({"a": [1]}, 0))
    except (AttributeError, TypeError):
        # Another Python than CPython, or one to come.
        return encoder.encode
    return lambda value: "".join(in_c(value, 0))


_encode = _make_encode()
_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _decode(text: str) -> Any:
    if text[:1] == "{":
        try:
            value, end = _decoder.scan_once(text, 0)  # type: ignore[attr-defined, unused-ignore]
        except StopIteration:
            pass
        else:
            if end == len(text):
                return value
    # With blanks around it, or a fault that is to be named.
    return _decoder.decode(text)


_decode_long = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_finite, parse_int=_not_too_long
).decode
