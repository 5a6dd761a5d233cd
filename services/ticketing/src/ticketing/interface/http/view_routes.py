"""Saved views with their counts."""

from typing import Annotated

from fastapi import APIRouter, Path

from deskstream_chassis.http.guard import CallerDep, guarded
from ticketing.application.app import TicketingApp
from ticketing.application.saved_views import SavedView
from ticketing.interface.http.fields import known_view
from ticketing.interface.http.listing import TicketQuery
from ticketing.interface.http.views import ViewIn, ViewOut, ViewsOut

ViewId = Annotated[str, Path(alias="id")]


def view_router(app: TicketingApp) -> APIRouter:
    """Viewers have views of their own too."""
    router = APIRouter(tags=["views"])

    @router.get("/api/views")
    @guarded("session")
    async def listed(caller: CallerDep) -> ViewsOut:
        found = await app.saved_views.list(caller.actor)
        filters = [TicketQuery.model_validate(view.query).filters(caller.actor) for view in found]
        counts = await app.saved_views.counts(caller.actor, filters)
        pairs = zip(found, counts, strict=True)
        return ViewsOut(items=[ViewOut.of(view, count) for view, count in pairs])

    @router.post("/api/views", status_code=201)
    @guarded("session:own")
    async def create(body: ViewIn, caller: CallerDep) -> ViewOut:
        made = await caller.once(app.saved_views.save, body.command(None), SavedView)
        return ViewOut.of(made, None)

    @router.put("/api/views/{id}")
    @guarded("session:own")
    async def change(view_id: ViewId, body: ViewIn, caller: CallerDep) -> ViewOut:
        command = body.command(known_view(view_id))
        return ViewOut.of(await app.saved_views.save(command, caller), None)

    @router.delete("/api/views/{id}", status_code=204)
    @guarded("session:own")
    async def remove(view_id: ViewId, caller: CallerDep) -> None:
        await app.saved_views.remove(known_view(view_id), caller)

    return router
