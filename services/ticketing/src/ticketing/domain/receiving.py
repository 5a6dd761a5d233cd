"""The customer writes: what that does to the state (04-domain.md §1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.incoming import (
    MessageHeldV1,
    MessageReceivedV1,
    MessageReleasedV1,
)
from deskstream_events.ticketing.reply import ReplyCancelledV1
from deskstream_events.ticketing.ticket import TicketReopenedV1
from ticketing.domain import guards
from ticketing.domain.bodies import Body
from ticketing.domain.errors import HeldMessageUnknown
from ticketing.domain.snooze import end_snooze
from ticketing.domain.ticket import Ticket


@dataclass(frozen=True)
class Incoming:
    """A message of the customer."""

    message_id: UUID
    body: Body
    sender_email: str | None = None
    sender_name: str | None = None
    answers: UUID | None = None
    attachment_ids: Sequence[UUID] = ()
    mail_id: str | None = None
    inbound_id: UUID | None = None
    automatic: bool = False
    whole_key: str | None = None
    whole_sha256: str | None = None


def receive(ticket: Ticket, message: Incoming, at: datetime) -> tuple[Event, ...]:
    """The message, and what it does: whatever waits or is solved is open again, a snooze ends, new
    stays new, spam and what is deleted stay so; an automatic one does nothing.

    What comes for a merged ticket belongs to its survivor, for a closed one into a follow-up.
    Raises TicketMerged, TicketClosed.
    """
    if ticket.aside == "merged":
        guards.present(ticket)
    guards.not_closed(ticket)
    received = MessageReceivedV1(
        ticket_id=ticket.id,
        at=at,
        message_id=message.message_id,
        sender_email=message.sender_email,
        sender_name=message.sender_name,
        body_html=message.body.html,
        body_text=message.body.text,
        whole_key=message.whole_key,
        whole_sha256=message.whole_sha256,
        attachment_ids=tuple(message.attachment_ids),
        answers=message.answers,
        mail_id=message.mail_id,
        inbound_id=message.inbound_id,
        automatic=message.automatic,
    )
    if message.automatic or ticket.aside or ticket.deleted:
        return (received,)
    return (received, *_heard(ticket, at))


def _heard(ticket: Ticket, at: datetime) -> tuple[Event, ...]:
    return (
        *end_snooze(ticket, at, "customer"),
        *customer_wrote(ticket, at),
        *_answered(ticket, at),
    )


def _answered(ticket: Ticket, at: datetime) -> tuple[Event, ...]:
    """Scheduled replies that were to go only if the customer kept silent."""
    return tuple(
        ReplyCancelledV1(ticket_id=ticket.id, at=at, reply_id=reply.id, cancelled_by="customer")
        for reply in ticket.replies.values()
        if reply.state == "scheduled" and reply.unless_answered
    )


def customer_wrote(ticket: Ticket, at: datetime) -> tuple[Event, ...]:
    """Open again; nothing where it is new or open."""
    if ticket.status in ("new", "open"):
        return ()
    return (TicketReopenedV1(ticket_id=ticket.id, at=at, previous=ticket.status, by="customer"),)


def hold(ticket: Ticket, message: Incoming, at: datetime) -> tuple[Event, ...]:
    """Its sender takes no part in the ticket: whoever works on it decides."""
    return (
        MessageHeldV1(
            ticket_id=ticket.id,
            at=at,
            message_id=message.message_id,
            cause="unknown_sender",
            sender_email=message.sender_email,
            sender_name=message.sender_name,
            body_html=message.body.html,
            body_text=message.body.text,
            whole_key=message.whole_key,
            whole_sha256=message.whole_sha256,
            attachment_ids=tuple(message.attachment_ids),
            answers=message.answers,
            inbound_id=message.inbound_id,
            automatic=message.automatic,
        ),
    )


def release(
    shown: Ticket, holder: Ticket, message_id: UUID, *, by: str, at: datetime
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """(for the ticket that shows the conversation, for the one whose stream holds the message): it
    is the customer's from now on. Raises HeldMessageUnknown, TicketMerged, TicketDeleted,
    TicketClosed."""
    guards.present(shown)
    guards.not_closed(shown)
    if message_id not in holder.held:
        raise HeldMessageUnknown("no message with this id is held here")
    released = MessageReleasedV1(ticket_id=holder.id, at=at, message_id=message_id, released_by=by)
    if holder.held[message_id].message.automatic or shown.aside:
        return (), (released,)
    return _heard(shown, at), (released,)
