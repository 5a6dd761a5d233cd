"""What surrounds a handler: its span, its log fields, and how far its outside effects may go."""

from contextvars import ContextVar
from datetime import timedelta

import structlog
from opentelemetry import context, trace

from deskstream_events import Meta
from deskstream_eventstore.consumer import Standing
from deskstream_eventstore.consuming.incoming import Incoming

OLDEST_LIVE = timedelta(hours=48)
"""Age from which an event's outside effects wait for a person."""

_standing: ContextVar[Standing] = ContextVar("deskstream_standing", default="pending")
_tracer = trace.get_tracer("deskstream_eventstore")


def current_standing() -> Standing:
    """Of the fact that is being handled; `pending` outside of handlers."""
    return _standing.get()


def standing_of(item: Incoming, age: timedelta) -> Standing:
    """See `Standing`. `age` is by application time."""
    if item.republished:
        return "muted"
    return "held" if age > OLDEST_LIVE else "pending"


class Delivery:
    """Around one handler: its span, its log fields, its standing. Kept lean, as each event has one.

    `traceparent` is for what the handler appends.
    """

    __slots__ = ("_context", "_fields", "_span", "_standing", "traceparent")

    def __init__(
        self, consumer: str, item: Incoming, meta: Meta, standing: Standing, *, traced: bool
    ) -> None:
        self.traceparent = meta.traceparent
        self._span: trace.Span | None = None
        if traced:
            self._span = _start(consumer, item, meta)
            self.traceparent = traceparent_of(self._span) or meta.traceparent
            self._context = context.attach(trace.set_span_in_context(self._span))
        self._standing = _standing.set(standing)
        self._fields = structlog.contextvars.bind_contextvars(
            correlation_id=meta.correlation_id, causation_id=str(item.id)
        )

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace_: object) -> None:
        structlog.contextvars.reset_contextvars(**self._fields)
        _standing.reset(self._standing)
        if self._span is not None:
            context.detach(self._context)
            if error is not None:
                self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
            self._span.end()


def is_traced() -> bool:
    """Whether the process has a tracer; spans of none are not worth their making."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _start(consumer: str, item: Incoming, meta: Meta) -> trace.Span:
    return _tracer.start_span(
        f"{consumer} {item.type}",
        context=remote(meta.traceparent),
        kind=trace.SpanKind.CONSUMER,
        attributes={
            "messaging.system": "kafka",
            "messaging.consumer.group.name": consumer,
            "deskstream.event_type": item.type,
            "deskstream.stream_id": str(item.stream_id),
        },
    )


def remote(parent: str | None) -> context.Context:
    """A context whose current span is the one that a traceparent names; empty without one."""
    parts = parent.split("-") if parent else ()
    if len(parts) != 4:
        return context.Context()
    try:
        span = trace.SpanContext(
            int(parts[1], 16), int(parts[2], 16), True, trace.TraceFlags(int(parts[3], 16))
        )
    except ValueError:
        return context.Context()
    return trace.set_span_in_context(trace.NonRecordingSpan(span), context.Context())


def traceparent_of(span: trace.Span) -> str | None:
    """Of a span; None without one."""
    own = span.get_span_context()
    if not own.is_valid:
        return None
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"
