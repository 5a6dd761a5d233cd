"""What the gateway knows of the desk beside accounts: the feed, tickets, who works on them.

All of it follows the services' events; every method may raise StoreDown.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from deskstream_chassis.replica import KnownTicket
from deskstream_eventstore import Work
from gateway.application.feed import Slice

PresenceState = Literal["viewing", "replying"]


class Feed(Protocol):
    """The feed as this process reads it."""

    async def after(self, seq: int | None, limit: int) -> Slice:
        """At most `limit` entries after `seq` (None: after the floor), in order, none skipped,
        with the facts of this instant."""

    def wakes(self) -> AsyncGenerator[None, None]:
        """One value whenever there may be more, and at least every second. Never raises and never
        ends by itself."""


class FeedWriter(Protocol):
    """The feed as its one consumer writes it."""

    async def write(
        self, work: Work, kind: str, stream_id: UUID, version: int, ticket_id: UUID | None
    ) -> None:
        """Put one entry at the end, in the consumer's transaction."""


class DeskTickets(Protocol):
    """Tickets, as far as the gateway knows them."""

    async def find(self, ticket: UUID | int) -> KnownTicket | None:
        """By id or by number. Raises ReplicaBehind."""


@dataclass(frozen=True)
class OpenTicket:
    """A ticket that somebody still has work with."""

    id: UUID
    number: int


@dataclass(frozen=True)
class Assigned:
    """The oldest of a user's open tickets, and how many there are."""

    tickets: tuple[OpenTicket, ...]
    total: int


class OpenTickets(Protocol):
    """Whose work waits for whom."""

    async def assigned_to(self, user_id: UUID) -> Assigned | None:
        """None where what is known is too old to be told."""


@dataclass(frozen=True)
class Present:
    """Somebody who has a ticket open."""

    user_id: UUID
    name: str
    state: PresenceState


class Presence(Protocol):
    """Who has which ticket open; shared by all processes."""

    async def keep(
        self, ticket_id: UUID, user_id: UUID, state: PresenceState, until: datetime
    ) -> None:
        """He is there until then, in this state and no other."""

    async def on(self, ticket_id: UUID, now: datetime) -> Sequence[Present]:
        """Active members of staff who are there, by id."""


@dataclass(frozen=True)
class Desk:
    """The four together."""

    feed: Feed
    tickets: DeskTickets
    open_tickets: OpenTickets
    presence: Presence
