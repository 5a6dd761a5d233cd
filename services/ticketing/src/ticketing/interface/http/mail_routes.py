"""Mails of senders who take no part in a ticket."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.open_ticket import TicketStood
from ticketing.application.release_message import ReleaseMessage
from ticketing.interface.http.answers import StandingOut
from ticketing.interface.http.fields import known_message, ticket_ref
from ticketing.interface.http.ticket_routes import TicketId, standing

MessageId = Annotated[str, Path(alias="message_id")]


def mail_router(app: TicketingApp) -> APIRouter:
    """Release a held message."""
    router = APIRouter(tags=["tickets"])

    @router.post("/api/tickets/{id}/messages/{message_id}/release")
    @guarded("ticket:modify")
    async def release(
        ticket: TicketId, message_id: MessageId, caller: CallerDep, response: Response
    ) -> StandingOut:
        command = ReleaseMessage(ticket_ref(ticket), known_message(message_id))
        return standing(await caller.once(app.release_message, command, TicketStood), response)

    return router
