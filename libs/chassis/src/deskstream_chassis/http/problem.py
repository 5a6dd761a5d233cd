"""Every error leaves as `application/problem+json` (RFC 9457) with a stable code."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from deskstream_chassis.http.context import CORRELATION_HEADER, context_of

TYPE_BASE = "https://deskstream.dev/problems/"
MEDIA_TYPE = "application/problem+json"


class Problem(HTTPException):
    """An error for the client. Raise it anywhere below the ASGI gate.

    `code` is stable (`not_found`), `detail` never holds personal data or the input's value, `field`
    names a path in the body (`cc.0`), `extra` adds members of its own.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str | None = None,
        *,
        detail: str | None = None,
        field: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.title = title or HTTPStatus(status).phrase
        self.text = detail
        self.field = field
        self.extra = dict(extra or {})
        super().__init__(status, detail or self.title, headers=dict(headers or {}))

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The members of the document."""
        members = {
            "type": TYPE_BASE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.text,
            "code": self.code,
            "field": self.field,
            "correlation_id": correlation_id,
        }
        return {**self.extra, **{k: v for k, v in members.items() if v is not None}}


def problem_response(problem: Problem, scope: Scope) -> Response:
    """The response that carries a problem; `no-store`, with the request's correlation id."""
    correlation_id = context_of(scope).correlation_id
    headers = {
        "Cache-Control": "no-store",
        CORRELATION_HEADER: correlation_id,
        **(problem.headers or {}),
    }
    content = json.dumps(problem.body(correlation_id), ensure_ascii=False, default=str)
    return Response(content, problem.status, headers, MEDIA_TYPE)


def not_found() -> Problem:
    """Absent, or hidden from the caller: the two must be identical."""
    return Problem(404, "not_found")


def forbidden(code: str = "forbidden", detail: str | None = None) -> Problem:
    """Seen, but not allowed."""
    return Problem(403, code, detail=detail)


def unauthenticated(code: str = "unauthenticated") -> Problem:
    """Nobody, or somebody whose proof does not hold."""
    return Problem(401, code)


def invalid(field: str, detail: str, code: str = "invalid") -> Problem:
    """A value that breaks a rule: 422 with the field's path."""
    return Problem(422, code, detail=detail, field=field)


def unavailable(code: str, retry_after: int = 2) -> Problem:
    """A dependency is down: 503 with `Retry-After` in seconds."""
    return Problem(503, code, headers={"Retry-After": str(retry_after)})
