"""The gateway's accounts: the replica, and the mails that they call for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from deskstream_eventstore import Origin, Permanent, Work
from notifier.application.cause import ACTOR, Cause
from notifier.application.ports import LateNotice, LateNotices, People, Tickets
from notifier.application.queue_mail import QueueMail
from notifier.domain import occasions
from notifier.domain.occasions import FactorKind
from notifier.domain.people import Person, Status


@dataclass(frozen=True)
class RegisterPerson:
    """Someone asked for an account."""

    user_id: UUID
    name: str
    email: str


@dataclass(frozen=True)
class MailVerification:
    """A link is to be mailed."""

    email: str
    sealed_token: str
    expires_at: datetime


@dataclass(frozen=True)
class MailReset:
    """A link to set another password is to be mailed."""

    email: str
    name: str
    sealed_token: str
    expires_at: datetime


@dataclass(frozen=True)
class TellAdmins:
    """An address was verified: someone waits."""

    user_id: UUID


@dataclass(frozen=True)
class TellOfFactor:
    """His second factor is another, or gone: he must hear of it, should it not be his doing."""

    user_id: UUID
    kind: FactorKind


@dataclass(frozen=True)
class WelcomePerson:
    """He was let in; `by_operator`: on the machine itself, so he need not be told."""

    user_id: UUID
    role: str
    by_operator: bool


@dataclass(frozen=True)
class TellNewDevice:
    """Someone signed in to his account from a browser that was not known."""

    user_id: UUID
    device: str
    at: datetime


@dataclass(frozen=True)
class ChangeStanding:
    """His role or status is another; None: as it was."""

    user_id: UUID
    role: str | None = None
    suspended: bool | None = None


class FollowUsers:
    """One method per command; each works inside the consumer's transaction."""

    def __init__(
        self, people: People, tickets: Tickets, late: LateNotices, queue: QueueMail
    ) -> None:
        self._people = people
        self._tickets = tickets
        self._late = late
        self._queue = queue

    async def register(self, work: Work, command: RegisterPerson) -> None:
        """Remember him."""
        await self._people.keep(work, Person(command.user_id, command.name, command.email))

    async def mail_verification(self, work: Work, command: MailVerification, cause: Cause) -> None:
        """Queue the link."""
        letter = occasions.verification(
            cause.event_id,
            command.email,
            sealed_token=command.sealed_token,
            expires_at=command.expires_at,
        )
        await self._queue(work, letter, cause)

    async def mail_reset(self, work: Work, command: MailReset, cause: Cause) -> None:
        """Queue the link that sets another password."""
        letter = occasions.password_reset(
            cause.event_id,
            command.email,
            name=command.name,
            sealed_token=command.sealed_token,
            expires_at=command.expires_at,
        )
        await self._queue(work, letter, cause)

    async def tell_admins(self, work: Work, command: TellAdmins, cause: Cause) -> None:
        """Queue a mail to each active admin. Raises Permanent where he is unknown."""
        waiting = await self._known(work, command.user_id)
        admins = await self._people.active_admins(work)
        for letter in occasions.user_waiting(cause.event_id, waiting, admins):
            await self._queue(work, letter, cause)

    async def tell_of_factor(self, work: Work, command: TellOfFactor, cause: Cause) -> None:
        """Queue a mail to him. Raises Permanent where he is unknown."""
        person = await self._known(work, command.user_id)
        await self._queue(work, occasions.factor(cause.event_id, person, command.kind), cause)

    async def welcome(self, work: Work, command: WelcomePerson, cause: Cause) -> None:
        """Remember his role, tell him, and tell him what was assigned to him meanwhile."""
        person = await self._change(
            work, command.user_id, lambda one: replace(one, role=command.role, status="active")
        )
        if not command.by_operator:
            letter = occasions.approved(cause.event_id, person, role=command.role)
            await self._queue(work, letter, cause)
        for notice in await self._late.take(work, command.user_id):
            await self._tell_late(work, person, notice, cause)

    async def tell_new_device(self, work: Work, command: TellNewDevice, cause: Cause) -> None:
        """Queue a mail to him. Raises Permanent where he is unknown."""
        person = await self._known(work, command.user_id)
        letter = occasions.new_device(cause.event_id, person, device=command.device, at=command.at)
        await self._queue(work, letter, cause)

    async def change_standing(self, work: Work, command: ChangeStanding) -> None:
        """Remember it. Raises Permanent where he is unknown."""

        def changed(one: Person) -> Person:
            status: Status = one.status
            if command.suspended is not None:
                back: Status = "active" if one.role else "registered"
                status = "suspended" if command.suspended else back
            return replace(one, role=command.role or one.role, status=status)

        await self._change(work, command.user_id, changed)

    async def _tell_late(
        self, work: Work, person: Person, notice: LateNotice, approval: Cause
    ) -> None:
        ticket = await self._tickets.find(work, notice.ticket_id)
        if ticket is None:
            return
        letter = occasions.assignment(
            notice.event_id, ticket, person, assigned_by=notice.assigned_by
        )
        if letter is not None:
            origin = Origin(
                actor=ACTOR,
                correlation_id=notice.correlation_id,
                causation_id=str(notice.event_id),
                traceparent=notice.traceparent,
            )
            standing = approval.standing if notice.standing == "pending" else notice.standing
            await self._queue(work, letter, Cause(notice.event_id, notice.at, standing, origin))

    async def _change(
        self, work: Work, user_id: UUID, change: Callable[[Person], Person]
    ) -> Person:
        person = change(await self._known(work, user_id))
        await self._people.keep(work, person)
        return person

    async def _known(self, work: Work, user_id: UUID) -> Person:
        person = await self._people.find(work, user_id)
        if person is None:
            raise Permanent("person_unknown")
        return person
