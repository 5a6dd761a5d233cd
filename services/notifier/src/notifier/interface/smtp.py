# ruff: noqa: ARG002, N802 - handlers have the names and arguments that aiosmtpd gives
"""Mail by SMTP: our mailboxes' own server, behind the company's mail exchanger."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session

from deskstream_chassis.logs import log, where
from notifier.application.inbound import Delivered
from notifier.domain.inbound import mailbox_of

DATA_LIMIT = 48 * 1024 * 1024
LINE_LIMIT = 2 * 1024 * 1024
"""Bytes of a line: mails with longer ones than the standard's 998 exist, and are taken."""
MOST_RECIPIENTS = 1000
MOST_CONNECTIONS = 50
AT_ONCE = 4
"""Mails that are read and stored at the same time; more wait with their connection."""
SILENCE_SECONDS = 120.0
LATER = "451 4.3.0 not stored, try again later"
UNKNOWN = "550 5.1.1 no such mailbox here"
BUSY = "421 4.3.2 too many connections, try again later"

Receive = Callable[[Delivered], Awaitable[UUID]]

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it writes addresses and contents


class Server(SMTP):
    """aiosmtpd's protocol with long lines; a failure of ours is the sender's "later", for ever."""

    line_length_limit = LINE_LIMIT

    async def handle_exception(self, error: Exception) -> str:
        """Instead of 500 with the exception's text, which is for good."""
        log.error("mail not taken", error_code=type(error).__name__, where=where(error))
        return LATER


@dataclass(frozen=True)
class Listening:
    """Where the receiver listens; port 0 is any free one."""

    host: str
    port: int
    name: str


class Receiver:
    """A worker. `port` is known while it runs."""

    def __init__(self, listening: Listening, mailboxes: tuple[str, ...], receive: Receive) -> None:
        self._listening = listening
        self._mailboxes = mailboxes
        self._receive = receive
        self._room = asyncio.Semaphore(AT_ONCE)
        self._open: set[Server] = set()
        self.port = listening.port
        self.ready = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop: no new connections then; what is being stored is answered."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._protocol, self._listening.host, self._listening.port
        )
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        log.info("mail is taken", port=self.port)
        try:
            await stopping.wait()
        finally:
            server.close()
            for _ in range(AT_ONCE):
                await self._room.acquire()
            for one in list(self._open):
                _hang_up(one)
            await server.wait_closed()

    def _protocol(self) -> Server:
        protocol = _Counted(
            self,
            hostname=self._listening.name,
            ident="Deskstream",
            data_size_limit=DATA_LIMIT,
            enable_SMTPUTF8=True,
            timeout=SILENCE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        protocol.gone = self._open.discard
        self._open.add(protocol)
        return protocol

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """More connections than may be are sent away before they say anything."""
        session.host_name = hostname
        return [BUSY] if len(self._open) > MOST_CONNECTIONS else responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Mail for our mailboxes alone, plus tags included: this server passes nothing on."""
        if mailbox_of(address, self._mailboxes) is None:
            return UNKNOWN
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """250 means: stored, for every mailbox it was for."""
        content = envelope.content
        assert isinstance(content, bytes)
        by_mailbox: dict[str, list[str]] = {}
        for address in envelope.rcpt_tos:
            mailbox = mailbox_of(address, self._mailboxes)
            assert mailbox is not None
            by_mailbox.setdefault(mailbox, []).append(_storable(address))
        try:
            async with self._room:
                for mailbox, recipients in by_mailbox.items():
                    await self._receive(
                        Delivered(
                            mailbox=mailbox,
                            way="smtp",
                            return_path=(envelope.mail_from or "").strip("<>"),
                            recipients=tuple(recipients),
                            raw=content,
                        )
                    )
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail is not stored
            log.error("mail not stored", error_code=type(error).__name__, where=where(error))
            return LATER
        return "250 2.0.0 stored"


class _Counted(Server):
    """Tells when its connection is gone."""

    gone: Callable[["_Counted"], None]

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        self.gone(self)
        super().connection_lost(error)


def _hang_up(server: SMTP) -> None:
    if server.transport is not None:
        server.transport.close()


def _storable(address: str) -> str:
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")[:320]
