"""A service behind the gate, as the gate sees it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

Body = bytes | AsyncIterator[bytes] | None
"""Bytes are sent with their length; an iterator is sent as it comes."""


class UpstreamError(Exception):
    """The service gave no answer. `code` is stable and names no address."""

    code = "upstream_failed"


class UpstreamDown(UpstreamError):
    """Nobody listens, or the breaker is open: nothing was sent."""

    code = "upstream_unavailable"


class UpstreamSlow(UpstreamError):
    """The first byte, or the next one, did not come in time. What was asked may still happen."""

    code = "upstream_timeout"


class UpstreamBroken(UpstreamError):
    """The connection ended, or spoke no HTTP. What was asked may have happened."""

    code = "upstream_broken"


@dataclass(slots=True)
class UpstreamRequest:
    """One request as it goes on: everything in it was written by us, nothing copied unseen."""

    method: str
    target: str
    """Path and query, already encoded."""
    headers: Mapping[str, str]
    body: Body
    first_byte: float
    """Seconds until the answer begins, counted from the end of the request."""
    idempotent: bool
    """May be sent a second time after a broken connection, before the first byte."""


class UpstreamAnswer(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Names as the service spelt them."""

    async def whole(self) -> bytes:
        """The rest of the body at once. Raises UpstreamSlow, UpstreamBroken."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises UpstreamSlow, UpstreamBroken."""

    def close(self) -> None:
        """Let go. An answer that was not read to its end ends its connection too."""


class Upstream(Protocol):
    """One service."""

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """The head of the answer. Raises UpstreamDown, UpstreamSlow, UpstreamBroken."""

    async def close(self) -> None:
        """Close idle connections."""
