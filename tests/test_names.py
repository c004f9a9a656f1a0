"""The child's names: exactly those, each explained, and none in Python's own way."""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import subprocess
import sys
import textwrap
from typing import Any, Callable, Iterator

import pytest

import wszero
from tests.rooms import Room
from wszero.app import App
from wszero.client import Client
from wszero.errors import BadHandler, BadOption
from wszero.handlers import Handler
from wszero.name_words import OUR_NAMES
from wszero.names import default_app, use_app
from wszero.testing import Game, Player, play

CHILD_NAMES = {"App", "broadcast", "clients", "every", "on", "run_server", "sleep"}


@pytest.fixture
def room() -> Iterator[Room]:
    """A room whose app is the default one for as long as the test runs."""
    room = Room()
    before = use_app(room.app)
    yield room
    use_app(before)


# ---- what there is ------------------------------------------------------------------------------


def test_import_star_brings_the_childs_names_and_nothing_else() -> None:
    scope: dict[str, Any] = {}
    exec("from wszero import *", scope)
    assert {name for name in scope if not name.startswith("__")} == CHILD_NAMES


def test_the_lists_of_names_agree() -> None:
    assert set(wszero.__all__) == CHILD_NAMES
    assert set(OUR_NAMES) == CHILD_NAMES
    assert sorted(wszero.__all__) == list(wszero.__all__)


def test_what_experts_need_can_be_imported_by_name() -> None:
    assert wszero.Client is Client
    assert issubclass(BadHandler, wszero.WszeroError)
    assert wszero.__version__


@pytest.mark.parametrize("name", sorted(CHILD_NAMES))
def test_no_name_of_ours_stands_in_the_way_of_pythons(name: str) -> None:
    assert not hasattr(builtins, name)
    assert name not in keyword.kwlist


def test_an_import_starts_nothing() -> None:
    code = (
        "import sys, threading\n"
        "before = sys.modules.get('asyncio')\n"
        "import wszero\n"
        "print(threading.active_count(), len(wszero.clients), wszero.App().port)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=60)
    assert done.stdout.split() == [b"1", b"0", b"0"]


# ---- what an editor shows -----------------------------------------------------------------------

FUNCTIONS = [wszero.on, wszero.every, wszero.broadcast, wszero.run_server, wszero.sleep]


def methods(kind: type) -> list[Callable[..., object]]:
    return [
        value
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]


def properties(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if isinstance(value, property)]


FOR_CHILDREN = [*FUNCTIONS, *methods(Client)]
FOR_EXPERTS = [App.on, App.every, App.broadcast, App.run, App.start, App.stop]
FOR_TESTS = [*methods(Player), Game.join, Game.wait]


@pytest.mark.parametrize(
    "thing", [*FOR_CHILDREN, *FOR_EXPERTS, *FOR_TESTS], ids=lambda one: one.__qualname__
)
def test_everything_public_has_words_and_an_example_that_is_python(
    thing: Callable[..., object],
) -> None:
    doc = inspect.getdoc(thing) or ""
    first = doc.split("\n")[0]
    assert first.endswith((".", ":")) or first[-1] in ".)`"
    assert 10 < len(first) < 90
    assert "\nExample:\n" in doc
    ast.parse(textwrap.dedent(doc.split("\nExample:\n")[1]))


@pytest.mark.parametrize("kind", [App, Client, play])
def test_classes_have_words_and_an_example_that_is_python(kind: type) -> None:
    doc = inspect.getdoc(kind) or ""
    assert "\nExample:\n" in doc
    ast.parse(textwrap.dedent(doc.split("\nExample:\n")[1]))


@pytest.mark.parametrize("name", [*properties(Client), "port"])
def test_every_property_is_explained(name: str) -> None:
    doc = inspect.getdoc(getattr(Client, name, None) or getattr(App, name))
    assert doc
    assert doc.split("\n")[0].endswith((".", "it."))


@pytest.mark.parametrize("thing", FUNCTIONS, ids=lambda one: one.__name__)
def test_every_parameter_is_explained(thing: Callable[..., object]) -> None:
    doc = inspect.getdoc(thing) or ""
    hidden = {"args", "unknown"}
    named = [name for name in inspect.signature(thing).parameters if name not in hidden]
    assert [name for name in named if f" {name}: " not in doc and f"**{name}: " not in doc] == []


def test_the_words_stand_in_the_source_where_editors_read_them() -> None:
    tree = ast.parse(inspect.getsource(sys.modules["wszero.names"]))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert all(ast.get_docstring(functions[name]) for name in ("on", "every", "broadcast"))


# ---- the default app ----------------------------------------------------------------------------


def test_the_names_work_on_the_default_app(room: Room) -> None:
    @wszero.on("chat")
    def chat(client: Client, text: str) -> None:
        wszero.broadcast("chat", text=text)

    @wszero.every(2)
    def tick() -> None:
        wszero.broadcast("tick", "red", n=1)

    amy = room.join()
    amy.add_to_group("red")
    room.message(amy, "chat", text="hi")
    room.run(room.app.tick(room.app.everies[0]))
    assert room.heard(amy) == [{"op": "chat", "text": "hi"}, {"op": "tick", "n": 1}]
    assert list(wszero.clients) == [amy]


def test_on_and_every_give_the_function_back(room: Room) -> None:
    def buzz(client: Client) -> None:
        pass

    def tick() -> None:
        pass

    assert wszero.on("buzz")(buzz) is buzz
    assert wszero.every(1)(tick) is tick


def test_another_app_can_take_the_place_of_the_default_one(room: Room) -> None:
    other = App()
    assert use_app(other) is room.app
    assert default_app() is other
    wszero.on("chat")(lambda client: None)
    assert use_app(room.app) is other
    assert isinstance(other.handlers.get("chat"), Handler)
    assert room.app.handlers.get("chat") is None


def test_the_list_of_clients_follows_the_default_app(room: Room) -> None:
    clients = wszero.clients
    room.join("Amy")
    assert [client.name for client in clients] == ["Amy"]
    use_app(App())
    assert len(clients) == 0


def test_a_group_may_be_named_or_stand_second(room: Room) -> None:
    amy = room.join()
    amy.add_to_group("red")
    wszero.broadcast("go", "red", n=1)
    wszero.broadcast("go", group="red", n=2)
    assert [message["n"] for message in room.heard(amy)] == [1, 2]


def test_run_server_hands_all_settings_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(room.app, "run", lambda port, **given: seen.append((port, given)))
    wszero.run_server(8001, show=False)
    ((port, given),) = seen
    assert port == 8001
    assert given["show"] is False
    assert given["max_clients"] == 500


def test_a_setting_that_does_not_exist_is_refused_in_words(room: Room) -> None:
    with pytest.raises(BadOption, match="foldr"):
        wszero.run_server(foldr="dist")


def test_settings_other_than_the_port_need_their_names(room: Room) -> None:
    with pytest.raises(TypeError):
        wszero.run_server(8000, "127.0.0.1")  # type: ignore[call-arg]
