"""Traces by OpenTelemetry, by setting (extra `otel`): one span a request, and nothing of anybody.

A span names the route's template, never the path with its ids; no query, address, account or device is in it.
What a caller says of a trace of its own is not taken over: a stranger could choose what is sent.
"""

import time
from multiprocessing.util import Finalize
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from typing_extensions import override

from mobile_api.metrics import METHODS
from mobile_api.served import RequestFacts, Traces

SERVICE: Final = "ac-advisor-api"

ERRORS_FROM: Final = 500
"""Lowest status of an answer that is our fault."""

EXPORT_S: Final = 2.0
"""How long a batch may take to send, retries among it: a process that ends waits for one at most [s]."""


class OpenTelemetryTraces(Traces):
    """Spans that are sent beside the requests; what waits when the process ends is sent then.

    Args:
        processor: What becomes of a span that has ended.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        provider = TracerProvider(resource=Resource({SERVICE_NAME: SERVICE}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer(SERVICE)
        # The server's worker is a child of `multiprocessing`: what `atexit` has, it never calls.
        Finalize(None, provider.shutdown, exitpriority=1)

    @override
    def record(self, facts: RequestFacts) -> None:
        method = facts.method if facts.method in METHODS else "_OTHER"
        ended_ns = time.time_ns()
        span = self._tracer.start_span(
            f"{method} {facts.route}",
            kind=SpanKind.SERVER,
            start_time=ended_ns - round(facts.duration_s * 1e9),
            attributes={
                "http.request.method": method,
                "http.route": facts.route,
                "http.response.status_code": facts.status,
                "ac_advisor.request_id": facts.request_id,
            },
        )
        if facts.status >= ERRORS_FROM:
            span.set_status(StatusCode.ERROR)
        span.end(ended_ns)


def open_traces(endpoint: str) -> OpenTelemetryTraces:
    """Traces that go to a collector's address, by OTLP over HTTP; a collector that is away costs no request.

    Args:
        endpoint: Such as `http://127.0.0.1:4318/v1/traces`.
    """
    return OpenTelemetryTraces(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)))
