"""Topics, owners and events fit together; old versions are lifted to new ones."""

from typing import Any

import pytest

from deskstream_events import TOPICS, Event, Registry, UnknownEventType, owned_by, registry
from deskstream_events.topics import topic_of


def test_every_event_type_has_its_topic_and_every_topic_its_events() -> None:
    streams = {cls.STREAM_TYPE for cls in registry.all().values()}
    assert streams == {topic.stream_type for topic in TOPICS}


def test_a_topic_is_named_for_its_aggregate_and_owned_by_its_context() -> None:
    owners = {"gateway": "gateway", "ticketing": "ticketing", "notifier": "notifier"}
    for topic in TOPICS:
        assert topic.name == f"{topic.stream_type}.v1"
        assert topic.owner == owners[topic.stream_type.split(".")[0]]
        assert topic in owned_by(topic.owner)
        assert topic_of(topic.stream_type) is topic


def test_no_service_follows_its_own_topic_but_the_gateway_for_its_feed() -> None:
    for topic in TOPICS:
        own = {name for name in topic.consumers if name.startswith(f"{topic.owner}.")}
        assert own <= {"gateway.feed"}


def test_a_prefix_separates_installations_on_one_broker() -> None:
    assert TOPICS[0].named("t1.") == f"t1.{TOPICS[0].name}"


catalogue = Registry()


@catalogue.event("shop.order.placed.v1")
class OrderPlacedV1(Event):
    """An order was placed; the amount in whole units."""

    amount: int


@catalogue.event("shop.order.placed.v2")
class OrderPlacedV2(Event):
    """An order was placed; the amount as decimal string plus currency."""

    amount: str
    currency: str


@catalogue.upcaster("shop.order.placed.v1", "shop.order.placed.v2")
def with_currency(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "amount": f"{data['amount']}.00", "currency": "USD"}


def test_an_old_payload_is_lifted_to_the_newest_version() -> None:
    event = catalogue.read("shop.order.placed.v1", {"at": "2026-01-01T00:00:00Z", "amount": 3})
    assert isinstance(event, OrderPlacedV2)
    assert (event.amount, event.currency) == ("3.00", "USD")
    assert catalogue.find("shop.order.placed.v1") is OrderPlacedV2


def test_an_unknown_type_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownEventType, match=r"shop\.order\.lost"):
        catalogue.read("shop.order.lost.v1", {})


def test_a_type_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        catalogue.event("shop.order.placed.v1")(OrderPlacedV1)
