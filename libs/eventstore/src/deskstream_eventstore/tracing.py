"""The relay's part of a trace: one span per trace and batch, between the fact and its consumers."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NAME = "relay publish"
_SAMPLED = "-01"
_PROPAGATOR = TraceContextTextMapPropagator()


class PublishSpans:
    """Spans of one batch, from its being read to its acknowledgements.

    A fact without a trace, or with one that nobody records, costs nothing and passes unchanged.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer or trace.get_tracer("deskstream")
        self._known: dict[str, str] = {}
        self._spans: list[Span] = []

    def within(self, traceparent: str | None) -> str | None:
        """The `traceparent` that makes consumers children of this batch's span of the trace."""
        if traceparent is None or not traceparent.endswith(_SAMPLED):
            return traceparent
        if traceparent not in self._known:
            self._known[traceparent] = self._start(traceparent)
        return self._known[traceparent]

    def _start(self, traceparent: str) -> str:
        parent = _PROPAGATOR.extract({"traceparent": traceparent}, Context())
        span = self._tracer.start_span(NAME, parent, SpanKind.PRODUCER)
        if not span.is_recording():
            return traceparent
        self._spans.append(span)
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, parent))
        return carrier.get("traceparent", traceparent)

    def end(self, failed: BaseException | None = None) -> None:
        """All acknowledged, or failed: then the error's class is kept, never its text."""
        for span in self._spans:
            if failed is not None:
                span.set_status(StatusCode.ERROR, type(failed).__name__)
            span.end()
        self._spans.clear()
