"""What an event says of a mail: everything that was read, as far as an event may be long."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_chassis.html import MAX_BODY, text_to_html
from deskstream_events.notifier.inbound import InboundFile, InboundMail, StoredText
from notifier.application.inbound import Delivered, Kept, PartFile, ReadMail

LONGEST_EVENT = 700 * 1024
"""Bytes of JSON: whoever passes it on in an event of his own has room for more."""
HEAD = 64
SHORTER = (64 * 1024, 16 * 1024, 0)
"""Letters of body and quote where the whole is too long for an event: the first that fits."""


@dataclass(frozen=True)
class Taken:
    """A mail that was read and whose objects lie in the bucket. `facts` are the fields of its
    event but for time, cause and bounce; `text` is the whole body."""

    facts: dict[str, Any]
    html: str
    text: str
    quoted: str

    def fits(self) -> bool:
        """The event may hold the whole body."""
        return self._fits(self.whole())

    def whole(self) -> dict[str, Any]:
        """All fields, the body in full."""
        body = {"body_html": self.html, "body_text": self.text, "quoted_text": self.quoted or None}
        return {**self.facts, **body}

    def shortened(self, whole: StoredText) -> dict[str, Any]:
        """All fields; of the body the longest beginning that fits."""
        found: dict[str, Any] = {}
        for length in SHORTER:
            text = self.text[:length]
            found = {
                **self.facts,
                "body_html": text_to_html(text),
                "body_text": text,
                "quoted_text": self.quoted[:length] or None,
                "whole": whole,
            }
            if self._fits(found):
                break
        return found

    def _fits(self, fields: dict[str, Any]) -> bool:
        texts = (fields["body_html"], fields["body_text"])
        if any(len(text.encode()) > MAX_BODY for text in texts):
            return False
        event = InboundMail(**fields, at=datetime.fromtimestamp(0).astimezone())
        return len(event.model_dump_json()) <= LONGEST_EVENT


def file_of(kept: Kept, file: PartFile) -> InboundFile:
    """As the event names it."""
    return InboundFile(
        key=kept.key,
        sha256=kept.sha256,
        size=kept.size,
        media_type=file.media_type,
        file_name=file.file_name,
        content_id=file.content_id,
        head=file.content[:HEAD].hex(),
    )


def taken(
    inbound_id: UUID,
    delivered: Delivered,
    mail: ReadMail,
    raw: Kept,
    files: tuple[InboundFile, ...],
    judged: dict[str, Any],
) -> Taken:
    """`judged`: what was found out beyond what the mail says."""
    sender, name = mail.sender
    facts = {
        "inbound_id": inbound_id,
        "mailbox": delivered.mailbox,
        "way": delivered.way,
        "mail_id": mail.mail_id,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "thread_index": mail.thread_index,
        "from_email": sender,
        "from_name": name,
        "to_emails": mail.to,
        "cc_emails": mail.cc,
        "recipient_emails": delivered.recipients,
        "subject": mail.subject,
        "written_at": mail.written_at,
        "files": files,
        "raw_key": raw.key,
        "raw_sha256": raw.sha256,
        "raw_size": raw.size,
        "unreadable": mail.unreadable,
        **judged,
    }
    return Taken(facts, mail.body_html, mail.body_text, mail.quoted_text or "")
