"""One client, and all of them: pages, and other programs that speak our messages."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from .errors import CannotSend, NoSuchAttribute, Place, ReadOnly, did_you_mean
from .groups import ClientGroups, check_group
from .places import calling_line, place_of
from .sending_words import with_a_name

if TYPE_CHECKING:
    from .app import App

# Friendly, short, easy to say across a room, and none of them a word for a child to laugh at.
_ANIMALS = (
    *("Otter", "Robin", "Panda", "Tiger", "Koala", "Zebra", "Heron", "Gecko", "Bison"),
    *("Lemur", "Finch", "Moose", "Camel", "Eagle", "Hippo", "Llama", "Puffin", "Badger"),
    *("Beaver", "Dolphin", "Falcon", "Giraffe", "Hamster", "Jaguar", "Leopard", "Magpie"),
    *("Octopus", "Penguin", "Rabbit", "Seal", "Toucan", "Turtle", "Walrus", "Wombat", "Owl"),
)


SCRIPT_HEAD = 60
"""So many characters of a script of ``eval_js`` tell it from others …"""
MOST_SCRIPTS = 20
"""… and of so many a client's lines are known."""


class Client:
    """One client: send it messages, put it in groups, give it attributes of your own.

    Handlers get it as their first parameter. It is the same object as long as the page is open.
    Any attribute that wszero does not use is yours: ``client.score = 0``.

    Example:
        @on('buzz')
        def buzz(client):
            client.score = 1
            client.send('well done', points=client.score)
    """

    _app: App
    _link: Any
    _number: int
    _name: str
    _groups: ClientGroups
    _connected: bool
    _away: bool
    _muted: bool
    _page: str
    _address: str
    _scripts: Dict[str, Optional[Tuple[str, int]]]

    def __init__(self, app: App, number: int, link: Any, page: str = "", address: str = "") -> None:
        # Straight into the dictionary: __setattr__ guards our own names.
        self.__dict__.update(
            _app=app,
            _number=number,
            _link=link,
            _name=f"{_ANIMALS[(number - 1) % len(_ANIMALS)]} {number}",
            _groups=ClientGroups(),
            _connected=True,
            _away=False,
            _muted=False,
            _page=page,
            _address=address,
            _scripts={},
        )

    @property
    def id(self) -> str:
        """A short text that stays the same as long as the client lives: ``c4``."""
        return f"c{self._number}"

    @property
    def name(self) -> str:
        """A friendly name that no other client has, such as ``Otter 4``. You may set it."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise CannotSend(
                f"client.name must be a text, not {name!r:.40}.", "Try: client.name = 'Amy'"
            )
        self.__dict__["_name"] = name
        self._app._renamed(self)

    @property
    def groups(self) -> ClientGroups:
        """The set of groups that the client is in. To be read only: see ``add_to_group``."""
        return self._groups

    @property
    def connected(self) -> bool:
        """Whether the client can be reached just now.

        A page whose network is gone for a moment is not: what you send it arrives when it is back.
        It stays in ``clients`` meanwhile, 30 seconds at most. What you send to one that has left
        is lost.
        """
        return self._connected and not self._away

    def send(self, op: str, /, *args: Any, **params: Any) -> None:
        """Send a message to this client.

        May be called from any thread; returns before the message has travelled. Who sends
        thousands without a pause is slowed down, but nobody waits for a client that does not read.

        Args:
            op: The message's name.
            **params: What it carries: texts, numbers, True, False, None, lists, dictionaries.

        Raises:
            CannotSend: A value can't travel, or has no name.
            BadName: The message's name can't be used.

        Example:
            client.send('chat', text='hello')
        """
        self._app._send("client.send", op, args, params, (self,))

    def send_others(
        self, op: str, group: Optional[str] = None, /, *args: Any, **params: Any
    ) -> None:
        """Send a message to everybody but this client.

        Args:
            op: The message's name.
            group: Only to those in this group.
            **params: What it carries.

        Example:
            client.send_others('draw', x=3, y=7)
        """
        group = params.pop("group", group)
        receivers = self._app._receivers(group, "client.send_others('hello', 'red')")
        self._app._send("client.send_others", op, args, params, receivers, group, but=self)

    def eval_js(self, script: str) -> None:
        """Run a line of JavaScript in this client's page: for first steps and for fun.

        Args:
            script: The JavaScript.

        Example:
            client.eval_js("document.body.style.background = 'gold'")
        """
        if not isinstance(script, str):
            raise CannotSend(
                "client.eval_js() needs JavaScript in quotes.", "Try: client.eval_js('alert(1)')"
            )
        # Should it fail in the page, the child wants to know which of these lines it was.
        self._scripts.pop(script[:SCRIPT_HEAD], None)
        self._scripts[script[:SCRIPT_HEAD]] = calling_line()
        if len(self._scripts) > MOST_SCRIPTS:
            self._scripts.pop(next(iter(self._scripts)), None)
        self._app._deliver("eval_js", {"script": script}, (self,))

    def _place_of_script(self, head: str) -> Optional[Place]:
        """Return the line that sent a script with ``eval_js``, if it is one of the last."""
        line = self._scripts.get(head[:SCRIPT_HEAD])
        return place_of(*line) if line is not None else None

    def add_to_group(self, group: str) -> None:
        """Put this client in a group. Nothing changes when it is there already.

        Example:
            client.add_to_group('red')
        """
        group = check_group(group, "client.add_to_group('red')")
        self._app._group(self, group, True)

    def remove_from_group(self, group: str) -> None:
        """Take this client out of a group. Nothing changes when it is not in it.

        Example:
            client.remove_from_group('red')
        """
        group = check_group(group, "client.remove_from_group('red')")
        self._app._group(self, group, False)

    def kick(self, reason: str = "") -> None:
        """Close this client. Its page says so, and does not come back by itself.

        Args:
            reason: Words that the page shows.

        Example:
            client.kick('Please be kind.')
        """
        self._app._kick(self, str(reason))

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name":
            object.__setattr__(self, name, value)
        elif name.startswith("_") and name in Client.__annotations__:
            raise ReadOnly(f"client.{name} belongs to wszero.", "Choose another name.")
        elif hasattr(Client, name) and not name.startswith("__"):
            raise ReadOnly(f"client.{name} belongs to wszero.", _instead(name))
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # Python comes here only for names that it did not find.
        if name.startswith("__"):
            raise AttributeError(name)
        known = [word for word in (*dir(Client), *self.__dict__) if not word.startswith("_")]
        close = did_you_mean(name, known)
        if did_you_mean(name, ("broadcast",)):
            fix = "To send to everybody, without client: broadcast('chat', text='hello')"
        elif close:
            fix = f"Did you mean client.{close}?"
        else:
            fix = f"First write: client.{name} = 0"
        raise NoSuchAttribute(f"This client has no {name}.", fix)

    def __repr__(self) -> str:
        return f"<Client {self._name}>"

    def __str__(self) -> str:
        return self._name


class Clients(Sequence[Client]):
    """The clients that are there now: ``for client in clients``, ``len(clients)``, ``in``."""

    def __init__(self, app: Callable[[], App]) -> None:
        self._app = app

    def __iter__(self) -> Iterator[Client]:
        return iter(self._app()._client_tuple)

    def __len__(self) -> int:
        return len(self._app()._client_tuple)

    def __contains__(self, client: object) -> bool:
        return client in self._app()._client_tuple

    @overload
    def __getitem__(self, index: int) -> Client: ...
    @overload
    def __getitem__(self, index: slice) -> Tuple[Client, ...]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[Client, Tuple[Client, ...]]:
        return self._app()._client_tuple[index]

    def __repr__(self) -> str:
        return f"<{len(self)} clients: {', '.join(client.name for client in self)}>"


def _instead(name: str) -> str:
    instead = {
        "send": "To send a message: client.send('chat', text='hello')",
        "send_others": "To send to the others: client.send_others('chat', text='hello')",
        "eval_js": "To run JavaScript: client.eval_js('alert(1)')",
        "groups": "To join a group: client.add_to_group('red')",
        "add_to_group": "Use brackets: client.add_to_group('red')",
        "remove_from_group": "Use brackets: client.remove_from_group('red')",
        "id": "To name a client: client.name = 'Amy'",
    }
    return instead.get(name, f"Choose another name, like client.my_{name}")


def refuse_values_without_names(doing: str, op: str, args: tuple[Any, ...]) -> None:
    """Explain ``client.send('chat', 'hello')``.

    Raises:
        CannotSend: There is a value without a name.
    """
    raise CannotSend(
        f"{doing}() got a value without a name.",
        f"Give it a name: {with_a_name(doing, args[0])}",
    )
