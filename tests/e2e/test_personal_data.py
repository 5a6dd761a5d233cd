"""Marked personal data, planted through every route, is found in no log, metric, key or header."""

import re
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from e2e.people import PASSWORD, Desk

from deskstream_events import TOPICS
from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack

CANARY = "qzxcanary"
"""Part of every planted value; it appears nowhere by chance."""


async def plant(desk: Desk) -> None:
    """Personal data through every route that takes any, good requests and bad ones."""
    visitor = desk.visitor()
    account = {
        "email": f"{CANARY}-account@staff.test",
        "name": f"Name {CANARY}",
        "password": f"{PASSWORD} {CANARY}",
    }
    await visitor.send("POST", "/api/auth/register", json=account)
    for path in ("/api/auth/login", "/api/auth/resend-verification"):
        body = {"email": account["email"], "password": f"wrong {CANARY}"}
        await visitor.send("POST", path, json=body)
    await visitor.send("POST", "/api/auth/verify-email", json={"token": CANARY})
    await visitor.send("GET", f"/verify-email?token={CANARY}")
    await visitor.send("POST", "/api/auth/forgot-password", json={"email": account["email"]})
    reset = {"token": CANARY, "new_password": f"{PASSWORD} {CANARY}"}
    await visitor.send("POST", "/api/auth/reset-password", json=reset)
    await visitor.send("GET", f"/reset-password?token={CANARY}")
    agent = await desk.member("agent")
    ticket = await desk.ticket(
        agent.session,
        subject=f"Subject {CANARY}",
        body_text=f"Body {CANARY}",
        requester={"name": f"Customer {CANARY}", "email": f"{CANARY}@customers.test"},
        cc=[f"{CANARY}-cc@customers.test"],
    )
    path = f"/api/tickets/{ticket['id']}"
    await agent.session.call("POST", f"{path}/comments", 201, json={"body_text": f"n {CANARY}"})
    file = {"file": (f"{CANARY}.txt", f"file {CANARY}".encode(), "text/plain")}
    uploaded = await agent.session.json("POST", f"{path}/attachments", 201, files=file)
    reply = {"body_text": f"Reply {CANARY}", "attachments": [uploaded["id"]]}
    queued = await agent.session.json("POST", f"{path}/reply", 202, json=reply)
    await agent.session.call("POST", f"{path}/reopen", 409, json={"reason": f"why {CANARY}"})
    await agent.session.send("GET", f"/api/tickets?q={CANARY}")
    await agent.session.send("GET", f"/api/tickets/{CANARY}")
    await agent.session.send("POST", "/api/tickets", json={"subject": {CANARY: 1}})
    await agent.session.send("POST", "/api/tickets", content=f'{{"subject": "{CANARY}')

    async def sent() -> bool | None:
        seen = await agent.session.json("GET", f"{path}/replies/{queued['reply_id']}", 200)
        return True if seen["state"] == "sent" else None

    await eventually("the planted reply to be sent", sent)
    await desk.admin.call(
        "POST",
        f"/api/admin/users/{(await desk.join('agent', name=f'Nm {CANARY}')).id}/status",
        200,
        json={"status": "suspended", "reason": f"Reason {CANARY}"},
    )


async def keys_and_headers(stack: Stack) -> str:
    """All of it, from every topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.settings.bootstrap, enable_auto_commit=False
    )
    await consumer.start()
    found = []
    try:
        partitions = [
            TopicPartition(topic.named(stack.settings.topic_prefix), n)
            for topic in TOPICS
            for n in range(topic.partitions)
        ]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=300)).values():
                found += [f"{record.key!r} {record.headers!r}" for record in records]
    finally:
        await consumer.stop()
    return "\n".join(found)


async def error_columns(dsn: str) -> str:
    """What the store keeps beside payloads."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = [
            *await connection.fetch("select meta::text from events"),
            *await connection.fetch("select error_code from dead_letter"),
            *await connection.fetch("select error_code from parked_event"),
            *await connection.fetch("select key, code from side_effect"),
            *await connection.fetch("select principal, path, fingerprint from command_log"),
        ]
    finally:
        await connection.close()
    return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.threat("S9")
async def test_planted_personal_data_stays_in_payloads(desk: Desk, stack: Stack) -> None:
    await plant(desk)
    places: dict[str, str] = {"keys and headers": await keys_and_headers(stack)}
    for path in [*stack.logs.glob("*"), *Path(stack.settings.data / "traces").glob("*")]:
        places[path.name] = path.read_text(errors="replace")
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in ("gateway", "ticketing", "notifier"):
            url = f"{stack.settings.url(f'{service}-ops')}/metrics"
            places[f"{service} metrics"] = (await client.get(url)).text
            places[f"{service} store"] = await error_columns(stack.dsn(service))
    assert all(places[f"{s}.log"] for s in ("gateway", "ticketing", "notifier", "postgres"))
    assert "ce_id" in places["keys and headers"]
    leaks = {
        name: re.findall(rf".{{0,80}}{CANARY}.{{0,40}}", text)[:3]
        for name, text in places.items()
        if CANARY in text
    }
    assert leaks == {}
