"""Replies: queued, taken back or released, sent or not. One outcome each, whatever the order.

scheduled → queued | cancelled; queued → cancelled | released → sent | failed | held;
held → sent | failed; sent → bounced; failed and bounced → queued again | discarded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.reply import (
    MailedFile,
    ReplyBouncedV1,
    ReplyCancelledV1,
    ReplyFailedV1,
    ReplyHeldV1,
    ReplyQueuedV1,
    ReplyReleasedV1,
    ReplySentV1,
)
from deskstream_events.ticketing.ticket import Status
from ticketing.domain import guards
from ticketing.domain.assignment import assign
from ticketing.domain.bodies import Body
from ticketing.domain.errors import MessageUnknown, NoAddress, ReplyUnknown, StaleReply, TooLate
from ticketing.domain.fold import fold
from ticketing.domain.people import Person
from ticketing.domain.ticket import Attachment, Message, Reply, Ticket
from ticketing.domain.transitions import changed, move, restore, undeliverable

Then = Literal["wait", "solve"]


@dataclass(frozen=True)
class Draft:
    """A reply as its author sends it off."""

    body: Body
    attachment_ids: Sequence[UUID] = ()
    cc: tuple[str, ...] | None = None
    """None: the ticket's own."""
    last_seen: UUID | None = None
    """The newest customer message that the author had read."""
    then: Then | None = None
    to: tuple[str, str | None] | None = None
    """Address and name; None: the requester."""


def queue_reply(
    ticket: Ticket, draft: Draft, *, reply_id: UUID, author: Person, at: datetime, undo: timedelta
) -> tuple[Event, ...]:
    """To be mailed once `undo` has passed; an unassigned ticket becomes the author's.

    Raises TicketDeleted, TicketIsSpam, TicketClosed, NoAddress, MessageUnknown, StaleReply, and for
    files AttachmentNotHere, TooManyAttachments, AttachmentsTooLarge.
    """
    guards.in_use(ticket)
    guards.not_closed(ticket)
    to_email, to_name = recipient(ticket, draft)
    _not_stale(ticket, draft.last_seen)
    files = mailed(ticket, draft.attachment_ids)
    taken = assign(ticket, author, f"user:{author.id}", at) if not ticket.assignee_id else ()
    steps = _steps(ticket, taken, draft.then, at)
    queued = ReplyQueuedV1(
        ticket_id=ticket.id,
        at=at,
        reply_id=reply_id,
        author_id=author.id,
        author_name=author.name,
        body_html=draft.body.html,
        body_text=draft.body.text,
        to_email=to_email,
        to_name=to_name,
        cc_emails=ticket.cc if draft.cc is None else draft.cc,
        files=files,
        answers=draft.last_seen,
        undo_until=at + undo,
        status_before=ticket.status,
        status_after=_target(ticket, draft.then) if steps else None,
    )
    return (queued, *taken, *steps)


def _target(ticket: Ticket, then: Then | None) -> Status:
    if then == "wait":
        return "waiting_customer"
    if then == "solve":
        return "solved"
    return "open" if ticket.status == "new" else ticket.status


def _steps(
    ticket: Ticket, taken: tuple[Event, ...], then: Then | None, at: datetime
) -> tuple[Event, ...]:
    target = _target(ticket, then)
    if target == ticket.status:
        return ()
    if ticket.status == "solved":
        return (changed(ticket, target, at, "reply"),)
    assigned = fold(enumerate(taken, ticket.version + 1), ticket)
    assert assigned is not None
    return move(assigned, target, at, cause="reply")


def _not_stale(ticket: Ticket, last_seen: UUID | None) -> None:
    if last_seen is None:
        return
    written = ticket.customer_messages()
    index = next((i for i, m in enumerate(written) if m.id == last_seen), None)
    if index is None:
        raise MessageUnknown("not a customer's message of this ticket", field="last_seen")
    if newer := written[index + 1 :]:
        raise StaleReply("the customer wrote since", newer=[_shown(m) for m in newer])


def _shown(message: Message) -> dict[str, str]:
    return {
        "id": str(message.id),
        "at": message.at.isoformat().replace("+00:00", "Z"),
        "body_html": message.body_html,
        "body_text": message.body_text,
    }


def recipient(ticket: Ticket, draft: Draft) -> tuple[str, str | None]:
    """Address and name of whom it goes to. Raises NoAddress."""
    if draft.to is not None:
        return draft.to
    if ticket.requester_email is None:
        raise NoAddress("the requester has no address")
    return ticket.requester_email, ticket.requester_name


def mailed(ticket: Ticket, ids: Sequence[UUID]) -> tuple[MailedFile, ...]:
    """The named files as they go out. Raises AttachmentNotHere, TooManyAttachments,
    AttachmentsTooLarge."""
    files = guards.own_files(ticket, ids)
    guards.mailable(files)
    return tuple(_mailed(file) for file in files)


def _mailed(file: Attachment) -> MailedFile:
    return MailedFile(
        attachment_id=file.id,
        key=file.key,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        file_name=file.file_name,
    )


def cancel_reply(ticket: Ticket, reply_id: UUID, by: str, at: datetime) -> tuple[Event, ...]:
    """Taken back: never mailed, and the state that it set is undone unless anything set another
    since. Nothing where it was taken back already. Raises ReplyUnknown, TooLate."""
    reply = found(ticket, reply_id)
    if reply.state == "cancelled":
        return ()
    if reply.state not in ("queued", "scheduled"):
        raise TooLate("it was released already", state=reply.state)
    back = restore(ticket, reply.status_before, at) if ticket.status_owner == reply_id else ()
    gone = ReplyCancelledV1(ticket_id=ticket.id, at=at, reply_id=reply_id, cancelled_by=by)
    return (gone, *back)


def release_reply(ticket: Ticket, reply_id: UUID, at: datetime) -> tuple[Event, ...]:
    """The undo window is over; nothing where it is not, or the reply is not queued any more."""
    reply = found(ticket, reply_id)
    if reply.state != "queued" or at < reply.undo_until:
        return ()
    return (ReplyReleasedV1(ticket_id=ticket.id, at=at, reply_id=reply_id),)


@dataclass(frozen=True)
class Delivered:
    """The provider took it."""

    mail_id: str
    attempts: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undelivered:
    """It was refused for good, or not sent on purpose."""

    code: str
    attempts: int | None = None


@dataclass(frozen=True)
class Unclear:
    """Whether it went out is not known."""

    code: str
    attempts: int


@dataclass(frozen=True)
class Returned:
    """The provider took it, and later reported that it did not arrive."""

    code: str


Outcome = Delivered | Undelivered | Unclear | Returned


def settle_reply(
    ticket: Ticket, reply_id: UUID, outcome: Outcome, at: datetime
) -> tuple[Event, ...]:
    """What became of a released (or held) reply; the first definite outcome stands, later ones
    change nothing but that a report may still turn sent into bounced. What did not arrive reopens
    the ticket, unless another shows the reply now: then that one is to be reopened. Raises
    ReplyUnknown."""
    reply = found(ticket, reply_id)
    elsewhere = ticket.merged_into is not None or reply_id in ticket.lent
    if isinstance(outcome, Returned):
        if reply.state not in ("released", "held", "sent"):
            return ()
        back = ReplyBouncedV1(ticket_id=ticket.id, at=at, reply_id=reply_id, code=outcome.code)
        return (back, *(() if elsewhere else undeliverable(ticket, at)))
    if reply.state not in ("released", "held"):
        return ()
    match outcome:
        case Delivered(mail_id, attempts, refused):
            sent = ReplySentV1(
                ticket_id=ticket.id,
                at=at,
                reply_id=reply_id,
                mail_id=mail_id,
                refused=refused,
                attempts=attempts,
            )
            return (sent,)
        case Undelivered(code, tried):
            failed = ReplyFailedV1(
                ticket_id=ticket.id, at=at, reply_id=reply_id, code=code, attempts=tried
            )
            return (failed, *(() if elsewhere else undeliverable(ticket, at)))
        case Unclear(code, attempts):
            if reply.state == "held":
                return ()
            held = ReplyHeldV1(
                ticket_id=ticket.id, at=at, reply_id=reply_id, code=code, attempts=attempts
            )
            return (held,)


def found(ticket: Ticket, reply_id: UUID) -> Reply:
    """Raises ReplyUnknown."""
    try:
        return ticket.replies[reply_id]
    except KeyError:
        raise ReplyUnknown("the ticket has no such reply") from None
