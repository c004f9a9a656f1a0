"""Groups: who gets a message that is meant for some."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Dict, FrozenSet, NoReturn, Optional, Tuple

from .errors import BadName, ReadOnly
from .sending_words import has_named_values, with_a_name

if TYPE_CHECKING:
    from .client import Client


class ClientGroups(FrozenSet[str]):
    """The groups that one client is in. To be read; the client's own methods change them."""

    def add(self, group: object) -> NoReturn:
        """Explain what to write instead."""
        raise ReadOnly("client.groups can only be read.", f"Try: client.add_to_group({group!r})")

    def remove(self, group: object) -> NoReturn:
        """Explain what to write instead."""
        raise ReadOnly(
            "client.groups can only be read.", f"Try: client.remove_from_group({group!r})"
        )

    discard = remove

    def __repr__(self) -> str:
        # As a child would write it.
        return repr(set(self)) if self else "set()"


class Groups:
    """Who is in which group. May be used from any thread.

    A broadcast takes a ready-made tuple of members, so that it costs nothing to resolve while
    nobody comes or goes, and can't be disturbed by those who do.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: Dict[str, Dict[Client, None]] = {}
        self._tuples: Dict[str, Tuple[Client, ...]] = {}

    def add(self, group: str, client: Client) -> bool:
        """Put a client in a group; return whether it was not there before."""
        with self._lock:
            members = self._members.setdefault(group, {})
            if client in members:
                return False
            members[client] = None
            self._tuples.pop(group, None)
            return True

    def remove(self, group: str, client: Client) -> bool:
        """Take a client out of a group; return whether it was there. Empty groups vanish."""
        with self._lock:
            members = self._members.get(group, {})
            if client not in members:
                return False
            del members[client]
            if not members:
                del self._members[group]
            self._tuples.pop(group, None)
            return True

    def members(self, group: str) -> Tuple[Client, ...]:
        """Return who is in a group now, in the order in which they came."""
        found = self._tuples.get(group)
        if found is None:
            with self._lock:
                found = tuple(self._members.get(group, ()))
                if found:
                    self._tuples[group] = found
        return found


def check_group(group: Optional[object], example: str) -> str:
    """Return a group's name.

    Raises:
        BadName: It is no text, or empty.
    """
    if isinstance(group, str) and group:
        return group
    if isinstance(group, (list, tuple, set, frozenset)):
        raise BadName("A group is one name, not several.", f"Try: {example}")
    doing = example.split("(")[0]
    if group != "" and not doing.endswith("_group") and not has_named_values(doing):
        # Second in the brackets stands a group; most often it is a value that has no name.
        raise BadName(
            f"{doing}() got a value without a name.",
            f"Give it a name: {with_a_name(doing, group)}",
        )
    raise BadName(f"The name of a group is a text, not {group!r:.30}.", f"Try: {example}")
