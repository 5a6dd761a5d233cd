"""The gateway's unit of work on the event store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_eventstore import Database, Origin, SubjectHasher, Work
from gateway.application.acting import named
from gateway.application.ports import Outcome
from gateway.application.store import GatewayWork
from gateway.infra.db.accounts import DbCredentials, DbLinks, DbTeams, DbUsers
from gateway.infra.db.factors import DbFactors
from gateway.infra.db.keys import DbApiKeys
from gateway.infra.db.oidc import DbOidc
from gateway.infra.db.pending import DbPendingSignIns
from gateway.infra.db.reset_links import DbResetLinks
from gateway.infra.db.sessions import DbOpenSessions
from gateway.infra.db.sign_ins import DbDevices, DbTries
from gateway.infra.db.trail import Trail

T = TypeVar("T")


class DbStore:
    """See ports.Store. A work takes a writer of the trail first and a connection second, always
    in this order, and holds both until after its commit."""

    def __init__(self, database: Database, subjects: SubjectHasher, trail: Trail) -> None:
        self._database, self._subjects, self._trail = database, subjects, trail

    @asynccontextmanager
    async def work(self, origin: Origin) -> AsyncIterator[GatewayWork]:
        """One transaction; commits on a clean exit. Raises Conflict, AlreadyDone, KeyReused."""
        async with self._trail.writer() as writer, self._database.work(origin) as work:
            mine = DbWork(work, origin, self._subjects, self._trail)
            yield mine
            await self._trail.append(work, writer, mine.noted)


class DbWork:
    """See ports.GatewayWork."""

    def __init__(self, work: Work, origin: Origin, subjects: SubjectHasher, trail: Trail) -> None:
        self._work, self._origin, self._trail = work, origin, trail
        self.users = DbUsers(work, subjects)
        self.teams = DbTeams(work)
        self.credentials = DbCredentials(work)
        self.factors = DbFactors(work)
        self.links = DbLinks(work)
        self.reset_links = DbResetLinks(work)
        self.sessions = DbOpenSessions(work)
        self.pending = DbPendingSignIns(work)
        self.oidc = DbOidc(work, subjects)
        self.keys = DbApiKeys(work)
        self.devices = DbDevices(work)
        self.tries = DbTries(work, subjects)
        self.noted: list[AuditRecordedV1] = []

    async def once(self) -> None:
        """See ports."""
        await self._work.once()

    def answer(self, result: T) -> T:
        """See ports."""
        return self._work.answer(result)

    def audit(
        self,
        action: Action,
        outcome: Outcome = "ok",
        *,
        at: datetime,
        target: str | None = None,
        code: str | None = None,
        address: str | None = None,
        principal: str | None = None,
    ) -> None:
        """Appended at the end of the work."""
        actor = self._origin.actor
        known = actor if named(actor) else None
        self.noted.append(
            AuditRecordedV1(
                at=at,
                action=action,
                outcome=outcome,
                principal=principal or known,
                target=target,
                code=code,
                address_hash=self._trail.address_hash(address),
            )
        )
