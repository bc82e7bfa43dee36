"""What `Lake` and `CompactingLake` promise, asked of every adapter."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_table import SCAN_SCHEMA, scan_table
from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.parquet_lake import ParquetLake
from cloud.ports.ingest import CompactingLake, Forgetting
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

MakeTelemetry: TypeAlias = Callable[..., Telemetry]


@pytest.fixture(params=["memory", "parquet", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> CompactingLake:
    if request.param == "memory":
        return MemoryLake()
    if request.param == "s3":
        return FileLake(request.getfixturevalue("make_s3_files")())
    return ParquetLake(tmp_path / "lake" / "telemetry")


def write(lake: CompactingLake, first: int, *readings: Telemetry) -> None:
    lake.write(first, [LoggedReading(first + number, each) for number, each in enumerate(readings)])


def rows(
    lake: CompactingLake, start: datetime | None = None, end: datetime | None = None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lake.scan(start, end).to_pylist()
    return found


def expected(*readings: Telemetry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scan_table(readings).to_pylist()
    return found


def test_an_empty_lake_scans_to_an_empty_table(lake: CompactingLake) -> None:
    table = lake.scan()

    assert table.schema == SCAN_SCHEMA
    assert table.num_rows == 0
    assert lake.newest_position() == 0
    assert lake.days() == []


def test_gives_back_every_field_as_it_came(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    whole = make_telemetry(
        sampled_at=NOON + timedelta(milliseconds=123),
        interval_s=60.5,
        seq=2**63 - 1,
        fan="low",
        indoor_rh_pct=0.1 + 0.2,
        outdoor_dry_bulb_c=-60.0,
        electric_power_w=812.25,
        energy_total_kwh=1e15 + 0.5,
        compressor_ratio=1 / 3,
        motion=False,
        changed_by="advisor",
        advice_id="ü'",
    )
    bare = make_telemetry(device_id="dev-2", mode="off", setpoint_c=None, indoor_dry_bulb_c=None)

    write(lake, 1, whole, bare)

    (first, second) = rows(lake)
    fields = whole.model_dump(exclude={"schema_version"})
    assert first == fields
    assert second == bare.model_dump(exclude={"schema_version"})
    assert lake.scan().schema == SCAN_SCHEMA


def test_is_sorted_by_device_and_time(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    a, b = make_telemetry(device_id="a"), make_telemetry(device_id="b")
    later = make_telemetry(device_id="a", sampled_at=NOON + DAY)

    write(lake, 1, b, later, a)

    assert rows(lake) == expected(a, later, b)


def test_one_row_a_key_and_the_last_arrival_wins(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    first, second, third = (make_telemetry(setpoint_c=each) for each in (24.0, 25.0, 26.0))

    write(lake, 2, third)
    write(lake, 0, first, second)

    assert rows(lake) == expected(third)


def test_writing_the_same_run_again_replaces_it(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    interrupted, more = make_telemetry(), make_telemetry(sampled_at=NOON + MINUTE)

    write(lake, 1, interrupted)
    write(lake, 1, interrupted, more)

    assert rows(lake) == expected(interrupted, more)
    assert lake.newest_position() == 2


def test_scans_a_half_open_span_to_the_millisecond(
    lake: CompactingLake, make_telemetry: MakeTelemetry
) -> None:
    at = [make_telemetry(sampled_at=NOON + number * 12 * 60 * MINUTE) for number in range(6)]
    write(lake, 1, *at)
    microsecond = timedelta(microseconds=1)

    assert rows(lake, start=at[1].sampled_at, end=at[4].sampled_at) == expected(*at[1:4])
    assert rows(lake, start=at[1].sampled_at + microsecond) == expected(*at[2:])
    assert rows(lake, end=at[4].sampled_at + microsecond) == expected(*at[:5])
    midnight = at[1].sampled_at
    assert rows(lake, end=midnight) == expected(at[0])
    assert rows(lake, end=midnight + microsecond) == expected(*at[:2])


def test_bounds_may_have_any_offset(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    sent = make_telemetry(sampled_at=datetime.fromisoformat("2025-07-01T20:00:00+00:00"))
    write(lake, 1, sent)

    # Both bounds lie on 1 July in UTC, and on another day where they were written.
    assert rows(lake, start=datetime.fromisoformat("2025-07-02T05:00:00+10:00")) == expected(sent)
    assert rows(lake, end=datetime.fromisoformat("2025-06-30T22:00:00-23:00")) == expected(sent)
    assert rows(lake, end=datetime.fromisoformat("2025-07-02T06:00:00+10:00")) == []


def test_one_device_is_what_it_is_of_all(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    told = [
        make_telemetry(device_id=f"dev-{device}", sampled_at=NOON + number * DAY, seq=number)
        for device in range(9)
        for number in range(3)
    ]
    write(lake, 1, *told)
    write(lake, 100, make_telemetry(device_id="dev-4", sampled_at=NOON + DAY, seq=7))
    bounds = (NOON + MINUTE, NOON + 2 * DAY)

    found = lake.scan(*bounds, "dev-4")

    assert found.to_pylist() == expected(make_telemetry(device_id="dev-4", sampled_at=NOON + DAY, seq=7))
    assert lake.snapshot().scan(device_id="dev-5").to_pylist() == expected(*told[15:18])
    assert lake.scan(device_id="stranger").num_rows == 0


def test_parts_are_the_scan_and_each_has_all_of_its_devices(
    lake: CompactingLake, make_telemetry: MakeTelemetry
) -> None:
    """Of parts of days, of some buckets, with a reading that came again."""
    for number in range(4):
        told = [
            make_telemetry(device_id=f"dev-{device}", sampled_at=NOON + number * DAY) for device in range(12)
        ]
        write(lake, 20 * number + 1, *told)
    write(lake, 200, make_telemetry(device_id="dev-3", sampled_at=NOON + DAY, setpoint_c=30.0))
    bounds = (NOON + DAY, NOON + 2 * DAY + timedelta(hours=1))

    parts = list(lake.snapshot().parts(*bounds))
    elsewhere = [pickle.loads(pickle.dumps(ask))() for ask in lake.snapshot().questions(*bounds)]  # noqa: S301 (our own)

    devices = [set(part["device_id"].to_pylist()) for part in parts]
    assert len(parts) > 1
    assert elsewhere == parts
    assert sum(map(len, devices)) == len(set.union(*devices)) == 12
    whole = pa.concat_tables(parts).sort_by([("device_id", "ascending"), ("sampled_at", "ascending")])
    assert whole.equals(lake.scan(*bounds))
    assert whole.num_rows == 2 * 12


def test_names_its_days(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 1, make_telemetry(sampled_at=NOON + DAY), make_telemetry(), make_telemetry(device_id="dev-2"))

    assert lake.days() == [date(2025, 7, 1), date(2025, 7, 2)]


@pytest.mark.parametrize("year", [1, 9999])
def test_keeps_any_instant_of_the_calendar(
    lake: CompactingLake, make_telemetry: MakeTelemetry, year: int
) -> None:
    odd = make_telemetry(sampled_at=datetime(year, 6, 1, 0, 0, 0, 999_000, tzinfo=UTC))

    write(lake, 1, odd)

    assert rows(lake) == expected(odd)
    assert lake.days() == [date(year, 6, 1)]


def test_compaction_changes_no_row(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    for number in range(12):
        write(
            lake,
            10 * number + 1,
            make_telemetry(sampled_at=NOON + number % 4 * MINUTE, setpoint_c=20.0 + number / 2),
            make_telemetry(sampled_at=NOON + DAY + number * MINUTE),
        )
    before = rows(lake)

    lake.tidy(date(2025, 7, 1))
    lake.tidy(date(2025, 7, 9))
    assert rows(lake) == before
    lake.compact(date(2025, 7, 1))
    lake.compact(date(2025, 7, 1))
    lake.compact(date(2025, 7, 9))

    assert rows(lake) == before
    assert len(before) == 4 + 12
    assert lake.newest_position() == 112


def test_a_snapshot_answers_as_the_lake_was(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    for number in range(12):
        write(lake, number + 1, make_telemetry(sampled_at=NOON + number * MINUTE))
    snapshot = lake.snapshot()
    before, days = snapshot.scan(), snapshot.days()

    write(lake, 13, make_telemetry(setpoint_c=30.0), make_telemetry(sampled_at=NOON + DAY))
    lake.compact(date(2025, 7, 1))
    lake.sweep()

    assert snapshot.scan().equals(before)
    assert snapshot.scan(end=NOON + MINUTE).num_rows == 1
    assert snapshot.days() == days == [date(2025, 7, 1)]
    assert snapshot.count_readings() == 12
    assert lake.count_readings() == 13
    assert lake.snapshot().version > snapshot.version


def test_lets_go_of_old_days_but_not_under_a_snapshot(
    lake: CompactingLake, make_telemetry: MakeTelemetry
) -> None:
    days = [make_telemetry(sampled_at=NOON + number * DAY) for number in range(4)]
    write(lake, 1, *days)
    snapshot = lake.snapshot()

    lake.expire(date(2025, 7, 3))
    lake.expire(date(2025, 7, 3))
    lake.sweep()

    assert rows(lake) == expected(*days[2:])
    assert lake.days() == [date(2025, 7, 3), date(2025, 7, 4)]
    assert lake.newest_position() == 4
    assert snapshot.count_readings() == 4


def test_forgets_a_device_up_to_a_position(lake: CompactingLake, make_telemetry: MakeTelemetry) -> None:
    other = make_telemetry(device_id="dev-10")
    later = make_telemetry(sampled_at=NOON + DAY + MINUTE)
    write(lake, 1, make_telemetry(), other, make_telemetry(sampled_at=NOON + DAY))
    write(lake, 4, later, make_telemetry(sampled_at=NOON + 2 * DAY))

    assert lake.forget(["dev-1", "dev-none"], up_to=3) == Forgetting(2, complete=True)
    assert rows(lake) == expected(later, make_telemetry(sampled_at=NOON + 2 * DAY), other)

    assert lake.forget(["dev-1"], up_to=5) == Forgetting(2, complete=True)
    assert rows(lake) == expected(other)
    assert lake.count_readings() == 1
    assert lake.days() == [date(2025, 7, 1)]
    assert lake.newest_position() == 5

    assert lake.forget(["dev-1"], up_to=5) == Forgetting(0, complete=True)


def test_a_run_that_was_in_hand_does_not_bring_a_forgotten_device_back(
    lake: CompactingLake, make_telemetry: MakeTelemetry
) -> None:
    lake.forget(["dev-1"], up_to=7)

    write(lake, 6, make_telemetry(), make_telemetry(sampled_at=NOON + MINUTE))
    write(lake, 8, make_telemetry(sampled_at=NOON + 2 * MINUTE), make_telemetry(device_id="dev-2"))

    assert rows(lake) == expected(
        make_telemetry(sampled_at=NOON + 2 * MINUTE), make_telemetry(device_id="dev-2")
    )


def test_a_forgotten_device_stays_forgotten_after_a_merge(
    lake: CompactingLake, make_telemetry: MakeTelemetry
) -> None:
    for number in range(12):
        at = NOON + number * MINUTE
        write(lake, 2 * number + 1, make_telemetry(sampled_at=at), make_telemetry(device_id="dev-2"))
    lake.compact(date(2025, 7, 1))

    assert lake.forget(["dev-1"], up_to=lake.newest_position()).complete
    write(lake, 23, make_telemetry(sampled_at=NOON + 11 * MINUTE))
    lake.compact(date(2025, 7, 1))

    assert rows(lake) == expected(make_telemetry(device_id="dev-2"))
