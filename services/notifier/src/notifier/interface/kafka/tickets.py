"""Facts of tickets and their replies."""

from deskstream_events.ticketing.reply import (
    MailedFile,
    ReplyCancelledV1,
    ReplyDiscardedV1,
    ReplyQueuedV1,
    ReplyReleasedV1,
)
from deskstream_events.ticketing.ticket import (
    ParticipantAddedV1,
    ParticipantRemovedV1,
    TicketAssignedV1,
    TicketOpenedV1,
    TicketTeamChangedV1,
)
from deskstream_eventstore import Consumer, Fact, Work
from notifier.application.follow_tickets import FollowTickets, MailReply, TellAssignee
from notifier.domain.addresses import Recipient
from notifier.domain.letter import Attached
from notifier.domain.ticket import PendingReply, Ticket
from notifier.interface.kafka.cause import cause_of


def follow_tickets(consumer: Consumer, tickets: FollowTickets) -> None:
    """Add the handlers."""

    @consumer.on(TicketOpenedV1)
    async def when_ticket_opened(work: Work, fact: Fact[TicketOpenedV1]) -> None:
        await tickets.open(work, _ticket(fact.event), cause_of(fact))

    @consumer.on(TicketAssignedV1)
    async def when_ticket_assigned(work: Work, fact: Fact[TicketAssignedV1]) -> None:
        event = fact.event
        command = TellAssignee(event.ticket_id, event.assignee_id, event.assigned_by)
        await tickets.tell_assignee(work, command, cause_of(fact))

    @consumer.on(TicketTeamChangedV1)
    async def when_ticket_team_changed(work: Work, fact: Fact[TicketTeamChangedV1]) -> None:
        await tickets.move(work, fact.event.ticket_id, fact.event.team_id)

    @consumer.on(ParticipantAddedV1)
    async def when_participant_added(work: Work, fact: Fact[ParticipantAddedV1]) -> None:
        if fact.event.kind == "cc":
            await tickets.add_copied(work, fact.event.ticket_id, fact.event.email)

    @consumer.on(ParticipantRemovedV1)
    async def when_participant_removed(work: Work, fact: Fact[ParticipantRemovedV1]) -> None:
        await tickets.remove_copied(work, fact.event.ticket_id, fact.event.email)

    @consumer.on(ReplyQueuedV1)
    async def when_reply_queued(work: Work, fact: Fact[ReplyQueuedV1]) -> None:
        await tickets.keep_reply(work, _reply(fact.event))

    @consumer.on(ReplyCancelledV1)
    async def when_reply_cancelled(work: Work, fact: Fact[ReplyCancelledV1]) -> None:
        await tickets.drop_reply(work, fact.event.reply_id)

    @consumer.on(ReplyDiscardedV1)
    async def when_reply_discarded(work: Work, fact: Fact[ReplyDiscardedV1]) -> None:
        await tickets.drop_reply(work, fact.event.reply_id)

    @consumer.on(ReplyReleasedV1)
    async def when_reply_released(work: Work, fact: Fact[ReplyReleasedV1]) -> None:
        command = MailReply(fact.event.ticket_id, fact.event.reply_id)
        await tickets.mail_reply(work, command, cause_of(fact))


def _ticket(event: TicketOpenedV1) -> Ticket:
    address = event.requester_email
    return Ticket(
        ticket_id=event.ticket_id,
        number=event.number,
        subject=event.subject,
        team_id=event.team_id,
        requester=Recipient(address, event.requester_name) if address else None,
        cc=event.cc_emails,
    )


def _reply(event: ReplyQueuedV1) -> PendingReply:
    return PendingReply(
        reply_id=event.reply_id,
        ticket_id=event.ticket_id,
        author_name=event.author_name,
        body_html=event.body_html,
        body_text=event.body_text,
        to=Recipient(event.to_email, event.to_name),
        cc=event.cc_emails,
        files=tuple(_file(file) for file in event.files),
    )


def _file(file: MailedFile) -> Attached:
    return Attached(
        key=file.key,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        file_name=file.file_name,
    )
