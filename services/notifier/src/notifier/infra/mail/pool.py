"""Open connections to the mail server, kept for the next mail."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPTimeoutError

CHECK_AFTER_IDLE = 5.0
CLOSE_AFTER_IDLE = 60.0


@dataclass(frozen=True)
class MailServer:
    """Where the mail server is. `starttls` makes TLS a must; without it none is used."""

    host: str
    port: int
    helo: str
    user: str | None = None
    password: str | None = None
    starttls: bool = False
    connect_seconds: float = 10.0
    answer_seconds: float = 60.0


class Unreachable(Exception):
    """No working connection; `code` says at which step."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Connections:
    """At most `size` at a time; further senders wait for one to become free."""

    def __init__(self, server: MailServer, size: int) -> None:
        self._server = server
        self._slots = asyncio.Semaphore(size)
        self._idle: list[tuple[SMTP, float]] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[SMTP]:
        """A connection that answered just now or lately. Raises Unreachable.

        It goes back only if it is still open when the block ends; an exception closes it.
        """
        async with self._slots:
            client = await self._take()
            try:
                yield client
            except BaseException:
                client.close()
                raise
            if client.is_connected:
                self._idle.append((client, time.monotonic()))

    async def close(self) -> None:
        """Say goodbye on all idle connections."""
        idle, self._idle = self._idle, []
        for client, _ in idle:
            await _quit(client)

    async def _take(self) -> SMTP:
        while self._idle:
            client, since = self._idle.pop()
            if await self._usable(client, time.monotonic() - since):
                return client
        return await self._connect()

    async def _usable(self, client: SMTP, idle: float) -> bool:
        if not client.is_connected:
            return False
        if idle > CLOSE_AFTER_IDLE:
            await _quit(client)
            return False
        if idle < CHECK_AFTER_IDLE:
            return True
        try:
            await client.noop(timeout=self._server.connect_seconds)
        except (SMTPException, OSError):
            client.close()
            return False
        return True

    async def _connect(self) -> SMTP:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.helo,
            timeout=server.answer_seconds,
            start_tls=False,
        )
        try:
            await client.connect(timeout=server.connect_seconds)
            await client.ehlo()
            if server.starttls:
                await client.starttls(tls_context=ssl.create_default_context())
                await client.ehlo()
        except (SMTPException, OSError, SMTPTimeoutError):
            client.close()
            raise Unreachable("smtp_unreachable") from None
        if server.user is not None:
            await self._sign_in(client, server.user, server.password or "")
        return client

    async def _sign_in(self, client: SMTP, user: str, password: str) -> None:
        try:
            await client.login(user, password)
        except (SMTPException, OSError):
            client.close()
            raise Unreachable("smtp_sign_in") from None


async def _quit(client: SMTP) -> None:
    try:
        await client.quit(timeout=2.0)
    except (SMTPException, OSError):
        client.close()
