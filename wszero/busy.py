"""Tells a child which line keeps everybody waiting."""

from __future__ import annotations

import re
import time
from typing import Optional

from .app import App
from .baton import Turn
from .errors import Place
from .monitor_protocol import Busy, Free
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
        is_async = handler is None
        self._app.report("busy", *_words(place, is_async), place)
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


def _words(place: Optional[Place], is_async: bool) -> tuple[str, str]:
    what = "This line is busy, so no other message can be handled."
    code = place.code if place else ""
    slept = re.search(r"\bsleep\(([^()]*)\)", code)
    if slept:
        new = f"{'await ' if is_async else ''}sleep({slept.group(1)})"
        return what, f"Use wszero's own sleep, which lets others go on: {new}"
    if "input(" in code:
        return what, "input() waits for the keyboard. Ask on the page instead."
    return what, f"In a long loop write: {'await ' if is_async else ''}sleep(0.1)"
