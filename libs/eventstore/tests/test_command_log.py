"""A keyed command has its effect once, and a repeat gets the same result."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import (
    AlreadyDone,
    AnswerNotKept,
    Database,
    Idempotency,
    InFlight,
    KeyReused,
    NotClaimed,
    Origin,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def keyed(key: str = "k1", fingerprint: str = "f", principal: str = "user:1") -> Origin:
    return Origin("user:1", "c", idempotency=Idempotency(principal, "POST", "/t", key, fingerprint))


async def command(database: Database, origin: Origin, *, secret: bool = False) -> dict[str, Any]:
    stream = uuid4()
    async with database.work(origin) as work:
        await work.once()
        event = TeamChangedV1(at=NOW, team_id=stream, title="t", restricted=False)
        work.append("gateway.team", stream, 0, [event])
        return work.answer({"id": stream}, secret=secret)


async def stored(database: Database) -> int:
    return int(await database.pool.fetchval("select count(*) from events"))


async def test_a_repeat_gets_the_first_result_and_does_nothing(database: Database) -> None:
    first = await command(database, keyed())
    with pytest.raises(AlreadyDone) as caught:
        await command(database, keyed())
    assert UUID(caught.value.result["id"]) == first["id"]
    assert await stored(database) == 1


async def test_anothers_key_and_another_routes_key_are_other_keys(database: Database) -> None:
    await command(database, keyed())
    await command(database, keyed(principal="user:2"))
    origin = keyed()
    assert origin.idempotency
    await command(database, replace(origin, idempotency=replace(origin.idempotency, path="/u")))
    assert await stored(database) == 3


async def test_the_same_key_for_another_request_is_refused(database: Database) -> None:
    await command(database, keyed())
    with pytest.raises(KeyReused):
        await command(database, keyed(fingerprint="other"))


async def test_a_result_that_shows_a_secret_is_not_kept(database: Database) -> None:
    await command(database, keyed(), secret=True)
    with pytest.raises(AnswerNotKept):
        await command(database, keyed())
    texts = await database.pool.fetch("select response from command_log")
    assert [row[0] for row in texts] == [None]


async def test_many_at_once_have_one_effect(database: Database) -> None:
    done = await asyncio.gather(
        *(command(database, keyed()) for _ in range(12)), return_exceptions=True
    )
    assert len([d for d in done if isinstance(d, dict)]) == 1
    assert all(isinstance(d, dict | AlreadyDone | InFlight) for d in done)
    assert await stored(database) == 1


async def test_one_that_is_still_worked_on_is_told_so(database: Database) -> None:
    async with database.work(keyed()) as work:
        await work.once()
        with pytest.raises(InFlight):
            await command(database, keyed())


async def test_a_command_that_failed_may_be_tried_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.work(keyed()) as work:
            await work.once()
            raise ZeroDivisionError
    await command(database, keyed())
    assert await stored(database) == 1


async def test_a_keyed_use_case_must_claim_its_key(database: Database) -> None:
    with pytest.raises(NotClaimed):
        async with database.work(keyed()) as work:
            event = TeamChangedV1(at=NOW, team_id=uuid4(), title="t", restricted=False)
            work.append("gateway.team", event.team_id, 0, [event])
    assert await stored(database) == 0


async def test_after_a_day_a_key_is_free_again(database: Database) -> None:
    await command(database, keyed())
    await database.pool.execute("update command_log set created_at = now() - interval '25 h'")
    await command(database, keyed(fingerprint="other"))
    assert await stored(database) == 2
