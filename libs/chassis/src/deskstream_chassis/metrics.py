"""Prometheus metrics under OpenTelemetry names, with labels from an allow-list only."""

import time
from collections.abc import Sequence
from typing import Final

from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskstream_chassis.http.context import context_of
from deskstream_chassis.logs import log

LABELS: Final = frozenset(
    {
        "http_request_method", "http_route", "http_response_status_code", "server_address",
        "stream_type", "group", "topic", "partition", "consumer", "kind", "status", "channel",
        "outcome", "reason", "state", "view", "provider", "job_name", "service", "rate_class",
        "worker",
    }
)  # fmt: skip
"""Every label there may be: none of them is an id, an address or a number of a person."""

UNMATCHED: Final = "_unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)


def _allowed(labels: Sequence[str]) -> Sequence[str]:
    unknown = set(labels) - LABELS
    if unknown:
        raise ValueError(f"labels not on the allow-list: {', '.join(sorted(unknown))}")
    return labels


def counter(name: str, text: str, *labels: str) -> Counter:
    """A counter. Raises ValueError for a label that is not on the allow-list."""
    return Counter(name, text, _allowed(labels))


def gauge(name: str, text: str, *labels: str) -> Gauge:
    """A gauge; labels as in `counter`."""
    return Gauge(name, text, _allowed(labels))


def histogram(name: str, text: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
    """A histogram in seconds unless `buckets` say otherwise; labels as in `counter`."""
    return Histogram(name, text, _allowed(labels), buckets=tuple(buckets))


SERVER_DURATION = histogram(
    "http_server_request_duration_seconds",
    "Time from the request's headers to the end of its answer.",
    "http_request_method",
    "http_route",
    "http_response_status_code",
)
CLIENT_DURATION = histogram(
    "http_client_request_duration_seconds", "Requests sent to others.", "server_address"
)
IN_FLIGHT = gauge("http_server_active_requests", "Requests being answered.")
STREAMS = gauge("sse_connections", "Open event streams.")
LOOP_LAG = gauge("event_loop_lag_seconds", "How late the event loop ran at its last beat.")
POOL = gauge(
    "db_client_connection_count", "Connections of the store's pool, in use or idle.", "state"
)
POOL_MAX = gauge("db_client_connection_max", "Connections that the pool may hold.")
JOB_SUCCESS = gauge(
    "job_last_success_timestamp_seconds", "When a periodic job last succeeded.", "job_name"
)


class MetricsLayer:
    """Pure ASGI: measures and logs each request under its route's template, never its path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with IN_FLIGHT.track_inprogress():
            try:
                await self._app(scope, receive, watched)
            finally:
                self._observe(scope, status, time.perf_counter() - started)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        context = context_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        route = context.route or UNMATCHED
        series = SERVER_DURATION.labels(method, route, str(status))
        series.observe(seconds, exemplar=trace_exemplar(context.traceparent))
        log.info(
            "request",
            http_method=method,
            http_route=route,
            http_status=status,
            duration_ms=round(seconds * 1000, 1),
        )


def trace_exemplar(traceparent: str | None = None) -> dict[str, str] | None:
    """The trace id to hang on a sample: of the given header, else of the current span."""
    if traceparent is not None:
        parts = traceparent.split("-")
        return {"trace_id": parts[1]} if len(parts) == 4 and len(parts[1]) == 32 else None
    span = trace.get_current_span().get_span_context()
    return {"trace_id": trace.format_trace_id(span.trace_id)} if span.is_valid else None
