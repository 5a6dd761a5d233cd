"""Services over HTTP/1.1 by aiohttp: bounded, streaming both ways, framed anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp.http import RawResponseMessage
from multidict import istr
from yarl import URL

from gateway.application.upstream import (
    UpstreamAnswer,
    UpstreamBroken,
    UpstreamDown,
    UpstreamRequest,
    UpstreamSlow,
)
from gateway.infra.breaker import Breaker

CONNECT_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15.0
"""Shorter than a service's 30 s, so that we end an idle connection, and none breaks under us."""
CONNECTIONS = 200
QUEUE_SECONDS = 5.0
"""How long a request waits for one of them; what connecting takes counts too."""
LARGEST_HEAD = 32 * 1024
"""Of an answer: names, values and four bytes of frame each."""
_READ_CHUNK = 64 * 1024

_NOT_OURS = [istr("Accept"), istr("Accept-Encoding"), istr("User-Agent"), istr("Content-Type")]


class AiohttpAnswer:
    """An answer whose head has arrived."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = response.raw_headers

    async def whole(self) -> bytes:
        """The rest of the body at once."""
        try:
            return await self._response.read()
        except TimeoutError:
            raise UpstreamSlow from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamBroken from None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except TimeoutError:
            raise UpstreamSlow from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamBroken from None

    def close(self) -> None:
        """Let go; a connection that still owes bytes is ended, not reused."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


class _Connector(aiohttp.TCPConnector):
    """Hands out no idle connection on which something came while nobody asked: the next request
    would take it for its answer, which is what the library does."""

    async def _get(self, key: Any, traces: Any) -> Any:
        while (found := await super()._get(key, traces)) is not None:
            if found.protocol is not None and not found.protocol.should_close:
                return found
            found.close()
        return None


class _NotBegun(UpstreamBroken):
    """The connection ended before a byte of the answer came: an idle one had just been closed."""


class AiohttpUpstream:
    """One service at one address.

    Connect within 1 s; first byte, and each next one, within the row's time. A connection that
    ends before the first byte is tried once more if the request is idempotent, never otherwise.
    Redirects, cookies, proxies from the environment and decompression are off: the answer is what
    the service wrote. One that is framed in a way of its own, or encoded though nobody asked for
    it, is no answer.
    """

    def __init__(self, address: str, breaker: Breaker | None = None) -> None:
        self._base = address.rstrip("/")
        self._breaker = breaker or Breaker()
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """The head of the answer. Raises UpstreamDown, UpstreamSlow, UpstreamBroken."""
        if not self._breaker.admits():
            raise UpstreamDown
        try:
            response = await self._once(request)
        except _NotBegun:
            if not request.idempotent or isinstance(request.body, AsyncIterator):
                raise
            response = await self._once(request)
        self._breaker.succeeded()
        return AiohttpAnswer(response)

    async def _once(self, request: UpstreamRequest) -> aiohttp.ClientResponse:
        session = self._session or self._open()
        streamed = isinstance(request.body, AsyncIterator)
        try:
            async with asyncio.timeout(None if streamed else QUEUE_SECONDS + request.first_byte):
                response = await session.request(
                    request.method,
                    URL(self._base + request.target, encoded=True),
                    headers=request.headers,
                    data=request.body,
                    timeout=self._timeout(request.first_byte),
                    allow_redirects=False,
                )
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError):
            self._breaker.failed()
            raise UpstreamDown from None
        except TimeoutError:
            self._breaker.failed()
            raise UpstreamSlow from None
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            self._breaker.failed()
            begun = isinstance(getattr(error, "message", None), RawResponseMessage)
            raise (UpstreamBroken if begun else _NotBegun) from None
        except (aiohttp.ClientError, OSError, ValueError):
            self._breaker.failed()
            raise UpstreamBroken from None
        if _strange(response):
            self._breaker.failed()
            response.close()
            raise UpstreamBroken
        return response

    def _timeout(self, first_byte: float) -> aiohttp.ClientTimeout:
        known = self._timeouts.get(first_byte)
        if known is None:
            known = self._timeouts[first_byte] = aiohttp.ClientTimeout(
                total=None,
                connect=QUEUE_SECONDS,
                sock_connect=CONNECT_SECONDS,
                sock_read=first_byte,
            )
        return known

    def _open(self) -> aiohttp.ClientSession:
        connector = _Connector(
            limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS, ttl_dns_cache=10
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NOT_OURS,
            trust_env=False,
            read_bufsize=_READ_CHUNK,
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
        )
        # aiohttp sends PUT and DELETE a second time by itself; whether that is safe is ours to say.
        self._session._retry_connection = False
        return self._session

    async def close(self) -> None:
        """Close idle connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)


def _strange(response: aiohttp.ClientResponse) -> bool:
    """Whether the head leaves open where the answer ends, what it means, or what it may cost."""
    size = codings = 0
    for name, value in response.raw_headers:
        size += len(name) + len(value) + 4
        lower = name.lower()
        if lower == b"transfer-encoding":
            codings += 1
            if codings > 1 or value.strip().lower() != b"chunked":
                return True
        elif lower == b"content-encoding" and value.strip().lower() != b"identity":
            return True
    return size > LARGEST_HEAD or not 200 <= response.status <= 599
