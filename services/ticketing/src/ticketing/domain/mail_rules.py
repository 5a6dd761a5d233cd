"""Rules of the fold: held and released messages, files that were not taken."""

from dataclasses import replace

from deskstream_events.event import REDACTED
from deskstream_events.ticketing import incoming
from deskstream_events.ticketing.ticket import AttachmentRejectedV1
from ticketing.domain.rules import Rules
from ticketing.domain.ticket import HeldMessage, Message, Rejected, Ticket

RULES = Rules()


@RULES.on(incoming.MessageHeldV1)
def _held(ticket: Ticket, event: incoming.MessageHeldV1) -> Ticket:
    def known(text: str | None) -> str | None:
        return None if text == REDACTED else text

    message = Message(
        id=event.message_id,
        kind="customer",
        at=event.at,
        body_html=event.body_html,
        body_text=event.body_text,
        author_name=known(event.sender_name),
        attachment_ids=event.attachment_ids,
        sender=known(event.sender_email),
        answers=event.answers,
        automatic=event.automatic,
    )
    held = HeldMessage(message, event.cause)
    return replace(ticket, held={**ticket.held, message.id: held})


@RULES.on(incoming.MessageReleasedV1)
def _released(ticket: Ticket, event: incoming.MessageReleasedV1) -> Ticket:
    held = ticket.held[event.message_id]
    rest = {id_: one for id_, one in ticket.held.items() if id_ != event.message_id}
    message = replace(held.message, at=event.at)
    return replace(ticket, held=rest, messages=(*ticket.messages, message))


@RULES.on(AttachmentRejectedV1)
def _rejected(ticket: Ticket, event: AttachmentRejectedV1) -> Ticket:
    file = Rejected(event.message_id, event.file_name, event.media_type, event.size, event.code)
    return replace(ticket, rejected=(*ticket.rejected, file))
