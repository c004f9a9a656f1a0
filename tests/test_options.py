"""The settings of a server: a classroom's defaults, and words for what makes no sense."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from wszero import run_server
from wszero.errors import BadOption, BadPort
from wszero.options import Options, make_options


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("WSZERO_PORT", raising=False)
    monkeypatch.delenv("WSZERO_PORT_BEFORE", raising=False)
    return monkeypatch


def test_the_defaults_are_those_of_a_classroom() -> None:
    assert make_options(8000, {}) == Options(
        port=8000,
        port_is_named=False,
        host=None,
        folder=None,
        show=True,
        allow=(),
        max_clients=500,
        max_message=1024 * 1024,
        max_waiting=2 * 1024 * 1024,
    )


def test_run_server_offers_the_same_settings_with_the_same_defaults() -> None:
    offered = {
        name: parameter.default
        for name, parameter in inspect.signature(run_server).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    defaults = vars(Options())
    del defaults["port_is_named"], defaults["port_is_forced"]
    assert offered == defaults
    assert list(offered) == [one.name for one in fields(Options) if one.name in offered]


def test_every_setting_is_taken_over() -> None:
    given = {
        "host": "127.0.0.1",
        "folder": Path("dist"),
        "show": 0,
        "allow": ["http://localhost:5173"],
        "max_clients": 2,
        "max_message": 100,
        "max_waiting": None,
    }
    options = make_options(8001, given)
    expected = {**given, "folder": "dist", "show": False, "allow": ("http://localhost:5173",)}
    assert {name: getattr(options, name) for name in given} == expected


# ---- the port -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "is_named"), [(8000, False), (8001, True), (0, True), ("80", True)]
)
def test_a_port_other_than_the_usual_one_is_meant(port: Any, is_named: bool) -> None:
    options = make_options(port, {})
    assert (options.port, options.port_is_named) == (int(port), is_named)


@pytest.mark.parametrize("port", ["abc", -1, 65_536, 8000.0, None, True, "", "8 000"])
def test_what_is_no_port_is_refused(port: Any) -> None:
    with pytest.raises(BadPort, match="65535") as caught:
        make_options(port, {})
    assert "WSZERO_PORT" not in str(caught.value)


@pytest.mark.parametrize("forced", ["0", "9000", " 9000 "])
def test_the_environment_wins_over_the_program(
    environment: pytest.MonkeyPatch, forced: str
) -> None:
    environment.setenv("WSZERO_PORT", forced)
    options = make_options(8001, {})
    assert (options.port, options.port_is_named) == (int(forced), True)


def test_the_usual_port_is_meant_when_the_environment_names_it(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("WSZERO_PORT", "8000")
    assert make_options(8000, {}).port_is_named


@pytest.mark.parametrize("forced", ["", "  "])
def test_an_empty_name_in_the_environment_says_nothing(
    environment: pytest.MonkeyPatch, forced: str
) -> None:
    environment.setenv("WSZERO_PORT", forced)
    options = make_options(8000, {})
    assert (options.port, options.port_is_named) == (8000, False)


def test_a_wrong_port_in_the_environment_is_named_as_such(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WSZERO_PORT", "many")
    with pytest.raises(BadPort, match="WSZERO_PORT is 'many'"):
        make_options(8000, {})


@pytest.mark.parametrize(("port", "used"), [(8000, 8003), (0, 8003), (8001, 8001)])
def test_a_program_that_starts_again_takes_its_last_port_unless_it_names_one(
    environment: pytest.MonkeyPatch, port: int, used: int
) -> None:
    environment.setenv("WSZERO_PORT_BEFORE", "8003")
    options = make_options(port, {})
    assert (options.port, options.port_is_named) == (used, port == 8001)


# ---- wrong settings -----------------------------------------------------------------------------


def test_a_misspelt_setting_gets_a_suggestion() -> None:
    with pytest.raises(BadOption) as caught:
        make_options(8000, {"foldr": "dist"})
    assert "foldr" in caught.value.what
    assert caught.value.fix == "Did you mean folder=?"


def test_an_unknown_setting_gets_the_list_of_those_there_are() -> None:
    with pytest.raises(BadOption) as caught:
        make_options(8000, {"debug": True})
    assert all(name in caught.value.fix for name in ("host", "folder", "show", "max_clients"))
    assert "port_is_named" not in caught.value.fix


def test_what_only_wszero_itself_sets_can_not_be_given() -> None:
    with pytest.raises(BadOption):
        make_options(8000, {"port_is_named": True})


@pytest.mark.parametrize(("name", "example"), [("host", "127.0.0.1"), ("folder", "dist")])
@pytest.mark.parametrize("value", [5, True, ["dist"]])
def test_host_and_folder_are_texts(name: str, example: str, value: Any) -> None:
    with pytest.raises(BadOption) as caught:
        make_options(8000, {name: value})
    assert f"{name} must be a text" in caught.value.what
    assert caught.value.fix == f"Try: run_server({name}='{example}')"


@pytest.mark.parametrize("name", ["host", "folder"])
def test_no_host_and_no_folder_may_be_said_aloud(name: str) -> None:
    assert make_options(8000, {name: None}) == make_options(8000, {})


@pytest.mark.parametrize("value", ["http://localhost:5173", 5, None, [5], [None]])
def test_allow_is_a_list_of_texts(value: Any) -> None:
    with pytest.raises(BadOption, match=r"allow must be a list.*\n.*allow=\["):
        make_options(8000, {"allow": value})


@pytest.mark.parametrize("name", ["max_clients", "max_message", "max_waiting", "max_rate"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True])
def test_a_limit_is_a_whole_number_or_none(name: str, value: Any) -> None:
    with pytest.raises(BadOption, match=f"{name} must be a whole number"):
        make_options(8000, {name: value})
    assert getattr(make_options(8000, {name: None}), name) is None
    assert getattr(make_options(8000, {name: 1}), name) == 1


@pytest.mark.parametrize("value", [-1, -0.5, "30", True, float("nan"), float("inf"), [30]])
def test_away_is_a_number_of_seconds(value: Any) -> None:
    with pytest.raises(BadOption, match=r"away must be a number.*\n.*away=30"):
        make_options(8000, {"away": value})


@pytest.mark.parametrize("value", [0, 0.5, 3600, None])
def test_a_page_may_be_away_for_any_time_for_ever_or_not_at_all(value: Any) -> None:
    assert make_options(8000, {"away": value}).away == value
