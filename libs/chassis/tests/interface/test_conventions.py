"""If-Match, ETags and cursors: the conventions of every list and every change."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Request

from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.etag import etag, if_match, version_mismatch
from deskstream_chassis.http.guard import guarded
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from deskstream_chassis.testing import by_name, call

NUMBERS = Cursors("numbers", tuple[int])


def app() -> ServiceApp:
    router = APIRouter()

    @router.put("/versions")
    @guarded("session")
    async def change(request: Request) -> int:
        return if_match(request)

    @router.delete("/versions")
    @guarded("session")
    async def remove() -> None:
        raise version_mismatch(7, ["status", "tags"])

    @router.get("/list")
    @guarded("session")
    async def rows(limit: Limit = 2, cursor: Cursor = None, status: str = "open") -> Page[int]:
        after = NUMBERS.read(cursor, status)
        found = [n for n in range(7) if after is None or n > after[0]][: limit + 1]
        items, following = page(found, limit, lambda n: NUMBERS.write((n,), status))
        return Page(items=list(items), next=following)

    return create_app("tests", routers=[router], authenticate=by_name)


async def test_if_match_is_required_and_must_be_one_of_our_tags() -> None:
    async def put(**headers: str) -> Any:
        return await call(app(), "PUT", "/versions", As="agent", **headers)

    assert (await put(If_Match=etag(12))).json() == 12
    missing = await put()
    assert (missing.status, missing.json()["code"]) == (428, "if_match_required")
    for bad in ("*", 'W/"3"', '"1", "2"', "3", '"x"', '""', '"-1"', '"007"'):
        answer = await put(If_Match=bad)
        assert (answer.status, answer.json()["code"]) == (412, "version_mismatch"), bad


async def test_a_version_mismatch_lists_what_changed() -> None:
    answer = await call(app(), "DELETE", "/versions", As="agent")
    assert (answer.status, answer.json()["changed"]) == (412, ["status", "tags"])
    assert answer.headers["etag"] == '"7"'


async def test_pages_follow_each_other_to_the_end() -> None:
    seen: list[int] = []
    path = "/list"
    while path:
        body = (await call(app(), "GET", path, As="agent")).json()
        seen += body["items"]
        path = f"/list?cursor={body['next']}" if body["next"] else ""
    assert seen == list(range(7))


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
async def test_a_page_has_one_to_a_hundred_rows(limit: str) -> None:
    answer = await call(app(), "GET", f"/list?limit={limit}", As="agent")
    assert (answer.status, answer.json()["field"]) == (422, "limit")


def damaged() -> dict[str, Callable[[str], str]]:
    return {
        "noise": lambda _: "abc",
        "not base64": lambda _: "%C3%A9%C3%A9",
        "cut": lambda c: c[:-2],
        "changed": lambda c: c[:-1] + ("A" if c[-1] != "A" else "B"),
        "of another list": lambda _: Cursors("other", tuple[int]).write((1,), "open"),
        "of other filters": lambda _: NUMBERS.write((1,), "closed"),
        "of another shape": lambda _: Cursors("numbers", tuple[str]).write(("x",), "open"),
        "too long": lambda c: c * 100,
    }


@pytest.mark.parametrize("how", damaged())
async def test_a_bad_cursor_is_422(how: str) -> None:
    cursor = damaged()[how](NUMBERS.write((1,), "open"))
    answer = await call(app(), "GET", f"/list?cursor={cursor}", As="agent")
    assert (answer.status, answer.json()["field"]) == (422, "cursor")
