"""Facts of tickets."""

from deskstream_events.ticketing.incoming import MessageReceivedV1
from deskstream_events.ticketing.ticket import (
    ParticipantAddedV1,
    ParticipantRemovedV1,
    TicketAssignedV1,
    TicketOpenedV1,
    TicketTeamChangedV1,
)
from deskstream_eventstore import Consumer, Fact, Work
from notifier.application.follow_tickets import FollowTickets, TellAssignee
from notifier.domain.addresses import Recipient
from notifier.domain.ticket import Ticket
from notifier.interface.kafka.cause import cause_of


def follow_tickets(consumer: Consumer, tickets: FollowTickets) -> None:
    """Add the handlers."""

    @consumer.on(TicketOpenedV1)
    async def when_ticket_opened(work: Work, fact: Fact[TicketOpenedV1]) -> None:
        event = fact.event
        if event.inbound_id is not None:
            await tickets.came_by_mail(work, event.ticket_id, event.inbound_id, event.at)
        await tickets.open(work, _ticket(event), cause_of(fact), answered=not event.automatic)

    @consumer.on(MessageReceivedV1)
    async def when_message_received(work: Work, fact: Fact[MessageReceivedV1]) -> None:
        event = fact.event
        if event.inbound_id is not None and not event.automatic:
            await tickets.came_by_mail(work, event.ticket_id, event.inbound_id, event.at)

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
