"""Metrics of the process, in the text format that Prometheus scrapes (version 0.0.4)."""

import threading
from collections import Counter
from dataclasses import dataclass, field

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram [s]."""


@dataclass(slots=True)
class Metrics:
    """Counts requests by method, route and status, and how long they took; safe for threads."""

    _requests: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    _buckets: Counter[float] = field(default_factory=Counter[float])
    _seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one request; `route` is the rule, never the path (ids would make a series each)."""
        bound = next((bound for bound in BUCKETS_S if duration_s <= bound), float("inf"))
        with self._lock:
            self._requests[method, route, status] += 1
            self._buckets[bound] += 1
            self._seconds += duration_s

    def exposition(self) -> str:
        """All series, in Prometheus' text format."""
        with self._lock:
            requests, buckets, seconds = dict(self._requests), dict(self._buckets), self._seconds
        lines = [
            "# HELP api_requests_total Requests served.",
            "# TYPE api_requests_total counter",
            *(
                f'api_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
                for (method, route, status), count in sorted(requests.items())
            ),
            "# HELP api_request_duration_seconds Time from request to response.",
            "# TYPE api_request_duration_seconds histogram",
        ]
        below = 0
        for bound in BUCKETS_S:
            below += buckets.get(bound, 0)
            lines.append(f'api_request_duration_seconds_bucket{{le="{bound}"}} {below}')
        total = sum(buckets.values())
        lines.append(f'api_request_duration_seconds_bucket{{le="+Inf"}} {total}')
        lines.append(f"api_request_duration_seconds_sum {seconds:.6f}")
        lines.append(f"api_request_duration_seconds_count {total}")
        return "\n".join(lines) + "\n"
