"""Operations, for managers: what waits in any service, and decisions about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query

from deskstream_chassis.http.guard import policy_router
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from gateway.application.app import GatewayApp
from gateway.application.decide_operations import ReplayDeadLetter, ReplayParked, ResolveEffect
from gateway.application.quarantine import ReleaseMail
from gateway.application.service_operations import EffectStatus
from gateway.application.watch_services import Kind, Line, Place
from gateway.interface.http.ops_schemas import (
    Decided,
    Effects,
    ParkedReplay,
    QuarantinedAnswer,
    ReplayAnswer,
    Replays,
    Resolution,
    ResolvedAnswer,
    Streams,
    effect_line,
    stream_line,
)
from gateway.interface.http.principal import SignedInDep

T = TypeVar("T")
Id = Annotated[UUID, Path(alias="id")]
Service = Annotated[str | None, Query(max_length=64)]
_STREAMS = Cursors("ops/streams", Place)
_EFFECTS = Cursors("ops/effects", Place)
_INBOUND = Cursors("ops/inbound", tuple[datetime, UUID])


def ops_router(app: GatewayApp) -> APIRouter:
    """The routes."""
    router = policy_router("role:manager", prefix="/api/ops", tags=["operations"])
    _lists(router, app)
    _decisions(router, app)
    _quarantine(router, app)
    return router


def _lists(router: APIRouter, app: GatewayApp) -> None:
    @router.get("/streams")
    async def streams(
        service: Service = None,
        kind: Annotated[Kind | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Streams:
        """How far each service is, and what it has set aside: of each at most its oldest 100."""
        filters = [service, kind]
        after = _STREAMS.read(cursor, filters)
        told = await app.watch_services.streams(service, kind)
        shown, following = _cut(told.lines, after, limit, _STREAMS, filters)
        return Streams(
            items=[stream_line(line) for line in shown], partial=dict(told.partial), next=following
        )

    @router.get("/effects")
    async def effects(
        service: Service = None,
        kind: Annotated[str | None, Query(max_length=64)] = None,
        status: Annotated[EffectStatus | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Effects:
        """Outside effects that are held, or under way with nobody knowing yet; oldest first."""
        filters = [service, kind, status]
        after = _EFFECTS.read(cursor, filters)
        told = await app.watch_services.effects(service, kind, status)
        shown, following = _cut(told.lines, after, limit, _EFFECTS, filters)
        return Effects(
            items=[effect_line(line) for line in shown], partial=dict(told.partial), next=following
        )


def _decisions(router: APIRouter, app: GatewayApp) -> None:
    @router.post("/streams/{service}/parked/{id}/replay")
    async def replay_parked(
        service: str, stream: Id, body: ParkedReplay, caller: SignedInDep
    ) -> Replays:
        """Apply what waits of the stream of this id, in order, as far as it goes."""
        command = ReplayParked(service, stream, body.reason, body.consumer)
        done = await app.decide_operations.replay_parked(command, caller)
        return Replays(items=[ReplayAnswer.of(replay, name) for name, replay in done])

    @router.post("/streams/{service}/dead-letters/{id}/replay")
    async def replay_dead_letter(
        service: str, letter: Id, body: Decided, caller: SignedInDep
    ) -> ReplayAnswer:
        """Read the letter again and apply it, and what waited behind it."""
        command = ReplayDeadLetter(service, letter, body.reason)
        return ReplayAnswer.of(await app.decide_operations.replay_dead_letter(command, caller))

    @router.post("/effects/{id}/resolve")
    async def resolve(effect: Id, body: Resolution, caller: SignedInDep) -> ResolvedAnswer:
        """Say what became of a held effect."""
        command = ResolveEffect(effect, body.outcome, body.reason)
        done = await app.decide_operations.resolve(command, caller)
        return ResolvedAnswer(id=effect, service=done.service, status=done.status)


def _quarantine(router: APIRouter, app: GatewayApp) -> None:
    @router.get("/inbound")
    async def inbound(cursor: Cursor = None, limit: Limit = 50) -> Page[QuarantinedAnswer]:
        """Mails that the notifier does not trust, oldest first, with the cause."""
        rows = await app.decide_quarantine.waiting(_INBOUND.read(cursor), limit)
        shown, following = page(rows, limit, lambda mail: _INBOUND.write((mail.at, mail.id)))
        return Page(
            items=[QuarantinedAnswer.model_validate(mail) for mail in shown], next=following
        )

    @router.post("/inbound/{id}/release", status_code=204)
    async def release(mail: Id, body: Decided, caller: SignedInDep) -> None:
        """Pass a mail on as if it came in now."""
        await app.decide_quarantine.release(ReleaseMail(mail, body.reason), caller)


def _cut(
    lines: Sequence[Line[T]],
    after: Place | None,
    limit: int,
    cursors: Cursors[Place],
    filters: list[str | None],
) -> tuple[Sequence[Line[T]], str | None]:
    rest = [line for line in lines if after is None or line.place > after]
    return page(rest, limit, lambda line: cursors.write(line.place, filters))
