"""Figures of savings are made again from the lake, the lots and the code, byte for byte."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.assignment import Assignment
from cloud.day_count import DayCount, day_writes, local_day, local_hour
from cloud.measuring_day import keep_assignment
from cloud.ports.records import DAY_PREFIX, DEVICES_PK, device_pk, home_pk
from cloud.ports.state import Delete
from cloud.ports.telemetry import LoggedReading
from cloud.serving import Serving
from edge.contract import Telemetry
from infra.local.savings_command import savings
from tests.unit.cloud.savings.conftest import home_writes

HOMES, DAYS = 10, 30
ZONE = "America/Phoenix"
MIDNIGHT = datetime(2026, 6, 1, 7, tzinfo=UTC)
"""Of Phoenix."""


def _readings(home: int, assignment: Assignment) -> Iterator[Telemetry]:
    """Every hour: 400 to 900 W, a fifth less when advised, and for six hours the advice is in force."""
    for number in range(24 * DAYS + 1):
        at = MIDNIGHT + timedelta(hours=number)
        hour, arm = local_hour(at, ZONE), assignment.of(f"home-{home}", local_day(at, ZONE)).arm
        usual_w = 400.0 + 20.0 * hour + 7.0 * home + 3.3 * (number % 17)
        yield Telemetry(
            device_id=f"dev-{home}",
            sampled_at=at,
            interval_s=3600,
            mode="cool",
            setpoint_c=24.0,
            indoor_dry_bulb_c=26.5 if hour in (15, 16) else 24.5,
            outdoor_dry_bulb_c=30.0 + 0.3 * (number % 29),
            electric_power_w=usual_w * (0.8 if arm == "advised" else 1.0),
            advice_id="a1" if arm == "advised" and 12 <= hour < 18 else None,
        )


def _live(store: SqliteStateStore, readings: list[Telemetry], arms: dict[date, str]) -> None:
    """Days as they are counted while readings come; the last one is not over."""
    today = DayCount(local_day(readings[0].sampled_at, ZONE))
    for reading in readings:
        day = local_day(reading.sampled_at, ZONE)
        if day != today.day:
            store.transact(day_writes(today.record(reading.device_id)))
            today = DayCount(day)
        today.arm = "habit" if arms[day] == "habit" else "advised"
        today.see(reading, local_hour(reading.sampled_at, ZONE), 24.0, 24.0, by_person=False)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A state with kept days, and a lake with the readings that they were counted from."""
    lake, position = ParquetLake(tmp_path / "lake" / "telemetry"), 1
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as store:
        keep_assignment(store, 7, MIDNIGHT)
        assignment = Serving(store, 0).assignment()
        logged = list[LoggedReading]()
        for home in range(HOMES):
            store.transact(home_writes(home))
            readings = list(_readings(home, assignment))
            arms = {
                day: str(assignment.of(f"home-{home}", day).arm)
                for day in {local_day(reading.sampled_at, ZONE) for reading in readings}
            }
            _live(store, readings, arms)
            logged += [LoggedReading(position + n, reading) for n, reading in enumerate(readings)]
            position += len(readings)
        lake.write(1, logged)
    return tmp_path


def _told(data_dir: Path, *options: str) -> str:
    """The whole report but the moment at which it was made."""
    done = CliRunner().invoke(savings, ["--data-dir", str(data_dir), "--json", *options])
    assert done.exit_code == 0, done.output
    document = json.loads(done.output)
    del document["fleet"]["made_at"]
    return json.dumps(document)


def _forget_days(data_dir: Path) -> None:
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        for home in range(HOMES):
            pk = device_pk(f"dev-{home}")
            store.transact([Delete(pk, item.sk) for item in store.query(pk, prefix=DAY_PREFIX)])


def test_deleted_days_are_rebuilt_from_the_lake_and_tell_the_same_byte_for_byte(data_dir: Path) -> None:
    kept = _told(data_dir)
    _forget_days(data_dir)

    nothing = CliRunner().invoke(savings, ["--data-dir", str(data_dir), "--json"])
    rebuilt = _told(data_dir, "--from-lake")

    assert nothing.exit_code != 0
    assert rebuilt == kept
    document = json.loads(kept)
    assert document["fleet"]["groups"][0]["homes"] == HOMES
    assert document["homes"][0]["kwh"] is not None
    assert document["homes"][0]["habit"]["warm_minutes"] == 120.0


def test_a_home_that_is_gone_is_not_rebuilt_though_its_readings_are_still_there(data_dir: Path) -> None:
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        store.transact([Delete(DEVICES_PK, "dev-0"), Delete(home_pk("home-0"), "home")])

    document = json.loads(_told(data_dir, "--from-lake"))

    assert "home-0" not in {home["home_id"] for home in document["homes"]}
    assert len(document["homes"]) == HOMES - 1
