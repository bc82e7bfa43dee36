"""Metrics of the process, and of the fleet as it was last monitored, in the text that Prometheus scrapes."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram [s]."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
"""Any other is `other`: a stranger's words would make a series each."""

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """Counts requests by method, route and status, and how long they took; safe for threads."""

    def __init__(self) -> None:
        disable_created_metrics()  # when each series began tells nobody anything
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "api_requests", "Requests served.", ["method", "route", "status"], registry=self._registry
        )
        self._durations = Histogram(
            "api_request_duration_seconds",
            "Time from request to response.",
            buckets=BUCKETS_S,
            registry=self._registry,
        )

    def record(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one request; `route` is the rule, never the path (ids would make a series each)."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._durations.observe(duration_s)

    def exposition(self) -> str:
        """All series, in Prometheus' text format."""
        return generate_latest(self._registry).decode()
