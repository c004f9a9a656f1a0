"""Handlers: what a function can take is looked at once; what does not fit is told in two halves."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable

import pytest

from wszero import __all__ as child_names
from wszero.errors import BadHandler, BadName
from wszero.handlers import Handler, Handlers, check_function, check_op_for, mismatch, names

HERE = "test_handlers.py"


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


def why_not(function: Callable[..., object], **params: Any) -> tuple[str, str]:
    """What is said when a message does not fit, and what to try."""
    why = mismatch(Handler("chat", function), params)
    assert why is not None
    return str(why), why.fix


def fits(function: Callable[..., object], **params: Any) -> bool:
    return mismatch(Handler("chat", function), params) is None


def refused(op: str, function: Any, handlers: Handlers | None = None) -> BadHandler:
    with pytest.raises(BadHandler) as caught:
        (handlers or Handlers()).add(op, function)
    return caught.value


# ---- registering --------------------------------------------------------------------------------


def test_a_handler_is_found_by_the_messages_name(handlers: Handlers) -> None:
    def chat(client: Any, text: str) -> None:
        pass

    added = handlers.add("chat", chat)
    assert handlers.get("chat") is added
    assert handlers.get("chta") is None
    assert (added.op, added.name, added.function) == ("chat", "chat", chat)


def test_all_handlers_can_be_counted_and_visited(handlers: Handlers) -> None:
    one = handlers.add("one", lambda client: None)
    two = handlers.add("two", lambda client: None)
    assert len(handlers) == 2
    assert list(handlers) == [one, two]


def test_pages_can_send_what_has_a_handler_but_no_event(handlers: Handlers) -> None:
    for op in ("connect", "chat", "disconnect", "buzz"):
        handlers.add(op, lambda client: None)
    assert handlers.ops() == ["chat", "buzz"]


def test_one_function_may_handle_two_messages(handlers: Handlers) -> None:
    def stop(client: Any) -> None:
        pass

    handlers.add("stop", stop)
    handlers.add("halt", stop)
    assert len(handlers) == 2


def test_two_functions_for_one_message_are_refused_with_both_places(handlers: Handlers) -> None:
    def first(client: Any) -> None:
        pass

    def second(client: Any) -> None:
        pass

    handlers.add("chat", first)
    error = refused("chat", second, handlers)
    assert "first()" in error.what
    assert HERE in error.what
    assert error.place is not None
    assert error.place.line == second.__code__.co_firstlineno
    assert handlers.get("chat").function is first  # type: ignore[union-attr]


def test_the_same_function_again_is_fine(handlers: Handlers) -> None:
    def make() -> Callable[[Any], None]:
        def chat(client: Any) -> None:
            pass

        return chat

    again = make()
    handlers.add("chat", make())
    handlers.add("chat", again)
    assert handlers.get("chat").function is again  # type: ignore[union-attr]


def test_a_cell_of_a_notebook_may_run_again_in_another_place(handlers: Handlers) -> None:
    for file, line in (("<ipython-input-1>", 1), ("<ipython-input-2>", 4)):
        scope: dict[str, Any] = {}
        code = "\n" * line + "def chat(client): pass"
        exec(compile(code, file, "exec"), scope)
        handlers.add("chat", scope["chat"])
    assert len(handlers) == 1


def test_what_is_no_python_function_has_no_place_and_can_be_replaced_by_itself_only(
    handlers: Handlers,
) -> None:
    handlers.add("chat", print)
    handlers.add("chat", print)
    refused("chat", repr, handlers)
    refused("chat", say, handlers)


def test_the_panel_is_shown_where_a_handler_is(handlers: Handlers) -> None:
    def chat(client: Any) -> None:
        pass

    shown = handlers.add("chat", chat).describe()
    line = chat.__code__.co_firstlineno
    assert shown == {"op": "chat", "name": "chat", "file": __file__, "line": line}
    assert handlers.add("print", print).describe()["line"] == 0


# ---- what a function can take -------------------------------------------------------------------


def test_the_first_place_is_the_clients_whatever_it_is_called() -> None:
    handler = Handler("chat", lambda player, text, size=3, *, bold, colour="red": None)
    assert handler.first == "player"
    assert handler.needs == ("text", "bold")
    assert handler.may_have == ("size", "colour")
    assert not handler.takes_all


@pytest.mark.parametrize(
    "function", [lambda client, **more: 0, lambda *all, **more: 0, lambda client, /, **more: 0]
)
def test_a_function_may_take_whatever_comes(function: Callable[..., object]) -> None:
    handler = Handler("chat", function)
    assert handler.first
    assert handler.takes_all


def test_async_functions_are_known_as_such() -> None:
    async def chat(client: Any) -> None:
        pass

    def plain(client: Any) -> None:
        pass

    assert Handler("chat", chat).is_async
    assert Handler("chat", functools.partial(chat)).is_async
    assert not Handler("chat", plain).is_async


def test_methods_take_the_client_behind_self(handlers: Handlers) -> None:
    class Game:
        def chat(self, client: Any, text: str) -> None:
            pass

    handler = handlers.add("chat", Game().chat)
    assert (handler.first, handler.needs) == ("client", ("text",))
    assert handler.place is not None


def test_a_wrapped_function_is_shown_as_the_child_wrote_it() -> None:
    def chat(client: Any, text: str) -> None:
        pass

    @functools.wraps(chat)
    def wrapper(*everything: Any, **more: Any) -> None:
        chat(*everything, **more)

    handler = Handler("chat", wrapper)
    assert handler.needs == ("text",)
    assert handler.place is not None
    assert handler.place.line == chat.__code__.co_firstlineno


def test_a_function_that_does_not_tell_what_it_takes_may_try() -> None:
    handler = Handler("chat", max)
    assert (handler.first, handler.takes_all) == ("client", True)


# ---- what can't be a handler --------------------------------------------------------------------


def test_without_a_place_for_the_client_it_is_refused_with_the_line_it_needs() -> None:
    def chat() -> None:
        pass

    error = refused("chat", chat)
    assert "chat()" in error.what
    assert error.fix == "Try: def chat(client):"
    assert error.place is not None
    assert HERE in error.place.short


def test_the_client_must_come_first() -> None:
    def move(x: int, client: Any, y: int = 0) -> None:
        pass

    error = refused("move", move)
    assert "first" in error.what
    assert error.fix == "Try: def move(client, x, y):"


def test_a_function_in_a_class_is_told_to_come_out() -> None:
    class Game:
        def chat(self, client: Any, text: str) -> None:
            pass

        def buzz(self) -> None:
            pass

    error = refused("chat", Game.chat)
    assert "class" in error.what
    assert error.fix == "Try: def chat(client, text):"
    error = refused("buzz", Game.buzz)
    assert "class" in error.what
    assert "def buzz(client):" in error.fix


def test_the_line_it_needs_keeps_async_and_the_parameters() -> None:
    async def chat(*, text: str) -> None:
        pass

    assert refused("chat", chat).fix == "Try: async def chat(client, text):"


@pytest.mark.parametrize("op", ["connect", "disconnect"])
def test_an_event_brings_nothing_but_the_client(op: str) -> None:
    def hello(client: Any, name: str) -> None:
        pass

    error = refused(op, hello)
    assert f'"{op}"' in error.what
    assert error.fix == "Try: def hello(client):"


def test_an_event_may_have_parameters_that_nobody_need_give(handlers: Handlers) -> None:
    handlers.add("connect", lambda client, greeting="hi", *more, **others: None)


def test_a_parameter_that_no_message_can_fill_is_refused() -> None:
    def chat(client: Any, text: str, /) -> None:
        pass

    error = refused("chat", chat)
    assert "/" in error.what
    assert error.fix == "Try: def chat(client, text):"


@pytest.mark.parametrize("name", child_names)
def test_a_function_that_would_hide_ours_is_refused(name: str) -> None:
    def chat(client: Any) -> None:
        pass

    chat.__name__ = name
    error = refused("chat", chat)
    assert name in error.what
    assert f"my_{name}" in error.fix


def test_a_function_with_yield_would_never_run() -> None:
    def chat(client: Any) -> Any:
        yield 1

    async def later(client: Any) -> Any:
        yield 1

    assert "yield" in refused("chat", chat).what
    assert "yield" in refused("chat", later).what


@pytest.mark.parametrize("thing", [None, 5, "chat", Handler, dict])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    with pytest.raises(BadHandler, match=r"@on\('chat'\).*\n.*def "):
        check_function(thing, "@on('chat')")


# ---- the name in the brackets -------------------------------------------------------------------


def test_a_name_is_taken_as_it_is() -> None:
    assert check_op_for("two words") == "two words"


@pytest.mark.parametrize("op", ["", 5, None, "error", "eval_js", "_x"])
def test_a_wrong_name_is_refused(op: Any) -> None:
    with pytest.raises(BadName):
        check_op_for(op)


@pytest.mark.parametrize("op", ["chat ", " chat", "chat\n"])
def test_a_name_with_a_space_around_it_is_refused(op: str) -> None:
    with pytest.raises(BadName) as caught:
        check_op_for(op)
    assert caught.value.fix == "Try: @on('chat')"


def test_a_function_in_the_brackets_wants_quotes() -> None:
    def connect(client: Any) -> None:
        pass

    for function in (connect, print):
        with pytest.raises(BadHandler) as caught:
            check_op_for(function)
        assert "quotes" in caught.value.what
        assert caught.value.fix == f"Try: @on('{function.__name__}')"


def test_on_without_brackets_wants_brackets(tmp_path: Any) -> None:
    program = tmp_path / "quiz.py"
    program.write_text("@on\ndef buzz(client):\n    pass\n")
    with pytest.raises(BadHandler) as caught:
        exec(compile(program.read_text(), str(program), "exec"), {"on": check_op_for})
    assert "brackets" in caught.value.what
    assert caught.value.fix == "Try: @on('buzz')"
    assert caught.value.place is not None
    assert caught.value.place.short == "quiz.py, line 1"


# ---- messages that don't fit --------------------------------------------------------------------


def say(client: Any, text: str, size: int = 3) -> None:
    pass


@pytest.mark.parametrize("params", [{"text": "hi"}, {"text": "hi", "size": 5}])
def test_what_fits_is_nothing_to_explain(params: dict[str, Any]) -> None:
    assert fits(say, **params)


def test_a_function_that_takes_all_takes_anything() -> None:
    assert fits(lambda client, **more: None, text="hi", size=3)


def test_a_missing_parameter_is_told_in_both_halves() -> None:
    what, fix = why_not(say)
    assert '"chat"' in what
    assert "nothing" in what
    assert "say() wants text and size" in what
    assert "text" in fix
    assert "def say(client):" in fix


def test_an_extra_parameter_shows_the_line_that_would_take_it() -> None:
    what, fix = why_not(say, text="hi", colour="red")
    assert "text and colour" in what
    assert "def say(client, text, size, colour):" in fix


def test_a_misspelt_parameter_is_asked_about() -> None:
    _, fix = why_not(say, txet="hi")
    assert "text or txet" in fix


def test_quite_other_parameters_show_the_line_that_would_take_them() -> None:
    _, fix = why_not(say, x=1, y=2)
    assert "def say(client, x, y):" in fix


def test_a_parameter_called_client_needs_another_name() -> None:
    what, fix = why_not(say, text="hi", client=1)
    assert "client" in what
    assert "another name" in fix


def test_a_function_whose_first_place_has_a_parameters_name_forgot_the_client() -> None:
    def chat(text: str) -> None:
        pass

    _, fix = why_not(chat, text="hi")
    assert "def chat(client, text):" in fix


def test_a_parameter_that_can_be_no_name_in_python_is_told_so() -> None:
    _, fix = why_not(say, **{"text": "hi", "my text": 1})
    assert '"my text"' in fix
    assert "def" not in fix


def test_a_word_of_python_shows_the_name_that_it_gets() -> None:
    _, fix = why_not(say, text="hi", from_=1)
    assert "def say(client, text, size, from_):" in fix


@pytest.mark.parametrize(
    "name", ["a" * 100_000, "x\n" * 100_000, "\x1b[2J"], ids=["long", "lines", "escape"]
)
def test_names_from_outside_stay_short_and_on_one_line(name: str) -> None:
    for params in ({name: 1}, {"text": 1, name: 2}, {"client": 1, name: 1}):
        what, fix = why_not(say, **params)
        assert len(what + fix) < 400
        assert (what + fix).isprintable()


def test_many_names_from_outside_are_counted_instead_of_listed() -> None:
    what, fix = why_not(say, **{f"p{n}": n for n in range(1_000)})
    assert "more" in what
    assert len(what + fix) < 400


@pytest.mark.parametrize(
    ("words", "sentence"),
    [((), "nothing"), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_names_stand_in_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    assert names(words) == sentence


def _functions() -> list[Callable[..., object]]:
    return [
        say,
        lambda client: 0,
        lambda client, **more: 0,
        lambda client, text: 0,
        lambda client, *, text, size=1: 0,
        lambda client, *more, text: 0,
        lambda client, /, text, **more: 0,
        lambda *all, text=1: 0,
    ]


@pytest.mark.parametrize("function", _functions())
@pytest.mark.parametrize(
    "params", [{}, {"text": 1}, {"text": 1, "size": 2}, {"size": 2}, {"other": 3}, {"client": 4}]
)
def test_a_mismatch_is_found_exactly_where_python_would_refuse_the_call(
    function: Callable[..., object], params: dict[str, Any]
) -> None:
    try:
        inspect.signature(function).bind(object(), **params)
        python_takes_it = True
    except TypeError:
        python_takes_it = False
    if not python_takes_it:
        assert not fits(function, **params)
    elif Handler("chat", function).first not in params:
        assert fits(function, **params)
