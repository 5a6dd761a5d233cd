"""Traces: one from click to mail. W3C trace context in, through and out."""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskstream_chassis.http.context import context_of

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C trace context, version 00; `tracestate` is nobody's here and is not carried."""
_NOWHERE = Context()
EXPORT_SECONDS = 2


class SpanFile(SpanExporter):
    """Appends one JSON line per finished span; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write whole lines in append mode. Raises OSError."""
        text = "".join(json.dumps(_line(span), sort_keys=True) + "\n" for span in spans)
        with self._lock, self._path.open("a", encoding="utf-8") as out:
            out.write(text)
        return SpanExportResult.SUCCESS


def _line(span: ReadableSpan) -> dict[str, Any]:
    own = span.get_span_context()
    return {
        "trace_id": trace.format_trace_id(own.trace_id) if own else None,
        "span_id": trace.format_span_id(own.span_id) if own else None,
        "parent_id": trace.format_span_id(span.parent.span_id) if span.parent else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "service": span.resource.attributes.get("service.name"),
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": span.status.status_code.name.lower(),
        "attributes": dict(span.attributes or {}),
    }


def tracer_provider(
    service: str,
    version: str,
    *,
    otlp_endpoint: str | None = None,
    trace_file: Path | None = None,
) -> TracerProvider:
    """Where spans go: a collector, a file, both or (without settings) nowhere.

    A collector that is down delays the end of the process by about 2 s, and nothing else.
    """
    resource = Resource({"service.name": service, "service.version": version})
    provider = TracerProvider(resource=resource)
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        url = f"{otlp_endpoint.rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    if trace_file:
        provider.add_span_processor(SimpleSpanProcessor(SpanFile(trace_file)))
    return provider


def install(provider: TracerProvider) -> TracerProvider:
    """Make it the process's own; possible once."""
    trace.set_tracer_provider(provider)
    return provider


def _remote(traceparent: str | None) -> Context:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return _NOWHERE
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(NonRecordingSpan(parent), _NOWHERE)


def traceparent_of(span: Span) -> str | None:
    """The `traceparent` that makes others children of this span; None for an invalid span."""
    own = span.get_span_context()
    if not own.is_valid:
        return None
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}"


def current_traceparent() -> str | None:
    """The `traceparent` of the running span, for an outgoing request or an Origin."""
    return traceparent_of(trace.get_current_span())


@contextmanager
def continued(
    name: str,
    traceparent: str | None,
    kind: SpanKind = SpanKind.CONSUMER,
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[Span]:
    """A span that goes on with a trace that came from elsewhere (a header, an event's meta).

    An exception marks it failed with the exception's class; its message is left out.
    """
    tracer = trace.get_tracer("deskstream")
    with tracer.start_as_current_span(
        name,
        context=_remote(traceparent),
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


class TracingLayer:
    """Pure ASGI: a server span per request, named by method and route template; no path, no query.

    The request's context then carries this span's traceparent, which events keep in their meta.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = context_of(scope)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_status(StatusCode.ERROR)
            await send(message)

        with continued(scope["method"], context.traceparent, SpanKind.SERVER) as span:
            context.traceparent = traceparent_of(span) or context.traceparent
            span.set_attribute("http.request.method", scope["method"])
            try:
                await self._app(scope, receive, watched)
            finally:
                if context.route is not None:
                    span.update_name(f"{scope['method']} {context.route}")
                    span.set_attribute("http.route", context.route)
