"""The envelope survives the way through Kafka headers, and bad headers are named."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_events import BadEnvelope, Envelope, Meta

tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789:-", min_size=1, max_size=40)
envelopes = st.builds(
    Envelope,
    event_id=st.uuids(),
    type=tokens,
    source=tokens,
    stream_id=st.uuids(),
    version=st.integers(1, 2**31),
    position=st.integers(1, 2**63),
    at=st.datetimes(timezones=st.just(UTC)),
    meta=st.builds(
        Meta,
        actor=tokens,
        correlation_id=tokens,
        causation_id=st.none() | tokens,
        traceparent=st.none() | tokens,
        subjects=st.just(()),
    ),
    relay_epoch=st.integers(0, 2**31),
    republished=st.booleans(),
)

GOOD = Envelope(
    event_id=UUID(int=1),
    type="gateway.user.registered.v1",
    source="gateway",
    stream_id=UUID(int=2),
    version=1,
    position=1,
    at=datetime(2026, 1, 1, tzinfo=UTC),
    meta=Meta(actor="system:test", correlation_id="c"),
    relay_epoch=1,
)


@given(envelopes)
def test_headers_give_back_the_envelope(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.to_headers()) == envelope


@pytest.mark.parametrize("name", ["ce_id", "ce_subject", "ce_sequence", "ce_position", "ce_type"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = [(n, v) for n, v in GOOD.to_headers() if n != name]
    with pytest.raises(BadEnvelope, match=name):
        Envelope.from_headers(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ce_id", b"\xff\xfe"), ("ce_sequence", b"one"), ("ce_time", b"today"), ("ce_subject", b"x")],
)
def test_a_malformed_header_is_named_without_its_value(name: str, value: bytes) -> None:
    headers = [(n, value if n == name else v) for n, v in GOOD.to_headers()]
    with pytest.raises(BadEnvelope, match=name) as caught:
        Envelope.from_headers(headers)
    assert value.decode("latin-1") not in str(caught.value)


def test_a_doubled_header_is_refused() -> None:
    with pytest.raises(BadEnvelope, match="ce_id appears twice"):
        Envelope.from_headers([*GOOD.to_headers(), ("ce_id", b"x")])


def test_meta_comes_back_from_its_column() -> None:
    meta = Meta("user:1", "c", "e", "t", ("a", "b"))
    assert Meta.from_json(meta.as_json()) == meta


def test_hashes_of_people_do_not_travel() -> None:
    envelope = Envelope(**{**GOOD.__dict__, "meta": Meta("a", "c", subjects=("secret",))})
    assert b"secret" not in b"".join(value for _, value in envelope.to_headers())
