"""Fakes of the notifier's ports, proven by the suites of the real ones, and a mail server that
misbehaves on demand."""

import asyncio
import ssl
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notifier.application.mail import Mail
from notifier.domain.delivery import (
    Accepted,
    Delivery,
    Postponed,
    Refused,
    Unclear,
    answered,
    judge_recipients,
)
from notifier.infra.mail.pool import MailServer


@dataclass
class FakeMailServer:
    """A MailSender that keeps mails instead of sending them, with a mail server's troubles."""

    accepted: list[Mail] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    """Recipient -> SMTP status of his RCPT."""
    sender_status: int = 250
    content_status: int = 250
    down: bool = False
    silent_after_data: bool = False
    """The connection breaks when the content was sent; the mail may be accepted all the same."""
    knows_utf8: bool = True

    async def send(self, mail: Mail, *, tries: int) -> Delivery:
        """As SmtpSender."""
        if self.down:
            return Postponed("smtp_unreachable")
        if mail.needs_utf8 and not self.knows_utf8:
            return Refused("smtputf8_unsupported")
        if self.sender_status != 250:
            return answered(self.sender_status)
        statuses = [self.refuse.get(recipient, 250) for recipient in mail.recipients]
        verdict = judge_recipients(statuses, tries=tries)
        if isinstance(verdict, Refused | Postponed):
            return verdict
        if self.silent_after_data:
            return Unclear()
        if self.content_status != 250:
            return answered(self.content_status)
        self.accepted.append(mail)
        return Accepted(verdict)


@dataclass
class Received:
    """One accepted mail."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=default)


@dataclass
class RealMailServer:
    """aiosmtpd, misbehaving on demand."""

    received: list[Received] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    sender_status: int = 250
    content_status: int = 250
    silent_after_data: bool = False
    hang_after_data: bool = False
    password: str | None = None
    """Asked for, of user `desk`, if given."""
    tls: ssl.SSLContext | None = None
    """STARTTLS is a must, if given."""
    connections: int = 0
    knows_utf8: bool = True
    port: int = 0
    _server: asyncio.Server | None = None
    _open: list[SMTP] = field(default_factory=list)

    def settings(self, **more: Any) -> MailServer:
        return MailServer("127.0.0.1", self.port, "notifier.test", **more)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Break every open connection, the listener stays."""
        for protocol in self._open:
            _abort(protocol)
        self._open.clear()

    def _connection(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a password without TLS, on loopback
            protocol = self._protocol()
        self._open.append(protocol)
        return protocol

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.test",
            ident="test",
            enable_SMTPUTF8=self.knows_utf8,
            loop=asyncio.get_running_loop(),
            auth_required=self.password is not None,
            auth_require_tls=self.tls is not None,
            authenticator=self._authenticate,
            tls_context=self.tls,
            require_starttls=self.tls is not None,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(
            b"desk", (self.password or "").encode()
        )
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_status != 250:
            return f"{self.sender_status} no"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        status = self.refuse.get(address, 250)
        if status != 250:
            return f"{status} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.silent_after_data:
            _abort(server)
            return "250 never heard"
        if self.hang_after_data:
            await asyncio.Event().wait()
        if self.content_status != 250:
            return f"{self.content_status} no"
        assert isinstance(envelope.content, bytes)
        self.received.append(
            Received(
                envelope.mail_from or "",
                tuple(envelope.rcpt_tos),
                envelope.content,
                tuple(envelope.mail_options),
            )
        )
        return "250 OK"


def _abort(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.Transport):
        protocol.transport.abort()
