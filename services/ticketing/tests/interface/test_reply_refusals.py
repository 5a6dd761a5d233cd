"""Replies that are refused, and those that are asked for twice."""

from uuid import uuid4

import pytest

from ticketing.testing import Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


@pytest.mark.parametrize(
    ("over", "status", "code"),
    [
        ({"last_seen": str(uuid4())}, 422, "message_unknown"),
        ({"attachments": [str(uuid4())]}, 422, "attachment_unknown"),
        ({"then": "explode"}, 422, "invalid"),
        ({"body_html": "<p> </p>"}, 422, "body_missing"),
        ({"cc": ["nonsense"]}, 422, "invalid"),
    ],
)
async def test_a_bad_reply_is_refused_with_its_code(api: Api, staff: Staff, over, status, code):
    ticket = await api.open(SHOP)
    answer = await api.reply(staff.agent, ticket, **over)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len((await api.show(staff.agent, ticket))["messages"]) == 1


async def test_who_has_no_address_cannot_be_answered_and_a_key_answers_nobody(
    api: Api, staff: Staff
):
    ticket = await api.open(SHOP, requester={})
    assert (await api.reply(staff.agent, ticket)).json()["code"] == "no_address"
    refused = await api.reply(SHOP, await api.open(SHOP))
    assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")


async def test_an_unknown_reply_is_404(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    for reply in (uuid4(), "nonsense"):
        path = f"/api/tickets/{ticket['id']}/replies/{reply}"
        assert (await api(staff.agent, "GET", path)).json()["code"] == "reply_not_found"
        assert (await api(staff.agent, "POST", f"{path}/cancel")).status_code == 404


async def test_the_same_key_queues_one_reply(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    answers = [
        await api(
            staff.agent,
            "POST",
            f"/api/tickets/{ticket['id']}/reply",
            json={"body_text": "Once"},
            headers={"Idempotency-Key": "r"},
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len((await api.show(staff.agent, ticket))["messages"]) == 2
