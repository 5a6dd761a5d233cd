"""What is not trusted waits, is listed, and goes on once a person says so."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from mails.corpus import SUPPORT, head, raw
from starlette.types import ASGIApp

from deskstream_chassis.http.app import create_app
from deskstream_chassis.testing import by_name, call
from deskstream_events.notifier.inbound import (
    InboundQuarantinedV1,
    InboundReceivedV1,
    InboundReleasedV1,
)
from deskstream_eventstore import rebuild
from notifier.application.inbound import Delivered
from notifier.infra.db.quarantine_view import QuarantineView
from notifier.interface.http.quarantine import quarantine_router

INBOUND = "/internal/ops/inbound"


@pytest.fixture
def http(desk: Any) -> ASGIApp:
    return create_app("notifier", routers=[quarantine_router(desk.app)], authenticate=by_name)


async def distrusted(desk: Any, number: int = 1) -> UUID:
    """A mail with two senders came in."""
    content = b"From: boss@shop.test\r\n" + raw(head(number), "Pay this")
    found: UUID = await desk.app.receive_mail(
        Delivered(SUPPORT, "smtp", "kim@customer.test", (SUPPORT,), content)
    )
    return found


async def listed(http: ASGIApp, query: str = "") -> list[dict[str, Any]]:
    answer = await call(http, "GET", f"{INBOUND}{query}", As="gateway")
    assert answer.status == 200
    return list(answer.json()["items"])


async def release(http: ASGIApp, inbound: UUID, who: str = "gateway") -> Any:
    body = {"inbound": str(inbound), "actor": "user:mia", "reason": "we know him"}
    return await call(
        http,
        "POST",
        f"{INBOUND}/release",
        json.dumps(body).encode(),
        As=who,
        Content_Type="application/json",
    )


async def test_what_waits_is_listed_in_pages_with_its_cause(desk: Any, http: ASGIApp) -> None:
    ids = []
    for number in (1, 2, 3):
        ids.append(str(await distrusted(desk, number)))
        desk.clock.advance(minutes=1)
    first, *_ = await listed(http, "?limit=1")
    assert (first["id"], first["cause"]) == (ids[0], "several_senders")
    assert (first["mailbox"], first["subject"]) == (SUPPORT, "A drum leaks")
    place = f"?after_at={first['at']}&after_id={first['id']}"
    assert [one["id"] for one in await listed(http, place)] == ids[1:]


async def test_a_released_mail_goes_on_as_if_received_now_and_only_once(
    desk: Any, http: ASGIApp
) -> None:
    inbound = await distrusted(desk)
    desk.clock.advance(hours=3)
    assert (await release(http, inbound)).status == 200
    again = await release(http, inbound)
    assert (again.status, again.json()["code"]) == (409, "not_quarantined")
    async with desk.database.reading() as work:
        events = [fact.event for fact in await work.load(inbound)]
    quarantined, released, received = events
    assert isinstance(quarantined, InboundQuarantinedV1)
    assert isinstance(released, InboundReleasedV1)
    assert isinstance(received, InboundReceivedV1)
    assert (released.released_by, released.reason) == ("user:mia", "we know him")
    assert (received.at, received.body_text) == (desk.now, "Pay this")
    assert await listed(http) == []
    assert (await rebuild(desk.database, QuarantineView())).equal


async def test_what_is_not_there_or_was_trusted_is_not_released(desk: Any, http: ASGIApp) -> None:
    trusted = await desk.app.receive_mail(
        Delivered(SUPPORT, "smtp", "kim@customer.test", (SUPPORT,), raw(head(9), "Hello"))
    )
    assert (await release(http, uuid4())).json()["code"] == "unknown_inbound"
    assert (await release(http, trusted)).json()["code"] == "not_quarantined"


@pytest.mark.parametrize("who", ["manager", "agent", "key"])
async def test_only_the_gateway_asks(desk: Any, http: ASGIApp, who: str) -> None:
    inbound = await distrusted(desk)
    assert (await release(http, inbound, who)).status == 403
    assert len(await listed(http)) == 1
