"""Addresses that get no mail any more, for managers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from notifier.application.app import NotifierApp
from notifier.application.suppressions import LiftSuppression

_PLACES = Cursors("suppressions", tuple[datetime, UUID])


class SuppressionOut(BaseModel):
    """One address, without the address: `message_id` came back, `ticket_id` is its ticket."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reason: str
    since: datetime
    message_id: UUID | None
    ticket_id: UUID | None


def suppression_router(app: NotifierApp) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/suppressions", tags=["mail"])

    @router.get("")
    @guarded("role:manager")
    async def suppressions(cursor: Cursor = None, limit: Limit = 50) -> Page[SuppressionOut]:
        rows = await app.list_suppressions(_PLACES.read(cursor), limit)
        shown, following = page(rows, limit, lambda row: _PLACES.write((row.since, row.id)))
        return Page(items=[SuppressionOut.model_validate(row) for row in shown], next=following)

    @router.delete("/{id}", status_code=204)
    @guarded("role:manager")
    async def lift(suppression: Annotated[UUID, Path(alias="id")], caller: CallerDep) -> None:
        await caller.once(app.lift_suppression, LiftSuppression(suppression), type(None))

    return router
