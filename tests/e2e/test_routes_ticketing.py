"""The rows of ticketing, one test each, through the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Any

from e2e.people import Desk

from deskstream_tools.demo.http import Session


async def shown(session: Session, ticket: dict[str, Any]) -> dict[str, Any]:
    return await session.json("GET", f"/api/tickets/{ticket['id']}", 200)


async def seen(session: Session, ticket: dict[str, Any]) -> dict[str, str]:
    """If-Match of the ticket as it is."""
    return {"If-Match": f'"{(await shown(session, ticket))["version"]}"'}


async def listed(session: Session, query: str) -> set[str]:
    page = await session.json("GET", f"/api/tickets?limit=100&{query}", 200)
    return {row["id"] for row in page["items"]}


async def test_delete_ticket(desk: Desk) -> None:
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    agent = (await desk.member("agent")).session
    await agent.call("DELETE", path, 403, headers=await seen(agent, ticket))
    await desk.admin.call("DELETE", path, 428)
    await desk.admin.call("DELETE", path, 204, headers=await seen(desk.admin, ticket))
    await agent.call("GET", path, 404)
    assert ticket["id"] in await listed(desk.admin, "deleted=true")


async def test_post_restore(desk: Desk) -> None:
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    await desk.admin.call("DELETE", path, 204, headers=await seen(desk.admin, ticket))
    agent = (await desk.member("agent")).session
    await agent.call("POST", f"{path}/restore", 403)
    await desk.admin.call("POST", f"{path}/restore", 200)
    await agent.call("GET", path, 200)


async def test_post_snooze(desk: Desk) -> None:
    ticket = await desk.ticket()
    agent = (await desk.member("agent")).session
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    path = f"/api/tickets/{ticket['id']}/snooze"
    await agent.call("POST", path, 200, json={"until": until})
    assert ticket["id"] in await listed(agent, "snoozed=true")
    await agent.call("POST", path, 200, json={"until": None})
    assert ticket["id"] in await listed(agent, "snoozed=false")
