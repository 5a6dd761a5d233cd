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


async def test_post_merge(desk: Desk) -> None:
    loser, survivor = await desk.ticket(), await desk.ticket()
    agent = (await desk.member("agent")).session
    path, body = f"/api/tickets/{loser['id']}/merge", {"into": survivor["id"]}
    await agent.call("POST", path, 403, json=body)
    await desk.admin.call("POST", path, 200, json=body)
    assert len((await shown(agent, survivor))["messages"]) == 2
    assert (await shown(agent, loser))["merged_into"] == survivor["id"]


async def test_post_merge_preview(desk: Desk) -> None:
    loser, survivor = await desk.ticket(), await desk.ticket()
    path, body = f"/api/tickets/{loser['id']}/merge/preview", {"into": survivor["id"]}
    told = await desk.admin.json("POST", path, 200, json=body)
    assert (told["messages"], told["restricts"]) == (1, False)
    assert (await shown(desk.admin, loser))["status"] == "new"


async def test_post_unmerge(desk: Desk) -> None:
    loser, survivor = await desk.ticket(), await desk.ticket()
    path = f"/api/tickets/{loser['id']}"
    await desk.admin.call("POST", f"{path}/unmerge", 409, json={})
    await desk.admin.call("POST", f"{path}/merge", 200, json={"into": survivor["id"]})
    await desk.admin.call("POST", f"{path}/unmerge", 200, json={"reason": "two concerns"})
    assert len((await shown(desk.admin, survivor))["messages"]) == 1


async def test_post_split(desk: Desk) -> None:
    loser, survivor = await desk.ticket(), await desk.ticket()
    agent = (await desk.member("agent")).session
    only = [m["id"] for m in (await shown(agent, survivor))["messages"]]
    path = f"/api/tickets/{survivor['id']}/split"
    refused = await agent.json("POST", path, 422, json={"message_ids": only})
    assert refused["code"] == "split_invalid"
    into = {"into": survivor["id"]}
    await desk.admin.call("POST", f"/api/tickets/{loser['id']}/merge", 200, json=into)
    await agent.call("POST", path, 422, json={"message_ids": only})


async def test_get_history(desk: Desk) -> None:
    ticket = await desk.ticket()
    agent = await desk.member("agent")
    path = f"/api/tickets/{ticket['id']}"
    before = await shown(agent.session, ticket)
    change = {"priority": "high"}
    headers = await seen(agent.session, ticket)
    await agent.session.call("PUT", path, 200, json=change, headers=headers)
    told = await agent.session.json("GET", f"{path}/history?as_of=1", 200)
    assert told["ticket"] == before
    now = (await agent.session.json("GET", f"{path}/history", 200))["items"]
    assert [h["what"] for h in now] == ["opened", "priority_changed"]
    assert now[-1]["actor_name"] == agent.name


async def test_post_bulk(desk: Desk) -> None:
    tickets = [await desk.ticket() for _ in range(2)]
    agent = (await desk.member("agent")).session
    body = {
        "tickets": [*(t["id"] for t in tickets), "999999999"],
        "change": {"priority": "urgent"},
    }
    done = await agent.json("POST", "/api/tickets/bulk", 200, json=body)
    assert [item["status"] for item in done["items"]] == [200, 200, 404]
    assert (await shown(agent, tickets[1]))["priority"] == "urgent"


async def test_the_draft_rows(desk: Desk) -> None:
    ticket = await desk.ticket()
    agent = (await desk.member("agent")).session
    path = f"/api/tickets/{ticket['id']}/draft"
    await agent.call("PUT", path, 200, json={"body_text": "Dear"})
    assert [d["body_text"] for d in (await agent.json("GET", path, 200))["items"]] == ["Dear"]
    assert (await desk.admin.json("GET", path, 200))["items"] == []
    await agent.call("DELETE", path, 204)
    assert (await agent.json("GET", path, 200))["items"] == []


async def test_the_signature_rows(desk: Desk) -> None:
    agent = (await desk.member("agent")).session
    body = {"name": "Mine", "body_html": "<i>Ann</i><script>x</script>"}
    made = await agent.json("POST", "/api/signatures", 201, json=body)
    path = f"/api/signatures/{made['id']}"
    changed = await agent.json("PUT", path, 200, json={**body, "name": "Ours"})
    assert (changed["name"], changed["is_default"]) == ("Ours", True)
    assert "script" not in changed["body_html"]
    await desk.admin.call("PUT", path, 404, json=body)
    await desk.admin.call("DELETE", path, 404)
    await agent.call("DELETE", path, 204)
    listed = await agent.json("GET", "/api/signatures", 200)
    assert made["id"] not in [s["id"] for s in listed["items"]]


async def test_the_rows_of_canned_responses(desk: Desk) -> None:
    agent = (await desk.member("agent")).session
    ticket = await desk.ticket()
    path, body = "/api/canned-responses", {"title": "T", "body_text": "#{{ticket.number}}"}
    await agent.call("POST", path, 403, json=body)
    made = await desk.admin.json("POST", path, 201, json=body)
    filled = await agent.json("GET", f"{path}?ticket={ticket['id']}", 200)
    texts = {r["id"]: r["body_text"] for r in filled["items"]}
    assert texts[made["id"]] == f"#{ticket['number']}"
    own = f"{path}/{made['id']}"
    await agent.call("PUT", own, 403, json=body)
    await desk.admin.call("PUT", own, 200, json=body)
    await desk.admin.call("DELETE", own, 204)


async def test_the_rows_of_one_reply(desk: Desk) -> None:
    """What has failed is shown by the drill of a mail server that refuses; here, what waits."""
    ticket = await desk.ticket()
    agent = (await desk.member("agent")).session
    path = f"/api/tickets/{ticket['id']}"
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"body_text": "See you", "send_at": at}
    reply = (await agent.json("POST", f"{path}/reply", 202, json=body))["reply_id"]
    own = f"{path}/replies/{reply}"
    change = {"body_text": "See you soon"}
    await agent.call("PUT", own, 428, json=change)
    await agent.call("PUT", own, 200, json=change, headers=await seen(agent, ticket))
    assert (await shown(agent, ticket))["messages"][-1]["body_text"] == "See you soon"
    for action in ("retry", "discard"):
        refused = await agent.json("POST", f"{own}/{action}", 409)
        assert refused["code"] == "reply_not_troubled"
    assert (await agent.json("POST", f"{own}/cancel", 200))["state"] == "cancelled"


async def test_the_rows_of_views(desk: Desk) -> None:
    viewer, agent = (await desk.member("viewer")).session, (await desk.member("agent")).session
    ticket = await desk.ticket()
    query = {"customer": ticket["requester"]["email"]}
    body = {"title": "Hers", "query": query}
    made = await viewer.json("POST", "/api/views", 201, json=body)
    path = f"/api/views/{made['id']}"
    counts = {v["id"]: v["count"] for v in (await viewer.json("GET", "/api/views", 200))["items"]}
    assert counts[made["id"]] == 1
    assert await listed(viewer, f"view={made['id']}") == {ticket["id"]}
    await agent.call("GET", f"/api/tickets?view={made['id']}", 404)
    await agent.call("PUT", path, 404, json=body)
    await agent.call("DELETE", path, 404)
    await viewer.call("PUT", path, 200, json={**body, "title": "Ours"})
    await viewer.call("DELETE", path, 204)


async def test_get_tickets_finds_by_words_what_the_caller_may_see(desk: Desk) -> None:
    viewer, agent = (await desk.member("viewer")).session, (await desk.member("agent")).session
    ticket = await desk.ticket(body_text="A zyzzyva bit the drum")
    note = {"body_text": "quokka"}
    await agent.call("POST", f"/api/tickets/{ticket['id']}/comments", 201, json=note)
    assert await listed(viewer, "q=zyzzy drum") == {ticket["id"]}
    assert await listed(agent, "q=quokka") == {ticket["id"]}
    assert await listed(viewer, "q=quokka") == set()
    assert ticket["id"] in await listed(viewer, f"q=%23{ticket['number']}")
