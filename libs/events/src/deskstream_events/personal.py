"""Which fields of an event are personal, found from the types; and overwriting them."""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from deskstream_events.event import REDACTED, Personal

PERSONAL_NAMES = frozenset(
    {
        "name",
        "email",
        "emails",
        "phone",
        "address",
        "body",
        "subject",
        "note",
        "html",
        "text",
        "to",
        "cc",
    }
)
"""Words that, as a part of a field's name, call for the marker (a test holds it)."""


def _is_marked(annotation: Any, metadata: Any = ()) -> bool:
    if any(isinstance(mark, Personal) for mark in metadata):
        return True
    nested = getattr(annotation, "__metadata__", ())
    return any(isinstance(mark, Personal) for mark in nested) or any(
        _is_marked(argument) for argument in get_args(annotation)
    )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


@cache
def personal_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the model's own marked fields."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if _is_marked(field.annotation, field.metadata)
    )


@cache
def nested_models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Fields that hold other models (alone, optional or in a tuple)."""
    found = {name: next(_models(f.annotation), None) for name, f in model.model_fields.items()}
    return {name: nested for name, nested in found.items() if nested is not None}


def overwrite_personal(model: type[BaseModel], data: dict[str, Any]) -> dict[str, Any]:
    """A copy of a payload whose personal strings read `[redacted]`; what is null stays null.

    Tuples keep their length, so counts stay right; ids, times and amounts are untouched.
    """
    result = dict(data)
    for name in personal_fields(model) & data.keys():
        result[name] = _token(data[name])
    for name, nested in nested_models(model).items():
        value = data.get(name)
        if isinstance(value, dict):
            result[name] = overwrite_personal(nested, value)
        elif isinstance(value, list):
            result[name] = [overwrite_personal(nested, item) for item in value]
    return result


def _token(value: Any) -> Any:
    if value is None:
        return None
    return [REDACTED for _ in value] if isinstance(value, list) else REDACTED
