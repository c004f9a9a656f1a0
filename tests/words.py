"""Reads a console as a child does: which troubles are told, where, and in which words.

A trouble looks so; the lines of code stand further right than the words:

    quiz.py, line 7:
        @on(chat)
      @on needs the message's name in quotes.
      Try: @on('chat')
"""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

MOST_WORDS = 25
"""In one text, its place included. The lines of code that it shows don't count."""

FOREIGN = ("traceback", "exception", "argument", "positional", "coroutine", "decorator")
"""What a ten-year-old has never heard of."""

_PLACE = re.compile(r"(\S.*, line \d+|\S+\.\w+|your page):")


_WELCOME = "On this computer:"


class Text(NamedTuple):
    """One trouble, as it is told."""

    places: tuple[str, ...]
    """Each as "quiz.py, line 7": the way there, the mistake itself last."""
    code: tuple[str, ...]
    """The lines shown, one for each place."""
    prose: str
    """What happened and what to try."""

    @property
    def where(self) -> str:
        """The place of the mistake itself."""
        return self.places[-1] if self.places else ""

    @property
    def line(self) -> str:
        """The line with the mistake."""
        return self.code[-1] if self.code else ""


def texts_in(console: str) -> list[Text]:
    """The troubles in a console, each of them checked.

    Raises:
        AssertionError: One of them is too long, or some word is none for children.
    """
    foreign = [word for word in FOREIGN if word in console.lower()]
    assert not foreign, f"words that no child knows, {foreign}, in:\n{console}"
    texts = list(_read(console))
    for text in texts:
        words = f"{text.where} {text.prose}".split()
        assert len(words) <= MOST_WORDS, f"{len(words)} words are too many:\n{text.prose}"
        assert text.prose, f"a place without words: {text}"
    return texts


def the_text_in(console: str) -> Text:
    """The only trouble in a console.

    Raises:
        AssertionError: There is none, or more than one.
    """
    texts = texts_in(console)
    assert len(texts) == 1, f"{len(texts)} texts instead of one in:\n{console}"
    return texts[0]


def _read(console: str) -> Iterator[Text]:
    places: list[str] = []
    code: list[str] = []
    prose: list[str] = []
    for line in [*console.splitlines(), ""]:
        is_place = _PLACE.fullmatch(line) is not None
        if (not is_place and not line.startswith("  ")) or (is_place and prose):
            if (places or prose) and not any(word.startswith(_WELCOME) for word in prose):
                yield Text(tuple(places), tuple(code), "\n".join(prose))
            places, code, prose = [], [], []
        if is_place:
            places.append(line[:-1])
        elif line.startswith("    "):
            code.append(line.strip())
        elif line.startswith("  "):
            prose.append(line.strip())
