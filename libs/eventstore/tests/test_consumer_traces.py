"""One trace from the cause to what a handler appends, and log fields while it runs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import structlog
from following import QUICK, SEEN, Behaviour, Stream, consumer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_events.ticketing.ticket import TicketTaggedV1
from deskstream_eventstore import Consumer, Database, Fact, Processor, Work
from deskstream_eventstore.consuming import apply, delivery


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(delivery, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(apply, "is_traced", lambda: True)
    yield exporter
    provider.shutdown()


async def test_a_handler_runs_in_the_trace_of_its_cause_and_hands_it_on(
    database: Database, spans: InMemorySpanExporter
) -> None:
    follower = Consumer("notifier.mail", [*consumer(Behaviour()).topics])
    logged: list[dict[str, object]] = []
    team = uuid4()

    @follower.on(TicketTaggedV1)
    async def when_ticket_tagged(work: Work, fact: Fact[TicketTaggedV1]) -> None:
        logged.append(structlog.contextvars.get_contextvars())
        assert trace.get_current_span().get_span_context().trace_id == int("a" * 32, 16)
        event = TeamChangedV1(at=datetime.now(UTC), team_id=team, title="t", restricted=False)
        work.append("gateway.team", team, 0, [event], caused_by=fact.origin("system:test"))

    processor = Processor(database, follower, patience=QUICK)
    record = Stream().tagged()
    await processor.process([record])
    (span,) = spans.get_finished_spans()
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b" * 16
    assert span.name == "notifier.mail ticketing.ticket.tagged.v1"
    async with database.reading() as work:
        (stored,) = await work.load(team)
    context = span.get_span_context()
    assert stored.meta.traceparent == f"00-{'a' * 32}-{context.span_id:016x}-01"
    assert stored.meta.correlation_id == "corr-1"
    assert stored.meta.causation_id == dict(record.headers)["ce_id"].decode()
    assert logged == [{"correlation_id": "corr-1", "causation_id": stored.meta.causation_id}]
    assert structlog.contextvars.get_contextvars() == {}


async def test_a_failing_handler_leaves_an_error_without_text(
    database: Database, spans: InMemorySpanExporter
) -> None:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    processor = Processor(database, consumer(Behaviour()), patience=QUICK)
    await processor.process([Stream().tagged("permanent")])
    status = {span.status.description for span in spans.get_finished_spans()}
    assert status == {"Permanent"}
    assert all(not span.events for span in spans.get_finished_spans())


@pytest.mark.parametrize("parent", [None, "", "x", "00-zz-yy-01", "00-1-2-3-4"])
def test_a_malformed_parent_starts_a_new_trace(parent: str | None) -> None:
    span = trace.get_current_span(delivery.remote(parent))
    assert not span.get_span_context().is_valid
