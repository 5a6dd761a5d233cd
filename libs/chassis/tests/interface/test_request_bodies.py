"""Bodies have limits that hold before and while they are read; keys are bound to their hash."""

from typing import Any

import pytest
from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel

from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.testing import by_name, call

JSON = "application/json"


class Body(BaseModel):
    subject: str


def app() -> ServiceApp:
    router = APIRouter()

    @router.post("/tickets")
    @guarded("session")
    async def open_ticket(body: Body) -> str:
        return body.subject

    @router.post("/small")
    @guarded("session", body_limit=10)
    async def small(request: Request) -> int:
        return len(await request.body())

    @router.post("/files")
    @guarded("session", body_limit=1000)
    async def upload(file: UploadFile = File()) -> int:  # noqa: B008
        return file.size or 0

    return create_app("tests", routers=[router], authenticate=by_name)


async def post(body: bytes | list[bytes], path: str = "/tickets", **headers: str) -> Any:
    return await call(app(), "POST", path, body, As="agent", Content_Type=JSON, **headers)


async def test_a_body_that_declares_too_much_is_refused_unread() -> None:
    answer = await post(b"x" * 11, "/small", Content_Length="11")
    assert (answer.status, answer.json()["code"], answer.chunks_read) == (413, "body_too_large", 0)
    assert answer.json()["limit"] == 10


@pytest.mark.parametrize("declared", ["-1", "1e3", "ten", "+5", "0x1"])
async def test_a_length_that_is_no_number_is_refused_unread(declared: str) -> None:
    answer = await post(b"x", "/small", Content_Length=declared)
    assert (answer.status, answer.chunks_read) == (413, 0)


async def test_a_body_that_sends_too_much_is_cut_where_it_passes_the_limit() -> None:
    answer = await post([b"xxxxx"] * 100, "/small")
    assert (answer.status, answer.json()["code"], answer.chunks_read) == (413, "body_too_large", 3)


async def test_a_body_at_the_limit_passes() -> None:
    assert (await post([b"xxxxx", b"xxxxx"], "/small")).json() == 10


async def test_json_and_forms_meet_the_limit_too() -> None:
    answer = await post([b"[" + b"1," * 300_000] * 4)
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    answer = await call(
        app(),
        "POST",
        "/files",
        [part, *[b"x" * 300] * 20, b"\r\n--b--\r\n"],
        As="agent",
        Content_Type="multipart/form-data; boundary=b",
    )
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    assert answer.chunks_read < 6


def caller_app() -> ServiceApp:
    router = APIRouter()

    @router.post("/keys/{item}")
    @guarded("session")
    async def keyed(item: str, caller: CallerDep) -> dict[str, Any]:
        key = caller.origin.idempotency
        return {"key": None if key is None else [key.principal, key.path, key.key, key.fingerprint]}

    @router.post("/bodies")
    @guarded("session")
    async def bodied(body: Body, caller: CallerDep) -> str:
        assert caller.origin.idempotency
        return caller.origin.idempotency.fingerprint

    @router.post("/streams")
    @guarded("session", streams=True)
    async def streamed(caller: CallerDep, request: Request) -> list[str]:
        assert caller.origin.idempotency
        before = caller.origin.idempotency.fingerprint
        async for _ in request.stream():
            pass
        bound = caller.fingerprinted("abc").origin.idempotency
        assert bound
        return [before, bound.fingerprint]

    @router.put("/keys")
    @guarded("session")
    async def put(caller: CallerDep) -> bool:
        return caller.origin.idempotency is None

    return create_app("tests", routers=[router], authenticate=by_name)


async def keyed(key: str, path: str = "/keys/1", body: bytes = b"") -> Any:
    return await call(caller_app(), "POST", path, body, As="agent", Idempotency_Key=key)


async def test_an_idempotency_key_is_kept_per_principal_and_path() -> None:
    principal, path, key, _ = (await keyed("k-1")).json()["key"]
    assert (principal, path, key) == ("user:00000000-0000-0000-0000-000000000002", "/keys/1", "k-1")


async def test_its_fingerprint_is_that_of_the_body_and_query() -> None:
    async def fingerprint(path: str, body: bytes) -> str:
        return str((await keyed("k", path, body)).json()["key"][3])

    one = await fingerprint("/keys/1", b"a")
    assert one == await fingerprint("/keys/1", b"a")
    assert (
        len({one, await fingerprint("/keys/1", b"b"), await fingerprint("/keys/1?x=1", b"a")}) == 3
    )


async def test_a_parsed_body_is_fingerprinted_as_well() -> None:
    async def send(body: bytes) -> str:
        answer = await call(
            caller_app(),
            "POST",
            "/bodies",
            body,
            As="agent",
            Content_Type=JSON,
            Idempotency_Key="k",
        )
        return str(answer.json())

    assert await send(b'{"subject": "a"}') != await send(b'{"subject": "b"}')


async def test_a_streamed_upload_gives_its_content_hash_itself() -> None:
    answer = await call(
        caller_app(), "POST", "/streams", [b"x", b"y"], As="agent", Idempotency_Key="k"
    )
    assert answer.json() == ["", "abc"]


@pytest.mark.parametrize("key", ["", "k" * 201, "kéy", "a\tb"])
async def test_a_key_that_is_none_is_400(key: str) -> None:
    answer = await keyed(key)
    assert (answer.status, answer.json()["code"]) == (400, "bad_idempotency_key")


async def test_a_key_of_200_characters_passes_and_other_methods_take_none() -> None:
    assert (await keyed("k" * 200)).status == 200
    answer = await call(caller_app(), "PUT", "/keys", As="agent", Idempotency_Key="k")
    assert answer.json() is True
