"""Running an ASGI app on this loop until it is told to stop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import uvicorn
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as GranianServer
from starlette.types import ASGIApp

CONNECTIONS = 10_000
"""How many granian holds at once, idle ones and open streams included; it takes 128 by default and
leaves the rest unanswered."""
BACKLOG = 2_048


class Server(Protocol):
    """An HTTP server on the running loop."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set and open requests have ended, or their time is over."""
        ...


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, which has more to stop than this server."""
        yield


class UvicornServer:
    """uvicorn, access log off, at most `seconds` for open requests once stopping."""

    def __init__(self, app: ASGIApp, host: str, port: int, seconds: float) -> None:
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=True,
                ws="none",
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=max(1, round(seconds)),
                h11_max_incomplete_event_size=32 * 1024,
            )
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """See Server. Raises RuntimeError if the app does not start or the port is taken."""
        serving = asyncio.create_task(self._serve())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        self._server.should_exit = True
        await serving
        if not self._server.started:
            raise RuntimeError("the http server did not start")

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit:  # uvicorn's way to say that the port is taken
            raise RuntimeError("the http server did not start") from None


class GranianEmbedded:
    """granian on this loop, for the gateway: HTTP/1.1, one worker.

    granian waits for open streams for ever, so streams must watch `stopping`; whatever is still
    open after `seconds` is cut off.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, seconds: float) -> None:
        self._seconds = seconds
        self._server = GranianServer(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=CONNECTIONS,
            http1_settings=HTTP1Settings(
                header_read_timeout=10_000, max_buffer_size=64 * 1024, keep_alive=True
            ),
            log_enabled=False,
            log_access=False,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """See Server."""
        serving = asyncio.create_task(self._server.serve())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        self._server.stop()  # type: ignore[no-untyped-call]
        _, late = await asyncio.wait({serving}, timeout=self._seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(serving, return_exceptions=bool(late))
