"""What is kept of a request: a span, a sample, a line. No path, no query, no value of a header."""

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import TextIO

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace import TraceFlags as Flags
from prometheus_client import Histogram

from deskstream_chassis.metrics import IN_FLIGHT, SERVER_DURATION

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOWHERE = Context()
UNMATCHED = "_unmatched"
_KEPT_SECONDS = 0.5
"""How long a line of the access log waits at most to be written."""
_SLOW = 0.3


def known_method(method: str) -> str:
    """The method, or `_OTHER`: a client's invention is no label."""
    return method if method in _METHODS else "_OTHER"


class AccessLog:
    """One JSON line a request, in the fields of the chassis's logs; written in small batches.

    Every value comes from our own vocabulary (templates, ids, numbers), so nothing is escaped.
    What is not yet written is lost with a killed process: at most `every` lines or the time between
    two calls of `flush`.
    """

    def __init__(self, stream: TextIO, service: str, version: str, every: int = 64) -> None:
        self._stream = stream
        self._fixed = f'"level":"info","service.name":"{service}","service.version":"{version}"'
        self._every = every
        self._lines: list[str] = []

    def line(
        self,
        method: str,
        route: str,
        status: int,
        seconds: float,
        correlation: str,
        actor: str | None,
        span: SpanContext | None,
    ) -> None:
        """Keep one line."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6]
        who = "" if actor is None else f'"actor_id":"{actor}",'
        ids = "" if span is None else f',"trace_id":"{span.trace_id:032x}"'
        if span is not None:
            ids += f',"span_id":"{span.span_id:016x}"'
        self._lines.append(
            f'{{{who}"correlation_id":"{correlation}","duration_ms":{seconds * 1000:.1f},'
            f'"event":"request","http_method":"{method}","http_route":"{route}",'
            f'"http_status":{status},{self._fixed},"timestamp":"{now}Z"{ids}}}\n'
        )
        if len(self._lines) >= self._every:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        if self._lines:
            text = "".join(self._lines)
            self._lines.clear()
            self._stream.write(text)
            self._stream.flush()


class _Series:
    """One labelled histogram; a trace is hung on a sample once a second, on slow ones always."""

    __slots__ = ("_histogram", "_next")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._next = 0.0

    def observe(self, seconds: float, context: SpanContext | None) -> None:
        now = time.monotonic()
        if context is None or (now < self._next and seconds < _SLOW):
            self._histogram.observe(seconds)
            return
        self._next = now + 1.0
        self._histogram.observe(seconds, exemplar={"trace_id": f"{context.trace_id:032x}"})


class Observer:
    """Measures requests; each of the three can be left out (`None`, False)."""

    def __init__(
        self, *, access_log: AccessLog | None, tracing: bool = True, metrics: bool = True
    ) -> None:
        self._log = access_log
        self._tracer = trace.get_tracer("deskstream") if tracing else None
        self._metrics = metrics
        self._series: dict[tuple[str, str, int], _Series] = {}

    def begin(self, method: str, route: str, traceparent: bytes | None) -> Span | None:
        """A server span, child of the client's if he named one; None without tracing."""
        if self._metrics:
            IN_FLIGHT.inc()
        if self._tracer is None:
            return None
        return self._tracer.start_span(
            f"{method} {route}",
            context=_NOWHERE if traceparent is None else _remote(traceparent),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "http.route": route},
        )

    def end(
        self,
        span: Span | None,
        method: str,
        route: str,
        status: int,
        began: float,
        correlation: str,
        actor: str | None,
    ) -> None:
        """The answer has ended. `status` 0: the client left before it began."""
        seconds = time.perf_counter() - began
        context = None
        if span is not None:
            context = span.get_span_context()
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            span.end()
        if self._metrics:
            IN_FLIGHT.dec()
            self._sample(method, route, status, seconds, context)
        if self._log is not None:
            self._log.line(method, route, status, seconds, correlation, actor, context)

    def _sample(
        self, method: str, route: str, status: int, seconds: float, context: SpanContext | None
    ) -> None:
        key = (method, route, status)
        series = self._series.get(key)
        if series is None:
            series = _Series(SERVER_DURATION.labels(method, route, str(status)))
            self._series[key] = series
        series.observe(seconds, context)

    def flush(self) -> None:
        """Write what the access log keeps."""
        if self._log is not None:
            self._log.flush()

    async def run(self, stopping: asyncio.Event) -> None:
        """Write the lines as they age, and the rest when stopped."""
        while not stopping.is_set():
            try:
                await asyncio.wait_for(stopping.wait(), _KEPT_SECONDS)
            except TimeoutError:
                self.flush()
        self.flush()


def traceparent_of(span: Span) -> str:
    """The header that makes a service's span a child of this one."""
    own = span.get_span_context()
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}"


def _remote(traceparent: bytes) -> Context:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return _NOWHERE
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=Flags(flags))
    if not parent.is_valid:
        return _NOWHERE
    return trace.set_span_in_context(NonRecordingSpan(parent), _NOWHERE)
