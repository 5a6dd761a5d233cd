"""`GET /api/cron/outbox`: the relays need no push; a scheduler asks whether they go on."""

from pydantic_core import to_json

from deskstream_chassis.http.problem import Problem
from gateway.application.outbox_report import OutboxReport
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.gate import Handler


def outbox_handler(report: OutboxReport) -> Handler:
    """200 with the lag of every service; 503 with the same where one stands still."""

    async def outbox(exchange: Exchange) -> None:
        told = await report()
        if told.standing_still:
            raise Problem(
                503,
                "outbox_stands_still",
                detail=", ".join(told.standing_still),
                extra={"services": told.services},
                headers={"Retry-After": "30"},
            )
        body = to_json({"services": told.services})
        await exchange.answer(200, body, b"application/json")

    return outbox
