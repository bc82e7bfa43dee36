"""Metrics of the process, and of the fleet as it was last monitored, in the text that Prometheus scrapes."""

from collections.abc import Iterator
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from cloud.ports.monitoring import AlarmName, Figures, MonitoringReport, ServiceFigures

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram [s]."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
"""Any other is `other`: a stranger's words would make a series each."""

FEWEST_DEVICES: Final = 8
"""Of a smaller cohort nothing is told here, where nobody signs in: it would be news of somebody's home."""

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """Counts requests by method, route and status, and how long they took; safe for threads."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began tells nothing
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "api_requests", "Requests served.", ["method", "route", "status"], registry=self._registry
        )
        self._series: dict[tuple[str, str, int], Counter] = {}
        self._durations = Histogram(
            "api_request_duration_seconds",
            "Time from request to response.",
            buckets=BUCKETS_S,
            registry=self._registry,
        )

    def record(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one request; `route` is the rule, never the path (ids would make a series each)."""
        series = self._series.get((method, route, status))
        if series is None:
            labels = (method if method in METHODS else "other", route, str(status))
            series = self._requests.labels(*labels)
            if method in METHODS:
                self._series[method, route, status] = series
        series.inc()
        self._durations.observe(duration_s)

    def exposition(self, report: MonitoringReport | None = None) -> str:
        """All series, in Prometheus' text format, and those of the fleet as `report` has it."""
        text = generate_latest(self._registry)
        if report is not None:
            fleet = CollectorRegistry()
            fleet.register(FleetGauges(report))
            text += generate_latest(fleet)
        return text.decode()


class FleetGauges(Collector):
    """A report as gauges: one for each figure, by cohort; never by home or device, nor by version.

    Args:
        report: What is told.
    """

    def __init__(self, report: MonitoringReport) -> None:
        self._report = report
        self._cohorts = [each for each in report.cohorts if each.figures.devices >= FEWEST_DEVICES]

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, field in Figures.model_fields.items():
            gauge = GaugeMetricFamily(f"fleet_{name}", str(field.description), labels=["cohort"])
            for cohort in self._cohorts:
                self._add(gauge, [cohort.name], getattr(cohort.figures, name))
            yield gauge
        for name, field in ServiceFigures.model_fields.items():
            value = getattr(self._report.service, name)
            if isinstance(value, float):
                yield GaugeMetricFamily(f"fleet_{name}", str(field.description), value=value)
        yield from (self._drift(), self._alarms())
        at_s = self._report.at.timestamp()
        yield GaugeMetricFamily("fleet_monitored_timestamp_seconds", "When the round was made.", value=at_s)

    def _drift(self) -> GaugeMetricFamily:
        words = "Signals of the newest look at the triggers; see the cloud's README."
        gauge = GaugeMetricFamily("fleet_drift_signal", words, labels=["cohort", "signal"])
        for cohort in self._cohorts:
            for signal, value in cohort.drift.items():
                self._add(gauge, [cohort.name, signal], value)
        return gauge

    def _alarms(self) -> GaugeMetricFamily:
        """Every alarm everywhere, also those that are not raised: a series that ends tells nobody."""
        gauge = GaugeMetricFamily("fleet_alarm", "1 while it is raised.", labels=["alarm", "cohort"])
        raised = {(each.alarm, each.cohort) for each in self._report.raised}
        for cohort in self._cohorts:
            for alarm in get_args(AlarmName):
                self._add(gauge, [alarm, cohort.name], float((alarm, cohort.name) in raised))
        return gauge

    @staticmethod
    def _add(gauge: GaugeMetricFamily, labels: list[str], value: float | None) -> None:
        if value is not None:
            gauge.add_metric(labels, value)
