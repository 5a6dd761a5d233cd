"""From a letter to the bytes of a mail. No header can be injected: the standard library refuses
line ends, and names and subjects were made one line before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from deskstream_chassis.sealed import NotSealed
from deskstream_events.notifier.message import Kind
from notifier.application.mail import LoadedFile, Mail
from notifier.domain.addresses import one_line
from notifier.domain.errors import LinkUnreadable
from notifier.domain.letter import Letter
from notifier.domain.threading import Thread, mail_id
from notifier.infra.mail.addresses import Postal, needs_utf8, postal
from notifier.infra.mail.headers import HEADERS
from notifier.infra.mail.templates import Templates

CORRELATION_HEADER = "X-Deskstream-Correlation"
ASCII = SMTP.clone(cte_type="7bit", raise_on_defect=False, header_factory=HEADERS)
BEYOND_ASCII = SMTPUTF8.clone(header_factory=HEADERS)
LINKED_PAGES: Mapping[Kind, str] = {
    "verification": "verify-email",
    "password_reset": "reset-password",
}
"""Where the links of these mails lead, below the public address."""


@dataclass(frozen=True)
class House:
    """Who we are in mails. `sender` is the support address, `domain` that of our Message-IDs."""

    sender: str
    domain: str
    desk_name: str
    public_url: str


class Composer:
    """Writes mails. `unseal` opens a mailed link's token; `reply_address` is where answers to a
    ticket's mails go."""

    def __init__(
        self,
        house: House,
        *,
        unseal: Callable[[str], str],
        reply_address: Callable[[UUID], str],
        templates: Templates | None = None,
    ) -> None:
        self._house = house
        self._unseal = unseal
        self._reply_address = reply_address
        self._templates = templates or Templates()

    def compose(
        self,
        letter: Letter,
        thread: Thread,
        files: Sequence[LoadedFile],
        *,
        at: datetime,
        correlation_id: str,
    ) -> Mail:
        """The mail for all recipients of the letter. Raises BadAddress, LinkUnreadable."""
        to = [postal(recipient) for recipient in letter.to]
        cc = [postal(recipient) for recipient in letter.cc]
        utf8 = needs_utf8([*to, *cc])
        message = EmailMessage(policy=BEYOND_ASCII if utf8 else ASCII)
        self._people(message, letter, to, cc, utf8=utf8)
        self._marks(message, letter, thread, at, correlation_id)
        self._words(message, letter)
        for file in files:
            _attach(message, file)
        return Mail(
            mail_id=mail_id(letter.message_id, self._house.domain),
            sender=self._house.sender,
            recipients=tuple(one.address(utf8=utf8) for one in (*to, *cc)),
            content=message.as_bytes(),
            needs_utf8=utf8,
        )

    def _people(
        self,
        message: EmailMessage,
        letter: Letter,
        to: Sequence[Postal],
        cc: Sequence[Postal],
        *,
        utf8: bool,
    ) -> None:
        name = str(letter.facts.get("author_name") or self._house.desk_name)
        message["From"] = Address(display_name=one_line(name), addr_spec=self._house.sender)
        if to:
            message["To"] = [one.header(utf8=utf8) for one in to]
        if cc:
            message["Cc"] = [one.header(utf8=utf8) for one in cc]
        if letter.to_customer and letter.ticket_id:
            message["Reply-To"] = self._reply_address(letter.ticket_id)

    def _marks(
        self,
        message: EmailMessage,
        letter: Letter,
        thread: Thread,
        at: datetime,
        correlation_id: str,
    ) -> None:
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{mail_id(letter.message_id, self._house.domain)}>"
        if thread.in_reply_to:
            message["In-Reply-To"] = f"<{thread.in_reply_to}>"
            message["References"] = " ".join(f"<{one}>" for one in thread.references)
        if letter.automatic:
            message["Auto-Submitted"] = "auto-generated"
        message[CORRELATION_HEADER] = one_line(correlation_id)

    def _words(self, message: EmailMessage, letter: Letter) -> None:
        facts: dict[str, Any] = {
            **letter.facts,
            "desk_name": self._house.desk_name,
            "public_url": self._house.public_url,
        }
        sealed = facts.pop("sealed_token", None)
        if sealed is not None:
            facts["link"] = self._link(LINKED_PAGES[letter.kind], str(sealed))
        if letter.expires_at:
            facts["expires_at"] = f"{letter.expires_at:%d %B %Y, %H:%M} UTC"
        text = self._templates.render(letter.kind, facts)
        message["Subject"] = text.subject
        message.set_content(text.plain)
        message.add_alternative(text.html, subtype="html")

    def _link(self, page: str, sealed: str) -> str:
        try:
            token = self._unseal(sealed)
        except NotSealed:
            raise LinkUnreadable from None
        return f"{self._house.public_url}/{page}?token={quote(token, safe='')}"


def _attach(message: EmailMessage, file: LoadedFile) -> None:
    main, _, sub = file.media_type.partition("/")
    message.add_attachment(
        file.content,
        maintype=main or "application",
        subtype=sub.partition(";")[0].strip() or "octet-stream",
        filename=one_line(file.file_name) or "file",
        disposition="attachment",
    )
