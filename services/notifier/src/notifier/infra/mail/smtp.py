"""Hands mails to the mail server and says what surely happened, or that nobody knows."""

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPResponseException

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
from notifier.infra.mail.pool import Connections, MailServer, Unreachable

LOST = "smtp_connection_lost"
NO_UTF8 = "smtputf8_unsupported"


class SmtpSender:
    """The MailSender over SMTP. `send` never raises for what the server or the network does.

    Up to the DATA command every trouble is Refused (5xx) or Postponed: surely nothing was mailed.
    From DATA on only a clear answer counts; silence, a lost connection or nonsense is Unclear.
    """

    def __init__(self, server: MailServer, *, connections: int = 8) -> None:
        self._connections = Connections(server, connections)

    async def send(self, mail: Mail, *, tries: int) -> Delivery:
        """One try; `tries` counts it. Waits while all connections are in use."""
        try:
            async with self._connections.one() as client:
                return await _transact(client, mail, tries)
        except Unreachable as error:
            return Postponed(error.code)

    async def close(self) -> None:
        """Close idle connections."""
        await self._connections.close()


async def _transact(client: SMTP, mail: Mail, tries: int) -> Delivery:
    try:
        ready = await _envelope(client, mail, tries)
        if isinstance(ready, Refused | Postponed):
            return await _reset(client, ready)
    except SMTPResponseException as error:
        return await _reset(client, answered(error.code))
    except (SMTPException, OSError):
        client.close()
        return Postponed(LOST)
    return await _content(client, mail, ready)


async def _envelope(client: SMTP, mail: Mail, tries: int) -> Accepted | Refused | Postponed:
    options, encoding = [], "ascii"
    if mail.needs_utf8:
        if not client.supports_extension("smtputf8"):
            return Refused(NO_UTF8)
        options, encoding = ["SMTPUTF8", "BODY=8BITMIME"], "utf-8"
    if client.supports_extension("size"):
        options.append(f"SIZE={len(mail.content)}")
    await client.mail(mail.sender, options=options, encoding=encoding)
    statuses = []
    for recipient in mail.recipients:
        try:
            answer = await client.rcpt(recipient, encoding=encoding)
            statuses.append(answer.code)
        except SMTPResponseException as error:
            if not client.is_connected:
                raise
            statuses.append(error.code)
    verdict = judge_recipients(statuses, tries=tries)
    return Accepted(verdict) if isinstance(verdict, tuple) else verdict


async def _content(client: SMTP, mail: Mail, accepted: Accepted) -> Delivery:
    try:
        await client.data(mail.content)
    except SMTPDataError as error:
        if not 400 <= error.code <= 599:
            client.close()
            return Unclear()
        return await _reset(client, answered(error.code))
    except (SMTPException, OSError):
        client.close()
        return Unclear()
    return accepted


async def _reset(client: SMTP, verdict: Refused | Postponed) -> Refused | Postponed:
    """The server forgets the transaction; if it cannot, the connection is not used again."""
    try:
        if client.is_connected:
            await client.rset()
    except (SMTPException, OSError):
        client.close()
    return verdict
