"""What a request leaves behind: a sample, a span and a line, by template and never by path."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.logs import configure_logs, log
from deskstream_chassis.metrics import LABELS, counter, gauge
from deskstream_chassis.telemetry import (
    SpanFile,
    continued,
    current_traceparent,
)
from deskstream_chassis.testing import by_name, call

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def span_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The process's tracer, writing to a file (it can be installed once only)."""
    path = tmp_path_factory.mktemp("spans") / "deep" / "spans.jsonl"
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(resource=Resource({"service.name": "tests"}))
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(SpanFile(path)))
    return path


@pytest.fixture
def lines() -> Iterator[Any]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    out = io.StringIO()
    configure_logs("tests", "1.2.3", "info", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def app(observed: bool = True) -> ServiceApp:
    router = APIRouter()

    @router.get("/observed/{customer}")
    @guarded("session")
    async def one(customer: str, caller: CallerDep) -> str | None:
        log.info("inside")
        return caller.origin.traceparent

    @router.get("/failing")
    @guarded("session")
    async def failing() -> None:
        raise RuntimeError("anna@shop.example")

    return create_app("tests", routers=[router], authenticate=by_name, observed=observed)


def spans(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def text_of(path: Path) -> str:
    return path.read_text()


def samples(route: str) -> float:
    name = "http_server_request_duration_seconds_count"
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == name and sample.labels["http_route"] == route
    )


async def test_a_request_is_one_span_of_the_caller_s_trace(span_file: Path) -> None:
    answer = await call(
        app(), "GET", "/observed/anna@shop.example?q=secret", As="agent", traceparent=PARENT
    )
    span = spans(span_file)[-1]
    assert answer.json() == f"00-{TRACE}-{span['span_id']}-01"
    assert (span["trace_id"], span["parent_id"]) == (TRACE, "b7ad6b7169203331")
    assert (span["name"], span["kind"]) == ("GET /observed/{customer}", "server")
    assert span["attributes"] == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/observed/{customer}",
    }
    assert "anna" not in text_of(span_file)
    assert "secret" not in text_of(span_file)


async def test_a_malformed_traceparent_begins_a_trace(span_file: Path) -> None:
    zeros = f"00-{'0' * 32}-b7ad6b7169203331-01"
    for bad in ("00-zz-1-01", zeros, PARENT.upper(), f"{PARENT}-x", f"00-{TRACE}-{'0' * 16}-01"):
        answer = await call(app(), "GET", "/observed/1", As="agent", traceparent=bad)
        assert answer.json().startswith("00-")
        assert spans(span_file)[-1]["parent_id"] is None


async def test_a_failed_request_marks_its_span_without_the_message(span_file: Path) -> None:
    await call(app(), "GET", "/failing", As="agent")
    assert spans(span_file)[-1]["status"] == "error"
    assert "anna" not in text_of(span_file)


def test_work_after_the_request_goes_on_in_the_same_trace(span_file: Path) -> None:
    with continued("when_reply_released", PARENT):
        inside = current_traceparent()
    assert inside is not None
    assert inside.split("-")[1] == TRACE
    with pytest.raises(KeyError), continued("broken", inside):
        raise KeyError("anna")
    assert spans(span_file)[-1]["status"] == "error"
    assert "anna" not in text_of(span_file)


async def test_a_request_is_measured_by_its_template() -> None:
    before = samples("/observed/{customer}")
    await call(app(), "GET", "/observed/1", As="agent")
    await call(app(), "GET", "/observed/2", As="agent")
    assert samples("/observed/{customer}") == before + 2
    unmatched = samples("_unmatched")
    await call(app(), "GET", "/anna@shop.example", As="agent")
    await call(app(), "BREW", "/observed/1", As="agent")
    assert samples("_unmatched") == unmatched + 2
    encode, _ = choose_encoder("application/openmetrics-text")
    text = encode(REGISTRY).decode()
    assert 'http_request_method="_OTHER"' in text
    assert "BREW" not in text
    assert "anna" not in text


async def test_a_sample_carries_the_trace_as_exemplar(span_file: Path) -> None:
    await call(app(), "GET", "/observed/1", As="agent", traceparent=PARENT)
    encode, _ = choose_encoder("application/openmetrics-text")
    assert f'trace_id="{TRACE}"' in encode(REGISTRY).decode()


async def test_what_is_observed_elsewhere_is_not_counted_twice() -> None:
    before = samples("/observed/{customer}")
    await call(app(observed=False), "GET", "/observed/1", As="agent")
    assert samples("/observed/{customer}") == before


async def test_a_request_s_lines_carry_its_ids(lines: Any, span_file: Path) -> None:
    await call(
        app(),
        "GET",
        "/observed/anna@shop.example",
        As="agent",
        traceparent=PARENT,
        Deskstream_Correlation="c-12345678",
    )
    inside, request = lines()
    for line in (inside, request):
        assert line["correlation_id"] == "c-12345678"
        assert line["actor_id"].startswith("user:")
        assert line["trace_id"] == TRACE
    assert (request["event"], request["http_route"]) == ("request", "/observed/{customer}")
    assert "anna" not in json.dumps(lines())


async def test_a_crash_is_logged_by_class_and_place_only(lines: Any) -> None:
    await call(app(), "GET", "/failing", As="agent")
    failed = next(line for line in lines() if line["event"] == "request failed")
    assert failed["error_code"] == "RuntimeError"
    assert "test_observed.py:" in failed["where"]
    assert "anna" not in json.dumps(lines())


@pytest.mark.parametrize("label", ["email", "ticket_id", "path", "user", "phone"])
def test_a_label_that_is_not_on_the_list_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=label):
        counter("wrong_total", "x", label)
    with pytest.raises(ValueError, match=label):
        gauge("wrong", "x", "kind", label)


def test_every_label_of_every_metric_is_on_the_list() -> None:
    known = {"le", "quantile", "version", "implementation", "major", "minor", "patchlevel",
             "generation"}  # fmt: skip
    found = {label for metric in REGISTRY.collect() for s in metric.samples for label in s.labels}
    assert found - known <= LABELS
