"""Calls of the child's functions that are to be made."""

from __future__ import annotations

from typing import Any, Callable, Optional

from .client import Client
from .handlers import Handler
from .protocol import AskId, Params


class Call:
    """One call of a handler that is to be made."""

    __slots__ = ("ask", "client", "handler", "may_sleep", "params", "then")

    def __init__(
        self,
        handler: Handler,
        client: Optional[Client],
        params: Params,
        ask: Optional[AskId] = None,
    ) -> None:
        self.handler = handler
        self.client = client
        self.params = params
        self.ask = ask
        self.may_sleep = False
        """Whether it counts among its client's sleeping handlers."""
        self.then: Optional[Callable[[], None]] = None
        """What follows when it has ended."""

    def start(self) -> Any:
        """Call the function. For an ``async def`` this makes the coroutine and runs nothing."""
        if self.client is None:
            return self.handler.function()
        return self.handler.function(self.client, **self.params)


class Every:
    """A function that is called again and again while the server runs."""

    def __init__(self, seconds: float, function: Callable[..., Any]) -> None:
        self.seconds = seconds
        self.handler = Handler(f"every {seconds:g} s", function)


def failed_at_the_door(error: TypeError) -> bool:
    """Tell whether a call failed before it entered the function: no frame lies beyond ours."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_code is Call.start.__code__
