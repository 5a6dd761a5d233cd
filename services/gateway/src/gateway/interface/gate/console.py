"""The internal listener: console calls the API with the token that the gate sent it a page with.

A token that the gate signed for the audience `console` names a session; the caller then is that
session, with its rights of this moment. Nothing else proves anybody here, and the token proves
nothing at the public listener.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from deskstream_chassis.access import Actor
from deskstream_chassis.clock import Clock
from deskstream_chassis.http.problem import forbidden, not_found
from deskstream_chassis.identity.tokens import MAX_TOKEN, TokenRejected
from gateway.application.limiter import Limiter
from gateway.application.ports import Audit
from gateway.interface.gate.credentials import Credentials, Principal, presented_key
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.limits import QUOTAS, address_key
from gateway.interface.gate.policy import OWN_ACCOUNT, Policy, unauthenticated
from gateway.interface.gate.rows import Row

AUDIENCE: Final = "console"
Verify = Callable[[str], Awaitable[Actor]]
"""The caller in a token for AUDIENCE (the chassis' TokenVerifier). Raises TokenRejected."""


class ConsolePolicy(Policy):
    """The same rights, limits, step-up and trail as for the browser.

    Different: the origin was proven at the page that console answers; public rows need the token
    too; no cookie is read or changed, and what might change one (signing in and out, password,
    factor, step-up) is refused.
    """

    def __init__(
        self,
        credentials: Credentials,
        limiter: Limiter,
        audit: Audit,
        own_origin: str,
        clock: Clock,
        device_pepper: bytes,
        verify: Verify,
    ) -> None:
        super().__init__(credentials, limiter, audit, own_origin, clock, device_pepper)
        self._verify = verify

    async def _admit(self, exchange: Exchange, row: Row, headers: RequestHeaders) -> None:
        if row.access.webhook is not None:
            raise not_found()
        public = row.access.public
        browser_only = (row.unsafe or public) and row.template.startswith(OWN_ACCOUNT)
        if not (public or browser_only):
            await super()._admit(exchange, row, headers)
            return
        principal = exchange.principal = await self._proven(exchange, headers)
        await self._limit(exchange, row, principal)
        if browser_only:
            told = "what may change the cookie is asked by the browser, at the public listener"
            raise forbidden("browser_only", told)

    async def _proven(self, exchange: Exchange, headers: RequestHeaders) -> Principal:
        """The session that the token names, as it is now. Raises Problem 401, 429."""
        principal = await self._named(headers)
        if principal is None:
            await self._take(exchange, QUOTAS["api"], address_key(exchange.address))
            raise unauthenticated()
        return principal

    async def _named(self, headers: RequestHeaders) -> Principal | None:
        token = presented_key(headers.single.get(b"authorization", b""), MAX_TOKEN)
        if token is None:
            return None
        try:
            told = await self._verify(token)
        except TokenRejected:
            return None
        if told.session is None:
            return None
        principal = await self._credentials.by_session(UUID(told.session))
        return principal if principal is not None and principal.name == told.ref else None

    def _check_origin(self, headers: RequestHeaders, principal: Principal) -> None:
        """The page was checked when the gate passed its request on to console."""

    async def _replace_cookie(
        self, exchange: Exchange, principal: Principal, headers: RequestHeaders
    ) -> None:
        """The cookie is the browser's, which is not here."""


class ConsoleDoor:
    """The gate at the internal listener. Its application is started at the public one."""

    def __init__(self, gate: ASGIApp) -> None:
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "lifespan":
            await self._gate(scope, receive, send)
            return
        while True:
            phase = (await receive())["type"]
            await send({"type": f"{phase}.complete"})
            if phase == "lifespan.shutdown":
                return
