"""Texts with placeholders that the desk answers with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Cleaner, Directory, RawBody, TicketRef
from ticketing.application.tickets import Tickets
from ticketing.application.writing import CannedResponse, CannedResponses
from ticketing.domain.placeholders import fill, known_only, values
from ticketing.domain.writing_errors import CannedResponseUnknown


@dataclass(frozen=True)
class SaveCannedResponse:
    """A new one (`id` None), or another text of one that is there."""

    id: UUID | None
    title: str
    body: RawBody
    team_id: UUID | None = None


class CannedResponsesOfDesk:
    """Managers edit them (the routes say so); a team's own are for its members, managers and
    admins."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        responses: CannedResponses,
        clean: Cleaner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._responses = responses
        self._clean = clean
        self._clock = clock

    async def list(self, actor: Actor, ticket: TicketRef | None) -> Sequence[CannedResponse]:
        """By title; for a ticket, filled from it and from whom asks. Raises AccessDenied."""
        async with self._database.reading() as work:
            shown = [one for one in await self._responses.all(work) if _for(actor, one)]
            if ticket is None:
                return shown
            about = (await self._tickets.get(work, ticket, actor, "view")).ticket
            user = actor.user_id
            agent = await self._directory.person(work, user) if user else None
        found = values(about, agent)
        filled = [(one, fill(one.body, found)) for one in shown]
        return [replace(one, body_html=b.html, body_text=b.text) for one, b in filled]

    async def save(self, command: SaveCannedResponse, caller: Caller) -> CannedResponse:
        """As kept. Raises CannedResponseUnknown, TeamUnknown, PlaceholderUnknown, BodyMissing,
        BodyTooLarge."""
        body = known_only(self._clean(command.body))
        async with self._database.work(caller.origin) as work:
            await work.once()
            await self._there(work, command)
            response = CannedResponse(
                id=command.id or new_id(),
                title=command.title,
                body_html=body.html,
                body_text=body.text,
                team_id=command.team_id,
                updated_at=self._clock.now(),
                updated_by=caller.actor.ref,
            )
            await self._responses.keep(work, response)
            return work.answer(response)

    async def remove(self, response_id: UUID, caller: Caller) -> None:
        """Raises CannedResponseUnknown."""
        async with self._database.work(caller.origin) as work:
            if not await self._responses.drop(work, response_id):
                raise CannedResponseUnknown("no such canned response")

    async def _there(self, work: Work, command: SaveCannedResponse) -> None:
        if command.team_id is not None:
            await self._tickets.team(work, command.team_id)
        if command.id is not None and await self._responses.get(work, command.id) is None:
            raise CannedResponseUnknown("no such canned response")


def _for(actor: Actor, response: CannedResponse) -> bool:
    team = response.team_id
    return team is None or team in actor.teams or actor.is_at_least(Role.MANAGER)
