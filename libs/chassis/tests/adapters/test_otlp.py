"""Spans go to a collector where one is set, and a dead collector holds nothing up."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deskstream_chassis.telemetry import tracer_provider


@pytest.fixture
def collector() -> Iterator[Any]:
    """A collector that keeps what it is sent."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_reach_the_collector_with_the_service_s_name(collector: Any) -> None:
    address, received = collector
    provider = tracer_provider("greeter", "1.2.3", otlp_endpoint=address)
    provider.get_tracer("tests").start_span("GET /hello").end()
    provider.shutdown()
    ((path, body),) = received
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    names = {
        attribute.key: attribute.value.string_value for attribute in resource.resource.attributes
    }
    assert path == "/v1/traces"
    assert (names["service.name"], names["service.version"]) == ("greeter", "1.2.3")
    assert resource.scope_spans[0].spans[0].name == "GET /hello"


def test_a_dead_collector_does_not_hold_up_the_end() -> None:
    provider = tracer_provider("greeter", "1.2.3", otlp_endpoint="http://127.0.0.1:9")
    provider.get_tracer("tests").start_span("GET /hello").end()
    began = time.monotonic()
    provider.shutdown()
    assert time.monotonic() - began < 20


def test_without_settings_spans_go_nowhere() -> None:
    provider = tracer_provider("greeter", "1.2.3")
    assert provider.get_tracer("tests").start_span("x").get_span_context().is_valid
