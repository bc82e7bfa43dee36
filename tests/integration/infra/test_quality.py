"""`ac-advisor quality` on a lake and a log, and the study that says how good its rules are."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.ports.telemetry import IngestCommit
from cloud.quality.daily import AtTheDoor, DailyQuality
from cloud.wiring.lake import open_lake, open_reports
from edge.contract import Telemetry
from infra.local.cli import commands
from infra.local.quality_study import CASES, study

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


def fill(data_dir: Path) -> None:
    """Two days of a device of which each fifth reading is missing and one is far too warm."""
    readings = [
        Telemetry(
            device_id="dev-1",
            sampled_at=NOON + number * timedelta(minutes=5),
            seq=number,
            mode="off",
            indoor_dry_bulb_c=40.0 if number == 8 else 25.0,
        )
        for number in range(300)
        if number % 5 != 2
    ]
    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        log.commit(IngestCommit(readings, received_at=NOON))
        ParquetLake(data_dir / "lake" / "telemetry").write(1, log.read_after(0))


def run(data_dir: Path, *arguments: str) -> Any:  # noqa: ANN401 (JSON)
    done = CliRunner().invoke(commands, ["quality", *arguments, "--json", "--data-dir", str(data_dir)])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_reports_the_newest_day_that_is_over_with_gaps_and_latest_state(tmp_path: Path) -> None:
    fill(tmp_path)

    found = run(tmp_path)

    assert (found["day"], found["devices"], found["readings"], found["missing"]) == ("2025-07-01", 1, 115, 29)
    assert found["rules"]["indoor_jump"]["readings"] == 2
    (device,) = found["per_device"]
    assert (device["missing_ever"], device["latest"]) == (60, "2025-07-02T12:55:00+00:00")
    assert device["flags"] == {"indoor_jump": 2}
    # as if all had come at noon: those of more than ten minutes later, up to the last one, 299 steps on
    assert (device["ahead_ever"], device["worst_ahead_s"]) == (240 - 2, 299 * 300)
    assert run(tmp_path, "--day", "2025-07-02")["rules"]["indoor_jump"]["readings"] == 0


def test_a_person_is_told_the_same_in_lines(tmp_path: Path) -> None:
    fill(tmp_path)

    done = CliRunner().invoke(commands, ["quality", "--data-dir", str(tmp_path)])

    assert "indoor_jump: more than 4 K between neighbours" in done.stdout
    assert "dev-1" in done.stdout


def test_reports_that_ingest_has_made_are_listed_and_shown_as_they_were(tmp_path: Path) -> None:
    fill(tmp_path)
    settings = CloudSettings(data_dir=tmp_path)
    now = NOON + timedelta(days=3)
    DailyQuality(open_lake(settings), open_reports(settings), AtTheDoor, lambda: now).look()

    (listed,) = run(tmp_path, "list")

    assert listed == {
        "day": "2025-07-01",
        "made_at": "2025-07-04T12:00:00+00:00",
        "devices": 1,
        "readings": 115,
        "missing": 29,
        "flagged": 2,
    }
    today, then = run(tmp_path), run(tmp_path, "show", "2025-07-01")
    assert then["rules"] == today["rules"]
    assert then["per_device"][0]["missing_ever"] is None  # what the log knew then
    lines = CliRunner().invoke(commands, ["quality", "list", "--data-dir", str(tmp_path)]).stdout
    assert lines.splitlines()[1].split() == ["2025-07-01", "1", "115", "29", "2"]
    missing = CliRunner().invoke(commands, ["quality", "show", "2025-07-02", "--data-dir", str(tmp_path)])
    assert "no report of 2025-07-02" in str(missing.exception)


def test_a_day_without_readings_is_said_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(commands, ["quality", "--data-dir", str(tmp_path)])

    assert done.exit_code != 0
    assert "has no readings" in str(done.exception)


def test_rules_find_simulated_faults_and_leave_sound_homes_alone() -> None:
    played = {"stuck_sensor", "reboot"}
    cases = [case for case in CASES if case.kind is None or case.kind in played or case.severity == -3600.0]
    unseen = {"indoor spike of 3 K", "power 10 % low for a day"}

    for found in study(12, [("validate", "hot_dry")], cases):
        if found.faulty and found.case not in unseen:
            assert found.found >= found.faulty - 1, found
        assert found.false_alarms <= 1, found
