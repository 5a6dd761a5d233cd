"""The hash chain beside the trail: what somebody does to the rows is found and named."""

import json
from uuid import UUID

import pytest

from deskstream_chassis.operations import OperationFailed
from deskstream_eventstore import Database, Origin, redact
from gateway.infra.db.chain import Break, Chain
from gateway.interface.audit_commands import audit_commands
from gateway.testing import Cast, Rig

KEY = b"a" * 32


@pytest.fixture
async def people(real_rig: Rig) -> Cast:
    cast = Cast(real_rig)
    await cast.support()
    await cast.agent()
    await cast.sign_in("ada@shop.test")
    await cast.sign_in("ada@shop.test")
    return cast


@pytest.fixture
async def places(people: Cast, database: Database) -> list[tuple[UUID, int]]:
    async with database.reading() as work:
        rows = await work.connection.fetch(
            "select stream_id, version from events where stream_type = 'gateway.audit'"
            " order by position"
        )
    return [(row["stream_id"], row["version"]) for row in rows]


async def do(database: Database, statement: str, *values: object) -> None:
    async with database.work() as work:
        await work.connection.execute(statement, *values)


async def breaks(database: Database, key: bytes = KEY) -> list[Break]:
    return list((await Chain(key).verify(database)).breaks)


async def test_an_untouched_trail_is_whole(
    database: Database, places: list[tuple[UUID, int]]
) -> None:
    found = await Chain(KEY).verify(database)
    assert (found.links, found.unlinked_before, found.breaks) == (len(places), 0, [])
    assert len(places) >= 4


async def test_a_changed_event_is_named(database: Database, places: list[tuple[UUID, int]]) -> None:
    await do(
        database,
        'update events set data = (data::jsonb || \'{"outcome": "denied"}\')::json'
        " where stream_id = $1 and version = $2",
        *places[1],
    )
    assert await breaks(database) == [Break("changed", *places[1])]


async def test_a_removed_event_is_named_and_so_is_one_removed_with_its_link(
    database: Database, places: list[tuple[UUID, int]]
) -> None:
    gone = "delete from {} where stream_id = $1 and version = $2"
    await do(database, gone.format("events"), *places[1])
    assert await breaks(database) == [Break("removed", *places[1])]
    await do(database, gone.format("audit_link"), *places[1])
    assert await breaks(database) == [Break("link_removed", *places[1])]


async def test_two_exchanged_events_are_named(
    database: Database, places: list[tuple[UUID, int]]
) -> None:
    one, two = places[0], places[1]
    assert one[0] == two[0]
    await do(
        database,
        "update events e set data = o.data from events o where e.stream_id = $1"
        " and o.stream_id = $1 and e.version in ($2, $3) and o.version = $2 + $3 - e.version",
        one[0],
        one[1],
        two[1],
    )
    assert set(await breaks(database)) == {Break("reordered", *one), Break("reordered", *two)}


async def test_an_event_that_was_slipped_in_is_named(
    database: Database, places: list[tuple[UUID, int]]
) -> None:
    stream, version = places[-1]
    await do(
        database,
        "insert into events (stream_id, stream_type, version, event_id, type, schema_version,"
        " data, meta) select stream_id, stream_type, version + 1, gen_random_uuid(), type,"
        " schema_version, data, meta from events where stream_id = $1 and version = $2",
        stream,
        version,
    )
    assert await breaks(database) == [Break("unlinked", stream, version + 1)]


async def test_a_link_cannot_be_made_without_the_key(
    database: Database, places: list[tuple[UUID, int]]
) -> None:
    assert (await breaks(database, b"b" * 32))[0] == Break("link_changed", *places[0])


async def test_erasure_does_not_break_the_chain(
    people: Cast, database: Database, places: list[tuple[UUID, int]]
) -> None:
    async with database.reading() as work:
        rows = await work.connection.fetch("select event_id from events")
    chosen = [row["event_id"] for row in rows]
    origin = Origin(actor="system:test", correlation_id="c")
    done = await redact(database, origin, lambda work, redaction: None, event_ids=chosen)
    assert done.events > 0
    assert await breaks(database) == []


async def test_the_command_tells_the_tail_and_fails_naming_the_break(
    people: Cast, database: Database, places: list[tuple[UUID, int]]
) -> None:
    commands = audit_commands(lambda: Chain(KEY).verify(database), people.rig.queries)
    assert (await commands["audit-verify"]([]))["links"] == len(places)
    tail = await commands["audit-tail"](["2"])
    assert [item["action"] for item in tail["items"]] == ["signed_in", "signed_in"]
    assert "shop.test" not in json.dumps(tail)
    await do(database, "delete from events where stream_id = $1 and version = $2", *places[1])
    stream, version = places[1]
    with pytest.raises(OperationFailed, match=f"chain_broken: removed {stream}/{version}"):
        await commands["audit-verify"]([])
    with pytest.raises(OperationFailed, match="usage"):
        await commands["audit-tail"](["many"])
