"""Runs programs with mistakes in them, as a child and a class would, and reads what is told."""

from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

from tests.plain_client import PlainClient
from tests.programs import RunningProgram
from tests.words import Text, texts_in, the_text_in

Start = Callable[..., RunningProgram]
Connect = Callable[..., PlainClient]
Message = Tuple[str, dict]

FIRST_LINE = "from wszero import *\n"
"""So the source of a test begins with line 2."""

LAST_LINES = """
@on('are you there')
def are_you_there(client):
    client.send('yes')

run_server()
"""


def told_at_start(program: Start, source: str, **settings: Any) -> Text:
    """The only text of a program that must end at once, because of a mistake."""
    game = program(FIRST_LINE + source, **settings)
    assert game.wait() == 1, f"no mistake:\n{game.console}"
    return the_text_in(game.console)


def told_while_playing(
    program: Start, connect: Connect, source: str, *messages: Message, clients: int = 2, **more: Any
) -> list[Text]:
    """The texts of a program that some clients play with: each sends all of the messages.

    The server must go on all the while, and end well.
    """
    game = program(FIRST_LINE + source + LAST_LINES, **more)
    class_of_clients = [connect(game.url) for _ in range(clients)]
    for client in class_of_clients:
        for op, params in messages:
            client.send(op, **params)
    for client in class_of_clients:
        # Handled in order: when this one is answered, those before have been handled.
        client.send("are you there")
        client.hear("yes")
    assert game.stop() == 0, f"a bad end:\n{game.console}"
    return texts_in(game.console)


def told_for(program: Start, connect: Connect, body: str, params: dict | None = None) -> Text:
    """The only text for a mistake in a handler: `def go(client)` and the lines of its body.

    The body begins with line 4.
    """
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"@on('go')\ndef go(client):\n{lines}"
    return _only(told_while_playing(program, connect, source, ("go", params or {})))


def told_for_each(
    program: Start, connect: Connect, bodies: Sequence[str], before: str = ""
) -> dict[str, Text]:
    """The texts for several mistakes, each in the last line of a handler of its own.

    Args:
        program: The fixture.
        connect: The fixture.
        bodies: The lines of the handlers.
        before: Lines above all of them.

    Returns:
        The texts, by the bodies.
    """
    handlers = [
        f"@on('go{number}')\ndef go{number}(client):\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
        for number, body in enumerate(bodies)
    ]
    messages: list[Message] = [(f"go{number}", {}) for number in range(len(bodies))]
    texts = told_while_playing(program, connect, before + "\n".join(handlers), *messages)
    last_lines = [body.splitlines()[-1].strip() for body in bodies]
    assert [text.line for text in texts] == last_lines, f"not each was told once: {texts}"
    return dict(zip(bodies, texts))


def _only(texts: list[Text]) -> Text:
    assert len(texts) == 1, f"{len(texts)} texts instead of one: {texts}"
    return texts[0]
