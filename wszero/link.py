"""The connection of one client, over one socket after another.

For a plain client a link lives as long as its socket. A page of ours that loses its socket comes
back and is still the same client: meanwhile its link is *away*, keeps what is sent to it, and ends
when the page does not come back in time.

How nothing is lost or doubled: both sides count the messages of the session, each keeps the newest
it has sent, and when they meet again each says how many it has got.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Optional

from .calls import Call
from .errors import BadMessage
from .frames import text_frame
from .protocol import Message, decode, encode
from .wire import NO_GOODBYE, Wire

if TYPE_CHECKING:
    from .client import Client
    from .server import Server

MOST_UNHANDLED = 32
"""So many messages of one client wait for their handlers; the next ones stay in the network …"""
MOST_OF_MANY = 8
"""… or so many, when many send too much at once: those who don't are behind all of them."""
LEFT = 4
"""It goes on when one in so many is left."""
BURST_S = 2.0
"""A burst may be as large as what `max_rate` allows in this time."""
MOST_KEPT = 500
"""Messages that are kept for a page that may have lost them."""
KICKED = 4001
GOODBYES = (1000, 1001, 1005)
"""Close codes of somebody who leaves for good: RFC 6455, section 7.4.1."""


class Link:
    """One client, as the network sees it.

    Args:
        server: Gets what comes in.
        page: The path of our page that has announced itself; ``None`` for a plain client.
        address: Whose it is.
    """

    __slots__ = (
        "_credit",
        "_filled_at",
        "_kept_bytes",
        "_most_bytes",
        "_receipted",
        "_sent",
        "address",
        "away_since",
        "client",
        "fed",
        "handled",
        "has_left",
        "is_dead",
        "is_full",
        "is_slow",
        "kept",
        "key",
        "noisy_at",
        "page",
        "received_count",
        "server",
        "wire",
    )

    def __init__(self, server: Server, page: Optional[str], address: str) -> None:
        self.server = server
        self.page = page
        self.address = address
        self.key = secrets.token_urlsafe(16) if page is not None else ""
        self.client: Client
        self.wire: Optional[Wire] = None
        """``None`` while the page is away."""
        self.away_since = 0.0
        self.has_left = False
        self.is_dead = False
        """What still waits for a handler is dropped."""
        self.is_slow = False
        self.is_full = False
        """Its messages wait until the handlers have caught up."""
        self.noisy_at = 0.0
        """When it last sent more than `max_rate`; 0 if that is long ago."""
        # Each counter is written by one thread only: the network's, and the one with the baton.
        self.fed = 0
        self.handled = 0
        self._credit = self._burst()
        self._filled_at = server.now()
        self.received_count = self._receipted = 0
        # Below belongs to the lock of `Outgoing`.
        self._sent = 0
        self.kept: Optional[Deque[bytes]] = deque() if page is not None else None
        self._kept_bytes = 0
        limit = server.options.max_waiting
        self._most_bytes = float("inf") if limit is None else limit

    @property
    def is_from_here(self) -> bool:
        """Whether the other side is on this computer: both ends have the same address."""
        if self.wire is None:
            return False
        ends = [self.wire.transport.get_extra_info(end) for end in ("peername", "sockname")]
        return bool(ends[0] and ends[1] and ends[0][0] == ends[1][0])

    # ---- what comes in ------------------------------------------------------------------------

    def may_take(self) -> bool:
        """Tell whether one more frame is looked at now; each time counts as one."""
        if self.is_dead:
            return True
        naps = self.server.runtime.naps.waiting
        asleep = len(naps.get(self.client, ())) if naps else 0
        if self.fed - self.handled + asleep >= self.server.holding.most_unhandled:
            self.is_full = True
            return False
        if self._credit < 1:
            now = self.server.now()
            rate = self.server.options.max_rate or 0
            self._credit = min(self._burst(), (now - self._filled_at) * rate)
            if self._credit < 1:
                self.server.limits.noisy(self)
                return False
            self._filled_at = now
        self._credit -= 1
        return True

    def _burst(self) -> float:
        rate = self.server.options.max_rate
        return float("inf") if rate is None else max(1.0, rate * BURST_S)

    def has_caught_up(self) -> bool:
        """Tell whether few enough messages wait for their handlers."""
        asleep = len(self.server.runtime.naps.waiting.get(self.client, ()))
        return self.fed - self.handled + asleep <= self.server.holding.most_unhandled // LEFT

    def begins(self, message: Message, size_bytes: int) -> Optional[Call]:
        """The turn of a message has come. Called by whoever has the baton."""
        self.handled += 1
        if self.is_full and self.fed - self.handled <= self.server.holding.most_unhandled // LEFT:
            self.is_full = False
            self.server.call(self._relieve)
        return None if self.is_dead else self.server.app.message(self.client, message, size_bytes)

    def _relieve(self) -> None:
        if self.wire is not None:
            self.wire.go_on()

    def received(self, text: str, size_bytes: int) -> None:
        """A text has come."""
        if self.is_dead:
            return
        try:
            message = decode(text, self.page is not None)
        except BadMessage as error:
            self.received_count += 1
            self.server.app.troubles.bad_message(self.client, error)
            return
        if message.op == "_got":
            self._confirm(message.params.get("n"))
            return
        self.received_count += 1
        if message.op.startswith("_"):
            self.server.page_says(self, message)
        else:
            self.fed += 1
            self.server.feed(self.begins, message, size_bytes)

    def received_binary(self, data: bytes) -> None:
        """A binary message has come, which says nothing to us."""
        if not self.is_dead:
            error = BadMessage("binary", "Messages are text, not binary.", "Send JSON as text.")
            self.server.app.troubles.bad_message(self.client, error)

    # ---- what goes out; from any thread that has the lock of `Outgoing` -----------------------

    def write(self, frames: List[bytes]) -> None:
        """Send messages, together, or keep them for a page that is away."""
        if self.kept is not None:
            for frame in frames:
                self.keep(frame)
        if self.wire is not None:
            self.wire.write(b"".join(frames))

    def keep(self, frame: bytes) -> None:
        """Keep a message until the page says that it has come."""
        kept = self.kept
        assert kept is not None
        self._sent += 1
        kept.append(frame)
        self._kept_bytes += len(frame)
        while len(kept) > MOST_KEPT or (self._kept_bytes > self._most_bytes and len(kept) > 1):
            self._kept_bytes -= len(kept.popleft())

    def _confirm(self, n: Any) -> None:
        """The page has got so many messages: they need not be kept."""
        with self.server.outgoing.lock:
            self._forget(n)

    def _forget(self, n: Any) -> int:
        """Drop what the page has got; return how many of the others are lost."""
        kept = self.kept
        if kept is None:
            return 0
        if isinstance(n, bool) or not isinstance(n, int):
            n = 0
        missing: int = max(0, self._sent - max(0, n))
        while len(kept) > missing:
            self._kept_bytes -= len(kept.popleft())
        return missing - len(kept)

    def receipt(self) -> None:
        """Tell the page, now and then, how many of its messages have come."""
        if self.received_count != self._receipted and self.wire is not None:
            self._receipted = self.received_count
            frame = text_frame(encode("_got", {"n": self.received_count}))
            with self.server.outgoing.lock:
                if self.wire is not None:
                    self.wire.write(frame)

    # ---- a socket comes, and goes -------------------------------------------------------------

    def begin(self, wire: Wire) -> None:
        """Use the first socket."""
        self.wire = wire
        wire.link = self

    def greet(self, hello: Dict[str, Any]) -> None:
        """Tell a new page what it needs to know."""
        frame = text_frame(encode("_hello", {**hello, "key": self.key, "got": 0}))
        with self.server.outgoing.lock:
            if self.wire is not None:
                self.wire.write(frame)

    def come_back(self, wire: Wire, hello: Dict[str, Any], got: int) -> None:
        """Go on with a new socket, where the page has got so many messages."""
        old, self.wire = self.wire, None
        if old is not None:
            # It died, and only the page knows. What it had not looked at, the page sends again.
            old.is_over = True
            old.transport.abort()
        wire.link = self
        self._filled_at = self.server.now()
        # What has waited in the page comes all at once now, and is no flood.
        self._credit = max(self._credit, 2 * MOST_KEPT)
        self._receipted = self.received_count
        with self.server.outgoing.lock:
            lost = self._forget(got)
            # Neither side counts what is lost for good.
            self._sent -= lost
            more = {"key": self.key, "resumed": True, "got": self.received_count, "lost": lost}
            assert self.kept is not None
            wire.write(text_frame(encode("_hello", {**hello, **more})) + b"".join(self.kept))
            self.wire = wire
        if self.away_since:
            self.away_since = 0.0
            self.server.is_back(self)
        # Only a socket that has been slow says when it is so no more.
        self.reads_again()
        if lost:
            self.server.limits.missed(self, lost)

    def wire_lost(self, wire: Wire, reason: str) -> None:
        """A socket is gone: the end of a plain client, and a blip for a page."""
        if self.wire is not wire:
            return
        with self.server.outgoing.lock:
            self.wire = None
        if self.has_left:
            return
        if self.may_come_back(NO_GOODBYE):
            self.away_since = self.server.now()
            self.server.is_away(self)
        else:
            self.leave(reason)

    def said_goodbye(self, wire: Wire, code: int) -> None:
        """A close frame has come."""
        if self.wire is wire and not self.may_come_back(code):
            self.leave("left")

    def may_come_back(self, code: int) -> bool:
        """Tell whether somebody who closes with this code, or with none, is only away."""
        is_blip = self.page is not None and code not in GOODBYES
        return is_blip and self.server.options.away != 0

    def broke(self, wire: Wire) -> None:
        """A socket brought what breaks the rules. It would again, so there is no coming back."""
        if self.wire is wire:
            self.leave("broken", "What this page sent could not be read.")

    def too_big(self) -> None:
        """A message over the limit has come."""
        if not self.has_left:
            self.server.limits.too_big(self)
            limit = self.server.options.max_message
            self.leave(
                "too big", f"A message of this page was over the limit (max_message={limit})."
            )

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, for good."""
        wire = self.wire
        is_kick = code == KICKED
        self.leave("kicked" if is_kick else "closed", reason, kicked=is_kick)
        if wire is not None:
            wire.close(code, reason)

    def does_not_read(self, wire: Wire, limit: int) -> None:
        """Too much waits for this client: it is dropped."""
        if self.wire is wire and not self.has_left:
            self.server.limits.unread(self, limit)
            why = f"This page did not read its messages (max_waiting={limit})."
            self.leave("does not read", why)
            wire.transport.abort()

    def reads_again(self) -> None:
        """All that waited for this client has been sent."""
        if self.is_slow:
            self.server.limits.slow(self, False)

    def leave(self, reason: str, why: str = "", kicked: bool = False) -> None:
        """End the link, once.

        Args:
            reason: For the panel. Only after ``left`` and ``gone`` is heard what came before.
            why: Words for the page, should it come back.
            kicked: It must not come back.
        """
        if not self.has_left:
            self.has_left = True
            # Who was kicked and leaves meanwhile stays unheard.
            self.is_dead = self.is_dead or reason not in ("left", "gone", "stayed away")
            with self.server.outgoing.lock:
                # RFC 6455, section 5.5.1: after a close frame nothing more is sent.
                self.kept = self.wire = None
            self.server.client_left(self, reason, why, kicked)
