"""Messages to people and what became of them. Key: message id."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import Event, PersonalText, registry

Kind = Literal[
    "verification",
    "password_reset",
    "admin_user_waiting",
    "user_approved",
    "factor_enabled",
    "factor_disabled",
    "new_device",
    "ticket_acknowledged",
    "ticket_assigned",
    "reply",
]


class MessageEvent(Event):
    """What every event of a message carries; `ticket_id` and `reply_id` say what it belongs to."""

    message_id: UUID
    kind: Kind
    ticket_id: UUID | None = None
    reply_id: UUID | None = None


@registry.event("notifier.message.queued.v1")
class MessageQueuedV1(MessageEvent):
    """A mail is to go out; its ledger row stands since the same transaction."""

    to: tuple[PersonalText, ...]
    cc: tuple[PersonalText, ...] = ()
    mail_id: str
    """Message-ID without angle brackets, derived from the message's id: a repeat has the same."""

    def people(self) -> tuple[str, ...]:
        return tuple(f"mail:{address}" for address in (*self.to, *self.cc))


@registry.event("notifier.message.sent.v1")
class MessageSentV1(MessageEvent):
    """The provider accepted it for at least one recipient; `refused` names the others."""

    mail_id: str
    refused: tuple[PersonalText, ...] = ()
    attempts: int
    confirmed_by_staff: bool = False
    """True where the outcome was unknown and a person said that it happened."""


@registry.event("notifier.message.failed.v1")
class MessageFailedV1(MessageEvent):
    """Refused for good."""

    code: str
    attempts: int


@registry.event("notifier.message.held.v1")
class MessageHeldV1(MessageEvent):
    """Not sent, or not known to be: waits for a person. `unknown_outcome`: the server fell silent
    after DATA; `too_old`: the cause is older than 48 h; `muted`: it came by republishing."""

    code: Literal["unknown_outcome", "too_old", "muted"]
    attempts: int


@registry.event("notifier.message.bounced.v1")
class MessageBouncedV1(MessageEvent):
    """A report came back: it did not arrive at `recipients`, who were among its own. Known once
    for each of them."""

    mail_id: str
    recipients: tuple[PersonalText, ...]
    code: str
    """The report's status, `5.1.1`."""
    main_recipient: bool
    """Whether one of those it was addressed to is among them, and not only people in copy."""

    def people(self) -> tuple[str, ...]:
        return tuple(f"mail:{address}" for address in self.recipients)


@registry.event("notifier.message.suppressed.v1")
class MessageSuppressedV1(MessageEvent):
    """Not sent on purpose: a suppressed address, or a cap on automatic mail."""

    source: Literal["suppression", "loop_cap_short", "loop_cap_long"]
