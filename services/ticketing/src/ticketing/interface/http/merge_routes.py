"""Merge, unmerge, split."""

from fastapi import APIRouter, Response

from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.merge_tickets import MergeTickets
from ticketing.application.open_ticket import TicketStood
from ticketing.application.split_ticket import SplitTicket
from ticketing.application.unmerge_ticket import UnmergeTicket
from ticketing.interface.http.answers import MergePreviewOut, StandingOut
from ticketing.interface.http.fields import ticket_ref
from ticketing.interface.http.requests import MergeIn, SplitIn, UnmergeIn
from ticketing.interface.http.ticket_routes import BODY_LIMIT, TicketId, standing


def merge_router(app: TicketingApp) -> APIRouter:
    """Tickets that become one, and come apart again."""
    router = APIRouter(tags=["tickets"])

    @router.post("/api/tickets/{id}/merge")
    @guarded("role:manager")
    async def merge(
        ticket: TicketId, body: MergeIn, caller: CallerDep, response: Response
    ) -> StandingOut:
        command = MergeTickets(ticket_ref(ticket), ticket_ref(body.into))
        return standing(await caller.once(app.merge_tickets, command, TicketStood), response)

    @router.post("/api/tickets/{id}/merge/preview")
    @guarded("role:manager")
    async def preview(ticket: TicketId, body: MergeIn, caller: CallerDep) -> MergePreviewOut:
        command = MergeTickets(ticket_ref(ticket), ticket_ref(body.into))
        found = await app.merge_tickets.preview(command, caller.actor)
        return MergePreviewOut.model_validate(found)

    @router.post("/api/tickets/{id}/unmerge")
    @guarded("role:manager")
    async def unmerge(
        ticket: TicketId, caller: CallerDep, response: Response, body: UnmergeIn | None = None
    ) -> StandingOut:
        command = UnmergeTicket(ticket_ref(ticket), body.reason if body else None)
        return standing(await caller.once(app.unmerge_ticket, command, TicketStood), response)

    @router.post("/api/tickets/{id}/split", status_code=201)
    @guarded("ticket:modify", body_limit=BODY_LIMIT)
    async def split(
        ticket: TicketId, body: SplitIn, caller: CallerDep, response: Response
    ) -> StandingOut:
        command = SplitTicket(ticket_ref(ticket), body.message_ids, body.subject)
        return standing(await caller.once(app.split_ticket, command, TicketStood), response)

    return router
