"""The audit trail, for admins."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from deskstream_chassis.http.guard import policy_router
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from deskstream_events.gateway.audit import Action
from gateway.application.app import GatewayApp
from gateway.application.ports import TrailRow

_TRAIL = Cursors("audit", int)


class AuditAnswer(BaseModel):
    """Ids and keyed hashes only. `count` equal ones of a minute, which began at `window_start`."""

    position: int
    at: datetime
    action: Action
    outcome: Literal["ok", "denied", "failed"]
    principal: str | None
    target: str | None
    code: str | None
    address_hash: str | None
    count: int
    window_start: datetime | None

    @classmethod
    def of(cls, row: TrailRow) -> "AuditAnswer":
        """From an event of the trail."""
        return cls(position=row.position, **row.event.model_dump())


def audit_router(app: GatewayApp) -> APIRouter:
    """The route."""
    router = policy_router("role:admin", prefix="/api/audit", tags=["audit"])

    @router.get("")
    async def trail(
        action: Annotated[Action | None, Query()] = None,
        principal: Annotated[
            str | None, Query(pattern=r"^(user|key|system):[A-Za-z0-9-]{1,64}$")
        ] = None,
        since: Annotated[AwareDatetime | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditAnswer]:
        """What happened at the gate, newest first."""
        filters = [action, principal, since]
        rows = await app.queries.audit_trail(
            action=action,
            principal=principal,
            since=since,
            before=_TRAIL.read(cursor, filters),
            limit=limit + 1,
        )
        shown, following = page(rows, limit, lambda row: _TRAIL.write(row.position, filters))
        return Page(items=[AuditAnswer.of(row) for row in shown], next=following)

    return router
