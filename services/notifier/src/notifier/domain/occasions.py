"""What mail a fact calls for. Pure: `event_id` is the fact's, and makes the message's own id."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from notifier.domain.addresses import Recipient, distinct
from notifier.domain.letter import Letter, message_id_for
from notifier.domain.people import Person
from notifier.domain.ticket import PendingReply, Ticket

FactorKind = Literal["factor_enabled", "factor_disabled"]


def verification(
    event_id: UUID, address: str, *, sealed_token: str, expires_at: datetime
) -> Letter:
    """The link that proves an address. The token stays sealed until the mail is written.

    The name is left out: whoever typed it need not own the address, and it would carry his words
    to a stranger.
    """
    return Letter(
        message_id=message_id_for("verification", event_id),
        kind="verification",
        to=(Recipient(address),),
        facts={"sealed_token": sealed_token},
        expires_at=expires_at,
    )


def password_reset(
    event_id: UUID, address: str, *, name: str, sealed_token: str, expires_at: datetime
) -> Letter:
    """The link that sets another password. The token stays sealed until the mail is written."""
    return Letter(
        message_id=message_id_for("password_reset", event_id),
        kind="password_reset",
        to=(Recipient(address, name),),
        facts={"name": name, "sealed_token": sealed_token},
        expires_at=expires_at,
    )


def user_waiting(event_id: UUID, waiting: Person, admins: Iterable[Person]) -> list[Letter]:
    """Each active admin is told, in a mail of his own, that someone waits for approval."""
    return [
        Letter(
            message_id=message_id_for("admin_user_waiting", event_id, admin.user_id),
            kind="admin_user_waiting",
            to=(admin.as_recipient(),),
            facts={
                "name": admin.name,
                "waiting_name": waiting.name,
                "waiting_address": waiting.email,
            },
        )
        for admin in admins
        if admin.reachable and admin.role == "admin" and admin.user_id != waiting.user_id
    ]


def approved(event_id: UUID, person: Person, *, role: str) -> Letter:
    """He may sign in now."""
    return Letter(
        message_id=message_id_for("user_approved", event_id),
        kind="user_approved",
        to=(person.as_recipient(),),
        facts={"name": person.name, "role": role},
    )


def factor(event_id: UUID, person: Person, kind: FactorKind) -> Letter:
    """His second factor is another, or gone."""
    return Letter(
        message_id=message_id_for(kind, event_id),
        kind=kind,
        to=(person.as_recipient(),),
        facts={"name": person.name},
    )


def new_device(event_id: UUID, person: Person, *, device: str, at: datetime) -> Letter:
    """Someone signed in to his account from a browser that was not known."""
    return Letter(
        message_id=message_id_for("new_device", event_id),
        kind="new_device",
        to=(person.as_recipient(),),
        facts={"name": person.name, "device": device, "at": f"{at:%d %B %Y, %H:%M} UTC"},
    )


def acknowledgement(event_id: UUID, ticket: Ticket, *, own: str) -> Letter | None:
    """The requester learns his number; nobody does without an address, nor do we ourselves."""
    asked = (ticket.requester,) if ticket.requester else ()
    to, _ = distinct(asked, (), own=own)
    if not to:
        return None
    return Letter(
        message_id=message_id_for("ticket_acknowledged", event_id),
        kind="ticket_acknowledged",
        to=to,
        ticket_id=ticket.ticket_id,
        facts={
            "number": ticket.number,
            "ticket_subject": ticket.subject,
            "name": to[0].name or "",
        },
    )


def assignment(
    event_id: UUID, ticket: Ticket, assignee: Person, *, assigned_by: str
) -> Letter | None:
    """The assignee is told, unless he took it himself or may not work."""
    if assigned_by == f"user:{assignee.user_id}" or not assignee.reachable:
        return None
    return Letter(
        message_id=message_id_for("ticket_assigned", event_id),
        kind="ticket_assigned",
        to=(assignee.as_recipient(),),
        ticket_id=ticket.ticket_id,
        facts={
            "number": ticket.number,
            "ticket_subject": ticket.subject,
            "name": assignee.name,
        },
    )


def reply(event_id: UUID, ticket: Ticket, pending: PendingReply, *, own: str) -> Letter:
    """What an agent wrote, to the customer and those copied, each once."""
    to, cc = distinct((pending.to,), (Recipient(address) for address in pending.cc), own=own)
    return Letter(
        message_id=message_id_for("reply", event_id),
        kind="reply",
        to=to or cc,
        cc=cc if to else (),
        ticket_id=ticket.ticket_id,
        reply_id=pending.reply_id,
        facts={
            "number": ticket.number,
            "ticket_subject": ticket.subject,
            "author_name": pending.author_name,
            "body_html": pending.body_html,
            "body_text": pending.body_text,
        },
        files=pending.files,
    )
