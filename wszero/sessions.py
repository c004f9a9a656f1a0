"""The sessions of pages: who may come back as the client that they were, and why others may not."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from .link import Link

MOST_ENDED = 500
"""Of so many pages that were cut off is known why, should they come back."""


class Ended(NamedTuple):
    """Why a page was cut off."""

    why: str
    kicked: bool
    """It must not come back."""


class Sessions:
    """The pages that are there or away, by the secret that only they know."""

    def __init__(self) -> None:
        self._links: Dict[str, Link] = {}
        self._ended: Dict[str, Ended] = {}

    def find(self, key: str) -> Optional[Link]:
        """Return the link of a session that goes on."""
        return self._links.get(key)

    def why_ended(self, key: str) -> Optional[Ended]:
        """Return why a session was cut off, if it was."""
        return self._ended.get(key)

    def begin(self, link: Link, instead_of: str = "") -> None:
        """A page has got a session.

        Args:
            link: Its link.
            instead_of: The key of the one that it had before, about which it has been told.
        """
        self._ended.pop(instead_of, None)
        self._links[link.key] = link

    def end(self, link: Link, why: str, kicked: bool) -> None:
        """A session is over, if the link had one: with words, or a kick, it was cut off."""
        if self._links.pop(link.key, None) is not None and (why or kicked):
            self._ended[link.key] = Ended(why, kicked)
            if len(self._ended) > MOST_ENDED:
                del self._ended[next(iter(self._ended))]
