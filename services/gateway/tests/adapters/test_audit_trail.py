"""The audit trail as admins read it, over the fake and over PostgreSQL."""

from datetime import timedelta
from typing import Any

from gateway.application.ports import TrailRow
from gateway.testing import NINE, Cast


async def read(people: Cast, **filters: Any) -> list[TrailRow]:
    """Everything that passes, in pages of two."""
    asked: dict[str, Any] = {"action": None, "principal": None, "since": None, **filters}
    found: list[TrailRow] = []
    while True:
        before = found[-1].position if found else None
        rows = await people.rig.queries.audit_trail(**asked, before=before, limit=2)
        if not rows:
            return found
        assert len(rows) <= 2
        found += rows


async def test_pages_give_the_whole_trail_once_and_newest_first(people: Cast) -> None:
    await people.agent()
    await people.sign_in("ada@shop.test")
    found = await read(people)
    assert [row.event for row in reversed(found)] == await people.trail()
    positions = [row.position for row in found]
    assert positions == sorted(set(positions), reverse=True)


async def test_it_is_narrowed_by_action_principal_and_instant(people: Cast) -> None:
    user_id = await people.agent()
    people.rig.clock.advance(minutes=5)
    await people.sign_in("ada@shop.test")
    (signed_in,) = await read(people, action="signed_in")
    assert signed_in.event.at == NINE + timedelta(minutes=5)
    mine = await read(people, principal=f"user:{user_id}")
    assert {row.event.principal for row in mine} == {f"user:{user_id}"}
    later = await read(people, since=NINE + timedelta(minutes=5))
    assert [row.event.action for row in later] == ["signed_in"]
    assert await read(people, since=NINE + timedelta(minutes=6)) == []
    assert await read(people, action="user_suspended") == []
