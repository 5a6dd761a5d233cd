"""Logs: one JSON line per event, allow-listed fields, and a backstop for what looks personal.

    log.info("reply released", ticket_id=ticket.id)

A field that is not in ALLOWED is dropped; its name is listed in `dropped` so that one notices.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog
from opentelemetry import trace

ALLOWED: Final = frozenset(
    {
        "timestamp", "level", "event", "logger", "service.name", "service.version",
        "trace_id", "span_id", "correlation_id", "causation_id", "actor_id",
        "error_code", "where", "http_method", "http_route", "http_status", "duration_ms",
        "ticket_id", "ticket_number", "stream_id", "stream_type", "event_id", "event_type",
        "position", "version", "topic", "partition", "offset", "group", "consumer", "worker",
        "effect_key", "effect_kind", "attempt", "attempts", "count", "seconds", "lag", "port",
        "role", "signal", "state", "reason", "view", "code", "epoch", "revision", "dropped",
        "user_id", "key_id", "session_hash", "mail_id", "reply_id", "attachment_id", "size",
    }
)  # fmt: skip

_PERSONAL = re.compile(
    r"(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<mail>[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+)"
    r"|(?P<number>(?<![0-9A-Za-z-])\+?[0-9](?:[ ()./-]?[0-9]){6,}(?![0-9A-Za-z-]))"
)

log: structlog.stdlib.BoundLogger = structlog.get_logger("deskstream")
"""The product's logger."""


def scrub(text: str) -> str:
    """Replace what looks like an e-mail address or a telephone number; UUIDs stay."""
    return _PERSONAL.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    return found[0] if found.lastgroup == "id" else f"[{found.lastgroup}]"


def where(error: BaseException, depth: int = 4) -> str:
    """The innermost frames of an exception as `file:line`, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-depth:]
    return " > ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames)


_OURS: Final = frozenset(
    {"timestamp", "level", "service.name", "service.version", "trace_id", "span_id", "http_route"}
)
"""Fields whose values come from our own vocabulary alone: not scrubbed."""


def _clean(key: str, value: Any) -> Any:
    if key in _OURS or value is None or isinstance(value, bool | int | float):
        return value
    return scrub(str(value))


def allow_listed(_: Any, __: str, fields: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Processor: keep ALLOWED fields only, scrub their values."""
    kept = {key: _clean(key, value) for key, value in fields.items() if key in ALLOWED}
    if len(kept) < len(fields):
        kept["dropped"] = ",".join(sorted(fields.keys() - ALLOWED))
    return kept


def _stamp(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    fields["timestamp"] = (
        datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields["trace_id"] = trace.format_trace_id(span.trace_id)
        fields["span_id"] = trace.format_span_id(span.span_id)
    return fields


class _Bridge(logging.Handler):
    """Standard-library records as our lines: the logger and level stay; the text of a library's
    warning is replaced by its template (arguments may be personal), an exception by its class."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error_code"] = type(record.exc_info[1]).__name__
            fields["where"] = where(record.exc_info[1])
        text = str(record.msg).splitlines()[0] if record.msg else ""
        level = record.levelname.lower()
        getattr(log, level if level in _LEVELS else "error")(text[:300], **fields)


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
QUIET: Final = {
    "uvicorn.access": None,
    "granian.access": None,
    "_granian": 30,
    "uvicorn": 30,
    "uvicorn.error": 30,
    "granian": 30,
    "aiokafka": 40,
    "faststream": 30,
    "asyncpg": 30,
    "sqlalchemy": 30,
    "alembic": 30,
    "aiohttp": 30,
    "httpx": 30,
    "httpcore": 30,
    "asyncio": 30,
    "opentelemetry": 40,
    "mail.log": None,
}
"""Libraries' loggers: the level from which they are routed into our lines, or None for silence."""


def configure_logs(
    service: str, version: str, level: str = "info", stream: TextIO | None = None
) -> None:
    """Set up the process's logging. Lines go to stdout unless `stream` is given."""
    out = stream or sys.stdout
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _named(service, version),
            _stamp,
            allow_listed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)
    for name, threshold in QUIET.items():
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = threshold is not None
        logger.disabled = threshold is None
        logger.setLevel(threshold or logging.CRITICAL)


def _named(service: str, version: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        fields["service.name"], fields["service.version"] = service, version
        return fields

    return add
