"""What every answer carries, whatever its status; and what answers nobody."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Check = Callable[[httpx.Response, int, str], None]

ALWAYS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
OF_THE_ANSWER = {
    "content-length",
    "content-type",
    "date",
    "deskstream-correlation",
    "ratelimit",
    "ratelimit-policy",
    "server",
}


async def broken(reader: Any, writer: Any, head: bytes) -> None:
    """A service that hangs up."""
    writer.close()
    raise ConnectionError


async def answers(desk: Any) -> dict[int, httpx.Response]:
    """One answer of the API of every kind of status."""
    agent, http = await desk.as_role("agent"), desk.http
    found = [
        await http.get("/api/tickets/12", headers=agent),
        await http.get("/api/users", headers=agent),
        await http.get("/api//tickets", headers=agent),
        await http.get("/api/tickets"),
        await http.get("/api/audit", headers=agent),
        await http.get("/nothing/here"),
        await http.patch("/api/tickets"),
        await http.post("/api/tickets", headers=agent, content=b"x" * 2_200_000),
        await http.post("/api/auth/login", headers=agent, content=b"{}"),
    ]
    desk.ticketing.script = no_content
    found.append(await http.get("/api/tickets/12", headers=agent))
    desk.ticketing.script, desk.ticketing.status = None, 500
    found.append(await http.get("/api/tickets/12", headers=agent))
    desk.ticketing.script = broken
    found.append(await http.get("/api/tickets/12", headers=agent))
    desk.gate._proxy._upstreams.clear()
    found.append(await http.get("/api/tickets/12", headers=agent))
    desk.stop_refilling()
    last = found[0]
    while last.status_code != 429:
        last = await http.get("/api/tickets")
    return {answer.status_code: answer for answer in [*found, last]}


async def no_content(reader: Any, writer: Any, head: bytes) -> None:
    """A service that has nothing to say."""
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def test_every_answer_carries_the_same_headers_of_safety(desk: Any) -> None:
    found = await answers(desk)
    assert set(found) == {200, 204, 400, 401, 403, 404, 405, 413, 422, 429, 500, 502, 503}
    for status, answer in found.items():
        of_safety = {name: answer.headers.get_list(name) for name in ALWAYS}
        assert of_safety == {name: [value] for name, value in ALWAYS.items()}, status
        own = {"allow", "connection", "retry-after", "www-authenticate"}
        assert set(answer.headers) - OF_THE_ANSWER - set(ALWAYS) <= own, status


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/tickets", "/api/auth/login", "/verify-email"]
)
async def test_trace_and_other_methods_of_no_row_are_refused(
    desk: Any, problem: Check, path: str
) -> None:
    for method in ("TRACE", "CONNECTED", "OPTIONS", "PROPFIND"):
        answer = await desk.http.request(method, path, headers={"X-Marked": "echo"})
        problem(answer, 405, "method_not_allowed")
        assert method not in answer.headers["allow"]
        assert "echo" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/metrics", "/internal/jwks"],
)
async def test_documents_and_inner_pages_do_not_exist_for_anybody(
    desk: Any, problem: Check, path: str
) -> None:
    for headers in ({}, await desk.as_role("admin")):
        problem(await desk.http.get(path, headers=headers), 404, "not_found")
    assert desk.ticketing.seen == []
