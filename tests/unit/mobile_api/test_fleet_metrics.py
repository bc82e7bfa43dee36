"""The fleet's figures among the API's metrics: by cohort, bounded, and nothing of a single home."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloud.ports.monitoring import (
    MONITORING_PK,
    REPORT_SK,
    Alarm,
    AlarmName,
    CohortReport,
    Figures,
    MonitoringReport,
    ServiceFigures,
)
from cloud.ports.state import Put
from mobile_api.metrics import FEWEST_DEVICES, Metrics

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

Value: TypeAlias = Any
AT = datetime(2026, 7, 20, 12, tzinfo=UTC)


def cohort(name: str, **figures: Value) -> CohortReport:
    return CohortReport(
        name=name, figures=Figures(**figures), versions={"v1": 9}, drift={"population/motion": 0.3}
    )


def alarm(state: Value, name: AlarmName, where: str) -> Alarm:
    return Alarm(
        alarm=name, cohort=where, state=state, since=AT - timedelta(hours=1), value=0.4, limit=0.1,
        ends_below=0.05, words="words", remedy="remedy",
    )  # fmt: skip


def report() -> MonitoringReport:
    return MonitoringReport(
        at=AT,
        fleet_at=AT,
        service=ServiceFigures(champion="v1", advisor_behind_s=30.0),
        cohorts=(
            cohort("fleet", devices=100, stale_ratio=0.25, heard_devices=75),
            cohort("region +35-5", devices=FEWEST_DEVICES - 1, stale_ratio=1.0),
        ),
        alarms=(
            alarm("raised", "readings_stale", "fleet"),
            alarm("pending", "advice_lapsed", "fleet"),
            alarm("raised", "readings_stale", "region +35-5"),
        ),
    )


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_signals_and_alarms_are_gauges_by_cohort() -> None:
    found = samples(Metrics().exposition(report()))

    assert found["fleet_stale_ratio", ("fleet",)] == 0.25
    assert found["fleet_heard_devices", ("fleet",)] == 75
    assert ("fleet_energy_ratio", ("fleet",)) not in found  # nothing is known: no zero
    assert found["fleet_advisor_behind_s", ()] == 30.0
    assert found["fleet_drift_signal", ("fleet", "population/motion")] == 0.3
    assert found["fleet_monitored_timestamp_seconds", ()] == AT.timestamp()
    alarms = {labels: value for (name, labels), value in found.items() if name == "fleet_alarm"}
    assert alarms == {
        (name, "fleet"): float(name == "readings_stale") for name in sorted(get_args(AlarmName))
    }


def test_a_cohort_of_few_homes_is_not_told_to_strangers() -> None:
    assert "region +35-5" not in Metrics().exposition(report())


def test_the_process_tells_the_newest_report_and_without_one_the_rest(world: "World") -> None:
    before = world.nobody().get("/metrics").text
    world.state.transact([Put(MONITORING_PK, REPORT_SK, report().model_dump(mode="json"))])
    told = world.nobody().get("/metrics")
    world.state.transact([Put(MONITORING_PK, REPORT_SK, {"schema_version": 99})])
    other = world.nobody().get("/metrics").text

    assert "fleet_" not in before
    assert "fleet_" not in other
    assert 'fleet_stale_ratio{cohort="fleet"} 0.25\n' in told.text
    assert told.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert samples(told.text)["api_requests_total", ("GET", "/metrics", "200")] == 1.0


@pytest.mark.parametrize("word", ["device_id", "home_id", "version"])
def test_no_label_grows_with_homes_or_time(word: str) -> None:
    assert f"{word}=" not in Metrics().exposition(report())
