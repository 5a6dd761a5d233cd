"""One message and what became of it, folded from its stream `notifier.message`.

queued -> sent | failed | suppressed | held; held -> any of these, once a person decided;
sent -> bounced, as the report says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.notifier.message import (
    Kind,
    MessageBouncedV1,
    MessageEvent,
    MessageFailedV1,
    MessageHeldV1,
    MessageQueuedV1,
    MessageSentV1,
    MessageSuppressedV1,
)
from notifier.domain.addresses import normal
from notifier.domain.errors import NoSuchMessage
from notifier.domain.letter import Letter

STREAM_TYPE = "notifier.message"
Status = Literal["queued", "sent", "failed", "held", "suppressed", "bounced"]
HeldCode = Literal["unknown_outcome", "too_old", "muted"]
SuppressedBy = Literal["suppression", "loop_cap_short", "loop_cap_long"]


@dataclass
class Message:
    """Its methods decide and record; once sent, failed or suppressed a late second result changes
    nothing. Only a report may still say that it did not arrive."""

    message_id: UUID
    kind: Kind = "reply"
    ticket_id: UUID | None = None
    reply_id: UUID | None = None
    mail_id: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bounced_at: frozenset[str] = frozenset()
    """Addresses that it did not arrive at, in the form in which they are compared."""
    status: Status = "queued"
    version: int = 0
    pending: list[MessageEvent] = field(default_factory=list)

    @classmethod
    def queue(cls, letter: Letter, *, mail_id: str, at: datetime) -> "Message":
        """A mail is to go out."""
        message = cls(letter.message_id)
        message._record(
            MessageQueuedV1(
                at=at,
                message_id=letter.message_id,
                kind=letter.kind,
                ticket_id=letter.ticket_id,
                reply_id=letter.reply_id,
                to=tuple(recipient.address for recipient in letter.to),
                cc=tuple(recipient.address for recipient in letter.cc),
                mail_id=mail_id,
            )
        )
        return message

    @classmethod
    def fold(cls, message_id: UUID, events: Iterable[Event]) -> "Message":
        """From the stream. Raises NoSuchMessage for an empty one."""
        message = cls(message_id)
        for event in events:
            message._apply(event)
            message.version += 1
        if message.version == 0:
            raise NoSuchMessage
        return message

    @property
    def settled(self) -> bool:
        """Its fate is final."""
        return self.status in ("sent", "failed", "suppressed", "bounced")

    def sent(
        self,
        *,
        at: datetime,
        tries: int,
        refused: Sequence[str] = (),
        confirmed_by_staff: bool = False,
    ) -> None:
        """The server accepted it for at least one recipient, or a person says that it did."""
        self._settle(
            MessageSentV1(
                **self._about(at),
                mail_id=self.mail_id,
                refused=tuple(refused),
                attempts=tries,
                confirmed_by_staff=confirmed_by_staff,
            )
        )

    def failed(self, code: str, *, at: datetime, tries: int) -> None:
        """Refused for good."""
        self._settle(MessageFailedV1(**self._about(at), code=code, attempts=tries))

    def held(self, code: HeldCode, *, at: datetime, tries: int) -> None:
        """It waits for a person; held again after he had it tried once more is a new fact."""
        self._settle(MessageHeldV1(**self._about(at), code=code, attempts=tries))

    def suppressed(self, source: SuppressedBy, *, at: datetime) -> None:
        """Not sent on purpose."""
        self._settle(MessageSuppressedV1(**self._about(at), source=source))

    def bounced(self, failed: Iterable[str], code: str, *, at: datetime) -> tuple[str, ...]:
        """It did not arrive at these, as far as it went to them at all and this is new."""
        told = {normal(address) for address in failed} - self.bounced_at
        missed = [one for one in (*self.to, *self.cc) if normal(one) in told]
        if not missed or self.status in ("failed", "suppressed"):
            return ()
        self._record(
            MessageBouncedV1(
                **self._about(at),
                mail_id=self.mail_id,
                recipients=tuple(missed),
                code=code,
                main_recipient=any(one in self.to for one in missed),
            )
        )
        return tuple(missed)

    def _about(self, at: datetime) -> dict[str, Any]:
        return {
            "at": at,
            "message_id": self.message_id,
            "kind": self.kind,
            "ticket_id": self.ticket_id,
            "reply_id": self.reply_id,
        }

    def _settle(self, event: MessageEvent) -> None:
        if not self.settled:
            self._record(event)

    def _record(self, event: MessageEvent) -> None:
        self._apply(event)
        self.pending.append(event)

    def _apply(self, event: Event) -> None:
        match event:
            case MessageQueuedV1():
                self.kind, self.mail_id, self.status = event.kind, event.mail_id, "queued"
                self.ticket_id, self.reply_id = event.ticket_id, event.reply_id
                self.to, self.cc = event.to, event.cc
            case MessageBouncedV1():
                self.status = "bounced"
                self.bounced_at |= {normal(address) for address in event.recipients}
            case MessageSentV1():
                self.status = "sent"
            case MessageFailedV1():
                self.status = "failed"
            case MessageHeldV1():
                self.status = "held"
            case MessageSuppressedV1():
                self.status = "suppressed"
