"""101 to 105: each part of a running installation dies or restarts under load."""

import asyncio

import pytest
from drills.record import Drill
from drills.site import Book, Site
from drills.until import until

LEASE = 60.0
"""Seconds until the mails that a dead notifier was sending are found."""
CONNECTIONS = 8


async def promises(book: Book, more: int, seconds: float = 90.0) -> None:
    """Wait until so many more tickets are acknowledged."""
    wanted = len(book.promises) + more
    await until(lambda: len(book.promises) >= wanted, f"{wanted} acknowledged tickets", seconds)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "part",
    [
        pytest.param("gateway", marks=pytest.mark.fault(101)),
        pytest.param("ticketing", marks=pytest.mark.fault(102)),
        pytest.param("notifier", marks=pytest.mark.fault(103)),
    ],
)
async def test_a_service_killed_under_load_loses_nothing_and_mails_once(
    drill: Drill, site: Site, part: str
) -> None:
    before = await site.mark()
    others = {"gateway", "ticketing", "notifier"} - {part}
    stood = site.pids(*others)
    async with site.load() as book:
        await promises(book, 25)
        dead = await asyncio.to_thread(site.stack.kill, part)
        after = site.stack.pid(part)
        await promises(book, 25)
    drill.saw(dead != after, f"SIGKILL of {part} under load; {dict(book.refusals) or 'no refusal'}")
    patience = LEASE * 2 if part == "notifier" else LEASE
    found = await site.reckon(book, before, patience)
    drill.kept(found.whole and not book.given_up, str(found))
    drill.kept(found.held <= CONNECTIONS, f"{found.held} held, of {CONNECTIONS} connections")
    drill.kept(site.pids(*others) == stood, "the others went on without a restart")


@pytest.mark.fault(104)
@pytest.mark.timeout(300)
async def test_commands_go_on_while_kafka_is_down_and_the_rest_follows(
    drill: Drill, site: Site
) -> None:
    before = await site.mark()
    services = ("gateway", "ticketing", "notifier")
    stood = site.pids(*services)
    async with site.load() as book:
        await promises(book, 25)
        await asyncio.to_thread(site.stack.stop, "kafka")
        down = len(book.promises)
        await promises(book, 40)
        accepted = book.promises[down:]
        drill.saw(not site.stack.serves("kafka"), "Kafka stopped under load")
        slowest = max(promise.seconds for promise in accepted)
        drill.kept(
            not book.refusals and all(promise.tries == 1 for promise in accepted),
            f"{len(accepted)} commands accepted at the first try, at most {slowest:.1f} s",
        )
        await asyncio.to_thread(site.stack.start, "kafka")
        await promises(book, 10)
    found = await site.reckon(book, before, 120)
    drill.kept(found.whole and not found.silent, str(found))
    drill.kept(site.pids(*services) == stood, "all services went on without a restart")


@pytest.mark.fault(105)
@pytest.mark.timeout(300)
async def test_postgresql_restarted_under_load_loses_nothing(drill: Drill, site: Site) -> None:
    before = await site.mark()
    services = ("gateway", "ticketing", "notifier")
    stood = site.pids(*services)
    async with site.load() as book:
        await promises(book, 25)
        old = site.stack.pid("postgres")
        await asyncio.to_thread(site.stack.restart, "postgres")
        new = site.stack.pid("postgres")
        await promises(book, 25)
    drill.saw(old != new, f"PostgreSQL restarted under load; {dict(book.refusals)}")
    found = await site.reckon(book, before, 120)
    drill.kept(found.whole and not book.given_up, str(found))
    drill.kept(found.held <= CONNECTIONS, f"{found.held} held, of {CONNECTIONS} connections")
    drill.kept(site.pids(*services) == stood, "all services went on without a restart")
