"""Every error is a problem document with a stable code, and tells nothing that it should not."""

import json
from typing import Any

import asyncpg
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, EmailStr
from starlette.responses import StreamingResponse

from deskstream_chassis.access import AccessDenied
from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import guarded
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

    errors: Any = {DeskError: lambda e: Problem(409, e.code)}
    return create_app("tests", routers=[router], authenticate=by_name, errors=errors)


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
        asyncpg.InternalClientError("cannot switch to state 15"),
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
