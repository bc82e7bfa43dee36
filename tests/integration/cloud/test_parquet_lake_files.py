"""The lake as files: what others read, and what crashes and full disks leave behind."""

import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zlib import crc32

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cloud.adapters.lake_table import scan_table
from cloud.adapters.parquet_lake import MAX_FILES, ParquetLake, readings_in_lake
from cloud.errors import UnavailableError
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
DAY = date(2025, 7, 1)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def lake(tmp_path: Path) -> ParquetLake:
    return ParquetLake(tmp_path / "lake" / "telemetry")


def write(lake: ParquetLake, first: int, *readings: Telemetry) -> None:
    lake.write(first, [LoggedReading(first + number, each) for number, each in enumerate(readings)])


def write_runs(lake: ParquetLake, make_telemetry: MakeTelemetry, count: int, first: int = 1) -> None:
    for position in range(first, first + count):
        write(lake, position, make_telemetry(sampled_at=NOON + timedelta(minutes=position)))


def files(lake: ParquetLake) -> list[str]:
    return sorted(str(each.relative_to(lake.root)) for each in lake.root.rglob("*") if each.is_file())


def test_partitions_by_utc_day_and_device_bucket(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 7, make_telemetry(), make_telemetry(sampled_at=NOON + timedelta(hours=12)))

    bucket = crc32(b"dev-1") % 8
    assert files(lake) == [
        f"day=2025-07-01/bucket={bucket:02d}/run-00000000000000000007.parquet",
        f"day=2025-07-02/bucket={bucket:02d}/run-00000000000000000007.parquet",
    ]


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


def test_counts_keys_not_rows(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    assert readings_in_lake(lake) == 0

    write(lake, 1, make_telemetry(setpoint_c=24.0), make_telemetry(device_id="dev-2"))
    write(lake, 3, make_telemetry(setpoint_c=25.0))

    assert readings_in_lake(lake) == 2


def test_merges_only_where_many_files_are(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write_runs(lake, make_telemetry, MAX_FILES)
    assert lake.compact(DAY) == 0

    write_runs(lake, make_telemetry, 1, first=MAX_FILES + 1)
    assert lake.compact(DAY) == MAX_FILES + 1

    (merged,) = files(lake)
    assert merged.endswith(f"/merged-{MAX_FILES + 1:020d}.parquet")
    assert readings_in_lake(lake) == MAX_FILES + 1
    assert lake.newest_position() == MAX_FILES + 1


def test_a_merge_that_was_killed_before_it_removed_anything_doubles_nothing(
    lake: ParquetLake, make_telemetry: MakeTelemetry, tmp_path: Path
) -> None:
    write_runs(lake, make_telemetry, 12)
    write(lake, 13, make_telemetry(sampled_at=NOON + timedelta(minutes=12), setpoint_c=30.0))
    before = lake.scan()
    shutil.copytree(lake.root, tmp_path / "copy")
    lake.compact(DAY)
    shutil.copytree(tmp_path / "copy", lake.root, dirs_exist_ok=True)
    assert len(files(lake)) == 14

    assert lake.scan().equals(before)
    assert lake.compact(DAY) == 14
    assert lake.scan().equals(before)
    assert len(files(lake)) == 1


def test_a_run_written_again_after_a_merge_doubles_nothing(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 12)
    before = lake.scan()
    lake.compact(DAY)

    write_runs(lake, make_telemetry, 1, first=12)

    assert lake.scan().equals(before)


def test_a_half_written_file_of_a_crash_is_invisible(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write(lake, 1, make_telemetry())
    folder = next(lake.root.glob("*/*"))
    (folder / ".run-00000000000000000002.parquet.new").write_bytes(b"PAR1 half")

    assert lake.scan().num_rows == 1
    assert readings_in_lake(lake) == 1
    write(lake, 2, make_telemetry(sampled_at=NOON + timedelta(minutes=1)))
    assert len(files(lake)) == 2


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let every write beyond `size_bytes` fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_what_was_there(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 1, make_telemetry())
    names = files(lake)
    long = [make_telemetry(sampled_at=NOON + timedelta(seconds=number)) for number in range(2000)]

    with largest_file(4096), pytest.raises(UnavailableError):
        write(lake, 1, *long)
    assert files(lake) == names
    assert lake.scan().num_rows == 1

    write(lake, 1, *long)
    assert lake.scan().num_rows == 2000


def test_an_unreadable_file_is_said_to_be_so(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 1, make_telemetry())
    (lake.root / files(lake)[0]).write_bytes(b"no parquet at all")

    with pytest.raises(UnavailableError):
        lake.scan()


def test_readers_never_miss_a_row_while_files_are_merged(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 10)
    done = threading.Event()

    def write_and_merge() -> None:
        for round_ in range(1, 9):
            write_runs(lake, make_telemetry, 10, first=10 * round_ + 1)
            lake.compact(DAY)
        done.set()

    writer = threading.Thread(target=write_and_merge)
    writer.start()
    counts = []
    while not done.is_set():
        counts.append(lake.scan().num_rows)
    writer.join()

    assert counts == sorted(counts)
    assert counts[0] >= 10
    assert lake.scan().num_rows == 90


def test_a_table_is_stored_as_its_readings_would_be(
    lake: ParquetLake, tmp_path: Path, make_telemetry: MakeTelemetry
) -> None:
    readings = [
        make_telemetry(device_id=f"dev-{device}", sampled_at=NOON + timedelta(hours=6 * number), seq=None)
        for device in range(9)
        for number in range(4)
    ]
    readings[5] = make_telemetry(device_id="dev-1", sampled_at=NOON + timedelta(hours=6), mode="off")
    one_by_one = ParquetLake(tmp_path / "other")
    write(one_by_one, 7, *readings)

    lake.write_table(7, scan_table(readings))

    assert files(lake) == files(one_by_one)
    for name in files(lake):
        ours, theirs = (pq.read_table(each.root / name, partitioning=None) for each in (lake, one_by_one))
        assert ours.schema.equals(theirs.schema, check_metadata=True)
        assert ours.equals(theirs)
    assert lake.newest_position() == 7 + len(readings) - 1


def test_a_table_needs_the_columns_of_the_lake(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    with pytest.raises(KeyError):
        lake.write_table(1, scan_table([make_telemetry()]).drop(["motion"]))
    assert files(lake) == []
