"""Operations answer the same by command line and by HTTP, from a real store."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic_core import to_jsonable_python

from deskstream_chassis.commands import run_command
from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.ops_routes import ops_router
from deskstream_chassis.operations import Operations
from deskstream_chassis.testing import by_name, call
from deskstream_events import user
from deskstream_events.gateway.team import TeamChangedV1, TeamCreatedV1
from deskstream_events.topics import TEAMS
from deskstream_eventstore import (
    Consumer,
    Database,
    KafkaSettings,
    Origin,
    Recorded,
    SubjectHasher,
    Work,
    plan_effect,
)
from deskstream_eventstore.testing import create_store

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
TEAM, PERSON = uuid4(), uuid4()
ORIGIN = Origin("user:u1", "c-1")


class Titles:
    """A read model: the title of each team."""

    name, version = "titles", 1
    stream_types = frozenset({"gateway.team"})
    tables = ("title",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        assert isinstance(fact.event, TeamCreatedV1 | TeamChangedV1)
        await work.connection.execute(
            "insert into title values ($1, $2) on conflict (id) do update set title = $2",
            fact.stream_id,
            fact.event.title,
        )


@pytest.fixture
async def database(postgres_dsn: Callable[..., str]) -> AsyncIterator[Database]:
    found = await Database.connect(
        postgres_dsn(create_store),
        name="tests",
        subjects=SubjectHasher(b"k" * 32),
        views=[Titles()],
    )
    async with found.work() as work:
        await work.connection.execute("create table title (id uuid primary key, title text)")
    async with found.work(ORIGIN) as work:
        made = TeamCreatedV1(at=AT, team_id=TEAM, title="Acids", restricted=False)
        work.append("gateway.team", TEAM, 0, [made])
        asked = user.UserRegisteredV1(
            at=AT, user_id=PERSON, email="anna@shop.example", name="Anna Meier"
        )
        work.append("gateway.user", PERSON, 0, [asked])
    async with found.work(ORIGIN) as work:
        changed = TeamChangedV1(at=AT, team_id=TEAM, title="Bases", restricted=False)
        work.append("gateway.team", TEAM, 1, [changed])
        for key, status in (("mail:1", "held"), ("mail:2", "pending"), ("mail:3", "sent")):
            await plan_effect(work, key, "mail", {}, status=status)
    yield found
    await found.close()


@pytest.fixture
def operations(database: Database) -> Operations:
    def title(events: Any) -> Any:
        return {"title": events[-1].event.title}

    return Operations(
        database,
        "gateway",
        KafkaSettings("127.0.0.1:1"),
        consumers=[Consumer("ticketing.people", [TEAMS])],
        folds={"gateway.team": title},
    )


async def command(operations: Operations, *arguments: str) -> tuple[int, Any]:
    code, answer = await run_command(operations, {}, arguments)
    return code, to_jsonable_python(answer)


async def test_lag_counts_what_no_relay_has_passed(operations: Operations) -> None:
    code, answer = await command(operations, "lag")
    assert code == 0
    assert answer["relay"]["unpublished"] == 3
    assert answer["relay"]["oldest_age_seconds"] >= 0
    (consumer,) = answer["consumers"]
    assert (consumer["consumer"], consumer["parked"]) == ("ticketing.people", 0)
    assert consumer["lag"] is None, "the broker does not answer"


async def test_a_stream_is_shown_as_it_is_and_as_it_was(operations: Operations) -> None:
    code, answer = await command(operations, "show", str(TEAM))
    assert (code, answer["version"], answer["state"]) == (0, 2, {"title": "Bases"})
    _, earlier = await command(operations, "show", str(TEAM), "--version", "1")
    assert (earlier["version"], earlier["state"]) == (1, {"title": "Acids"})
    first = answer["events"][0]["recorded_at"]
    _, then = await command(operations, "show", str(TEAM), "--as-of", first)
    assert then["version"] == 1
    before = (datetime.fromisoformat(first) - timedelta(seconds=1)).isoformat()
    assert await command(operations, "show", str(TEAM), "--as-of", before) == (
        1,
        {"error": "unknown_stream"},
    )


async def test_personal_data_is_shown_only_where_asked_for(operations: Operations) -> None:
    _, shown = await command(operations, "show", str(PERSON))
    _, masked = await command(operations, "show", str(PERSON), "--masked")
    assert "anna@shop.example" in json.dumps(shown)
    assert "anna" not in json.dumps(masked).lower()
    assert masked["events"][0]["data"]["user_id"] == str(PERSON)


async def test_a_view_is_rebuilt_and_compared(operations: Operations) -> None:
    code, report = await command(operations, "rebuild", "titles")
    assert (code, report["events"], report["equal"]) == (0, 2, True)
    assert await command(operations, "rebuild", "absent") == (1, {"error": "unknown_view"})


async def test_a_held_effect_is_decided_once_and_by_whom_is_kept(operations: Operations) -> None:
    _, undone = await command(operations, "effects")
    assert [(row["key"], row["status"]) for row in undone["items"]] == [
        ("mail:1", "held"),
        ("mail:2", "pending"),
    ]
    decided = ("resolve", "mail:1", "happened", "--actor", "user:u7", "--reason", "seen in outbox")
    assert await command(operations, *decided) == (0, {"key": "mail:1", "status": "sent"})
    assert await command(operations, *decided) == (1, {"error": "not_held"})
    assert await command(operations, "resolve", "mail:9", "again") == (
        1,
        {"error": "unknown_effect"},
    )
    _, history = await command(operations, "operations")
    (row,) = history["items"]
    assert (row["actor"], row["target"], row["reason"]) == ("user:u7", "mail:1", "seen in outbox")


async def test_what_is_not_there_cannot_be_replayed(operations: Operations) -> None:
    stream, nothing = str(uuid4()), (1, {"error": "nothing_parked"})
    assert await command(operations, "replay", "parked", "ticketing.people", stream) == nothing
    assert await command(operations, "replay", "parked", "no.consumer", stream) == nothing
    answer = await command(operations, "replay", "dead-letter", stream)
    assert answer == (1, {"error": "unknown_dead_letter"})
    for empty in ("parked", "dead-letters"):
        assert await command(operations, empty) == (0, {"items": []})


async def test_only_own_topics_are_sent_again(operations: Operations) -> None:
    for topic in ("ticketing.ticket.v1", "absent"):
        assert await command(operations, "republish", topic) == (1, {"error": "unknown_topic"})


@pytest.mark.parametrize(
    "arguments",
    [(), ("dance",), ("show",), ("show", "x"), ("show", str(TEAM), "--as-of", "yesterday"),
     ("show", str(TEAM), "--as-of", "2026-11-01T12:00:00"), ("replay", "x"),
     ("resolve", "k", "maybe"), ("lag", "--more")],
)  # fmt: skip
async def test_wrong_arguments_are_2(operations: Operations, arguments: tuple[str, ...]) -> None:
    code, answer = await command(operations, *arguments)
    assert code == 2
    assert answer["error"]


def app(operations: Operations) -> ServiceApp:
    return create_app("tests", routers=[ops_router(operations)], authenticate=by_name)


async def test_over_http_only_the_gateway_is_answered(operations: Operations) -> None:
    for caller in ("agent", "admin", "key", "timer"):
        assert (await call(app(operations), "GET", "/internal/ops/lag", As=caller)).status == 403
    assert (await call(app(operations), "GET", "/internal/ops/lag")).status == 401
    answer = await call(app(operations), "GET", "/internal/ops/lag", As="gateway")
    assert answer.json()["relay"]["unpublished"] == 3


async def test_over_http_the_answers_are_the_same(operations: Operations) -> None:
    async def get(path: str) -> Any:
        return (await call(app(operations), "GET", f"/internal/ops/{path}", As="gateway")).json()

    for path, arguments in {
        "parked": ("parked",),
        "dead-letters": ("dead-letters",),
        "effects": ("effects",),
        "operations": ("operations",),
        f"streams/{PERSON}": ("show", str(PERSON), "--masked"),
        f"streams/{TEAM}?version=1&reveal=true": ("show", str(TEAM), "--version", "1"),
    }.items():
        assert await get(path) == (await command(operations, *arguments))[1], path


async def test_over_http_a_decision_names_its_person(operations: Operations) -> None:
    async def post(path: str, **body: str) -> Any:
        headers = {"As": "gateway", "Content-Type": "application/json"}
        content = json.dumps(body).encode()
        return await call(app(operations), "POST", f"/internal/ops/{path}", content, **headers)

    decision = {"key": "mail:1", "verdict": "again", "reason": "bounced"}
    assert (await post("resolve", **decision)).json()["field"] == "actor"
    assert (await post("resolve", actor="Anna", **decision)).status == 422
    assert (await post("resolve", actor="user:u7", **decision)).json()["status"] == "pending"
    again = await post("resolve", actor="user:u7", **decision)
    assert (again.status, again.json()["code"]) == (409, "not_held")
    absent = await post("rebuild", view="absent")
    assert (absent.status, absent.json()["code"]) == (404, "unknown_view")
    assert (await post("rebuild", view="titles")).json()["equal"] is True
