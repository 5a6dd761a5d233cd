"""What the gateway says to anybody: that it lives, and a few texts for machines."""

from collections.abc import Mapping
from datetime import timedelta

from deskstream_chassis.clock import Clock
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.gate import Handler

_TEXT = b"text/plain; charset=utf-8"
_XML = b"application/xml"
_JSON = b"application/json"
_SECURITY_TXT_DAYS = 180
"""RFC 9116 wants less than a year."""


def site_handlers(public_url: str, security_contact: str, clock: Clock) -> Mapping[str, Handler]:
    """Handlers by row: `health` (liveness only), `robots`, `sitemap`, `security-txt`."""

    async def health(exchange: Exchange) -> None:
        await exchange.answer(200, b'{"status":"ok"}', _JSON)

    async def robots(exchange: Exchange) -> None:
        await exchange.answer(200, b"User-agent: *\nDisallow: /\n", _TEXT)

    async def sitemap(exchange: Exchange) -> None:
        """No page is for crawlers; the document says so."""
        head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
        empty = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>\n'
        await exchange.answer(200, head + empty, _XML)

    async def security_txt(exchange: Exchange) -> None:
        today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        expires = (today + timedelta(days=_SECURITY_TXT_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = [
            f"Contact: {security_contact}",
            f"Expires: {expires}",
            "Preferred-Languages: en",
            f"Canonical: {public_url}/api/security-txt",
        ]
        await exchange.answer(200, ("\n".join(lines) + "\n").encode(), _TEXT)

    return {
        "GET /api/health": health,
        "HEAD /api/health": health,
        "GET /api/robots": robots,
        "GET /api/sitemap": sitemap,
        "GET /api/security-txt": security_txt,
    }
