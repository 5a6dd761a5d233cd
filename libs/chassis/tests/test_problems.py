"""Every error is a problem document with a stable code, and tells nothing that it should not."""

import json
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel, EmailStr
from starlette.responses import StreamingResponse

from deskstream_chassis.access import AccessDenied
from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.etag import etag, if_match, version_mismatch
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import Cursor, Cursors, Limit, Page, page
from deskstream_chassis.http.problem import Problem, invalid, not_found
from deskstream_chassis.testing import by_name, call
from deskstream_eventstore import Conflict, EventTooLarge, InFlight, KeyReused

JSON = "application/json"


class Person(BaseModel):
    email: EmailStr


class Body(BaseModel):
    subject: str
    cc: list[EmailStr] = []
    requester: Person | None = None


class DeskError(Exception):
    def __init__(self, code: str) -> None:
        self.code = code


class SpecialError(DeskError):
    pass


RAISED: dict[str, Exception] = {}


def app() -> ServiceApp:
    router = APIRouter()

    @router.post("/tickets")
    @guarded("session")
    async def open_ticket(body: Body, limit: int = 1) -> str:
        return body.subject

    @router.get("/raise")
    @guarded("session")
    async def fail() -> str:
        raise RAISED["now"]

    @router.get("/breaks")
    @guarded("session")
    async def breaks() -> StreamingResponse:
        async def chunks() -> Any:
            yield b"begun"
            raise RuntimeError("anna@shop.example")

        return StreamingResponse(chunks())

    @router.put("/versions")
    @guarded("session")
    async def change(request: Request) -> int:
        return if_match(request)

    @router.post("/small")
    @guarded("session", body_limit=10)
    async def small(request: Request) -> int:
        return len(await request.body())

    @router.post("/files")
    @guarded("session", body_limit=1000)
    async def upload(file: UploadFile = File()) -> int:  # noqa: B008
        return file.size or 0

    @router.get("/list")
    @guarded("session")
    async def rows(limit: Limit = 2, cursor: Cursor = None, status: str = "open") -> Page[int]:
        after = NUMBERS.read(cursor, status)
        found = [n for n in range(7) if after is None or n > after[0]][: limit + 1]
        items, following = page(found, limit, lambda n: NUMBERS.write((n,), status))
        return Page(items=list(items), next=following)

    errors: Any = {DeskError: lambda e: Problem(409, e.code)}
    return create_app("tests", routers=[router], authenticate=by_name, errors=errors)


NUMBERS = Cursors("numbers", tuple[int])


async def post(body: bytes | list[bytes], path: str = "/tickets", **headers: str) -> Any:
    return await call(app(), "POST", path, body, As="agent", Content_Type=JSON, **headers)


async def raising(error: Exception) -> Any:
    RAISED["now"] = error
    return await call(app(), "GET", "/raise", As="agent")


async def test_a_problem_has_all_its_members() -> None:
    answer = await call(app(), "GET", "/absent", As="agent", Deskstream_Correlation="c-12345678")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["deskstream-correlation"] == "c-12345678"
    assert answer.json() == {
        "type": "https://deskstream.dev/problems/not_found",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "correlation_id": "c-12345678",
    }


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "a@shop.example", "é" * 9])
async def test_a_correlation_id_that_is_not_one_is_replaced(given: str) -> None:
    answer = await call(app(), "GET", "/absent", As="agent", Deskstream_Correlation=given)
    assert answer.headers["deskstream-correlation"] != given
    assert answer.headers["deskstream-correlation"] == answer.json()["correlation_id"]


async def test_the_wrong_method_is_405_and_names_the_right_ones() -> None:
    answer = await call(app(), "DELETE", "/tickets", As="agent")
    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe", b'{"subject": "x"} trailing', b"[" * 100_000]
)
async def test_a_body_that_is_not_json_is_400(body: bytes) -> None:
    answer = await post(body)
    if body == b"":
        assert (answer.status, answer.json()["code"]) == (422, "invalid")
    else:
        assert (answer.status, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subject"),
        ({"subject": 5}, "subject"),
        ({"subject": "x", "cc": ["a@shop.example", "no mail"]}, "cc.1"),
        ({"subject": "x", "requester": {"email": "secret-person"}}, "requester.email"),
    ],
)
async def test_a_body_that_breaks_a_rule_is_422_with_the_field(body: Any, field: str) -> None:
    answer = await post(json.dumps(body).encode())
    assert (answer.status, answer.json()["code"], answer.json()["field"]) == (422, "invalid", field)


async def test_a_bad_query_is_422_with_its_name() -> None:
    answer = await post(b'{"subject": "x"}', "/tickets?limit=many")
    assert (answer.status, answer.json()["field"]) == (422, "limit")


async def test_a_refused_value_is_not_repeated_in_the_answer() -> None:
    answer = await post(b'{"subject": "x", "requester": {"email": "anna.secret"}}')
    assert b"anna" not in answer.content


async def test_a_service_s_error_tree_is_mapped_by_its_base() -> None:
    answer = await raising(SpecialError("too_late"))
    assert (answer.status, answer.json()["code"]) == (409, "too_late")


def of(cls: type[Exception], *arguments: Any) -> Exception:
    """An error of the store, made without caring for its constructor."""
    error = cls.__new__(cls)
    Exception.__init__(error, *arguments)
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AccessDenied("hidden"), 404, "not_found"),
        (AccessDenied("forbidden"), 403, "forbidden"),
        (of(Conflict), 409, "conflict"),
        (of(KeyReused), 422, "idempotency_key_reused"),
        (of(InFlight), 409, "in_flight"),
        (of(EventTooLarge), 413, "event_too_large"),
        (invalid("cc.0", "not an address"), 422, "invalid"),
    ],
)
async def test_expected_errors_have_their_status(error: Exception, status: int, code: str) -> None:
    answer = await raising(error)
    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_hidden_and_absent_are_identical() -> None:
    hidden, absent = await raising(AccessDenied("hidden")), await raising(not_found())
    assert {**hidden.json(), "correlation_id": ""} == {**absent.json(), "correlation_id": ""}
    assert set(hidden.headers) == set(absent.headers)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.TooManyConnectionsError("sorry"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("terminating"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle"),
        asyncpg.QueryCanceledError("statement timeout"),
        asyncpg.ReadOnlySQLTransactionError("read-only"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionRefusedError("refused"),
        FileNotFoundError(2, "no socket"),
        TimeoutError(),
        OSError(28, "no space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_store_that_is_down_is_503_with_retry_after(error: Exception) -> None:
    answer = await raising(error)
    assert (answer.status, answer.json()["code"]) == (503, "store_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_value_that_the_store_cannot_hold_is_422() -> None:
    for error in (
        asyncpg.CharacterNotInRepertoireError("0x00"),
        asyncpg.NumericValueOutOfRangeError("out of range"),
        asyncpg.exceptions._base.DataError("value out of int32 range"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ):
        answer = await raising(error)
        assert (answer.status, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("anna@shop.example"),
        asyncpg.UniqueViolationError("Key (email)=(anna@shop.example)"),
    ],
)
async def test_an_unexpected_error_is_500_and_tells_nothing(error: Exception) -> None:
    answer = await raising(error)
    assert (answer.status, answer.json()["code"]) == (500, "internal_error")
    assert b"anna" not in answer.content


async def test_an_answer_that_has_begun_is_cut_off() -> None:
    answer = await call(app(), "GET", "/breaks", As="agent")
    assert (answer.status, answer.content) == (200, b"begun")


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
    answer = await raising(version_mismatch(7, ["status", "tags"]))
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
