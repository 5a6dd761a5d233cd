"""Which exception becomes which problem. The edge alone knows about status codes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from deskstream_chassis.access import AccessDenied
from deskstream_chassis.http.problem import (
    Problem,
    forbidden,
    not_found,
    problem_response,
    unavailable,
)
from deskstream_chassis.logs import log, where
from deskstream_chassis.operations import OperationFailed
from deskstream_eventstore import AnswerNotKept, Conflict, EventTooLarge, InFlight, KeyReused

UNSTORABLE: tuple[type[Exception], ...] = (
    asyncpg.CharacterNotInRepertoireError,  # a NUL in a text
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.StringDataRightTruncationError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.exceptions._base.DataError,  # found before it is sent
    UnicodeEncodeError,  # half of a surrogate pair
)
"""A value that validation let through and the store cannot hold."""

ToProblem = Callable[[Any], Problem]
ErrorMap = Mapping[type[Exception], ToProblem]
"""A service's error tree: class (or base class) → the problem it becomes."""

_STATUS_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}

STORE_DOWN: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a pooled connection that the dying server has taken leave of
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # shutdown, cannot connect now, statement timeout
    asyncpg.ReadOnlySQLTransactionError,  # a fail-over in progress
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,  # refused, no socket, no route, disk full, timeout
)
"""The store cannot answer now; the same request may succeed a little later."""


def validation_problem(error: RequestValidationError) -> Problem:
    """400 for a body that is not JSON, else 422 with the first field's path; no input is shown."""
    errors = error.errors()
    first = errors[0] if errors else {"type": "invalid", "loc": (), "msg": "invalid"}
    if first["type"] == "json_invalid":
        return Problem(400, "malformed_json", detail="the body is not JSON")
    place, *path = first["loc"] or ("body",)
    field = ".".join(str(part) for part in path) or str(place)
    return Problem(422, "invalid", "Invalid request", detail=str(first["msg"]), field=field)


def http_problem(error: HTTPException) -> Problem:
    """Starlette's and FastAPI's own errors."""
    if isinstance(error, Problem):
        return error
    if error.status_code == 400 and isinstance(error.__cause__, RecursionError | ValueError):
        return Problem(400, "malformed_json", detail="the body is not JSON")
    if error.status_code == 400:
        return Problem(400, "malformed_body", detail="the body could not be read")
    code = _STATUS_CODES.get(error.status_code, f"http_{error.status_code}")
    return Problem(error.status_code, code, headers=error.headers)


def unexpected(error: Exception) -> Problem:
    """500. Only the class and the place are logged: a message may quote personal data."""
    log.error("request failed", error_code=type(error).__name__, where=where(error))
    return Problem(500, "internal_error")


def unstorable(error: Exception) -> Problem:
    """422 without a field: better checked by the schema, so the place is logged."""
    log.warning("unstorable value", error_code=type(error).__name__, where=where(error))
    return Problem(422, "invalid", "Invalid request", detail="a value cannot be stored")


def store_unavailable(error: Exception) -> Problem:
    """503 `store_unavailable` with Retry-After."""
    log.warning("store unavailable", error_code=type(error).__name__)
    return unavailable("store_unavailable")


BASE: dict[type[Exception], ToProblem] = {
    HTTPException: http_problem,
    RequestValidationError: validation_problem,
    AccessDenied: lambda e: not_found() if e.reason == "hidden" else forbidden(),
    OperationFailed: lambda e: Problem(404 if e.is_absence else 409, e.code),
    Conflict: lambda _: Problem(409, "conflict", detail="changed at the same time; load it again"),
    KeyReused: lambda _: Problem(422, "idempotency_key_reused"),
    AnswerNotKept: lambda _: Problem(409, "answer_not_repeated"),
    InFlight: lambda _: Problem(409, "in_flight", headers={"Retry-After": "1"}),
    EventTooLarge: lambda _: Problem(413, "event_too_large"),
    **dict.fromkeys(STORE_DOWN, store_unavailable),
    **dict.fromkeys(UNSTORABLE, unstorable),
    Exception: unexpected,
}


def problem_of(error: Exception, errors: ErrorMap) -> Problem:
    """The problem of an exception, by the nearest class of its MRO."""
    for cls in type(error).__mro__:
        if cls in errors:
            return errors[cls](error)
    return unexpected(error)


Handler = Callable[[Request, Exception], Awaitable[Response]]


def handlers(errors: ErrorMap) -> dict[type[Exception], Handler]:
    """Exception handlers for FastAPI."""

    def handler(to_problem: ToProblem) -> Handler:
        async def handle(request: Request, error: Exception) -> Response:
            return problem_response(to_problem(error), request.scope)

        return handle

    return {cls: handler(to_problem) for cls, to_problem in errors.items()}
