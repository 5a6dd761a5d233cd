"""B8-same-time: what is answered for known and unknown addresses takes as long (threat 29)."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx
from starlette.types import Receive, Scope, Send

from bench.harness import Result
from bench.sign_in import desk_of
from deskstream_eventstore import Database
from gateway.application.app import GatewayApp
from gateway.infra.argon2_passwords import Argon2Passwords
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.http.app import create_inner_app
from gateway.interface.scope import ADDRESS, PRINCIPAL
from gateway.testing import Cast

PAIRS = 200
AT_ONCE = 10
"""Of the routes that answer after a fixed time; the others are asked one by one."""
GATE = "<= 10"
WRONG = "not the right words at all"

Ask = Callable[[str], Awaitable[float]]


async def same_time(dsn: str) -> Result:
    """The largest difference of two medians, over the four routes."""
    passwords = Argon2Passwords()
    async with desk_of(dsn, passwords) as (people, database):
        await _accounts(people, database, await passwords.hash("seven blue lamps hum"))
        found = await _differences(people.app)
    passwords.close()
    told = ", ".join(f"{route} {1e3 * seconds:+.2f} ms" for route, seconds in found.items())
    worst = 1e3 * max(abs(seconds) for seconds in found.values())
    note = f"known less unknown, medians of {PAIRS}: {told}"
    return Result("B8-same-time", round(worst, 3), "ms", GATE, [worst], note)


async def _accounts(people: Cast, database: Database, password_hash: str) -> None:
    """Active ones, and ones that wait for their link."""
    for n in range(PAIRS):
        await people.agent(f"known{n}@shop.test")
        await people.register(f"waits{n}@shop.test")
    await database.pool.execute("update credential set password_hash = $1", password_hash)


async def _differences(app: GatewayApp) -> dict[str, float]:
    inner = create_inner_app(app, LocalLimiter())

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, PRINCIPAL: None, ADDRESS: "192.0.2.7"}, receive, send)

    transport = httpx.ASGITransport(app=gate)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:

        def asks(path: str, **body: str) -> Ask:
            async def ask(email: str) -> float:
                began = time.perf_counter()
                answer = await client.post(path, json={"email": email, **body})
                assert answer.status_code in (202, 401), answer.text
                return time.perf_counter() - began

            return ask

        register = asks("/api/auth/register", name="Ada", password=WRONG)
        return {
            "login": await _difference(asks("/api/auth/login", password=WRONG), "known", 1),
            "register": await _difference(register, "known", 1),
            "resend": await _difference(asks("/api/auth/resend-verification"), "waits", AT_ONCE),
            "forgot": await _difference(asks("/api/auth/forgot-password"), "known", AT_ONCE),
        }


async def _difference(ask: Ask, known: str, at_once: int) -> float:
    """Seconds by which known ones take longer. Both are asked in turns; each address once."""
    taken: dict[str, list[float]] = {known: [], "nobody": []}
    for first in range(0, PAIRS, at_once):
        numbers = range(first, first + at_once)
        for kind in (known, "nobody") if first // at_once % 2 else ("nobody", known):
            some = await asyncio.gather(*(ask(f"{kind}{n}@shop.test") for n in numbers))
            taken[kind] += some
    return statistics.median(taken[known]) - statistics.median(taken["nobody"])
