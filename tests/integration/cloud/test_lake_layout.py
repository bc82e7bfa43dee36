"""How the lake's files are laid out: what plain readers see, what a home needs, how few files there are."""

from datetime import timedelta
from zlib import crc32

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import dataset

from cloud.adapters.file_lake import GRACE_S, MAX_FILES
from cloud.adapters.lake_manifest import LakeFile
from cloud.adapters.parquet_lake import ParquetLake, readings_in_lake
from tests.integration.cloud.conftest import (
    DAY,
    NOON,
    Clock,
    MakeTelemetry,
    files,
    without_stamps,
    write,
    write_runs,
)


def test_pandas_and_duckdb_read_it_as_plain_hive_partitions(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write(lake, 1, make_telemetry(), make_telemetry(device_id="dev-2", motion=True))

    frame = pd.read_parquet(lake.root, filters=[("day", "==", "2025-07-01")])
    glob = f"{lake.root}/*/*/*.parquet"
    query = "SELECT device_id, day, typeof(day), setpoint_c FROM read_parquet(?) ORDER BY device_id"
    rows = duckdb.execute(query, [glob]).fetchall()

    assert sorted(frame["device_id"]) == ["dev-1", "dev-2"]
    assert frame["sampled_at"].dt.tz is not None
    assert rows == [("dev-1", DAY, "DATE", 24.0), ("dev-2", DAY, "DATE", 24.0)]


def test_plain_readers_read_what_a_scan_gives(
    lake: ParquetLake, clock: Clock, make_telemetry: MakeTelemetry
) -> None:
    for number in range(12):
        told = [
            make_telemetry(
                device_id=f"dev-{device}",
                sampled_at=NOON + timedelta(hours=2 * number, milliseconds=device),
                seq=2**62 * (number % 2) + number if device else None,
                energy_total_kwh=number / 3,
            )
            for device in range(20)
        ]
        write(lake, 100 * number + 1, *told)
    lake.compact(DAY)
    clock.now_s += GRACE_S
    lake.sweep()
    expected = lake.scan()

    by_pyarrow = dataset.dataset(lake.root, format="parquet", partitioning="hive").to_table()
    glob, columns = f"{lake.root}/*/*/*.parquet", ", ".join(expected.column_names)
    query = f"SELECT {columns} FROM read_parquet(?) ORDER BY device_id, sampled_at"  # noqa: S608 (our columns)
    with duckdb.connect() as connection:
        by_duckdb = connection.sql(query, params=[glob]).to_arrow_table()

    order = [("device_id", "ascending"), ("sampled_at", "ascending")]
    assert by_pyarrow.sort_by(order).select(expected.column_names).equals(expected)
    assert by_duckdb.cast(expected.schema).equals(expected)


def test_a_home_is_read_from_its_own_files_only(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    for number in range(3):
        at = NOON + timedelta(days=number)
        write(
            lake, 20 * number + 1, *(make_telemetry(device_id=f"dev-{d}", sampled_at=at) for d in range(20))
        )
    own = f"bucket={crc32(b'dev-7') % 8:02d}"
    for name in files(lake):
        if own not in name or "2025-07-02" not in name:
            (lake.root / name).unlink()

    day = NOON.replace(day=2, hour=0)

    assert lake.scan(day, day + timedelta(days=1), "dev-7").num_rows == 1


def test_a_day_that_is_over_becomes_one_file(
    lake: ParquetLake, clock: Clock, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 3)

    assert lake.compact(DAY) == 3

    clock.now_s += GRACE_S
    assert lake.sweep() == 3
    (merged,) = without_stamps(files(lake))
    assert merged.endswith(f"/merged-{3:020d}")
    assert readings_in_lake(lake) == 3
    assert lake.newest_position() == 3
    assert lake.compact(DAY) == 0


def test_little_that_came_late_stays_beside_the_others(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 80)
    lake.compact(DAY)

    write_runs(lake, make_telemetry, MAX_FILES - 1, first=81)
    assert lake.compact(DAY) == 0
    write_runs(lake, make_telemetry, 1, first=81 + MAX_FILES)

    assert lake.compact(DAY) == MAX_FILES + 1
    assert lake.count_readings() == 80 + MAX_FILES


def test_however_many_runs_a_day_has_its_files_stay_few(
    lake: ParquetLake, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = list[LakeFile]()
    make = lake._store.make

    def make_and_tell(partition: str, kind: str, first_position: int, table: pa.Table) -> LakeFile:
        written.append(make(partition, kind, first_position, table))
        return written[-1]

    monkeypatch.setattr(lake._store, "make", make_and_tell)

    most = 0
    for position in range(1, 301):
        write_runs(lake, make_telemetry, 1, first=position)
        lake.tidy(DAY)
        most = max(most, len(lake.snapshot().listing()))

    assert most <= 3 * MAX_FILES  # 1, 8 and 64 rows
    assert sum(file.rows for file in written) <= 4 * 300
    assert lake.count_readings() == 300
