"""The child's names, as plain functions of the default app.

The default app lives here and is looked up at every call, so that a test can put another in its
place.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, TypeVar

from .app import App, Clients

F = TypeVar("F", bound=Callable[..., Any])

_default = App()


def default_app() -> App:
    """Return the app behind ``on``, ``broadcast`` and the rest."""
    return _default


def use_app(app: App) -> App:
    """Put another app behind the child's names; return the one before."""
    global _default
    before, _default = _default, app
    return before


clients = Clients(default_app)


def on(op: str) -> Callable[[F], F]:
    return _default.on(op)


def every(seconds: float) -> Callable[[F], F]:
    return _default.every(seconds)


def broadcast(op: str, group: Optional[str] = None, /, *args: Any, **params: Any) -> None:
    _default.broadcast(op, group, *args, **params)


def run_server(
    port: int = 8000,
    *,
    host: Optional[str] = None,
    folder: Optional[str] = None,
    show: bool = True,
    allow: Sequence[str] = (),
    max_clients: Optional[int] = 500,
    max_message: Optional[int] = 1024 * 1024,
    max_waiting: Optional[int] = 2 * 1024 * 1024,
    **unknown: Any,
) -> None:
    """Start the server. It runs until you press Stop or Ctrl-C; then this returns.

    Write it as the last line. The defaults are right for a classroom.

    Args:
        port: The number in the address, 0 to 65535; 0 takes any free one. WSZERO_PORT wins.
        host: The one address to listen on; all of this computer's if not given.
        folder: Show this whole folder (a React or Vue build) instead of the program's page.
        show: Open the page in the browser. WSZERO_SHOW=0 in the environment leaves it.
        allow: Addresses of other pages that may connect: ['http://localhost:5173'].
        max_clients: So many clients may be connected; None lifts a limit.
        max_message: Bytes that one message may have.
        max_waiting: Bytes that may wait for a client that does not read; then it is dropped.

    Raises:
        BadOption: A setting makes no sense.
        BadPort: The port makes no sense.
        PortTaken: Another program has the port that was named.

    Example:
        run_server()
    """
    _default.run(
        port,
        host=host,
        folder=folder,
        show=show,
        allow=allow,
        max_clients=max_clients,
        max_message=max_message,
        max_waiting=max_waiting,
        **unknown,
    )


on.__doc__ = App.on.__doc__
every.__doc__ = App.every.__doc__
broadcast.__doc__ = App.broadcast.__doc__
