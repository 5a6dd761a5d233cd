"""Replies: queue, look at, change, take back, and those that need a person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from deskstream_chassis.http.etag import etag, if_match
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from ticketing.application.app import TicketingApp
from ticketing.application.cancel_reply import CancelReply, ReplyCancelled
from ticketing.application.handle_trouble import DiscardReply, ReplyStood, RetryReply
from ticketing.application.ports import FailedReply
from ticketing.application.reply_to_ticket import ReplyQueued
from ticketing.interface.http.answers import CancelledOut, FailedReplyOut, QueuedOut, ReplyOut
from ticketing.interface.http.fields import known_reply, ticket_ref
from ticketing.interface.http.requests import EditReplyIn, ReplyIn
from ticketing.interface.http.ticket_routes import BODY_LIMIT, TicketId

ReplyId = Annotated[str, Path(alias="reply_id")]

_failed: Cursors[tuple[str, UUID]] = Cursors("failed-replies", tuple[str, UUID])


def _behind(row: FailedReply) -> str:
    return _failed.write((row.changed_at.isoformat(), row.reply_id))


def reply_router(app: TicketingApp) -> APIRouter:
    """Must be included before the routes of a ticket: `failed-replies` is no ticket."""
    router = APIRouter(tags=["replies"])

    @router.get("/api/tickets/failed-replies")
    @guarded("session")
    async def failed_replies(
        caller: CallerDep, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[FailedReplyOut]:
        rows = await app.list_failed_replies(caller.actor, _failed.read(cursor), limit)
        shown, following = page(rows, limit, _behind)
        return Page(items=[FailedReplyOut.of(row) for row in shown], next=following)

    @router.post("/api/tickets/{id}/reply", status_code=202)
    @guarded("ticket:modify", body_limit=BODY_LIMIT)
    async def reply(
        ticket: TicketId, body: ReplyIn, caller: CallerDep, response: Response
    ) -> QueuedOut:
        queued = await caller.once(
            app.reply_to_ticket, body.command(ticket_ref(ticket)), ReplyQueued
        )
        response.headers["ETag"] = etag(queued.version)
        return QueuedOut.model_validate(queued)

    @router.get("/api/tickets/{id}/replies/{reply_id}")
    @guarded("ticket:view")
    async def show_reply(ticket: TicketId, reply_id: ReplyId, caller: CallerDep) -> ReplyOut:
        return ReplyOut.of(
            await app.show_reply(ticket_ref(ticket), known_reply(reply_id), caller.actor)
        )

    @router.post("/api/tickets/{id}/replies/{reply_id}/cancel")
    @guarded("ticket:modify")
    async def cancel_reply(
        ticket: TicketId, reply_id: ReplyId, caller: CallerDep, response: Response
    ) -> CancelledOut:
        command = CancelReply(ticket_ref(ticket), known_reply(reply_id))
        cancelled = await caller.once(app.cancel_reply, command, ReplyCancelled)
        response.headers["ETag"] = etag(cancelled.version)
        return CancelledOut.model_validate(cancelled)

    @router.put("/api/tickets/{id}/replies/{reply_id}")
    @guarded("ticket:modify", body_limit=BODY_LIMIT)
    async def edit_reply(
        ticket: TicketId,
        reply_id: ReplyId,
        body: EditReplyIn,
        request: Request,
        caller: CallerDep,
        response: Response,
    ) -> ReplyOut:
        seen = if_match(request)
        command = body.command(ticket_ref(ticket), known_reply(reply_id), seen)
        return _stood(await caller.once(app.trouble.edit, command, ReplyStood), response)

    @router.post("/api/tickets/{id}/replies/{reply_id}/retry", status_code=202)
    @guarded("ticket:modify")
    async def retry_reply(
        ticket: TicketId, reply_id: ReplyId, caller: CallerDep, response: Response
    ) -> ReplyOut:
        command = RetryReply(ticket_ref(ticket), known_reply(reply_id))
        return _stood(await caller.once(app.trouble.retry, command, ReplyStood), response)

    @router.post("/api/tickets/{id}/replies/{reply_id}/discard")
    @guarded("ticket:modify")
    async def discard_reply(
        ticket: TicketId, reply_id: ReplyId, caller: CallerDep, response: Response
    ) -> ReplyOut:
        command = DiscardReply(ticket_ref(ticket), known_reply(reply_id))
        return _stood(await caller.once(app.trouble.discard, command, ReplyStood), response)

    return router


def _stood(stood: ReplyStood, response: Response) -> ReplyOut:
    response.headers["ETag"] = etag(stood.version)
    return ReplyOut.of(stood.reply)
