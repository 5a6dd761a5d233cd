"""Who passes: proof, limit, right and origin of a request, decided before its body is read."""

from datetime import datetime

from deskstream_chassis.clock import Clock
from deskstream_chassis.http.problem import Problem, forbidden, unavailable
from gateway.application.limiter import Limiter
from gateway.application.ports import Audit, KeyFacts, SessionFacts, StoreDown
from gateway.domain.known_device import is_ours
from gateway.domain.quota import Quota
from gateway.domain.session import freshly_proven
from gateway.interface.gate.credentials import (
    Credentials,
    Principal,
    device_cookie,
    presented_key,
    session_cookie,
)
from gateway.interface.gate.csrf import SAME_ORIGIN, check_site, check_token
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.limits import QUOTAS, address_key, limit_headers, quota_of_key
from gateway.interface.gate.rows import Row
from gateway.interface.http.cookie import session_header

OWN_ACCOUNT = "/api/auth/"


def unauthenticated() -> Problem:
    """401, the same for no proof and for one that does not hold."""
    challenge = {"WWW-Authenticate": 'Bearer realm="deskstream"'}
    return Problem(401, "unauthenticated", headers=challenge)


class Policy:
    """Admits a request to its row, or raises the Problem to answer with.

    Nothing is looked up twice in five seconds; a store that is down refuses (503).
    """

    def __init__(
        self,
        credentials: Credentials,
        limiter: Limiter,
        audit: Audit,
        own_origin: str,
        clock: Clock,
        device_pepper: bytes,
    ) -> None:
        self._credentials = credentials
        self._limiter = limiter
        self._audit = audit
        self._own_origin = own_origin.encode()
        self._clock = clock
        self._device_pepper = device_pepper

    async def admit(self, exchange: Exchange, row: Row, headers: RequestHeaders) -> None:
        """Fills in the exchange's principal and RateLimit headers. Raises Problem 401, 403, 429,
        503."""
        try:
            await self._admit(exchange, row, headers)
        except Problem as problem:
            self._note(exchange, row, problem)
            raise
        except StoreDown:
            raise unavailable("store_unavailable") from None

    async def _admit(self, exchange: Exchange, row: Row, headers: RequestHeaders) -> None:
        single = headers.single
        if row.access.public:
            await self._limit_visitor(exchange, row, single.get(b"cookie"))
            if row.template.startswith(OWN_ACCOUNT):
                exchange.principal = await self._session_at_hand(row, headers)
            return
        if row.access.webhook is not None:  # proven over the body, which nobody has read yet
            await self._limit_visitor(exchange, row, None)
            return
        principal = exchange.principal = await self._proven(exchange, headers)
        await self._limit(exchange, row, principal)
        _check_right(row, principal)
        if principal.actor.kind == "key":
            self._audit.note("key_used", "ok", principal=principal.name)
            return
        if row.unsafe:
            self._check_origin(headers, principal)
        if isinstance(principal.facts, SessionFacts):
            await self._check_proof(row, principal.facts)
        if row.renews and not principal.touched and b"deskstream-background" not in single:
            await self._credentials.touch(principal)
        if row.renews and not (row.unsafe and row.template.startswith(OWN_ACCOUNT)):
            await self._replace_cookie(exchange, principal, headers)

    def _check_origin(self, headers: RequestHeaders, principal: Principal) -> None:
        """That one of our own pages asked for a change. Raises Problem 403."""
        single = headers.single
        check_site(single.get(b"sec-fetch-site"), single.get(b"origin"), self._own_origin)
        check_token(single.get(b"x-csrf-token"), principal.csrf)

    async def _check_proof(self, row: Row, facts: SessionFacts) -> None:
        """Raises Problem 403. Before anybody is told to prove himself the store is asked again: he
        may have done so a moment ago, at another gateway."""
        if _lacking(row, facts, self._clock.now()) is None:
            return
        newest = await self._credentials.newest(facts)
        problem = _lacking(row, newest or facts, self._clock.now())
        if problem is not None:
            raise problem

    async def _replace_cookie(
        self, exchange: Exchange, principal: Principal, headers: RequestHeaders
    ) -> None:
        """With the next use after a change of rights the browser gets another token; a stream,
        whose answer has no end, leaves that to the request beside it, and what may change the
        cookie by itself does so alone."""
        secret = session_cookie(headers.single.get(b"cookie"))
        token = None if secret is None else await self._credentials.rotate(principal, secret)
        if token is not None:
            exchange.cookie = session_header(token)

    async def _session_at_hand(self, row: Row, headers: RequestHeaders) -> Principal | None:
        """The living session whose cookie came with a public request: signing in replaces it,
        linking needs it. Asked for by another site's page a form is refused, a GET has none."""
        single = headers.single
        site = single.get(b"sec-fetch-site")
        if row.unsafe:
            check_site(site, single.get(b"origin"), self._own_origin)
        elif site != SAME_ORIGIN:
            return None
        secret = session_cookie(single.get(b"cookie"))
        return None if secret is None else await self._credentials.by_cookie(secret)

    async def _proven(self, exchange: Exchange, headers: RequestHeaders) -> Principal:
        """The caller behind a key or, where no Authorization is sent, behind a session cookie."""
        authorization = headers.single.get(b"authorization")
        if authorization is not None:
            secret = presented_key(authorization)
        else:
            secret = session_cookie(headers.single.get(b"cookie"))
        if secret is not None:
            known = self._credentials.remembered(secret)
            if known is not None and (known.actor.kind == "key") is (authorization is not None):
                return known
        stranger = address_key(exchange.address)
        if secret is None or not self._credentials.was_known(secret):
            await self._take(exchange, QUOTAS["api"], stranger, peek=True)
        if secret is not None:
            look_up = (
                self._credentials.by_cookie if authorization is None else self._credentials.by_key
            )
            found = await look_up(secret)
            if found is not None:
                return found
        await self._take(exchange, QUOTAS["api"], stranger)
        raise unauthenticated()

    async def _limit_visitor(self, exchange: Exchange, row: Row, cookies: bytes | None) -> None:
        """By address; where a device may count alone, by the device whose cookie we made. Whether
        it is known for the account in the body is told behind the gate."""
        quota = QUOTAS.get(row.rate)
        if quota is None:
            return
        key = address_key(exchange.address)
        device = device_cookie(cookies) if row.by_device else None
        if device is not None and is_ours(self._device_pepper, device):
            exchange.device, key = device, "device:" + device
        await self._take(exchange, quota, key)

    async def _limit(self, exchange: Exchange, row: Row, principal: Principal) -> None:
        quota = QUOTAS.get(row.rate)
        if quota is None:
            return
        facts = principal.facts
        if row.rate == "api" and isinstance(facts, KeyFacts) and facts.rate_per_minute:
            quota = quota_of_key(facts.rate_per_minute)
        await self._take(exchange, quota, principal.name)

    async def _take(
        self, exchange: Exchange, quota: Quota, key: str, *, peek: bool = False
    ) -> None:
        if peek:
            verdict = await self._limiter.peek(quota, key)
        else:
            verdict = await self._limiter.hit(quota, key)
            exchange.limit_headers = limit_headers(verdict)
        if not verdict.allowed:
            exchange.limit_headers = limit_headers(verdict)
            raise Problem(429, "rate_limited")

    def limited(self, exchange: Exchange, row: Row) -> None:
        """An account's limit was hit behind the gate: on the trail like one of the gate's own."""
        self._note(exchange, row, Problem(429, "rate_limited"))

    def _note(self, exchange: Exchange, row: Row, problem: Problem) -> None:
        principal = exchange.principal
        self._audit.note(
            "limited" if problem.status == 429 else "refused",
            "denied",
            principal=None if principal is None else principal.name,
            target=row.key,
            code=problem.code,
            address=exchange.address,
        )


def _check_right(row: Row, principal: Principal) -> None:
    access, actor = row.access, principal.actor
    if actor.kind == "key":
        if actor.scopes.isdisjoint(access.scopes):
            raise forbidden()
    elif not access.session or not actor.is_at_least(access.role):
        raise forbidden()


def _lacking(row: Row, facts: SessionFacts, now: datetime) -> Problem | None:
    """What a session has to prove first."""
    if facts.factor_due and not row.template.startswith(OWN_ACCOUNT):
        return forbidden("factor_required", "set a second factor first: POST /api/auth/factor")
    if row.step_up and not freshly_proven(facts.proven_at, now):
        told = "prove again who you are with POST /api/auth/step-up, then repeat the request"
        return forbidden("step_up_required", told)
    return None
