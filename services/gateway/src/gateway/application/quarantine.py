"""Mails that the notifier does not pass on before a manager looked at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.operations import OperationFailed
from gateway.application.acting import staff_of
from gateway.application.service_operations import Decision, ServiceSilent
from gateway.application.store import Store
from gateway.domain.errors import Forbidden, NotFound

Place = tuple[datetime, UUID]
"""Time and id of a page's last mail."""


@dataclass(frozen=True)
class QuarantinedMail:
    """As far as one must see it to decide."""

    id: UUID
    cause: str
    mailbox: str
    from_email: str | None
    subject: str
    size: int
    files: int
    at: datetime


class Quarantine(Protocol):
    """The notifier's. Both raise ServiceSilent."""

    async def waiting(self, after: Place | None, limit: int) -> Sequence[QuarantinedMail]:
        """At most so many behind a place, oldest first."""

    async def release(self, inbound_id: UUID, decision: Decision) -> None:
        """Raises OperationFailed."""


@dataclass(frozen=True)
class ReleaseMail:
    """Why is kept with the mail."""

    inbound_id: UUID
    reason: str


class DecideQuarantine:
    """The trail keeps that it was asked, and how it ended."""

    def __init__(self, quarantine: Quarantine | None, store: Store, clock: Clock) -> None:
        self._quarantine, self._store, self._clock = quarantine, store, clock

    async def waiting(self, after: Place | None, limit: int) -> Sequence[QuarantinedMail]:
        """One more than `limit` where there is a next page. Raises ServiceSilent."""
        return await self._told().waiting(after, limit + 1)

    async def release(self, command: ReleaseMail, caller: Caller) -> None:
        """Raises Forbidden below manager, NotFound, ServiceSilent, OperationFailed."""
        if staff_of(caller).role not in ("admin", "manager"):
            raise Forbidden("only managers may do this")
        decision = Decision(caller.actor.ref, command.reason, caller.origin.correlation_id)
        try:
            await self._told().release(command.inbound_id, decision)
        except (OperationFailed, ServiceSilent) as error:
            await self._audit(caller, command.inbound_id, "failed", error.code)
            if isinstance(error, OperationFailed) and error.is_absence:
                raise NotFound("no such mail") from None
            raise
        await self._audit(caller, command.inbound_id, "ok", "released")

    def _told(self) -> Quarantine:
        if self._quarantine is None:
            raise ServiceSilent("not_configured")
        return self._quarantine

    async def _audit(
        self, caller: Caller, inbound_id: UUID, outcome: Literal["ok", "failed"], code: str
    ) -> None:
        async with self._store.work(caller.origin) as work:
            work.audit(
                "inbound_released",
                outcome,
                at=self._clock.now(),
                target=f"inbound:{inbound_id}",
                code=code,
            )
