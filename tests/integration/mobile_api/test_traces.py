"""Traces leave the API's process for a collector, also those that waited when it ended."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.mobile_api.conftest import running


class Collector:
    """A stand-in for a collector on loopback, by OTLP/HTTP 1.x: spans come as protobuf."""

    def __init__(self) -> None:
        self.names: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(body, self.headers.get("Content-Encoding"))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """A test is silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def take(self, body: bytes, encoding: str | None) -> None:
        assert encoding is None
        sent = ExportTraceServiceRequest.FromString(body)
        scopes = [scope for resource in sent.resource_spans for scope in resource.scope_spans]
        self.names += [span.name for scope in scopes for span in scope.spans]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def test_what_was_served_just_before_the_end_is_traced(collector: Collector, tmp_path: Path) -> None:
    with running(tmp_path, {"API_OTLP_ENDPOINT": collector.address}) as api:
        assert api.exchange("GET", "/v1/devices/dev-1")[0] == 401
        assert api.stop() == 0

    assert "GET /v1/devices/<device_id>" in collector.names


def test_a_collector_that_is_away_costs_no_request(tmp_path: Path) -> None:
    with running(tmp_path, {"API_OTLP_ENDPOINT": "http://127.0.0.1:1/v1/traces"}) as api:
        for _ in range(20):
            assert api.exchange("GET", "/healthz")[0] == 200
        assert api.stop() == 0
