"""Suppression and caps in the database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from notifier.domain.caps import CapSource
from notifier.infra.db.housekeeping import KeepHouse
from notifier.infra.db.screen import DbScreen

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANN = "ann@example.org"


@pytest.fixture
def screen(database: Database) -> DbScreen:
    return DbScreen(database.subjects)


async def claim(
    database: Database, screen: DbScreen, at: datetime, message: UUID | None = None, to: str = ANN
) -> CapSource | None:
    async with database.work() as work:
        return await screen.claim(work, to, message or uuid4(), at)


async def test_a_suppressed_address_is_found_in_any_case(
    database: Database, screen: DbScreen
) -> None:
    async with database.work() as work:
        await screen.suppress(work, "Ann@Example.org", "bounced", NOW)
        await screen.suppress(work, ANN, "again", NOW)
        assert await screen.suppressed(work, [ANN, "bob@example.org"]) == {ANN}
        kept = await work.connection.fetchrow("select * from suppressed_address")
        assert kept["reason"] == "bounced"
        assert ANN not in str(dict(kept))


async def test_ten_claims_at_once_pass_and_no_more(database: Database, screen: DbScreen) -> None:
    answers = await asyncio.gather(*(claim(database, screen, NOW) for _ in range(25)))
    assert sorted(answers, key=str) == [None] * 10 + ["loop_cap_short"] * 15


async def test_another_case_of_the_address_counts_as_the_same(
    database: Database, screen: DbScreen
) -> None:
    for n in range(10):
        assert await claim(database, screen, NOW, to=ANN.upper() if n % 2 else ANN) is None
    assert await claim(database, screen, NOW) == "loop_cap_short"
    assert await claim(database, screen, NOW, to="bob@example.org") is None


async def test_a_message_tried_again_counts_once(database: Database, screen: DbScreen) -> None:
    message = uuid4()
    for _ in range(30):
        assert await claim(database, screen, NOW, message) is None
    async with database.reading() as work:
        assert await work.connection.fetchval("select count(*) from automatic_mail") == 1


async def test_the_long_cap_holds_over_hours_and_old_counts_are_swept(
    database: Database, screen: DbScreen
) -> None:
    passed = 0
    for minute in range(0, 660, 2):
        passed += await claim(database, screen, NOW + timedelta(minutes=minute)) is None
    # 100 within the first 600 minutes, then one for each that leaves the window
    assert passed == 130
    keep_house = KeepHouse(database, FixedClock(NOW + timedelta(minutes=660)))
    assert await keep_house() == 30
    assert await claim(database, screen, NOW + timedelta(minutes=660)) is None
