"""The SMTP side. It logs nothing: recipients are people."""

import asyncio
import logging

from aiosmtpd.smtp import SMTP, Envelope, Session

from deskstream_tools.mailbox.faults import Misbehaviour
from deskstream_tools.mailbox.store import Store

LARGEST = 40 * 1024 * 1024


class Handler:
    """What happens at each command; the names are aiosmtpd's."""

    def __init__(self, store: Store, misbehaviour: Misbehaviour) -> None:
        self._store = store
        self._misbehaviour = misbehaviour

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender, unless the server is to be unavailable."""
        if self._misbehaviour.unavailable():
            return "421 4.3.2 not available, try later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, unless he is to be refused."""
        code = self._misbehaviour.refused(address)
        if code is not None:
            return f"{code} {code // 100}.1.1 recipient refused"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, then answer, break off or stay silent."""
        if (delay := self._misbehaviour.faults.delay_seconds) > 0:
            self._misbehaviour.happened.delayed += 1
            await asyncio.sleep(delay)
        if (code := self._misbehaviour.refused_data()) is not None:
            return f"{code} {code // 100}.7.1 mail refused"
        assert isinstance(envelope.content, bytes)
        row = self._store.keep(envelope.rcpt_tos, envelope.content)
        if self._misbehaviour.drops():
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        elif self._misbehaviour.hangs():
            await asyncio.Event().wait()
        return f"250 2.0.0 kept as {row['id']}"


async def serve_smtp(
    store: Store, misbehaviour: Misbehaviour, host: str, port: int
) -> asyncio.Server:
    """Listen for mail. Raises OSError where the port is taken."""
    logging.getLogger("mail").setLevel(logging.CRITICAL + 1)
    handler = Handler(store, misbehaviour)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="mailbox.invalid",
            ident="Deskstream mailbox",
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST,
            loop=loop,
        ),
        host,
        port,
    )
