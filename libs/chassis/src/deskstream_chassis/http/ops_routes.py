"""`/internal/ops/*`: operations over HTTP, for the gateway alone.

The gateway has checked the person's role; it names him as `actor`, and the store keeps him.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deskstream_chassis.http.guard import policy_router
from deskstream_chassis.operations import Operations


class Decided(BaseModel):
    """Who decides, and why."""

    model_config = ConfigDict(extra="forbid")

    actor: Annotated[str, Field(pattern=r"^(user|key|system):[A-Za-z0-9_-]{1,64}$")]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class ReplayParked(Decided):
    """Which stream of which consumer."""

    consumer: str
    stream: UUID


class ReplayDeadLetter(Decided):
    """Which letter."""

    letter: UUID


class Resolve(Decided):
    """What became of a held effect."""

    key: str
    verdict: Literal["happened", "again"]


class Rebuild(BaseModel):
    """Which view."""

    view: str


class Republish(BaseModel):
    """Which topic, or which stream of it. A topic is never made anew by HTTP."""

    topic: str
    stream: UUID | None = None


def ops_router(operations: Operations) -> APIRouter:
    """The routes; hand them to create_app like any other router."""
    router = policy_router("service:gateway", prefix="/internal/ops")
    _reading(router, operations)
    _deciding(router, operations)
    return router


def _reading(router: APIRouter, operations: Operations) -> None:
    @router.get("/lag")
    async def lag() -> dict[str, Any]:
        return await operations.lag()

    @router.get("/parked")
    async def parked(
        consumer: str | None = None, stream: UUID | None = None, reveal: bool = False
    ) -> dict[str, Any]:
        return await operations.parked(consumer, stream, reveal=reveal)

    @router.get("/dead-letters")
    async def dead_letters(
        consumer: str | None = None, replayed: bool | None = False, reveal: bool = False
    ) -> dict[str, Any]:
        return await operations.dead_letters(consumer, replayed=replayed, reveal=reveal)

    @router.get("/effects")
    async def effects(
        status: str | None = None,
        kind: str | None = None,
        effect: Annotated[UUID | None, Query(alias="id")] = None,
    ) -> dict[str, Any]:
        return await operations.effects(status, kind, effect_id=effect)

    @router.get("/operations")
    async def history() -> dict[str, Any]:
        return await operations.history()

    @router.get("/streams/{stream}")
    async def show(
        stream: UUID,
        version: int | None = None,
        as_of: AwareDatetime | None = None,
        reveal: bool = False,
    ) -> dict[str, Any]:
        instant: datetime | None = as_of
        return await operations.show(stream, version, instant, reveal=reveal)


def _deciding(router: APIRouter, operations: Operations) -> None:
    @router.post("/replay-parked")
    async def replay_parked(body: ReplayParked) -> dict[str, Any]:
        return await operations.replay_parked(
            body.consumer, body.stream, actor=body.actor, reason=body.reason
        )

    @router.post("/replay-dead-letter")
    async def replay_dead_letter(body: ReplayDeadLetter) -> dict[str, Any]:
        return await operations.replay_dead_letter(
            body.letter, actor=body.actor, reason=body.reason
        )

    @router.post("/resolve")
    async def resolve(body: Resolve) -> dict[str, Any]:
        return await operations.resolve(
            body.key, body.verdict, actor=body.actor, reason=body.reason
        )

    @router.post("/rebuild")
    async def rebuild(body: Rebuild) -> dict[str, Any]:
        return await operations.rebuild(body.view)

    @router.post("/republish")
    async def republish(body: Republish) -> dict[str, Any]:
        return await operations.republish(body.topic, body.stream)
