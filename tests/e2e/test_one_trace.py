"""One trace and one correlation id, from the click to the mail server's acceptance."""

import json
from pathlib import Path
from typing import Any

import asyncpg
from e2e.people import Desk

from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack


def spans(stack: Stack, trace_id: str) -> list[dict[str, Any]]:
    """The spans of a trace, of all services."""
    found = []
    for path in sorted(Path(stack.settings.data / "traces").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            span = json.loads(line)
            if span["trace_id"] == trace_id:
                found.append({**span, "service": path.stem})
    return found


async def meta_of(dsn: str, correlation_id: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select type, meta->>'traceparent' from events where meta->>'correlation_id' = $1"
            " order by position",
            correlation_id,
        )
    finally:
        await connection.close()
    return [(row[0], row[1]) for row in rows]


async def test_a_reply_is_one_trace_from_the_request_to_the_mail_server(
    desk: Desk, stack: Stack
) -> None:
    agent = await desk.member("agent")
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    answer = await agent.session.call("POST", f"{path}/reply", 202, json={"body_text": "Twelve."})
    correlation = answer.headers["deskstream-correlation"]
    reply = answer.json()["reply_id"]

    async def sent() -> bool | None:
        seen = await agent.session.json("GET", f"{path}/replies/{reply}", 200)
        return True if seen["state"] == "sent" else None

    await eventually("the reply to be sent", sent)
    mail = await desk.mailbox.first(ticket["requester"]["email"], "Re:")
    assert mail["X-Deskstream-Correlation"] == correlation

    ticketing = await meta_of(stack.dsn("ticketing"), correlation)
    notifier = await meta_of(stack.dsn("notifier"), correlation)
    types = [kind.split(".")[2] for kind, _ in ticketing]
    assert types[-3:] == ["reply_queued", "reply_released", "reply_sent"] or {
        "reply_queued",
        "reply_released",
        "reply_sent",
    } <= set(types)
    assert [kind.split(".")[2] for kind, _ in notifier] == ["queued", "sent"]
    traces = {parent.split("-")[1] for _, parent in ticketing + notifier}
    assert len(traces) == 1

    async def complete() -> list[dict[str, Any]] | None:
        found = spans(stack, next(iter(traces)))
        services = {span["service"] for span in found}
        names = " ".join(span["name"].lower() for span in found)
        return found if len(services) == 3 and "smtp" in names else None

    found = await eventually("the spans of all three services", complete, seconds=20)
    ids = {span["span_id"] for span in found}
    orphans = [s["name"] for s in found if s["parent_id"] and s["parent_id"] not in ids]
    assert orphans == []
    assert len([span for span in found if not span["parent_id"]]) == 1

    logs = {
        path.stem
        for path in stack.logs.glob("*.log")
        if correlation in path.read_text(errors="replace")
    }
    assert {"gateway", "notifier"} <= logs
