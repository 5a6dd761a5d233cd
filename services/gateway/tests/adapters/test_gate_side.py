"""What the gate asks of the adapters: look-ups, sums, and saying so when the store is away."""

import asyncio
from datetime import timedelta

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from gateway.application.create_key import CreateKey
from gateway.application.ports import StoreDown
from gateway.infra.db.keys import DbKeys
from gateway.infra.db.sessions import DbSessions
from gateway.infra.db.summing_audit import ROOM, SummingAudit
from gateway.infra.db.trail import Trail
from gateway.testing import NINE, PEPPERS, Cast, Rig, operator

HOME = "192.0.2.1"


@pytest.fixture
async def people(real_rig: Rig) -> Cast:
    cast = Cast(real_rig)
    await cast.support()
    return cast


@pytest.fixture
def audit(people: Cast) -> SummingAudit:
    found = people.rig.audit
    assert isinstance(found, SummingAudit)
    return found


async def test_equal_refusals_of_a_minute_become_one_event(
    people: Cast, audit: SummingAudit
) -> None:
    for _ in range(7):
        audit.note(
            "refused", "denied", target="/api/tickets", code="forbidden", address="192.0.2.1"
        )
    audit.note("refused", "denied", target="/api/users", code="forbidden", address=HOME)
    people.rig.clock.advance(minutes=1)
    assert await audit.flush() == 2
    told = {(e.target, e.count, e.window_start) for e in await people.trail()}
    assert told == {("/api/tickets", 7, NINE), ("/api/users", 1, NINE)}


async def test_an_address_is_kept_as_a_keyed_hash_only(people: Cast, audit: SummingAudit) -> None:
    audit.note("limited", "denied", address=HOME)
    await audit.flush(all_of_them=True)
    (event,) = await people.trail()
    assert event.address_hash is not None
    assert "192.0.2" not in event.model_dump_json()


async def test_the_running_minute_is_not_written_yet(people: Cast, audit: SummingAudit) -> None:
    audit.note("limited", "denied")
    assert await audit.flush() == 0
    assert await people.trail() == []


async def test_use_of_a_key_shows_in_the_list_of_keys(people: Cast, audit: SummingAudit) -> None:
    made = await people.app.create_key(CreateKey("Shop", ("events",)), operator())
    audit.note("key_used", "ok", principal=f"key:{made.key.key_id}")
    people.rig.clock.advance(minutes=2)
    await audit.flush()
    (key,) = await people.rig.queries.keys()
    assert key.last_used_at == NINE + timedelta(minutes=2)


async def test_a_storm_from_many_addresses_is_summed_without_them(
    people: Cast, audit: SummingAudit
) -> None:
    for n in range(ROOM + 50):
        audit.note("refused", "denied", code="forbidden", address=f"198.51.100.{n}")
    written = await audit.flush(all_of_them=True)
    assert written == ROOM + 1
    assert sum(event.count for event in await people.trail()) == ROOM + 50


async def test_stopping_writes_what_was_counted(people: Cast, audit: SummingAudit) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(audit.run(stopping))
    audit.note("refused", "denied", code="forbidden")
    stopping.set()
    await running
    assert [event.code for event in await people.trail()] == ["forbidden"]


@pytest.fixture
async def away(database: Database) -> Database:
    """A database whose connections are gone for good."""
    await database.close()
    return database


async def test_a_store_that_is_away_is_told_and_never_taken_for_nobody(
    away: Database, clock: FixedClock
) -> None:
    sessions = DbSessions(away, clock, PEPPERS.session, factor_mandatory=True)
    with pytest.raises(StoreDown):
        await sessions.find("A" * 43)


async def test_sums_are_kept_while_the_store_is_away(away: Database, clock: FixedClock) -> None:
    audit = SummingAudit(away, Trail(b"a" * 32), clock)
    audit.note("refused", "denied")
    for _ in range(2):
        with pytest.raises(Exception, match="pool is clos"):
            await audit.flush(all_of_them=True)


async def test_noise_in_place_of_a_key_never_reaches_the_store(
    away: Database, clock: FixedClock
) -> None:
    keys = DbKeys(away, clock, PEPPERS.key)
    assert await keys.find("ds_live_" + "x" * 60) is None


async def test_touching_is_written_once_a_minute(people: Cast, database: Database) -> None:
    await people.agent()
    opened = await people.sign_in("ada@shop.test")

    async def seen() -> object:
        facts = await people.rig.sessions.find(opened.token)
        assert facts is not None
        return facts.last_seen_at

    people.rig.clock.advance(seconds=90)
    await people.rig.sessions.touch(opened.session.session_id)
    first = await seen()
    people.rig.clock.advance(seconds=30)
    await people.rig.sessions.touch(opened.session.session_id)
    assert await seen() == first == NINE + timedelta(seconds=90)
    people.rig.clock.advance(seconds=30)
    await people.rig.sessions.touch(opened.session.session_id)
    assert await seen() == NINE + timedelta(seconds=150)


async def test_the_tables_hold_no_secret_in_clear(people: Cast, database: Database) -> None:
    await people.agent()
    opened = await people.sign_in("ada@shop.test")
    made = await people.app.create_key(CreateKey("Shop", ("events",)), operator())
    (token,) = await people.tokens()
    secret = made.secret.split("_")[3]
    async with database.reading() as work:
        for table in ("session", "api_key", "verify_link", "credential", "user_email"):
            rows = await work.connection.fetch(f"select t::text as row from {table} t")
            text = " ".join(row["row"] for row in rows)
            assert rows
            for found in (opened.token, opened.csrf, secret, token, "ada@shop.test"):
                assert found not in text
