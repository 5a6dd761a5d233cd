"""The desk in memory: tickets that a test names, and a feed of what it says happened."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_chassis.access import TicketAccess
from deskstream_chassis.ids import new_id
from deskstream_chassis.replica import KnownTicket
from gateway.application.desk import Assigned, Desk, OpenTicket, PresenceState, Present
from gateway.application.feed import Entry, Slice
from gateway.application.ports import StoreDown
from gateway.domain.errors import ReplicaBehind


@dataclass
class _Ticket:
    known: KnownTicket
    is_open: bool = True


class FakeDesk:
    """Feed, DeskTickets, OpenTickets and Presence. `down`: StoreDown; `fresh` False: behind."""

    def __init__(self, name_of: Callable[[UUID], str] = str) -> None:
        self._name_of = name_of
        self._tickets: dict[UUID, _Ticket] = {}
        self._entries: list[Entry] = []
        self._here: dict[tuple[UUID, UUID], tuple[PresenceState, datetime]] = {}
        self._woken: set[asyncio.Event] = set()
        self._head = self._floor = 0
        self.down, self.fresh = False, True

    @property
    def ports(self) -> Desk:
        """As the use cases take them."""
        return Desk(self, self, self, self)

    def ticket(self, access: TicketAccess, *, is_open: bool = True) -> UUID:
        """A ticket with these facts."""
        ticket_id = new_id()
        known = KnownTicket(ticket_id, len(self._tickets) + 1, access)
        self._tickets[ticket_id] = _Ticket(known, is_open)
        return ticket_id

    def change(self, ticket_id: UUID, access: TicketAccess | None) -> None:
        """Other facts; None: they are no longer complete."""
        known = self._tickets.pop(ticket_id).known
        if access is not None:
            self._tickets[ticket_id] = _Ticket(KnownTicket(ticket_id, known.number, access))

    def happen(self, kind: str, about: UUID, version: int = 1, ticket: UUID | None = None) -> int:
        """An event; its number."""
        self._head += 1
        self._entries.append(Entry(self._head, kind, about, version, ticket))
        for woken in self._woken:
            woken.set()
        return self._head

    def forget(self, up_to: int) -> None:
        """Entries up to this one are gone."""
        self._entries = [entry for entry in self._entries if entry.seq > up_to]
        self._floor = up_to

    async def after(self, seq: int | None, limit: int) -> Slice:
        """See application/desk.Feed."""
        self._answer()
        since = self._floor if seq is None else seq
        found = [entry for entry in self._entries if entry.seq > since][:limit]
        shown = tuple(
            Entry(e.seq, e.type, e.id, e.version, e.ticket_id, self._access(e)) for e in found
        )
        return Slice(shown, self._head, self._floor, self.fresh)

    def _access(self, entry: Entry) -> TicketAccess | None:
        found = None if entry.ticket_id is None else self._tickets.get(entry.ticket_id)
        return None if found is None else found.known.access

    async def wakes(self) -> AsyncGenerator[None, None]:
        """See application/desk.Feed."""
        woken = asyncio.Event()
        self._woken.add(woken)
        try:
            while True:
                yield
                try:
                    async with asyncio.timeout(1.0):
                        await woken.wait()
                except TimeoutError:
                    continue
                finally:
                    woken.clear()
        finally:
            self._woken.discard(woken)

    async def find(self, ticket: UUID | int) -> KnownTicket | None:
        """See application/desk.DeskTickets."""
        self._answer()
        if not self.fresh:
            raise ReplicaBehind("told to be behind")
        every = (found.known for found in self._tickets.values())
        return next((known for known in every if ticket in (known.ticket_id, known.number)), None)

    async def assigned_to(self, user_id: UUID) -> Assigned | None:
        """See application/desk.OpenTickets."""
        self._answer()
        if not self.fresh:
            return None
        mine = [
            OpenTicket(t.known.ticket_id, t.known.number)
            for t in self._tickets.values()
            if t.is_open and not t.known.access.deleted and t.known.access.assignee_id == user_id
        ]
        return Assigned(tuple(sorted(mine, key=lambda t: t.number)[:50]), len(mine))

    async def keep(
        self, ticket_id: UUID, user_id: UUID, state: PresenceState, until: datetime
    ) -> None:
        """See application/desk.Presence."""
        self._answer()
        self._here[ticket_id, user_id] = (state, until)

    async def on(self, ticket_id: UUID, now: datetime) -> Sequence[Present]:
        """See application/desk.Presence."""
        self._answer()
        return [
            Present(user_id, self._name_of(user_id), state)
            for (ticket, user_id), (state, until) in sorted(self._here.items())
            if ticket == ticket_id and until > now
        ]

    def _answer(self) -> None:
        if self.down:
            raise StoreDown("told to be down")
