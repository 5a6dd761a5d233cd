"""What is kept of a request, and what never is."""

import io
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from prometheus_client.exposition import generate_latest

from gateway.interface.gate.observe import AccessLog, Observer

MARK = "zarquon"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Watched:
    """An observer, and what it wrote."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.spans = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.observer = Observer(access_log=AccessLog(self.text, "gateway", "1"))
        self.observer._tracer = provider.get_tracer("test")

    def lines(self) -> list[dict[str, Any]]:
        """The access log."""
        self.observer.flush()
        return [json.loads(line) for line in self.text.getvalue().splitlines()]


@pytest.fixture
def watched() -> Watched:
    """A fresh observer."""
    return Watched()


@asynccontextmanager
async def desk_with(start: Any, watched: Watched) -> Any:
    """A gate that this observer looks at."""
    async with start(observer=watched.observer) as desk:
        yield desk


async def test_a_line_names_who_what_and_how_long(start: Any, watched: Watched) -> None:
    async with desk_with(start, watched) as desk:
        headers = await desk.as_role("agent")
        answer = await desk.http.get("/api/tickets/12?q=x", headers=headers)
        await desk.http.get("/nothing/here")
        await desk.http.request("BREW", "/api/tickets")
    first, unknown, odd = watched.lines()
    assert first["event"] == "request"
    assert (first["http_method"], first["http_route"]) == ("GET", "/api/tickets/{id}")
    assert first["http_status"] == 200
    assert first["correlation_id"] == answer.headers["deskstream-correlation"]
    assert first["actor_id"].startswith("user:")
    assert first["duration_ms"] >= 0
    assert (unknown["http_route"], unknown["http_status"]) == ("_unmatched", 404)
    assert "actor_id" not in unknown
    assert odd["http_method"] == "_OTHER"


async def test_one_trace_goes_on_from_the_client_to_the_service(
    start: Any, watched: Watched
) -> None:
    async with desk_with(start, watched) as desk:
        headers = await desk.as_role("agent")
        parent = f"00-{TRACE}-00f067aa0ba902b7-01"
        await desk.http.get("/api/tickets", headers=headers | {"traceparent": parent})
        for broken in ("garbage", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-1-01"):
            await desk.http.get("/api/tickets", headers=headers | {"traceparent": broken})
        sent = [seen.header("traceparent") for seen in desk.ticketing.seen]
    spans = watched.spans.get_finished_spans()
    assert [span.name for span in spans] == ["GET /api/tickets"] * 4
    assert format(spans[0].context.trace_id, "032x") == TRACE
    assert format(spans[0].parent.span_id, "016x") == "00f067aa0ba902b7"
    assert all(span.parent is None for span in spans[1:])
    for span, header in zip(spans, sent, strict=True):
        own = span.context
        assert header.startswith(f"00-{own.trace_id:032x}-{own.span_id:016x}-")
    assert spans[0].attributes["http.response.status_code"] == 200
    assert watched.lines()[0]["trace_id"] == TRACE


async def test_marked_personal_data_is_in_no_line_span_metric_key_or_error(
    start: Any, watched: Watched
) -> None:
    mail = f"{MARK}@{MARK}.test"
    planted = {
        "User-Agent": mail,
        "Accept-Language": mail,
        "X-Name": mail,
        "Referer": f"https://x.test/{mail}",
        "Idempotency-Key": MARK,
        "traceparent": MARK,
        "If-Match": f'"{MARK}"',
    }
    async with desk_with(start, watched) as desk:
        agent = await desk.as_role("agent")
        answers = [
            await desk.http.get(f"/api/{MARK}", headers=planted),
            await desk.http.get(f"/api/tickets/{MARK}", headers=planted | agent),
            await desk.http.get(f"/api/tickets?q={mail}", headers=planted | agent),
            await desk.http.get(f"/api/tickets?q={mail}%00", headers=planted | agent),
            await desk.http.get(f"/api//{MARK}", headers=planted),
            await desk.http.get("/api/health", headers=planted | {"Host": f"{MARK}.test"}),
            await desk.http.get("/api/tickets", headers=planted | {"Cookie": f"__Host-sid={MARK}"}),
            await desk.http.get(
                "/api/tickets", headers=planted | {"Authorization": f"Bearer ds_live_{MARK}"}
            ),
            await desk.http.post("/api/tickets", headers=planted | agent, json={"name": mail}),
            await desk.http.post(
                "/api/auth/login",
                headers=planted | {"Sec-Fetch-Site": "same-origin"},
                json={"email": mail, "password": MARK},
            ),
            await desk.http.post(
                "/api/auth/login",
                headers=planted | {"Sec-Fetch-Site": "same-origin"},
                json={"email": {MARK: mail}, MARK: mail},
            ),
            await desk.http.post(
                "/api/auth/register",
                headers=planted | {"Sec-Fetch-Site": "same-origin"},
                content=f"{{{mail}",
            ),
            await desk.http.request(MARK.upper(), "/api/tickets", headers=planted),
        ]
        noted = json.dumps(desk.rig.fake.noted, default=str)
    assert len(watched.lines()) == len(answers)
    told = "".join(answer.text + str(answer.headers) for answer in answers)
    spans = " ".join(span.to_json() for span in watched.spans.get_finished_spans())
    metrics = generate_latest(REGISTRY).decode()
    for place in (told, watched.text.getvalue(), spans, metrics, noted):
        assert MARK not in place.lower()
