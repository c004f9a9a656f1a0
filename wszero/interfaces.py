"""What the core needs from those around it, and knows nothing more about."""

from __future__ import annotations

from typing import Any, Protocol, Sequence


class Transport(Protocol):
    """What the core needs from whoever moves the frames."""

    def send(self, payload: bytes, links: Sequence[Any]) -> None:
        """Send one frame to several connections, from any thread; does not wait for them."""

    def close(self, link: Any, code: int, reason: str) -> None:
        """Close a connection after what was sent before."""

    def is_page(self, link: Any) -> bool:
        """Tell whether our page is at the other end."""


class Driver(Protocol):
    """Runs an app: opens the port, the threads, the panel link."""

    def run(self) -> None:
        """Run until the server is stopped."""

    def start(self) -> None:
        """Run in the background; returns when pages can come."""

    def stop(self) -> None:
        """Stop, and return when all is over."""

    @property
    def port(self) -> int:
        """The port that pages use."""


class Nowhere:
    """The transport of an app that does not run: there is nobody to send to."""

    def send(self, payload: bytes, links: Sequence[Any]) -> None:
        """Send to nobody."""

    def close(self, link: Any, code: int, reason: str) -> None:
        """Close nothing."""

    def is_page(self, link: Any) -> bool:
        """Tell that there is no page."""
        return False
