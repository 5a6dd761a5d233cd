"""What happened to a ticket, and many tickets changed at once."""

from typing import Annotated

from fastapi import APIRouter, Query

from deskstream_chassis.access import AccessDenied
from deskstream_chassis.caller import Caller
from deskstream_chassis.http.errors import BASE, problem_of
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Cursors, page
from deskstream_eventstore import Conflict, InFlight, KeyReused
from ticketing.application.app import TicketingApp
from ticketing.application.bulk import one_of_many
from ticketing.application.change_ticket import ChangeTicket
from ticketing.application.open_ticket import TicketStood
from ticketing.domain.errors import TicketingError
from ticketing.interface.http.answers import (
    BulkOut,
    BulkResultOut,
    HappeningOut,
    HistoryOut,
    TicketOut,
)
from ticketing.interface.http.errors import ERRORS
from ticketing.interface.http.fields import ticket_ref
from ticketing.interface.http.listing import HistoryQuery
from ticketing.interface.http.requests import BulkIn
from ticketing.interface.http.ticket_routes import TicketId

REFUSALS = (TicketingError, AccessDenied, Conflict, KeyReused, InFlight)
_history: Cursors[int] = Cursors("history", int)


def history_router(app: TicketingApp) -> APIRouter:
    """Must be included before the routes of a ticket: `bulk` is no ticket."""
    router = APIRouter(tags=["tickets"])

    @router.post("/api/tickets/bulk")
    @guarded("session")
    async def bulk(body: BulkIn, caller: CallerDep) -> BulkOut:
        return BulkOut(items=[await _one(app, caller, ref, body) for ref in body.refs()])

    @router.get("/api/tickets/{id}/history")
    @guarded("ticket:view")
    async def history(
        ticket: TicketId, query: Annotated[HistoryQuery, Query()], caller: CallerDep
    ) -> HistoryOut:
        about = [ticket, str(query.as_of)]
        after = _history.read(query.cursor, about) or 0
        found = await app.show_history(
            ticket_ref(ticket), query.as_of, after, query.limit, caller.actor
        )
        shown, following = page(
            found.happenings, query.limit, lambda row: _history.write(row.version, about)
        )
        return HistoryOut(
            items=[HappeningOut.model_validate(row) for row in shown],
            next=following,
            ticket=TicketOut.shown(found.then) if found.then else None,
        )

    return router


async def _one(app: TicketingApp, caller: Caller, ref: str, body: BulkIn) -> BulkResultOut:
    """One item, as its own command; a refusal is its result."""
    try:
        command: ChangeTicket = body.change.command(ticket_ref(ref), None)
        own = one_of_many(caller, ref)
        stood = await own.once(app.change_ticket, command, TicketStood)
    except REFUSALS as error:
        problem = problem_of(error, {**BASE, **ERRORS})
        return BulkResultOut(
            ticket=ref, status=problem.status_code, code=problem.code, field=problem.field
        )
    return BulkResultOut(ticket=ref, status=200, standing=stood.status, version=stood.version)
