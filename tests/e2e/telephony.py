"""The telephone system's part: reports of calls, with its secret."""

import json
from typing import Any

import httpx
from e2e.people import Desk

from deskstream_tools.local.stack import Stack

PATH = "/api/telephony/3cx"


def secret_of(stack: Stack) -> str:
    """What the gateway knows 3CX by."""
    told = json.loads(stack.env("gateway")["GATEWAY_WEBHOOK_SECRETS"])
    secret: str = told["3cx"][0]
    return secret


def a_call(number: str, **over: Any) -> dict[str, Any]:
    """As the template tells it."""
    return {
        "Number": number,
        "Name": "Cora Customer",
        "CallType": "Inbound",
        "Agent": "101",
        "CallStartTimeUTC": "2026-03-02T08:58:00Z",
        "Duration": "00:01:30",
        **over,
    }


async def report(desk: Desk, stack: Stack, call: dict[str, Any], **headers: str) -> httpx.Response:
    """One report, proven unless another secret is given."""
    sent = {"X-Deskstream-Webhook": secret_of(stack), **headers}
    body = json.dumps(call).encode()
    more = {"Content-Type": "application/json", **{k: v for k, v in sent.items() if v}}
    return await desk.visitor().send("POST", PATH, content=body, headers=more)


async def reported(desk: Desk, stack: Stack, call: dict[str, Any]) -> str:
    """A call that was taken."""
    answer = await report(desk, stack, call)
    assert answer.status_code == 200, answer.text
    taken: str = answer.json()["id"]
    return taken
