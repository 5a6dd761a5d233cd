"""What goes on to a service, and what comes back."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

Check = Callable[[httpx.Response, int, str], None]


async def test_a_request_goes_on_with_a_signed_identity_and_nothing_of_the_clients_proof(
    desk: Any,
) -> None:
    headers = await desk.as_role("agent")
    answer = await desk.http.get(
        "/api/tickets?status=open&limit=5",
        headers=headers | {"Deskstream-Identity": "forged", "X-Anything": "1", "Accept": "a/b"},
    )
    assert answer.json() == {"ok": True}
    (seen,) = desk.ticketing.seen
    assert (seen.method, seen.target) == ("GET", "/api/tickets?status=open&limit=5")
    names = {name.lower() for name, _ in seen.headers}
    assert names == {
        "host",
        "accept",
        "user-agent",
        "deskstream-identity",
        "deskstream-correlation",
    }
    caller = await desk.identity(seen)
    assert (caller.kind, caller.role) == ("user", "agent")
    assert seen.header("deskstream-correlation") == answer.headers["deskstream-correlation"]


async def test_a_token_is_made_for_one_audience_and_used_again(desk: Any) -> None:
    headers = await desk.as_role("agent")
    for _ in range(3):
        await desk.http.get("/api/tickets", headers=headers)
    assert len({seen.header("deskstream-identity") for seen in desk.ticketing.seen}) == 1
    assert len({seen.header("deskstream-correlation") for seen in desk.ticketing.seen}) == 3


async def test_a_key_goes_on_as_itself_with_its_scopes(desk: Any) -> None:
    headers = await desk.as_key("tickets:create")
    answer = await desk.http.post("/api/tickets", headers=headers, json={"subject": "x"})
    assert answer.status_code == 200
    caller = await desk.identity(desk.ticketing.seen[0])
    assert (caller.kind, caller.scopes, caller.role) == ("key", {"tickets:create"}, None)


async def test_the_path_that_goes_on_is_written_anew(desk: Any) -> None:
    headers = await desk.as_role("agent")
    ticket = uuid4()
    await desk.http.get(f"/api/tickets/{str(ticket).upper()}", headers=headers)
    await desk.http.get("/api/%74ickets/12", headers=headers)
    targets = [seen.target for seen in desk.ticketing.seen]
    assert targets == [f"/api/tickets/{ticket}", "/api/tickets/12"]


async def test_a_body_arrives_whole_with_its_length(desk: Any) -> None:
    headers = await desk.as_role("agent")
    body = b'{"subject": "' + b"x" * 1000 + b'"}'
    await desk.http.post(
        "/api/tickets",
        headers=headers | {"Content-Type": "application/json", "Idempotency-Key": "k1"},
        content=body,
    )
    (seen,) = desk.ticketing.seen
    assert seen.body == body
    assert seen.header("content-length") == str(len(body))
    assert seen.header("content-type") == "application/json"
    assert seen.header("idempotency-key") == "k1"


async def test_a_large_upload_streams_through(desk: Any) -> None:
    headers = await desk.as_role("agent")
    part, reached = b"y" * 65536, asyncio.Event()
    take = desk.ticketing.take

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        reached.set()  # the head is here although the client has not sent everything
        await take(reader, head)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")

    desk.ticketing.script = script

    async def body() -> Any:
        for n in range(40):
            if n == 20:
                await asyncio.wait_for(reached.wait(), 5)
            yield part

    answer = await desk.http.post(
        "/api/tickets/12/attachments",
        headers=headers | {"Content-Type": "multipart/form-data; boundary=b"},
        content=body(),
    )
    assert answer.status_code == 201
    assert desk.ticketing.seen[0].body == part * 40


async def test_a_large_answer_streams_through_as_it_comes(desk: Any) -> None:
    headers = await desk.as_role("agent")
    first_read = asyncio.Event()

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n")
        writer.write(b"Content-Disposition: attachment\r\n\r\n" + b"a" * 100_000)
        await asyncio.wait_for(first_read.wait(), 5)
        writer.write(b"b" * 100_000)

    desk.ticketing.script = script
    url = f"/api/attachments/{uuid4()}/download"
    got = b""
    async with desk.http.stream("GET", url, headers=headers) as answer:
        async for chunk in answer.aiter_raw():
            got += chunk
            first_read.set()
    assert got == b"a" * 100_000 + b"b" * 100_000
    assert answer.headers["content-length"] == "200000"
    assert answer.headers["content-disposition"] == "attachment"


async def test_a_part_of_a_file_is_asked_for_and_comes_as_a_part(desk: Any) -> None:
    headers = await desk.as_role("agent")
    asked = b""

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        nonlocal asked
        asked = head.lower()
        writer.write(b'HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nETag: "ab"\r\n')
        writer.write(b"Content-Range: bytes 2-4/9\r\nAccept-Ranges: bytes\r\n")
        writer.write(b"Content-Disposition: attachment\r\n\r\ncde")

    desk.ticketing.script = script
    url = f"/api/attachments/{uuid4()}/download"
    wanted = {"Range": "bytes=2-4", "If-Range": '"ab"'}
    answer = await desk.http.get(url, headers=headers | wanted)
    assert (answer.status_code, answer.content) == (206, b"cde")
    assert b"\r\nrange: bytes=2-4\r\n" in asked
    assert b'\r\nif-range: "ab"\r\n' in asked
    assert answer.headers["content-range"] == "bytes 2-4/9"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_range_outside_a_file_is_refused_with_its_length(desk: Any) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\n")
        writer.write(b"Content-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}")

    desk.ticketing.script = script
    url = f"/api/attachments/{uuid4()}/download"
    answer = await desk.http.get(url, headers=headers | {"Range": "bytes=9-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */9")


async def test_a_chunked_answer_of_unknown_length_passes(desk: Any) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n")
        writer.write(b"3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n")

    desk.ticketing.script = script
    answer = await desk.http.get("/api/tickets", headers=headers)
    assert answer.content == b"abcdefg"
    assert "x-t" not in answer.headers
    assert "trailer" not in answer.headers


async def test_a_service_speaks_to_the_client_in_listed_headers_only(desk: Any) -> None:
    headers = await desk.as_role("agent")
    desk.ticketing.headers = [
        ("Content-Type", "application/json"),
        ("ETag", '"7"'),
        ("Set-Cookie", "__Host-sid=stolen"),
        ("Server", "uvicorn"),
        ("X-Powered-By", "x"),
        ("Cache-Control", "public"),
        ("Content-Security-Policy", "default-src *"),
        ("Deskstream-Correlation", "another"),
        ("Access-Control-Allow-Origin", "*"),
        ("Connection", "keep-alive"),
    ]
    answer = await desk.http.get("/api/tickets/12", headers=headers)
    assert answer.headers["etag"] == '"7"'
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert answer.headers.get_list("content-security-policy") == [
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    ]
    assert answer.headers["deskstream-correlation"] != "another"
    assert answer.headers.get_list("server") == ["granian"]
    for name in ("set-cookie", "x-powered-by", "access-control-allow-origin"):
        assert name not in answer.headers


async def test_problems_of_a_service_pass_and_its_401_becomes_a_502(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("agent")
    for status in (403, 404, 409, 412, 422, 428, 503):
        desk.ticketing.status = status
        answer = await desk.http.get("/api/tickets/12", headers=headers)
        assert (answer.status_code, answer.content) == (status, desk.ticketing.body)
    desk.ticketing.status = 401
    answer = await desk.http.get("/api/tickets/12", headers=headers)
    problem(answer, 502, "upstream_refused_identity")


async def test_redirects_are_not_followed(desk: Any) -> None:
    headers = await desk.as_role("agent")
    desk.ticketing.status, desk.ticketing.headers = 302, [("Location", "/internal/ops/lag")]
    answer = await desk.http.get("/api/tickets", headers=headers, follow_redirects=False)
    assert answer.status_code == 302
    assert len(desk.ticketing.seen) == 1


async def test_security_headers_are_on_every_answer(desk: Any) -> None:
    headers = await desk.as_role("agent")
    answers = [
        await desk.http.get("/api/health"),
        await desk.http.get("/api/tickets", headers=headers),
        await desk.http.get("/api/tickets"),
        await desk.http.get("/nothing/here"),
        await desk.http.patch("/api/tickets"),
        await desk.http.get("/api//tickets"),
        await desk.http.get("/verify-email"),
    ]
    assert [a.status_code for a in answers] == [200, 200, 401, 404, 405, 400, 200]
    for answer in answers:
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["deskstream-correlation"]


async def test_the_correlation_id_is_made_here(desk: Any) -> None:
    answer = await desk.http.get("/api/health", headers={"Deskstream-Correlation": "mine-123456"})
    assert answer.headers["deskstream-correlation"] != "mine-123456"
