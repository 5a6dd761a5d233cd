"""Rules of the fold: replies, from scheduled or queued to what became of them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from deskstream_events.ticketing import reply as events
from ticketing.domain.rules import Rules
from ticketing.domain.ticket import Message, Reply, ReplyState, Ticket

RULES = Rules()


@RULES.on(events.ReplyQueuedV1)
def _reply_queued(ticket: Ticket, event: events.ReplyQueuedV1) -> Ticket:
    queued = Reply(
        id=event.reply_id,
        author_id=event.author_id,
        state="queued",
        queued_at=event.at,
        undo_until=event.undo_until,
        changed_at=event.at,
        status_before=event.status_before,
        status_after=event.status_after,
        **_addressed(event),
    )
    return replace(
        ticket,
        messages=(*_without(ticket, event.reply_id), _message(event, event.answers)),
        replies={**ticket.replies, queued.id: queued},
        status_owner=ticket.status_owner if event.status_after is None else queued.id,
    )


@RULES.on(events.ReplyScheduledV1)
def _reply_scheduled(ticket: Ticket, event: events.ReplyScheduledV1) -> Ticket:
    scheduled = Reply(
        id=event.reply_id,
        author_id=event.author_id,
        state="scheduled",
        queued_at=event.at,
        undo_until=event.send_at,
        changed_at=event.at,
        status_before=ticket.status,
        status_after=None,
        then=event.then,
        unless_answered=event.unless_answered,
        **_addressed(event),
    )
    return replace(
        ticket,
        messages=(*ticket.messages, _message(event, None)),
        replies={**ticket.replies, scheduled.id: scheduled},
    )


@RULES.on(events.ReplyEditedV1)
def _reply_edited(ticket: Ticket, event: events.ReplyEditedV1) -> Ticket:
    old = ticket.replies[event.reply_id]
    edited = replace(
        old,
        changed_at=event.at,
        undo_until=event.undo_until or old.undo_until,
        **_addressed(event),
    )
    changed = tuple(
        replace(_message(event, m.answers), at=m.at) if m.id == event.reply_id else m
        for m in ticket.messages
    )
    return replace(ticket, messages=changed, replies={**ticket.replies, edited.id: edited})


def _addressed(event: events.ReplyQueuedV1 | events.ReplyTextEvent) -> dict[str, Any]:
    return {
        "attachment_ids": tuple(file.attachment_id for file in event.files),
        "to_email": event.to_email,
        "to_name": event.to_name,
        "cc": event.cc_emails,
    }


def _message(event: events.ReplyQueuedV1 | events.ReplyTextEvent, answers: UUID | None) -> Message:
    return Message(
        id=event.reply_id,
        kind="reply",
        at=event.at,
        body_html=event.body_html,
        body_text=event.body_text,
        author_id=event.author_id,
        author_name=event.author_name,
        attachment_ids=tuple(file.attachment_id for file in event.files),
        answers=answers,
    )


def _without(ticket: Ticket, message_id: UUID) -> tuple[Message, ...]:
    """A reply that is queued again stands where it goes out."""
    return tuple(m for m in ticket.messages if m.id != message_id)


def _settled(ticket: Ticket, event: events.ReplyEvent, state: ReplyState, **to: Any) -> Ticket:
    reply = replace(ticket.replies[event.reply_id], state=state, changed_at=event.at, **to)
    return replace(ticket, replies={**ticket.replies, reply.id: reply})


@RULES.on(events.ReplyCancelledV1)
def _reply_cancelled(ticket: Ticket, event: events.ReplyCancelledV1) -> Ticket:
    return _settled(ticket, event, "cancelled")


@RULES.on(events.ReplyReleasedV1)
def _reply_released(ticket: Ticket, event: events.ReplyReleasedV1) -> Ticket:
    return _settled(ticket, event, "released")


@RULES.on(events.ReplySentV1)
def _reply_sent(ticket: Ticket, event: events.ReplySentV1) -> Ticket:
    return _settled(
        ticket,
        event,
        "sent",
        mail_id=event.mail_id,
        code=None,
        attempts=event.attempts,
        refused=event.refused,
    )


@RULES.on(events.ReplyFailedV1)
def _reply_failed(ticket: Ticket, event: events.ReplyFailedV1) -> Ticket:
    return _settled(ticket, event, "failed", code=event.code, attempts=event.attempts)


@RULES.on(events.ReplyBouncedV1)
def _reply_bounced(ticket: Ticket, event: events.ReplyBouncedV1) -> Ticket:
    return _settled(ticket, event, "bounced", code=event.code)


@RULES.on(events.ReplyHeldV1)
def _reply_held(ticket: Ticket, event: events.ReplyHeldV1) -> Ticket:
    return _settled(ticket, event, "held", code=event.code, attempts=event.attempts)


@RULES.on(events.ReplyDiscardedV1)
def _reply_discarded(ticket: Ticket, event: events.ReplyDiscardedV1) -> Ticket:
    return _settled(ticket, event, "discarded")
