"""Out of sight and back: snooze, delete, restore."""

from fastapi import APIRouter, Request, Response

from deskstream_chassis.http.etag import etag, if_match
from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.delete_ticket import DeleteTicket
from ticketing.application.open_ticket import TicketStood
from ticketing.application.restore_ticket import RestoreTicket
from ticketing.application.snooze_ticket import SnoozeTicket
from ticketing.interface.http.answers import StandingOut
from ticketing.interface.http.fields import ticket_ref
from ticketing.interface.http.requests import SnoozeIn
from ticketing.interface.http.ticket_routes import TicketId, standing


def standing_router(app: TicketingApp) -> APIRouter:
    """What takes a ticket out of sight, and what brings it back."""
    router = APIRouter(tags=["tickets"])

    @router.delete("/api/tickets/{id}", status_code=204)
    @guarded("ticket:delete")
    async def delete(
        ticket: TicketId, request: Request, caller: CallerDep, response: Response
    ) -> None:
        command = DeleteTicket(ticket_ref(ticket), if_match(request))
        stood = await caller.once(app.delete_ticket, command, TicketStood)
        response.headers["ETag"] = etag(stood.version)

    @router.post("/api/tickets/{id}/restore")
    @guarded("role:manager")
    async def restore(ticket: TicketId, caller: CallerDep, response: Response) -> StandingOut:
        command = RestoreTicket(ticket_ref(ticket))
        return standing(await caller.once(app.restore_ticket, command, TicketStood), response)

    @router.post("/api/tickets/{id}/snooze")
    @guarded("ticket:modify")
    async def snooze(
        ticket: TicketId, body: SnoozeIn, caller: CallerDep, response: Response
    ) -> StandingOut:
        command = SnoozeTicket(ticket_ref(ticket), body.until)
        return standing(await caller.once(app.snooze_ticket, command, TicketStood), response)

    return router
