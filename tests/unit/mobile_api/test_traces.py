"""One span a request, and nothing of anybody in it."""

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from mobile_api.served import RequestFacts
from mobile_api.services import app_services, install
from mobile_api.traces import OpenTelemetryTraces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from tests.unit.mobile_api.conftest import MakeWorld, World

EMAIL = "ann@example.org"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def world(make_world: "MakeWorld", exporter: InMemorySpanExporter) -> "World":
    world = make_world()
    with world.app.app_context():
        traced = replace(app_services(), traces=OpenTelemetryTraces(SimpleSpanProcessor(exporter)))
    install(world.app, traced)
    return world


def facts_of(span: "ReadableSpan") -> dict[str, Any]:
    return dict(span.attributes or {})


def test_each_request_is_one_span_that_names_the_route_and_no_id(
    world: "World", exporter: InMemorySpanExporter
) -> None:
    ann = world.sign_up(EMAIL)
    world.device_of(ann)
    exporter.clear()

    answer = ann.get("/v1/devices/dev-1?owner=ann", headers={"X-Request-Id": "req-1"})

    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("GET /v1/devices/<device_id>", SpanKind.SERVER)
    assert facts_of(span) == {
        "http.request.method": "GET",
        "http.route": "/v1/devices/<device_id>",
        "http.response.status_code": answer.status_code,
        "ac_advisor.request_id": "req-1",
    }
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 < span.end_time - span.start_time < 60e9


def test_nothing_of_anybody_is_in_any_span(world: "World", exporter: InMemorySpanExporter) -> None:
    ann = world.sign_up(EMAIL)
    device_id = world.device_of(ann)
    world.advise(device_id)
    home_id = ann.get("/v1/homes").json["items"][0]["home_id"]
    for path in (f"/v1/homes/{home_id}", f"/v1/devices/{device_id}", f"/{EMAIL}", f"/v1/homes?q={EMAIL}"):
        ann.get(path, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    ann.post(f"/v1/recommendations/advice-{device_id}/accept")

    spans: Sequence[ReadableSpan] = exporter.get_finished_spans()
    told = " ".join(span.to_json() for span in spans)

    assert len(spans) > 8
    assert "unmatched" in told
    for secret in (EMAIL, "ann", home_id, device_id, "203.0.113", "127.0.0.1", str(ann.token)):
        assert secret not in told


def test_a_caller_chooses_neither_name_nor_trace(world: "World", exporter: InMemorySpanExporter) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    world.nobody().call("ANN", "/healthz", headers={"traceparent": parent})

    (span,) = exporter.get_finished_spans()
    assert facts_of(span)["http.request.method"] == "_OTHER"
    assert span.parent is None
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" not in parent


def test_only_our_own_faults_are_errors(exporter: InMemorySpanExporter) -> None:
    traces = OpenTelemetryTraces(SimpleSpanProcessor(exporter))

    for status in (200, 404, 503):
        traces.record(RequestFacts("GET", "/x", status, "r", 0.01))

    codes = [span.status.status_code for span in exporter.get_finished_spans()]
    assert codes == [StatusCode.UNSET, StatusCode.UNSET, StatusCode.ERROR]


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    look = "import mobile_api.__main__, sys; print([m for m in sys.modules if m.startswith('opentelemetry')])"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
