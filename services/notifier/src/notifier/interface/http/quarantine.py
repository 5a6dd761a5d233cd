"""`/internal/ops/inbound`: the quarantine, for the gateway, which has checked the person's role."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from deskstream_chassis.http.guard import CallerDep, policy_router
from deskstream_chassis.http.ops_routes import Decided
from notifier.application.app import NotifierApp
from notifier.application.quarantine import ReleaseInbound


class Release(Decided):
    """Which mail."""

    inbound: UUID


def quarantine_router(app: NotifierApp) -> APIRouter:
    """The routes."""
    router = policy_router("service:gateway", prefix="/internal/ops/inbound")

    @router.get("")
    async def waiting(
        after_at: AwareDatetime | None = None,
        after_id: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=101)] = 50,
    ) -> dict[str, Any]:
        after = (after_at, after_id) if after_at and after_id else None
        return {"items": [asdict(one) for one in await app.show_quarantine(after, limit)]}

    @router.post("/release")
    async def release(body: Release, caller: CallerDep) -> dict[str, Any]:
        await app.release_inbound(
            ReleaseInbound(body.inbound, body.actor, body.reason, caller.origin.correlation_id)
        )
        return {"status": "released"}

    return router
