"""What was published stays readable, and what is committed is what the code says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from deskstream_events import Event, registry
from deskstream_events.__main__ import documents
from deskstream_events.samples import sample

ROOT = Path(__file__).parents[3]
HERE = ROOT / "libs" / "events"
TYPES = registry.all()


def example(name: str, size: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((HERE / "examples" / name / f"{size}.json").read_text())
    return loaded


def test_the_committed_contracts_and_documents_equal_the_code() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in documents(ROOT).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs`; a changed published schema needs a new version"


def test_no_contract_lies_about_without_a_class() -> None:
    assert {p.stem for p in (HERE / "schemas").glob("*.json")} == set(TYPES)
    assert {p.name for p in (HERE / "examples").iterdir()} == set(TYPES)


@pytest.mark.parametrize("size", ["minimal", "full"])
@pytest.mark.parametrize("name", TYPES)
def test_every_payload_ever_shipped_still_loads(name: str, size: str) -> None:
    payload = example(name, size)
    event = registry.read(name, payload)
    jsonschema.validate(payload, json.loads((HERE / "schemas" / f"{name}.json").read_text()))
    assert type(event).read(event.model_dump(mode="json")) == event


@pytest.mark.parametrize("name", TYPES)
def test_a_consumer_ignores_what_a_newer_producer_adds(name: str) -> None:
    payload = example(name, "full")
    assert registry.read(name, {**payload, "added_later": 1}) == registry.read(name, payload)


@pytest.mark.parametrize("name", TYPES)
def test_a_producer_may_not_invent_fields(name: str) -> None:
    with pytest.raises(ValidationError):
        TYPES[name].model_validate({**example(name, "full"), "invented": 1})


@pytest.mark.parametrize("cls", TYPES.values(), ids=list(TYPES))
def test_an_event_is_named_explained_and_frozen(cls: type[Event]) -> None:
    context, aggregate, fact, version = cls.TYPE.split(".")
    assert cls.__doc__
    assert cls.__name__.endswith(f"V{cls.VERSION}")
    assert version == f"v{cls.VERSION}"
    assert cls.STREAM_TYPE == f"{context}.{aggregate}"
    assert fact.islower()
    event = cls.read(sample(cls, full=True))
    with pytest.raises(ValidationError):
        event.at = event.at  # type: ignore[misc]


def test_a_naive_time_is_refused_and_an_offset_is_turned_into_utc() -> None:
    cls = TYPES["gateway.user.email_verified.v1"]
    payload = example(cls.TYPE, "minimal")
    with pytest.raises(ValidationError):
        cls.read({**payload, "at": "2026-01-01T10:00:00"})
    read = cls.read({**payload, "at": "2026-01-01T10:00:00+02:00"})
    assert read.at.isoformat() == "2026-01-01T08:00:00+00:00"
