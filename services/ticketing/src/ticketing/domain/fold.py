"""From events to state. A type without a rule here only advances the version."""

from collections.abc import Iterable
from dataclasses import replace

from deskstream_events.event import REDACTED, Event
from deskstream_events.ticketing import incoming
from deskstream_events.ticketing import ticket as tickets
from ticketing.domain import mail_rules, merging_rules, reply_rules, standing_rules
from ticketing.domain.rules import Rules
from ticketing.domain.ticket import Attachment, Message, Ticket

_rules = Rules(
    {**standing_rules.RULES, **merging_rules.RULES, **reply_rules.RULES, **mail_rules.RULES}
)
_on = _rules.on


def fold(facts: Iterable[tuple[int, Event]], start: Ticket | None = None) -> Ticket | None:
    """The ticket after these (version, event) pairs, None of no events. Deterministic, and the
    same however the stream is cut: `fold(a + b) == fold(b, fold(a))`."""
    ticket = start
    for version, event in facts:
        ticket = evolve(ticket, version, event)
    return ticket


def evolve(ticket: Ticket | None, version: int, event: Event) -> Ticket | None:
    """One step of the fold."""
    if ticket is None:
        return _opened(version, event) if isinstance(event, tickets.TicketOpenedV1) else None
    rule = _rules.get(type(event))
    after = ticket if rule is None else rule(ticket, event)
    since = ticket.status_since if after.status == ticket.status else event.at
    return replace(
        after, version=version, updated_at=max(ticket.updated_at, event.at), status_since=since
    )


def _known(value: str | None) -> str | None:
    """A redacted text reads as none."""
    return None if value == REDACTED else value


def _opened(version: int, event: tickets.TicketOpenedV1) -> Ticket:
    return Ticket(
        id=event.ticket_id,
        version=version,
        number=event.number,
        channel=event.channel,
        subject=event.subject,
        status="new",
        priority=event.priority,
        team_id=event.team_id,
        assignee_id=None,
        requester_name=_known(event.requester_name),
        requester_email=_known(event.requester_email),
        cc=tuple(address for address in event.cc_emails if address != REDACTED),
        tags=tuple(sorted(event.tags)),
        opened_by=event.opened_by,
        created_at=event.at,
        updated_at=event.at,
        status_since=event.at,
        messages=(
            Message(
                id=event.message_id,
                kind="customer",
                at=event.at,
                body_html=event.body_html,
                body_text=event.body_text,
                author_name=_known(event.requester_name),
                attachment_ids=event.attachment_ids,
                sender=_known(event.requester_email),
                automatic=event.automatic,
            ),
        ),
    )


@_on(tickets.TicketAssignedV1)
def _assigned(ticket: Ticket, event: tickets.TicketAssignedV1) -> Ticket:
    return replace(ticket, assignee_id=event.assignee_id)


@_on(tickets.TicketUnassignedV1)
def _unassigned(ticket: Ticket, _event: tickets.TicketUnassignedV1) -> Ticket:
    return replace(ticket, assignee_id=None)


@_on(tickets.TicketTeamChangedV1)
def _team_changed(ticket: Ticket, event: tickets.TicketTeamChangedV1) -> Ticket:
    return replace(ticket, team_id=event.team_id)


@_on(tickets.TicketPriorityChangedV1)
def _priority_changed(ticket: Ticket, event: tickets.TicketPriorityChangedV1) -> Ticket:
    return replace(ticket, priority=event.priority)


@_on(tickets.TicketTaggedV1)
def _tagged(ticket: Ticket, event: tickets.TicketTaggedV1) -> Ticket:
    return replace(ticket, tags=tuple(sorted({*ticket.tags, *event.tags})))


@_on(tickets.TicketUntaggedV1)
def _untagged(ticket: Ticket, event: tickets.TicketUntaggedV1) -> Ticket:
    return replace(ticket, tags=tuple(t for t in ticket.tags if t not in event.tags))


@_on(tickets.TicketStatusChangedV1)
def _status_changed(ticket: Ticket, event: tickets.TicketStatusChangedV1) -> Ticket:
    owner = ticket.status_owner if event.cause == "reply" else None
    return replace(ticket, status=event.status, status_owner=owner)


@_on(tickets.TicketSolvedV1)
def _solved(ticket: Ticket, _event: tickets.TicketSolvedV1) -> Ticket:
    owner = ticket.replies.get(ticket.status_owner) if ticket.status_owner else None
    by_reply = owner is not None and owner.status_after == "solved"
    after = ticket.status_owner if by_reply else None
    return replace(ticket, status="solved", status_owner=after, snoozed_until=None)


@_on(tickets.TicketClosedV1)
def _closed(ticket: Ticket, _event: tickets.TicketClosedV1) -> Ticket:
    return replace(ticket, status="closed", status_owner=None, snoozed_until=None)


@_on(tickets.TicketReopenedV1)
def _reopened(ticket: Ticket, _event: tickets.TicketReopenedV1) -> Ticket:
    return replace(ticket, status="open", status_owner=None)


@_on(incoming.MessageReceivedV1)
def _message_received(ticket: Ticket, event: incoming.MessageReceivedV1) -> Ticket:
    message = Message(
        id=event.message_id,
        kind="customer",
        at=event.at,
        body_html=event.body_html,
        body_text=event.body_text,
        author_name=_known(event.sender_name),
        attachment_ids=event.attachment_ids,
        sender=_known(event.sender_email),
        answers=event.answers,
        automatic=event.automatic,
    )
    return replace(ticket, messages=(*ticket.messages, message))


@_on(tickets.NoteAddedV1)
def _note_added(ticket: Ticket, event: tickets.NoteAddedV1) -> Ticket:
    note = Message(
        id=event.note_id,
        kind="note",
        at=event.at,
        body_html=event.body_html,
        body_text=event.body_text,
        author_id=event.author_id,
        attachment_ids=event.attachment_ids,
    )
    return replace(ticket, messages=(*ticket.messages, note))


@_on(tickets.AttachmentAddedV1)
def _attachment_added(ticket: Ticket, event: tickets.AttachmentAddedV1) -> Ticket:
    file = Attachment(
        id=event.attachment_id,
        key=event.key,
        sha256=event.sha256,
        size=event.size,
        media_type=event.media_type,
        file_name=event.file_name,
        uploaded_by=event.uploaded_by,
        at=event.at,
        content_id=_known(event.content_id),
    )
    return replace(ticket, attachments={**ticket.attachments, file.id: file})


@_on(tickets.ParticipantAddedV1)
def _participant_added(ticket: Ticket, event: tickets.ParticipantAddedV1) -> Ticket:
    if event.kind != "cc" or event.email in (REDACTED, *ticket.cc):
        return ticket
    return replace(ticket, cc=(*ticket.cc, event.email))


@_on(tickets.ParticipantRemovedV1)
def _participant_removed(ticket: Ticket, event: tickets.ParticipantRemovedV1) -> Ticket:
    return replace(ticket, cc=tuple(a for a in ticket.cc if a != event.email))
