"""Deterministic examples of every event type, for the committed contracts and for tests."""

import types
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class _Counter:
    def __init__(self) -> None:
        self.value = 0

    def next(self) -> int:
        self.value += 1
        return self.value


def sample(model: type[BaseModel], *, full: bool) -> dict[str, Any]:
    """The JSON of one event: all fields when full, required ones only when not."""
    return model.model_validate(_fields(model, _Counter(), full=full)).model_dump(
        mode="json", exclude_unset=True
    )


def _fields(model: type[BaseModel], counter: _Counter, *, full: bool) -> dict[str, Any]:
    return {
        name: _value(name, field.annotation, field, counter, full=full)
        for name, field in model.model_fields.items()
        if full or field.is_required()
    }


def _value(name: str, kind: Any, field: FieldInfo | None, counter: _Counter, *, full: bool) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if hasattr(kind, "__metadata__"):
        return _value(name, arguments[0], field, counter, full=full)
    if origin is Literal:
        return arguments[counter.next() % len(arguments)]
    if origin in (Union, types.UnionType):
        some = next(a for a in arguments if a is not type(None))
        return _value(name, some, field, counter, full=full)
    if origin is tuple:
        count = 2 if full else 1
        return tuple(_value(name, arguments[0], field, counter, full=full) for _ in range(count))
    return _scalar(name, kind, counter, full=full)


def _scalar(name: str, kind: Any, counter: _Counter, *, full: bool) -> Any:
    n = counter.next()
    if kind is UUID:
        return UUID(int=(0x0199_0000_0000_7000_8000_0000_0000_0000) + n)
    if kind is bool:
        return True
    if kind is int:
        return n
    if kind in (datetime, AwareDatetime):
        return _START + timedelta(minutes=n)
    if kind is str:
        return f"person{n}@example.org" if "email" in name else f"{name.replace('_', ' ')} {n}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _fields(kind, counter, full=full)
    raise TypeError(f"no sample for {name}: {kind!r}")
