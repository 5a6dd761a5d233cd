"""What vendors send: proven over the raw bytes, then handed to the owner, who alone remembers it.

Whatever the owner does not answer well the vendor sends again; so nothing is kept here.
"""

from collections.abc import Iterable, Mapping, Sequence

from starlette.types import Receive

from deskstream_chassis.access import system
from deskstream_chassis.clock import Clock
from deskstream_chassis.http.problem import Problem, not_found
from deskstream_chassis.refusal import StartRefused
from gateway.application.ports import Audit
from gateway.domain.webhook import VENDORS, Vendor
from gateway.interface.gate.credentials import Principal
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.matcher import Match
from gateway.interface.gate.proxy import Proxy, bounded
from gateway.interface.gate.rows import Row

ANY = "vendor"
"""`webhook:vendor`: the row's parameter says which."""


class WebhookSecretMissing(StartRefused):
    """A served row takes what a vendor sends, and nothing is there to prove it by."""


def demand_secrets(table: Iterable[Row], secrets: Mapping[str, Sequence[str]]) -> None:
    """Raises WebhookSecretMissing naming the vendors of served rows that have no secret."""
    named = {row.access.webhook for row in table if row.served}
    wanted = [v.name for v in VENDORS.values() if (v.name if v.own_row else ANY) in named]
    if missing := [name for name in wanted if not secrets.get(name)]:
        raise WebhookSecretMissing(f"webhook_secrets: none for {', '.join(missing)}")


def rejected() -> Problem:
    """401, the same for no proof, for a wrong one and for one that is too old."""
    return Problem(401, "webhook_rejected")


class WebhookEntry:
    """Rows whose access is `webhook:`; the limit by source was taken before."""

    def __init__(
        self, proxy: Proxy, secrets: Mapping[str, Sequence[str]], audit: Audit, clock: Clock
    ) -> None:
        self._proxy, self._secrets = proxy, secrets
        self._audit, self._clock = audit, clock

    async def receive(
        self, exchange: Exchange, match: Match, headers: RequestHeaders, receive: Receive
    ) -> None:
        """Verify and pass on. Raises Problem 401, 404, 413 and those of the proxy."""
        vendor = _vendor(match)
        signed = _once(exchange.scope["headers"])
        if not any(proof.headers <= signed.keys() for proof in vendor.proofs):
            raise self._refused(exchange, match.row, "no_signature")
        incoming = bounded(match.row, headers, receive)
        body = b"" if incoming is None else await incoming.whole()
        secrets, now = self._secrets.get(vendor.name, ()), self._clock.now().timestamp()
        if (code := vendor.refusal(secrets, signed, body, now)) is not None:
            raise self._refused(exchange, match.row, code)
        exchange.principal = _principal(vendor)
        await self._proxy.forward_whole(
            exchange, match, headers, receive, owner=vendor.owner, body=body
        )

    def _refused(self, exchange: Exchange, row: Row, code: str) -> Problem:
        self._audit.note(
            "webhook_rejected", "denied", target=row.key, code=code, address=exchange.address
        )
        return rejected()


def _vendor(match: Match) -> Vendor:
    named = match.row.access.webhook
    if named is not None and named != ANY:
        return VENDORS[named]
    vendor = VENDORS.get(match.parameters["vendor"])
    if vendor is None or vendor.own_row:
        raise not_found()
    return vendor


def _once(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers that came exactly once: of two signatures none is believed."""
    found: dict[bytes, bytes] = {}
    twice = set()
    for name, value in headers:
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in twice}


def _principal(vendor: Vendor) -> Principal:
    """A part of the product speaks for the vendor: `system:webhook:<vendor>`."""
    actor = system(f"webhook:{vendor.name}")
    return Principal(None, actor, actor.ref, b"", (actor.ref,), 0.0)
