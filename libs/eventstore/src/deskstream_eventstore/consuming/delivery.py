"""What surrounds a handler: its span, its log fields, and how far its outside effects may go."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from deskstream_events import Envelope
from deskstream_eventstore.consumer import Standing

OLDEST_LIVE = timedelta(hours=48)
"""Age from which an event's outside effects wait for a person."""

_standing: ContextVar[Standing] = ContextVar("deskstream_standing", default="pending")
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("deskstream_eventstore")


def current_standing() -> Standing:
    """Of the fact that is being handled; `pending` outside of handlers."""
    return _standing.get()


def standing_of(envelope: Envelope, now: datetime) -> Standing:
    """See `Standing`. `now` is application time."""
    if envelope.republished:
        return "muted"
    return "held" if now - envelope.at > OLDEST_LIVE else "pending"


@contextmanager
def delivery(consumer: str, envelope: Envelope, standing: Standing) -> Iterator[str | None]:
    """Around one handler. Gives the traceparent for what it appends."""
    token = _standing.set(standing)
    fields = structlog.contextvars.bind_contextvars(
        correlation_id=envelope.meta.correlation_id, causation_id=str(envelope.event_id)
    )
    try:
        with _tracer.start_as_current_span(
            f"{consumer} {envelope.type}",
            context=remote(envelope.meta.traceparent),
            kind=trace.SpanKind.CONSUMER,
            attributes={
                "messaging.system": "kafka",
                "messaging.consumer.group.name": consumer,
                "deskstream.event_type": envelope.type,
                "deskstream.stream_id": str(envelope.stream_id),
            },
            record_exception=False,
        ):
            yield traceparent() or envelope.meta.traceparent
    finally:
        structlog.contextvars.reset_contextvars(**fields)
        _standing.reset(token)


def remote(parent: str | None) -> Context:
    """A context whose current span is the one that a traceparent names."""
    return _propagator.extract({"traceparent": parent} if parent else {}, Context())


def traceparent() -> str | None:
    """Of the current span; None without one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")
