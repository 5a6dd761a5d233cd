"""Tickets and their replies: the replica, and the mails that they call for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from deskstream_eventstore import Permanent, Work
from notifier.application.cause import Cause
from notifier.application.ports import Correspondence, LateNotice, LateNotices, People, Tickets
from notifier.application.queue_mail import QueueMail
from notifier.domain import occasions
from notifier.domain.addresses import normal
from notifier.domain.ticket import PendingReply, Ticket


@dataclass(frozen=True)
class TellAssignee:
    """A ticket is someone's now."""

    ticket_id: UUID
    assignee_id: UUID
    assigned_by: str


@dataclass(frozen=True)
class MailReply:
    """A reply's undo window is over."""

    ticket_id: UUID
    reply_id: UUID


class FollowTickets:
    """One method per command; each works inside the consumer's transaction."""

    def __init__(
        self,
        people: People,
        tickets: Tickets,
        late: LateNotices,
        queue: QueueMail,
        correspondence: Correspondence,
        *,
        own_address: str,
    ) -> None:
        self._people = people
        self._tickets = tickets
        self._late = late
        self._queue = queue
        self._correspondence = correspondence
        self._own = own_address

    async def open(
        self, work: Work, ticket: Ticket, cause: Cause, *, answered: bool = True
    ) -> None:
        """Remember it and acknowledge it, unless it came by a mail that nobody wrote."""
        await self._tickets.keep(work, ticket)
        if not answered:
            return
        letter = occasions.acknowledgement(cause.event_id, ticket, own=self._own)
        if letter is not None:
            await self._queue(work, letter, cause)

    async def tell_assignee(self, work: Work, command: TellAssignee, cause: Cause) -> None:
        """Queue his mail; before his approval is known here, keep the notice until then."""
        ticket = await self._known(work, command.ticket_id)
        person = await self._people.find(work, command.assignee_id)
        if person is None or person.status == "registered":
            notice = LateNotice(
                user_id=command.assignee_id,
                ticket_id=command.ticket_id,
                assigned_by=command.assigned_by,
                event_id=cause.event_id,
                at=cause.at,
                standing=cause.standing,
                correlation_id=cause.origin.correlation_id,
                traceparent=cause.origin.traceparent,
            )
            await self._late.keep(work, notice)
            return
        letter = occasions.assignment(
            cause.event_id, ticket, person, assigned_by=command.assigned_by
        )
        if letter is not None:
            await self._queue(work, letter, cause)

    async def keep_reply(self, work: Work, reply: PendingReply) -> None:
        """Nothing goes out before its release."""
        await self._tickets.keep_reply(work, reply)

    async def drop_reply(self, work: Work, reply_id: UUID) -> None:
        """Cancelled or discarded: it is never mailed."""
        await self._tickets.take_reply(work, reply_id)

    async def mail_reply(self, work: Work, command: MailReply, cause: Cause) -> None:
        """Queue it as it was written. Raises Permanent where either is unknown."""
        ticket = await self._known(work, command.ticket_id)
        reply = await self._tickets.take_reply(work, command.reply_id)
        if reply is None:
            raise Permanent("reply_unknown")
        letter = occasions.reply(cause.event_id, ticket, reply, own=self._own)
        await self._queue(work, letter, cause)

    async def came_by_mail(
        self, work: Work, ticket_id: UUID, inbound_id: UUID, at: datetime
    ) -> None:
        """What we mail from now on answers this mail."""
        await self._correspondence.keep(work, ticket_id, inbound_id, at)

    async def move(self, work: Work, ticket_id: UUID, team_id: UUID) -> None:
        """It belongs to another team."""
        await self._change(work, ticket_id, lambda one: replace(one, team_id=team_id))

    async def add_copied(self, work: Work, ticket_id: UUID, address: str) -> None:
        """Someone more is copied."""
        await self._change(
            work,
            ticket_id,
            lambda one: replace(one, cc=(*_without(one.cc, address), address)),
        )

    async def remove_copied(self, work: Work, ticket_id: UUID, address: str) -> None:
        """He is copied no more."""
        await self._change(work, ticket_id, lambda one: replace(one, cc=_without(one.cc, address)))

    async def _change(
        self, work: Work, ticket_id: UUID, change: Callable[[Ticket], Ticket]
    ) -> None:
        await self._tickets.keep(work, change(await self._known(work, ticket_id)))

    async def _known(self, work: Work, ticket_id: UUID) -> Ticket:
        ticket = await self._tickets.find(work, ticket_id)
        if ticket is None:
            raise Permanent("ticket_unknown")
        return ticket


def _without(addresses: tuple[str, ...], address: str) -> tuple[str, ...]:
    return tuple(one for one in addresses if normal(one) != normal(address))
