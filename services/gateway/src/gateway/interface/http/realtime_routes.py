"""The feed for integrations, and who has a ticket open."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Limit
from gateway.application.app import GatewayApp
from gateway.application.desk import Present
from gateway.application.read_feed import FeedPage
from gateway.application.tell_presence import TellPresence

TicketRef = Annotated[UUID | Annotated[int, Field(ge=1, le=999_999_999_999)], Query()]
"""A ticket by id or by number."""


class HappenedAnswer(BaseModel):
    """One event: `id` is the ticket's, message's, user's or team's, `version` that of its stream.
    What it holds is asked of the service that owns it."""

    seq: int
    type: str
    id: UUID
    version: int


class EventsAnswer(BaseModel):
    """`next` is the following request's `since`, also where nothing was found."""

    items: list[HappenedAnswer]
    next: int

    @classmethod
    def of(cls, page: FeedPage) -> "EventsAnswer":
        """From a part of the feed."""
        items = [
            HappenedAnswer(seq=e.seq, type=e.type, id=e.id, version=e.version) for e in page.entries
        ]
        return cls(items=items, next=page.next)


class PresenceNote(BaseModel):
    """To be told again within 45 seconds."""

    model_config = ConfigDict(extra="forbid")

    ticket_id: UUID | Annotated[int, Field(strict=True, ge=1, le=999_999_999_999)]
    state: Literal["viewing", "replying"]


class PresentAnswer(BaseModel):
    """Somebody who has the ticket open."""

    id: UUID
    name: str
    state: Literal["viewing", "replying"]

    @classmethod
    def of(cls, present: Present) -> "PresentAnswer":
        """From the port's."""
        return cls(id=present.user_id, name=present.name, state=present.state)


class PresentList(BaseModel):
    """Oneself included."""

    items: list[PresentAnswer]


def realtime_router(app: GatewayApp) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api", tags=["realtime"])

    @router.get("/events")
    @guarded("api-key:events")
    async def events(
        caller: CallerDep,
        since: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
        limit: Limit = 50,
    ) -> EventsAnswer:
        """What happened after `since`, oldest first. Types `ticketing.ticket.*` and
        `notifier.message.*` come to keys with a scope `tickets:view` or `tickets:modify`, of the
        tickets that it reaches; the scope `events` alone shows none. 410: too old, begin without
        `since`."""
        return EventsAnswer.of(await app.read_feed(caller.actor, since, limit))

    @router.post("/presence", status_code=204)
    @guarded("session:own")
    async def tell_presence(body: PresenceNote, caller: CallerDep) -> None:
        """The caller has the ticket open, or writes a reply."""
        await app.tell_presence(TellPresence(body.ticket_id, body.state), caller.actor)

    @router.get("/presence")
    @guarded("session:own")
    async def who_is_here(ticket_id: TicketRef, caller: CallerDep) -> PresentList:
        """Who has a ticket open that the caller may see."""
        found = await app.who_is_here(ticket_id, caller.actor)
        return PresentList(items=[PresentAnswer.of(present) for present in found])

    return router
