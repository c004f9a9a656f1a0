"""The child's names, as plain functions of the default app.

The default app lives here and is looked up at every call, so that a test can put another in its
place.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, TypeVar

from .app import App
from .client import Clients

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
    """Make the function below the one that handles a message.

    The function gets the client first; what the message carries comes by name. The special
    messages ``connect`` and ``disconnect`` come when a client does or leaves. What the
    function returns answers the page's ``await ask(op)``.

    Args:
        op: The message's name.

    Raises:
        BadHandler: The function can't handle messages, or another one does already.
        BadName: The name belongs to wszero.

    Example:
        @on('chat')
        def chat(client, text):
            broadcast('chat', text=text)
    """
    return _default.on(op)


def every(seconds: float) -> Callable[[F], F]:
    """Call the function below again and again while the server runs.

    It never overlaps itself: when it takes longer, the next call comes later.

    Args:
        seconds: The time from one call to the next, at least 0.01.

    Raises:
        BadHandler: It is no number, or the function wants something in its brackets.

    Example:
        @every(2)
        def move_star():
            broadcast('star', x=random.randint(0, 9))
    """
    return _default.every(seconds)


def broadcast(op: str, group: Optional[str] = None, /, *args: Any, **params: Any) -> None:
    """Send a message to everybody, or to everybody in a group.

    May be called from any thread; returns before the message has travelled. It goes to those who
    are there at the moment of the call. Who sends thousands without a pause is slowed down, but
    nobody waits for a client that does not read.

    Args:
        op: The message's name.
        group: Only to those in this group.
        **params: What it carries: texts, numbers, True, False, None, lists, dictionaries.

    Raises:
        CannotSend: A value can't travel, or has no name.
        BadName: The name of the message or the group can't be used.

    Example:
        broadcast('chat', text='hello')
        broadcast('go', 'red', colour='red')
    """
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
    max_rate: Optional[int] = 200,
    away: Optional[float] = 30,
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
        max_rate: Messages a second that one client may send; of more, the rest waits.
        away: Seconds that a page may lose its network and is still the same client.

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
        max_rate=max_rate,
        away=away,
        **unknown,
    )
