"""The feed: written in the order of its numbers by the consumer, tailed by every process."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, bindparam, func, insert, select, text, update

from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.replica import TicketReplica
from deskstream_chassis.replica.store import access_of
from deskstream_eventstore import Database, Work, compiled
from gateway.application.feed import Entry, Slice
from gateway.application.follow_desk import FollowDesk
from gateway.infra.db.outage import or_down
from gateway.infra.db.tables import REPLICA, feed, feed_head

CONSUMER = "gateway.feed"
CHANNEL = "gateway_feed"
POLL_SECONDS = 1.0
CONNECT_SECONDS = 5.0
tickets = TicketReplica(REPLICA, CONSUMER)

_next = update(feed_head).values(seq=feed_head.c.seq + 1).returning(feed_head.c.seq).cte("next")
_WRITE = compiled(
    insert(feed)
    .from_select(
        ["seq", "type", "stream_id", "version", "ticket_id"],
        select(
            _next.c.seq,
            bindparam("type", type_=feed.c.type.type),
            bindparam("stream_id", type_=Uuid()),
            bindparam("version", type_=feed.c.version.type),
            bindparam("ticket_id", type_=Uuid()),
        ),
    )
    .returning(func.pg_notify(CHANNEL, ""))
)
_STATE = compiled(
    select(
        feed_head.c.seq.label("head"),
        func.coalesce(select(func.min(feed.c.seq) - 1).scalar_subquery(), feed_head.c.seq).label(
            "floor"
        ),
        tickets.fresh().label("fresh"),
    )
)
_ticket, _team = REPLICA.ticket, REPLICA.team
_AFTER = compiled(
    select(
        feed.c.seq,
        feed.c.type,
        feed.c.stream_id,
        feed.c.version,
        feed.c.ticket_id.label("about"),
        _ticket,
        _team.c.restricted,
        tickets.complete().label("complete"),
    )
    .select_from(
        feed.outerjoin(_ticket, _ticket.c.ticket_id == feed.c.ticket_id).outerjoin(
            _team, _team.c.team_id == _ticket.c.team_id
        )
    )
    .where(feed.c.seq > bindparam("seq"))
    .order_by(feed.c.seq)
    .limit(bindparam("count"))
)
_FORGET = compiled(text("delete from feed where at < clock_timestamp() - cast(:kept as interval)"))


class DbFeedWriter:
    """See application/desk.FeedWriter. The head's row is held until the commit, so numbers are
    given out without gaps and seen in order, whoever else writes."""

    async def write(
        self, work: Work, kind: str, stream_id: UUID, version: int, ticket_id: UUID | None
    ) -> None:
        """One statement; whoever listens is woken by the commit."""
        await _WRITE.execute(
            work, type=kind, stream_id=stream_id, version=version, ticket_id=ticket_id
        )


def follow_desk() -> FollowDesk:
    """What the consumer does, in this database."""
    return FollowDesk(DbFeedWriter(), tickets)


async def forget(work: Work, kept: Any) -> int:
    """Delete what is older than that; how many went."""
    return await _FORGET.execute(work, kept=kept)


class DbFeed:
    """See application/desk.Feed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, seq: int | None, limit: int) -> Slice:
        """Two statements of one snapshot; one where there is nothing more."""
        async with or_down(), self._database.reading() as work:
            state = await _STATE.row(work)
            assert state is not None
            head, floor = state["head"], state["floor"]
            since = floor if seq is None else seq
            rows = await _AFTER.fetch(work, seq=since, count=limit) if since < head else []
        return Slice(tuple(map(_entry, rows)), head, floor, state["fresh"])

    async def wakes(self) -> AsyncGenerator[None, None]:
        """A connection of its own listens; without one it is the second that passes."""
        woken = asyncio.Event()
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            while True:
                if connection is None or connection.is_closed():
                    connection = await self._listen(woken)
                yield
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await woken.wait()
                except TimeoutError:
                    continue
                finally:
                    woken.clear()
        finally:
            if connection is not None:
                connection.terminate()

    async def _listen(self, woken: asyncio.Event) -> Any:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await self._database.alone("gateway-feed")
                await connection.add_listener(CHANNEL, lambda *_: woken.set())
        except STORE_DOWN:
            return None
        return connection


def _entry(row: Any) -> Entry:
    known = row["complete"] and row["restricted"] is not None
    return Entry(
        row["seq"],
        row["type"],
        row["stream_id"],
        row["version"],
        row["about"],
        access_of(row) if row["about"] is not None and known else None,
    )
