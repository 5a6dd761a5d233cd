"""Cursor pagination: `?limit=` up to 100 and an opaque `?cursor=`; answers carry `next`."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter, ValidationError

from deskstream_chassis.http.problem import Problem

T = TypeVar("T")
ROW = TypeVar("ROW")
MAX_LIMIT = 100

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000)]


class Page(BaseModel, Generic[T]):
    """One page; `next` is the cursor of the following one, None at the end."""

    items: list[T]
    next: str | None = None


class Cursors(Generic[T]):
    """Cursors of one list: a position (a tuple of plain values) bound to the list and its filters.

        cursors = Cursors("tickets", tuple[datetime, UUID])
        after = cursors.read(cursor, filters)       # None on the first page; Problem 422 if bad
        page(rows, limit, lambda row: cursors.write((row.at, row.id), filters))

    They are checked, not secret: a position only says where to go on, access is decided per row.
    """

    def __init__(self, name: str, position: type[T]) -> None:
        self._name = name
        self._adapter: TypeAdapter[T] = TypeAdapter(position)

    def write(self, position: T, filters: object = None) -> str:
        """An opaque, URL-safe cursor."""
        body = self._adapter.dump_json(position)
        return base64.urlsafe_b64encode(self._check(body, filters) + body).rstrip(b"=").decode()

    def read(self, cursor: str | None, filters: object = None) -> T | None:
        """The position. Raises Problem 422 `bad_cursor` if it is damaged, or of another list or
        other filters."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            check, body = raw[:8], raw[8:]
            if check != self._check(body, filters):
                raise ValueError("not of this list")
            return self._adapter.validate_json(body)
        except (ValueError, ValidationError):
            raise Problem(
                422, "bad_cursor", detail="take the cursor from `next`", field="cursor"
            ) from None

    def _check(self, body: bytes, filters: object) -> bytes:
        about = json.dumps([self._name, filters], sort_keys=True, default=str).encode()
        return hashlib.blake2b(body, digest_size=8, key=hashlib.sha256(about).digest()).digest()


def page(
    rows: Sequence[ROW], limit: int, cursor_of: Callable[[ROW], str]
) -> tuple[Sequence[ROW], str | None]:
    """Split what `LIMIT limit + 1` gave into the page's rows and the next cursor."""
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    return kept, cursor_of(kept[-1])
