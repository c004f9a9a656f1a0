"""Tells a child which line keeps everybody waiting."""

from __future__ import annotations

import ast
import re
import time
from typing import Optional, Tuple

from .app import App
from .baton import Turn
from .errors import Place
from .monitor_protocol import Busy, Free
from .program_text import function_at, is_in_loop
from .runtime import Runtime

BUSY_AFTER_S = 2.0


class BusyWatch:
    """Looks now and then at who holds the baton, and for how long.

    Args:
        app: Gets the words.
        runtime: Is looked at.
    """

    def __init__(self, app: App, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._told: Optional[Turn] = None

    def look(self) -> None:
        """Report a handler that is at work for too long; once for each turn."""
        turn = self._runtime.turn
        if self._told is not None and turn is not self._told:
            self._told = None
            if self._app.observer is not None:
                self._app.observer(Free())
        if turn is None or turn is self._told or self._runtime.stopping:
            return
        seconds = time.monotonic() - turn.since
        if seconds < BUSY_AFTER_S:
            return
        self._told = turn
        place = self._runtime.busy_place(turn)
        handler = turn.call.handler if turn.call else None
        if place is None and handler is not None:
            place = handler.place
        # A loop is looked at in another of its lines each time: it is still the same one.
        key = (place.file, place.function) if place else None
        self._app.report("busy", *_words(place), place, key=key)
        if self._app.observer is not None:
            self._app.observer(
                Busy(
                    op=handler.op if handler else "",
                    file=place.file if place else "",
                    line=place.line if place else 0,
                    code=place.code if place else "",
                    seconds=round(seconds, 1),
                )
            )


def _words(place: Optional[Place]) -> Tuple[str, str]:
    what = "This line is busy, so no other message can be handled."
    if place is None:
        return what, ""
    code = place.code.split("#")[0].strip()
    is_async = isinstance(function_at(place.file, place.line), ast.AsyncFunctionDef)
    wait = "await " if is_async else ""
    slept = re.search(r"(?<![\w.])(time\.)?sleep\((.*)\)$", code)
    if slept and slept.group(1):
        new = f"{wait}sleep({slept.group(2)})"
        return what, f"Use wszero's own sleep, which lets others go on: {new}"
    if slept:
        return what, "Take away: from time import sleep. wszero has its own."
    if "input(" in code:
        return what, "input() waits for the keyboard. Ask on the page instead."
    if is_in_loop(place.file, place.line):
        return what, f"Put this into the loop: {wait}sleep(0.1)"
    return what, "Can it be done in smaller steps?"
