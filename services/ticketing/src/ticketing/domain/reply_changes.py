"""What else becomes of a reply: scheduled, changed, tried again, given up."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.reply import (
    ReplyDiscardedV1,
    ReplyEditedV1,
    ReplyFailedV1,
    ReplyQueuedV1,
    ReplyReleasedV1,
    ReplyScheduledV1,
)
from ticketing.domain import guards
from ticketing.domain.bodies import Body
from ticketing.domain.errors import NotTroubled, SendTimeInvalid, TooLate
from ticketing.domain.people import Person
from ticketing.domain.replies import Draft, found, mailed, queue_reply, recipient
from ticketing.domain.ticket import Message, Reply, Ticket

LONGEST = timedelta(days=366)
TROUBLED = frozenset({"failed", "bounced"})
EDITABLE = frozenset({"scheduled", "queued", *TROUBLED})


def schedule_reply(
    ticket: Ticket,
    draft: Draft,
    *,
    reply_id: UUID,
    author: Person,
    send_at: datetime,
    unless_answered: bool,
    at: datetime,
) -> tuple[Event, ...]:
    """To go out then; what it does to the ticket it does then. Raises what queue_reply raises now,
    and SendTimeInvalid."""
    if not at < send_at <= at + LONGEST:
        raise SendTimeInvalid("an instant to come, within a year", field="send_at")
    queued = queue_reply(ticket, draft, reply_id=reply_id, author=author, at=at, undo=timedelta(0))[
        0
    ]
    assert isinstance(queued, ReplyQueuedV1)
    return (
        ReplyScheduledV1(
            ticket_id=ticket.id,
            at=at,
            reply_id=reply_id,
            author_id=author.id,
            author_name=author.name,
            body_html=queued.body_html,
            body_text=queued.body_text,
            to_email=queued.to_email,
            to_name=queued.to_name,
            cc_emails=queued.cc_emails,
            files=queued.files,
            send_at=send_at,
            then=draft.then,
            unless_answered=unless_answered,
        ),
    )


def send_scheduled(
    ticket: Ticket, shown: Ticket, reply_id: UUID, *, author: Person, at: datetime
) -> tuple[Event, ...]:
    """Its time has come: queued and released at once; nothing where it has not, or it is not
    scheduled any more. Into a ticket that was closed meanwhile nothing is sent: it failed. Where
    another ticket shows it now it goes out as written and changes no state. `shown`: the ticket
    with all its files."""
    reply = found(ticket, reply_id)
    if reply.state != "scheduled" or at < reply.undo_until:
        return ()
    if ticket.status == "closed":
        return (ReplyFailedV1(ticket_id=ticket.id, at=at, reply_id=reply_id, code="ticket_closed"),)
    released = ReplyReleasedV1(ticket_id=ticket.id, at=at, reply_id=reply_id)
    if ticket.aside == "merged" or reply_id in ticket.lent:
        return (_again(ticket, shown, reply, at, at), released)
    message = _message(ticket, reply_id)
    draft = Draft(
        body=Body(message.body_html, message.body_text),
        attachment_ids=reply.attachment_ids,
        cc=reply.cc,
        then=reply.then,
        to=(reply.to_email, reply.to_name),
    )
    queued = queue_reply(shown, draft, reply_id=reply_id, author=author, at=at, undo=timedelta(0))
    return (*queued, released)


def retry_reply(
    holder: Ticket, shown: Ticket, reply_id: UUID, *, at: datetime, undo: timedelta
) -> tuple[Event, ...]:
    """Queued again as it is now written. `shown` is the ticket that shows it, with its files.
    Raises ReplyUnknown, NotTroubled, TicketDeleted, TicketMerged, TicketIsSpam, TicketClosed,
    AttachmentNotHere, AttachmentsTooLarge."""
    reply = _troubled(holder, reply_id)
    guards.in_use(shown)
    guards.not_closed(shown)
    return (_again(holder, shown, reply, at, at + undo),)


def discard_reply(holder: Ticket, reply_id: UUID, by: str, at: datetime) -> tuple[Event, ...]:
    """Given up; nothing where it was already. Raises ReplyUnknown, NotTroubled."""
    if found(holder, reply_id).state == "discarded":
        return ()
    _troubled(holder, reply_id)
    return (ReplyDiscardedV1(ticket_id=holder.id, at=at, reply_id=reply_id, discarded_by=by),)


def edit_reply(
    holder: Ticket,
    shown: Ticket,
    reply_id: UUID,
    draft: Draft,
    *,
    by: str,
    at: datetime,
    undo: timedelta,
) -> tuple[Event, ...]:
    """Another content; what is queued can be taken back for the whole undo window again. What the
    draft leaves open (cc, to) stays. Raises ReplyUnknown, TooLate, and what queue_reply raises of
    files and states."""
    reply = found(holder, reply_id)
    if reply.state not in EDITABLE:
        raise TooLate("it cannot be changed any more", state=reply.state)
    guards.in_use(shown)
    to = draft.to or (reply.to_email, reply.to_name)
    to_email, to_name = recipient(shown, replace(draft, to=to))
    message = _message(holder, reply_id)
    return (
        ReplyEditedV1(
            ticket_id=holder.id,
            at=at,
            reply_id=reply_id,
            author_id=reply.author_id,
            author_name=message.author_name or "",
            body_html=draft.body.html,
            body_text=draft.body.text,
            to_email=to_email,
            to_name=to_name,
            cc_emails=reply.cc if draft.cc is None else draft.cc,
            files=mailed(shown, draft.attachment_ids),
            edited_by=by,
            undo_until=at + undo if reply.state == "queued" else None,
        ),
    )


def _again(
    holder: Ticket, shown: Ticket, reply: Reply, at: datetime, undo_until: datetime
) -> ReplyQueuedV1:
    message = _message(holder, reply.id)
    return ReplyQueuedV1(
        ticket_id=holder.id,
        at=at,
        reply_id=reply.id,
        author_id=reply.author_id,
        author_name=message.author_name or "",
        body_html=message.body_html,
        body_text=message.body_text,
        to_email=reply.to_email,
        to_name=reply.to_name,
        cc_emails=reply.cc,
        files=mailed(shown, reply.attachment_ids),
        answers=message.answers,
        undo_until=undo_until,
        status_before=holder.status,
    )


def _troubled(ticket: Ticket, reply_id: UUID) -> Reply:
    reply = found(ticket, reply_id)
    if reply.state not in TROUBLED:
        raise NotTroubled("only what failed or bounced", state=reply.state)
    return reply


def _message(ticket: Ticket, reply_id: UUID) -> Message:
    return next(message for message in ticket.messages if message.id == reply_id)
