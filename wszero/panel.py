"""What the live panel knows, without any toolkit: Mu, Thonny and a browser page show the same.

General layout: ``PanelModel`` is fed the events of the panel link, one by one. Views hold no truth
of their own: on a timer they look whether ``version`` has moved, and then paint what they find
here. Nothing here draws, waits, reads a socket or starts a thread; feed it and look at it from one
thread.

Everything is bounded, because a child's program may send as fast as it can, all lesson long.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Callable

from . import monitor_protocol as events
from .panel_log import LogEntry, MessageLog
from .panel_records import RATE_WINDOW_S, PanelClient, PanelHandler, PanelState, Rate

__all__ = [
    "MAX_CLIENTS",
    "RATE_WINDOW_S",
    "LogEntry",
    "MessageLog",
    "PanelClient",
    "PanelHandler",
    "PanelModel",
    "PanelState",
]

MAX_CLIENTS = 5_000
MAX_GROUPS = 1_000
MAX_HANDLERS = 1_000
MAX_TROUBLES = 200
_NAMES_IN_LOG = 3


class PanelModel:
    """All that a panel shows about one program.

    Feed it the events of the link with ``feed``. Tell it with ``starting``, ``stopping`` and
    ``ended`` what the panel itself knows: that Run or Stop was pressed, that the link has closed.

    Args:
        clock: Seconds from anywhere, for the rates.
        now: Seconds since 1970, for the times that are shown.

    Example:
        >>> model = PanelModel()
        >>> model.feed(Joined("c1", "Otter 1"))
        >>> model.clients["c1"].name
        'Otter 1'
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._now = now
        self.version = 0
        """Moves whenever anything here has changed."""
        self.state = PanelState.WAITING
        self.log = MessageLog()
        self._reset()

    def _reset(self) -> None:
        self.program: events.Started | None = None
        """The program's own account of itself: addresses, port, Python; None until it is up."""
        self.reason = ""
        """Why it stops or has ended, in words; may be empty."""
        self.clients: dict[str, PanelClient] = {}
        """By id, in the order in which they came."""
        self.groups: dict[str, dict[str, None]] = {}
        """Group → the ids of its members, in the order in which they came in."""
        self.handlers: dict[str, PanelHandler] = {}
        """By op."""
        self.busy: events.Busy | None = None
        """The line that everybody waits for."""
        self.messages_in = 0
        self.messages_out = 0
        """Messages sent; one to thirty clients is one message."""
        self.left_out = 0
        """Events that never came because there were too many."""
        self._troubles: OrderedDict[Any, events.Trouble] = OrderedDict()
        self._broadcasts = 0
        self._rate_in = Rate(self._clock)
        self._rate_out = Rate(self._clock)
        self.log.resume()
        self.log.clear()

    # --- what views ask ---

    @property
    def troubles(self) -> list[events.Trouble]:
        """What went wrong, the latest last; each once, with how often it happened."""
        return list(self._troubles.values())

    @property
    def rate_in(self) -> float:
        """Messages a second that came in over the last five seconds."""
        return self._rate_in.per_second()

    @property
    def rate_out(self) -> float:
        """Messages a second that were sent over the last five seconds."""
        return self._rate_out.per_second()

    def sent_to(self, client: PanelClient) -> int:
        """Return how many messages a client was sent, those to everybody included."""
        return client.messages_out + self._broadcasts - client.missed_broadcasts

    # --- what the panel itself knows ---

    def starting(self) -> None:
        """Run was pressed, or a program has called: begin with an empty page."""
        self._reset()
        self._move(PanelState.STARTING)

    def stopping(self, reason: str = "") -> None:
        """Stop was pressed. Does nothing when no program runs."""
        if self.state in (PanelState.STARTING, PanelState.RUNNING):
            self._move(PanelState.STOPPING, reason)

    def ended(self, reason: str = "") -> None:
        """The link has closed or the program is gone: nobody is connected any more."""
        self.clients.clear()
        self.groups.clear()
        self.busy = None
        self._move(PanelState.ENDED, reason)

    def clear_log(self) -> None:
        """Forget the messages; counts stay."""
        self.log.clear()
        self.version += 1

    def pause_log(self, paused: bool) -> None:
        """Let the log stand still, or run again."""
        (self.log.pause if paused else self.log.resume)()
        self.version += 1

    def _move(self, state: PanelState, reason: str = "") -> None:
        self.state = state
        self.reason = reason or self.reason
        self.version += 1

    # --- events ---

    def feed(self, event: events.Event) -> None:
        """Take in one event. Cheap: 5,000 a second cost a few hundredths of a second.

        Events about a client that is not known (because its ``Joined`` was left out) are counted
        and otherwise passed over.
        """
        take = _TAKES.get(type(event))
        if take is not None:  # a newer end may send what this panel has no place for
            take(self, event)
            self.version += 1

    def _hello(self, event: events.Hello) -> None:
        if self.state is not PanelState.STARTING:
            self.starting()

    def _started(self, event: events.Started) -> None:
        # What went wrong between Hello and Started belongs to this run already.
        if self.state is not PanelState.STARTING:
            self._reset()
        self.program = event
        for found in event.handlers[:MAX_HANDLERS]:
            op, line = str(found.get("op", "")), found.get("line")
            self.handlers[op] = PanelHandler(
                op,
                name=str(found.get("name") or ""),
                file=str(found["file"]) if found.get("file") else None,
                line=line if isinstance(line, int) else None,
            )
        self._move(PanelState.RUNNING)

    def _joined(self, event: events.Joined) -> None:
        if event.client in self.clients:
            self._forget(event.client)
        if len(self.clients) >= MAX_CLIENTS:  # a Left must have been left out
            self._forget(next(iter(self.clients)))
        self.clients[event.client] = PanelClient(
            event.client,
            event.name,
            event.address,
            event.page,
            since=self._now(),
            missed_broadcasts=self._broadcasts,
        )

    def _left(self, event: events.Left) -> None:
        self._forget(event.client)

    def _forget(self, client_id: str) -> None:
        client = self.clients.pop(client_id, None)
        for group in client.groups if client else ():
            self._out_of_group(group, client_id)

    def _out_of_group(self, group: str, client_id: str) -> None:
        members = self.groups.get(group, {})
        members.pop(client_id, None)
        if not members:
            self.groups.pop(group, None)

    def _renamed(self, event: events.Renamed) -> None:
        if event.client in self.clients:
            self.clients[event.client].name = event.name

    def _group_changed(self, event: events.GroupChanged) -> None:
        client = self.clients.get(event.client)
        if client is None:
            return
        if not event.joined:
            client.groups.discard(event.group)
            self._out_of_group(event.group, event.client)
        elif event.group in self.groups or len(self.groups) < MAX_GROUPS:
            client.groups.add(event.group)
            self.groups.setdefault(event.group, {})[event.client] = None

    def _marked(self, event: events.Marked) -> None:
        if event.client in self.clients:
            marks = self.clients[event.client].marks
            (marks.add if event.on else marks.discard)(event.mark)

    def _message_in(self, event: events.MessageIn) -> None:
        self._count(messages_in=1)
        client = self.clients.get(event.client)
        if client is not None:
            client.messages_in += 1
        name = client.name if client else event.client
        self.log.add(
            LogEntry(
                self._now(),
                True,
                (event.client,),
                (name,),
                event.op,
                event.params,
                handled=event.handled,
                size_bytes=event.size_bytes,
            )
        )

    def _message_out(self, event: events.MessageOut) -> None:
        self._count(messages_out=1)
        ids = () if event.everybody else tuple(event.clients)
        if event.everybody:
            self._broadcasts += 1  # one number instead of a round through every client
        for client_id in ids:
            if client_id in self.clients:
                self.clients[client_id].messages_out += 1
        names = (
            self.clients[id_].name if id_ in self.clients else id_ for id_ in ids[:_NAMES_IN_LOG]
        )
        self.log.add(
            LogEntry(
                self._now(),
                False,
                ids,
                tuple(names),
                event.op,
                event.params,
                group=event.group,
                everybody=event.everybody,
                size_bytes=event.size_bytes,
            )
        )

    def _count(self, messages_in: int = 0, messages_out: int = 0) -> None:
        self.messages_in += messages_in
        self.messages_out += messages_out
        self._rate_in.add(messages_in)
        self._rate_out.add(messages_out)

    def _ran(self, event: events.Ran) -> None:
        if event.op not in self.handlers and len(self.handlers) < MAX_HANDLERS:
            self.handlers[event.op] = PanelHandler(event.op)
        if event.op in self.handlers:
            self.handlers[event.op].runs += event.count

    def _trouble(self, event: events.Trouble) -> None:
        same = (event.kind, event.text, event.file, event.line)
        self._troubles[same] = event
        self._troubles.move_to_end(same)
        if len(self._troubles) > MAX_TROUBLES:
            self._troubles.popitem(last=False)

    def _busy(self, event: events.Busy) -> None:
        self.busy = event

    def _free(self, event: events.Free) -> None:
        self.busy = None

    def _left_out(self, event: events.LeftOut) -> None:
        self.left_out += event.count
        self._count(event.messages_in, event.messages_out)

    def _stopping(self, event: events.Stopping) -> None:
        self._move(PanelState.STOPPING, event.reason)


_TAKES: dict[type, Callable[[PanelModel, Any], None]] = {
    events.Hello: PanelModel._hello,
    events.Started: PanelModel._started,
    events.Joined: PanelModel._joined,
    events.Left: PanelModel._left,
    events.Renamed: PanelModel._renamed,
    events.GroupChanged: PanelModel._group_changed,
    events.Marked: PanelModel._marked,
    events.MessageIn: PanelModel._message_in,
    events.MessageOut: PanelModel._message_out,
    events.Ran: PanelModel._ran,
    events.Trouble: PanelModel._trouble,
    events.Busy: PanelModel._busy,
    events.Free: PanelModel._free,
    events.LeftOut: PanelModel._left_out,
    events.Stopping: PanelModel._stopping,
}
