"""How `desk events` shows a record."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import ConsumerRecord

from deskstream_events import Envelope, Meta
from deskstream_events.gateway.user import UserRegisteredV1
from deskstream_tools.cli.events import json_line, line

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)


def record(headers: Sequence[tuple[str, bytes]], value: bytes) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord("gateway.user.v1", 3, 7, 0, 0, b"k", value, None, 1, 1, headers)


def registered() -> "ConsumerRecord[bytes, bytes]":
    user = uuid4()
    event = UserRegisteredV1(at=AT, user_id=user, email="ole@example.org", name="Ole Kunde")
    envelope = Envelope(
        event_id=uuid4(),
        type=event.TYPE,
        source="gateway",
        stream_id=user,
        version=1,
        position=1,
        at=AT,
        meta=Meta("system:visitor", "c1"),
        relay_epoch=1,
    )
    return record(envelope.to_headers(), event.model_dump_json().encode())


def test_personal_fields_are_hidden() -> None:
    for text in (line(registered(), personal=False), json_line(registered(), personal=False)):
        assert "Ole" not in text
        assert "example.org" not in text
        assert "[hidden]" in text
        assert "gateway.user.registered.v1" in text


def test_personal_fields_are_shown_when_asked_for() -> None:
    shown = json.loads(json_line(registered(), personal=True))
    assert shown["data"]["email"] == "ole@example.org"
    assert (shown["version"], shown["actor"]) == (1, "system:visitor")


def test_of_what_cannot_be_read_only_the_place_is_shown() -> None:
    for broken in (record([], b"ole@example.org"), record([("ce_id", b"\xff")], b"{")):
        text = line(broken, personal=False)
        assert "unreadable (BadEnvelope) at partition 3 offset 7" in text
        assert "ole@" not in text
