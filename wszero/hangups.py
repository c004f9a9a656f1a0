"""Who has hung up although nobody reads what they have sent.

A transport that is paused hears nothing, neither a goodbye nor the end. The system knows.
"""

from __future__ import annotations

import select
from typing import Iterable, Iterator, Optional, Tuple

from .wire import Wire

_HALF_CLOSED = getattr(select, "POLLRDHUP", 0)


def hung_up(wires: Iterable[Wire]) -> Iterator[Tuple[Wire, Optional[bool]]]:
    """Yield each wire, with whether its other side has hung up: ``None`` if it broke off.

    On Windows, which can't tell, nobody has.
    """
    handles = {wire.transport.get_extra_info("socket").fileno(): wire for wire in wires}
    found = {}
    if hasattr(select, "poll"):
        poll = select.poll()
        for handle in handles:
            if handle >= 0:
                poll.register(handle, _HALF_CLOSED)
        found = dict(poll.poll(0))
    for handle, wire in handles.items():
        state = found.get(handle, 0)
        # `poll` knows no types on Windows, and there are no such names.
        if state & (getattr(select, "POLLERR", 0) | getattr(select, "POLLHUP", 0)):
            yield wire, None
        else:
            yield wire, bool(state & _HALF_CLOSED)
