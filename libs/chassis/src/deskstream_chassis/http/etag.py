"""Optimistic concurrency over HTTP: strong ETags made of a stream's version."""

import re

from starlette.requests import Request

from deskstream_chassis.http.problem import Problem

_TAG = re.compile(r'"(0|[1-9][0-9]{0,9})"')


def etag(version: int) -> str:
    """The value of the `ETag` header."""
    return f'"{version}"'


def if_match(request: Request) -> int:
    """The version that the client has seen. Raises Problem 428 without `If-Match`, 412 if it is not
    one strong tag of ours (`*` and lists are refused: a change states what it is based on)."""
    values = request.headers.getlist("if-match")
    if not values:
        raise Problem(428, "if_match_required", detail="send If-Match with the ETag you have seen")
    found = _TAG.fullmatch(values[0].strip()) if len(values) == 1 else None
    if found is None:
        raise Problem(412, "version_mismatch", detail="If-Match is not an ETag of this resource")
    return int(found[1])


def version_mismatch(current: int, changed: list[str]) -> Problem:
    """412 that lists what has changed since the version the client has seen."""
    return Problem(
        412, "version_mismatch", extra={"changed": changed}, headers={"ETag": etag(current)}
    )
