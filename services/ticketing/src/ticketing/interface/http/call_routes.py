"""Calls: what the telephone system reports, and what staff do with it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Page, page
from ticketing.application.app import TicketingApp
from ticketing.application.change_call import CallStood
from ticketing.application.record_call import CallKept
from ticketing.interface.http.call_bodies import (
    CallKeptOut,
    CallOut,
    CallQuery,
    CallRowOut,
    ChangeCallIn,
    ReportIn,
)
from ticketing.interface.http.fields import known_id

REPORT_LIMIT = 256 * 1024
CallId = Annotated[str, Path(alias="id")]


def call_router(app: TicketingApp) -> APIRouter:
    """Everything about calls."""
    router = APIRouter(tags=["calls"])

    @router.post("/api/telephony/3cx")
    @guarded("service:webhook:3cx", body_limit=REPORT_LIMIT)
    async def report(body: ReportIn, caller: CallerDep) -> CallKeptOut:
        kept = await caller.once(app.record_call, body.command(), CallKept)
        return CallKeptOut.model_validate(kept)

    @router.get("/api/calls")
    @guarded("session")
    async def list_calls(
        query: Annotated[CallQuery, Query()], caller: CallerDep
    ) -> Page[CallRowOut]:
        filters = query.filters(caller.actor)
        rows = await app.list_calls(caller.actor, filters, query.after(), query.limit)
        shown, following = page(rows, query.limit, query.cursor_of)
        return Page(items=[CallRowOut.model_validate(row) for row in shown], next=following)

    @router.get("/api/calls/{id}")
    @guarded("session")
    async def show_call(call: CallId, caller: CallerDep) -> CallOut:
        return CallOut.shown(await app.show_call(known_id(call), caller.actor))

    @router.patch("/api/calls/{id}")
    @guarded("session")
    async def change_call(call: CallId, body: ChangeCallIn, caller: CallerDep) -> CallOut:
        command = body.command(known_id(call))
        await caller.once(app.change_call, command, CallStood)
        return CallOut.shown(await app.show_call(command.call_id, caller.actor))

    return router
