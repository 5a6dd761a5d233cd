"""The runtime's quick look at headers finds what the envelope's careful one does."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from following import TOPIC, Record, Stream
from hypothesis import given
from hypothesis import strategies as st

from deskstream_events import BadEnvelope, Envelope, Meta
from deskstream_eventstore.consuming.incoming import (
    LARGEST_VERSION,
    Incoming,
    Reader,
    Unreadable,
    packed,
    park,
    unpacked,
)

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
envelopes = st.builds(
    Envelope,
    event_id=st.uuids(),
    type=words,
    source=words,
    stream_id=st.uuids(),
    version=st.integers(1, LARGEST_VERSION),
    position=st.integers(0, 2**60),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=zones),  # noqa: DTZ001
    meta=st.builds(Meta, words, words, st.none() | words, st.none() | words, subjects=st.just(())),
    relay_epoch=st.integers(0, 2**60),
    republished=st.booleans(),
)


@given(envelopes)
def test_good_headers_are_read_alike(envelope: Envelope) -> None:
    careful = Envelope.from_headers(envelope.to_headers())
    quick = Incoming(envelope.to_headers())
    assert (quick.id, quick.stream_id, quick.version) == (
        careful.event_id,
        careful.stream_id,
        careful.version,
    )
    assert (quick.type, quick.at, quick.republished) == (
        careful.type,
        careful.at,
        careful.republished,
    )
    assert quick.meta() == careful.meta
    assert isinstance(quick.id, UUID)


@given(envelopes, st.data())
def test_what_the_envelope_refuses_is_refused(envelope: Envelope, data: st.DataObject) -> None:
    headers = envelope.to_headers()
    place = data.draw(st.integers(0, len(headers) - 1))
    change = data.draw(st.sampled_from(["gone", "twice", "garbled", "empty", "null"]))
    name, value = headers[place]
    garbled = data.draw(st.binary(max_size=40))
    headers[place : place + 1] = {
        "gone": [],
        "twice": [(name, value), (name, value)],
        "garbled": [(name, garbled)],
        "empty": [(name, b"")],
        "null": [(name, None)],  # type: ignore[list-item]
    }[change]
    try:
        careful = Envelope.from_headers(headers)
    except BadEnvelope:
        with pytest.raises((KeyError, ValueError, TypeError)):
            Incoming(headers)
        return
    if careful.at.tzinfo is not None and 0 < careful.version <= LARGEST_VERSION:
        assert Incoming(headers).id == careful.event_id


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40)), max_size=8))
def test_headers_of_any_kind_survive_being_kept(headers: list[tuple[str, bytes]]) -> None:
    assert unpacked(packed(headers)) == headers


@given(st.none() | st.binary(max_size=200), st.lists(st.tuples(words, st.binary(max_size=40))))
def test_reading_never_raises(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    reader = Reader({TOPIC.name: TOPIC}, ())
    assert isinstance(reader.read(Record(value, headers, 1)), Unreadable)


def test_a_parked_event_comes_back_as_it_was() -> None:
    reader = Reader({TOPIC.name: TOPIC}, ("ticketing.ticket.tagged.v1",))
    item = reader.read(Stream().tagged())
    assert isinstance(item, Incoming)
    back = reader.unpark(park(item))
    assert back.parked
    assert (back.id, back.version, back.event) == (item.id, item.version, item.event)
    assert (back.meta(), back.at, back.offset) == (item.meta(), item.at, item.offset)
