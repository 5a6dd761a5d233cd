"""`GET /api/audit`: what happened at the gate, for admins."""

from gateway.testing import Client


async def test_an_admin_pages_through_the_trail_and_finds_no_person_in_it(
    own_routes: Client, admin_cookie: str
) -> None:
    await own_routes.people.agent()
    seen, query = [], {"limit": "2"}
    while True:
        answer = await own_routes.as_session(admin_cookie, "GET", "/api/audit", params=query)
        assert answer.status_code == 200, answer.text
        assert "shop.test" not in answer.text
        body = answer.json()
        seen += body["items"]
        if body["next"] is None:
            break
        query = {"limit": "2", "cursor": body["next"]}
    trail = await own_routes.people.trail()
    assert [item["action"] for item in reversed(seen)] == [event.action for event in trail]


async def test_a_filter_narrows_and_a_wrong_one_is_named(
    own_routes: Client, admin_cookie: str
) -> None:
    async def asked(**query: str) -> tuple[int, dict[str, object]]:
        answer = await own_routes.as_session(admin_cookie, "GET", "/api/audit", params=query)
        return answer.status_code, answer.json()

    status, body = await asked(action="signed_in", since="2026-03-02T09:00:00Z")
    assert status == 200
    assert isinstance(body["items"], list)
    assert {item["action"] for item in body["items"]} == {"signed_in"}
    for field, value in (
        ("action", "danced"),
        ("principal", "ada@shop.test"),
        ("since", "2026-03-02T09:00:00"),
        ("cursor", "AAAA"),
    ):
        status, body = await asked(**{field: value})
        assert (status, body["field"]) == (422, field)
