"""Keep, show and discard what somebody has begun to write."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.access import Action, Actor
from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Cleaner, RawBody, TicketRef
from ticketing.application.tickets import Tickets
from ticketing.application.writing import Draft, Drafts, Mode
from ticketing.domain.bodies import Body
from ticketing.domain.errors import BodyMissing, PersonNeeded
from ticketing.domain.ticket import Ticket


@dataclass(frozen=True)
class KeepDraft:
    """The present text of the caller's draft; an empty one is no draft."""

    ticket: TicketRef
    mode: Mode
    body: RawBody
    cc: tuple[str, ...] | None = None
    attachment_ids: tuple[UUID, ...] = ()


class DraftsOfMine:
    """The caller's own drafts; they die by sending or discarding only, and nobody else sees them.
    Raises AccessDenied, and PersonNeeded for a key."""

    def __init__(
        self, database: Database, tickets: Tickets, drafts: Drafts, clean: Cleaner, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._drafts = drafts
        self._clean = clean
        self._clock = clock

    async def keep(self, command: KeepDraft, caller: Caller) -> Draft | None:
        """As kept. Raises BodyTooLarge."""
        async with self._database.work(caller.origin) as work:
            ticket, user = await self._open(work, command.ticket, caller.actor, "modify")
            body = self._cleaned(command.body)
            if body is None:
                await self._drafts.drop(work, ticket.id, user, command.mode)
                return None
            draft = Draft(
                ticket_id=ticket.id,
                user_id=user,
                mode=command.mode,
                body_html=body.html,
                body_text=body.text,
                cc=command.cc,
                attachment_ids=command.attachment_ids,
                updated_at=self._clock.now(),
            )
            await self._drafts.keep(work, draft)
            return draft

    async def show(self, ref: TicketRef, actor: Actor) -> Sequence[Draft]:
        """At most one a mode."""
        async with self._database.reading() as work:
            ticket, user = await self._open(work, ref, actor, "view")
            return await self._drafts.of(work, ticket.id, user)

    async def discard(self, ref: TicketRef, mode: Mode | None, caller: Caller) -> None:
        """Gone, whether there was one or not."""
        async with self._database.work(caller.origin) as work:
            ticket, user = await self._open(work, ref, caller.actor, "modify")
            await self._drafts.drop(work, ticket.id, user, mode)

    async def _open(
        self, work: Work, ref: TicketRef, actor: Actor, action: Action
    ) -> tuple[Ticket, UUID]:
        ticket = (await self._tickets.get(work, ref, actor, action)).ticket
        if actor.user_id is None:
            raise PersonNeeded("a draft is a person's")
        return ticket, actor.user_id

    def _cleaned(self, raw: RawBody) -> Body | None:
        try:
            return self._clean(raw)
        except BodyMissing:
            return None
