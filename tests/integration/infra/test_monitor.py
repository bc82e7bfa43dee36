"""Monitoring of a data directory: by the command, by the trainer, and as `doctor` sees it."""

import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.monitoring.round import newest_report
from cloud.ports.monitoring import MONITORING_PK, REPORT_SK, MonitoringReport
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.wiring import monitoring as wiring
from cloud.wiring.monitoring import monitor_once, monitoring
from device_sim.fleet import Fleet as SimulatedFleet
from device_sim.fleet import FleetSpec
from edge.contract import Telemetry
from infra.local.cli import commands
from infra.local.listings import NothingThereError
from infra.local.monitor_command import NotMonitoredError
from infra.local.sim_homes import record_homes
from infra.local.stack_health import MONITORED_WITHIN, examine_stack
from tests.own_metrics import asked_by_alarms, emitted, of_source
from tests.rule_bridge import TEMPLATE

HOMES, SILENT = 12, 6


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Homes of which half have said something a minute ago, the others yesterday."""
    spec = FleetSpec(HOMES, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC), split="train")
    sites = SimulatedFleet(spec, 1).sites
    record_homes(tmp_path, sites)
    now = datetime.now(UTC).replace(microsecond=0)
    readings = [
        Telemetry(
            device_id=site.device_id,
            sampled_at=now - (timedelta(days=1) if number < SILENT else timedelta(minutes=1)),
            mode="off",
            indoor_dry_bulb_c=25.0,
        )
        for number, site in enumerate(sites)
    ]
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        log.commit(IngestCommit(readings=readings))
    return tmp_path


def run(data_dir: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands, ["monitor", "--data-dir", str(data_dir), *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_the_command_shows_the_newest_round_and_exits_1_while_an_alarm_is_raised(data_dir: Path) -> None:
    with pytest.raises(NotMonitoredError):
        run(data_dir)
    assert monitor_once(CloudSettings(data_dir=data_dir)).raised == ()
    age(data_dir, timedelta(minutes=11))
    status, text = run(data_dir)
    assert (status, "PENDING readings_stale, fleet" in text) == (0, True)

    status, _ = run(data_dir, "--now")
    shown, text = run(data_dir)

    assert (status, shown) == (1, 1)
    assert "RAISED readings_stale, fleet: 29% of the devices or more" in text  # 6 of 12 by Wilson's formula
    assert "infra/RUNBOOK.md" in text
    _, document = run(data_dir, "--json")
    report = MonitoringReport.model_validate_json(document)
    assert report.cohorts[0].figures.stale_ratio == SILENT / HOMES
    assert report == stored(data_dir)


def stored(data_dir: Path) -> MonitoringReport | None:
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as state:
        return newest_report(state)


def age(data_dir: Path, span: timedelta) -> None:
    """As if the newest round had been made so much earlier."""
    report = stored(data_dir)
    assert report is not None
    alarms = tuple(alarm.model_copy(update={"since": alarm.since - span}) for alarm in report.alarms)
    older = report.model_copy(update={"at": report.at - span, "alarms": alarms})
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as state:
        state.transact([Put(MONITORING_PK, REPORT_SK, older.model_dump(mode="json"))])


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NothingThereError):
        run(tmp_path, "--now")

    assert list(tmp_path.iterdir()) == []


def test_rounds_go_on_beside_whatever_else_a_process_does_and_survive_faults(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = list[str]()

    def round_with_faults(settings: CloudSettings) -> MonitoringReport:
        turns.append("x")
        if len(turns) == 1:
            raise ValueError("a bug")
        return monitor_once(settings)

    monkeypatch.setattr(wiring, "EVERY_S", 0.05)
    monkeypatch.setattr(wiring, "monitor_once", round_with_faults)

    with monitoring(CloudSettings(data_dir=data_dir)):
        deadline = datetime.now(UTC) + timedelta(seconds=20)
        while stored(data_dir) is None and datetime.now(UTC) < deadline:
            pass

    assert stored(data_dir) is not None


def test_doctor_says_what_is_raised_and_that_nobody_monitors(data_dir: Path) -> None:
    def findings() -> dict[str, str | None]:
        return {finding.check: finding.problem for finding in examine_stack(data_dir)}

    assert "monitoring" not in findings()
    monitor_once(CloudSettings(data_dir=data_dir))
    assert (findings()["monitoring"], findings()["alarms"]) == (None, None)

    age(data_dir, MONITORED_WITHIN + timedelta(minutes=1))
    assert str(findings()["monitoring"]).startswith("nobody has monitored since")
    monitor_once(CloudSettings(data_dir=data_dir))

    assert findings()["monitoring"] is None
    assert str(findings()["alarms"]).startswith("readings_stale: `ac-advisor monitor`")


def test_what_is_not_read_by_a_terminal_is_logged_as_lines_of_json(data_dir: Path) -> None:
    command = [sys.executable, "-m", "infra.local", "monitor", "--now", "--data-dir", str(data_dir)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"], said["devices"]) == ("fleet_monitored", "info", HOMES)
    assert datetime.fromisoformat(said["timestamp"]).tzinfo is not None


def test_the_alarm_on_aws_is_about_a_metric_that_the_job_tells(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting and the command of the job `Monitor`."""
    monkeypatch.setenv("CLOUD_METRICS", "emf")

    status, text = run(data_dir, "--now")

    asked = of_source(asked_by_alarms(json.loads(TEMPLATE.read_text())), "monitor")
    assert asked
    assert status == 0
    assert asked <= emitted(text)
