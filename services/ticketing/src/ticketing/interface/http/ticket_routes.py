"""Tickets: open, list, show, change, comment, reopen."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from deskstream_chassis.http.etag import etag, if_match
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from ticketing.application.add_note import NoteAdded
from ticketing.application.app import TicketingApp
from ticketing.application.open_ticket import TicketStood
from ticketing.application.reopen_ticket import ReopenTicket
from ticketing.interface.http.answers import (
    MessageOut,
    NoteOut,
    StandingOut,
    TicketOut,
    TicketRowOut,
)
from ticketing.interface.http.fields import ticket_ref
from ticketing.interface.http.listing import TicketQuery
from ticketing.interface.http.requests import ChangeTicketIn, NoteIn, OpenTicketIn, ReopenIn

BODY_LIMIT = 2 * 1024 * 1024
"""A text of 256 KiB in which every letter is escaped."""
TicketId = Annotated[str, Path(alias="id", description="UUID or number")]

_comments: Cursors[int] = Cursors("comments", int)


def ticket_router(app: TicketingApp) -> APIRouter:
    """Everything about a ticket but replies and files."""
    router = APIRouter(tags=["tickets"])

    @router.post("/api/tickets", status_code=201)
    @guarded("session", "api-key:tickets:create", body_limit=BODY_LIMIT)
    async def open_ticket(body: OpenTicketIn, caller: CallerDep, response: Response) -> StandingOut:
        stood = await caller.once(app.open_ticket, body.command(), TicketStood)
        return standing(stood, response)

    @router.get("/api/tickets")
    @guarded("session")
    async def list_tickets(
        query: Annotated[TicketQuery, Query()], caller: CallerDep
    ) -> Page[TicketRowOut]:
        if query.view is not None:
            saved = await app.saved_views.get(query.view, caller.actor)
            query = query.over(saved.query)
        filters = query.filters(caller.actor)
        rows = await app.list_tickets(caller.actor, filters, query.sort, query.after(), query.limit)
        shown, following = page(rows, query.limit, query.cursor_of)
        return Page(items=[TicketRowOut.of(row) for row in shown], next=following)

    @router.get("/api/tickets/{id}")
    @guarded("ticket:view")
    async def show_ticket(ticket: TicketId, caller: CallerDep, response: Response) -> TicketOut:
        shown = await app.show_ticket(ticket_ref(ticket), caller.actor)
        response.headers["ETag"] = etag(shown.ticket.version)
        return TicketOut.shown(shown)

    @router.put("/api/tickets/{id}")
    @guarded("ticket:modify")
    async def change_ticket(
        ticket: TicketId,
        body: ChangeTicketIn,
        request: Request,
        caller: CallerDep,
        response: Response,
    ) -> StandingOut:
        command = body.command(ticket_ref(ticket), if_match(request))
        return standing(await caller.once(app.change_ticket, command, TicketStood), response)

    @router.get("/api/tickets/{id}/comments")
    @guarded("ticket:view")
    async def list_comments(
        ticket: TicketId, caller: CallerDep, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[MessageOut]:
        shown = await app.show_ticket(ticket_ref(ticket), caller.actor)
        about = str(shown.ticket.id)
        start = _comments.read(cursor, about) or 0
        end = start + limit
        more = _comments.write(end, about) if end < len(shown.messages) else None
        return Page(items=[MessageOut.of(m, shown) for m in shown.messages[start:end]], next=more)

    @router.post("/api/tickets/{id}/comments", status_code=201)
    @guarded("ticket:modify", body_limit=BODY_LIMIT)
    async def add_note(
        ticket: TicketId, body: NoteIn, caller: CallerDep, response: Response
    ) -> NoteOut:
        note = await caller.once(app.add_note, body.command(ticket_ref(ticket)), NoteAdded)
        response.headers["ETag"] = etag(note.version)
        return NoteOut.model_validate(note)

    @router.post("/api/tickets/{id}/reopen")
    @guarded("ticket:modify")
    async def reopen(
        ticket: TicketId, caller: CallerDep, response: Response, body: ReopenIn | None = None
    ) -> StandingOut:
        reason = body.reason if body else None
        command = ReopenTicket(ticket_ref(ticket), "staff", reason)
        return standing(await caller.once(app.reopen_ticket, command, TicketStood), response)

    @router.post("/api/admin/tickets/{id}/reopen")
    @guarded("role:admin")
    async def reopen_as_admin(
        ticket: TicketId, body: ReopenIn, caller: CallerDep, response: Response
    ) -> StandingOut:
        command = ReopenTicket(ticket_ref(ticket), "admin", body.reason)
        return standing(await caller.once(app.reopen_ticket, command, TicketStood), response)

    return router


def standing(stood: TicketStood, response: Response) -> StandingOut:
    """The answer of a command, with the ETag of what it left."""
    response.headers["ETag"] = etag(stood.version)
    return StandingOut.model_validate(stood)
