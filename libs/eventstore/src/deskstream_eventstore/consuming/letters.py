"""Erasing a person from dead letters."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import from_json
from sqlalchemy import text

from deskstream_events import REDACTED, Envelope, registry
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.consuming.incoming import unpacked
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Work

ERASED = REDACTED.encode()

_LETTERS = compiled(
    text("select id, headers, value from dead_letter where value is not null for update")
)
_PUT = compiled(text("update dead_letter set value = :value where id = :id"))


async def redact_letters(
    work: Work, hashes: Callable[[tuple[str, ...]], Iterable[str]], subjects: frozenset[str]
) -> int:
    """Overwrite the personal fields of letters about these people; how many were.

    Bytes that do not show whom they are about may be about anyone: they are dropped. Their owner
    can send the event again (`desk topics republish`).
    """
    count = 0
    for row in await _LETTERS.fetch(work) if subjects else ():
        fresh = _redacted(row["headers"], row["value"], hashes, subjects)
        if fresh != row["value"]:
            count += 1
            await _PUT.execute(work, id=row["id"], value=fresh)
    return count


def _redacted(
    headers: list[list[str]],
    value: bytes,
    hashes: Callable[[tuple[str, ...]], Iterable[str]],
    subjects: frozenset[str],
) -> bytes:
    try:
        type_ = Envelope.from_headers(unpacked(headers)).type
        data: dict[str, Any] = from_json(value)
        people = hashes(registry.read(type_, data).people())
        model = registry.all().get(type_) or registry.find(type_)
    except (LookupError, ValueError, TypeError, AttributeError):
        return ERASED
    if subjects.isdisjoint(people):
        return value
    fresh = overwrite_personal(model, data)
    return value if fresh == data else json.dumps(fresh, separators=(",", ":")).encode()
