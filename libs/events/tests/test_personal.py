"""Personal fields are marked, and overwriting them leaves everything else."""

import json
from typing import Any

import pytest

from deskstream_events import REDACTED, Event, registry
from deskstream_events.personal import (
    PERSONAL_NAMES,
    nested_models,
    overwrite_personal,
    personal_fields,
)
from deskstream_events.samples import sample

TYPES = registry.all()
NOT_PERSONAL = {"note_id", "email_id"}


def looks_personal(name: str) -> bool:
    return name not in NOT_PERSONAL and bool(PERSONAL_NAMES & set(name.split("_")))


@pytest.mark.parametrize("cls", TYPES.values(), ids=list(TYPES))
def test_a_field_named_like_a_persons_is_marked(cls: type[Event]) -> None:
    for model in (cls, *nested_models(cls).values()):
        unmarked = {n for n in model.model_fields if looks_personal(n)} - personal_fields(model)
        unmarked -= {n for n in unmarked if n == "address_hash"}
        assert unmarked == set()


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@pytest.mark.parametrize("cls", TYPES.values(), ids=list(TYPES))
def test_overwriting_leaves_a_payload_that_loads_with_ids_times_and_counts(
    cls: type[Event],
) -> None:
    payload = sample(cls, full=True)
    redacted = overwrite_personal(cls, payload)
    event = cls.read(redacted)
    assert event.at == cls.read(payload).at
    assert len(leaves(redacted)) == len(leaves(payload))
    for name in cls.model_fields.keys() - personal_fields(cls) - nested_models(cls).keys():
        assert redacted[name] == payload[name]
    for name in personal_fields(cls):
        assert set(leaves(redacted[name])) == {REDACTED}


def test_a_nested_files_name_is_overwritten_too() -> None:
    cls = TYPES["ticketing.ticket.reply_queued.v1"]
    redacted = overwrite_personal(cls, sample(cls, full=True))
    assert {item["file_name"] for item in redacted["files"]} == {REDACTED}
    assert "person" not in json.dumps(redacted)


def test_what_is_null_stays_null() -> None:
    cls = TYPES["ticketing.ticket.opened.v1"]
    payload = {**sample(cls, full=False), "requester_email": None}
    assert overwrite_personal(cls, payload)["requester_email"] is None
