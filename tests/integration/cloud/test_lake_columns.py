"""Files of several makes in one lake: columns that older programs did not know, or newer ones add."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zlib import crc32

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset

from cloud.adapters.lake_manifest import Change
from cloud.adapters.lake_table import FILE_SCHEMA, file_table, scan_table
from cloud.adapters.parquet_lake import ParquetLake
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = date(2025, 7, 1)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def lake(tmp_path: Path) -> ParquetLake:
    return ParquetLake(tmp_path / "lake")


def add_file(lake: ParquetLake, first: int, table: pa.Table) -> None:
    """Add a run as a program with other columns would."""
    day_and_bucket = f"day=2025-07-01/bucket={crc32(b'dev-1') % 8:02d}"
    made = lake._store.make(day_and_bucket, "run", first, table)
    lake._manifest.commit(lambda _: Change(add=(made,)))


def test_columns_that_were_added_later_are_null_before_and_newer_ones_survive_a_merge(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    readings = [
        make_telemetry(sampled_at=NOON + number * MINUTE, advice_id="a", seq=number) for number in range(12)
    ]
    tables = [file_table([LoggedReading(number + 1, each)]) for number, each in enumerate(readings)]
    add_file(lake, 1, tables[0].drop(["advice_id", "motion"]))
    add_file(lake, 2, tables[1].append_column("co2_ppm", pa.array([415.0])))
    for number in range(2, 12):
        add_file(lake, number + 1, tables[number])
    expected = scan_table([readings[0].model_copy(update={"advice_id": None}), *readings[1:]])

    assert lake.scan().equals(expected)
    assert lake.count_readings() == 12
    assert lake.compact(DAY) == 12
    assert lake.scan().equals(expected)
    (merged,) = lake.snapshot().listing()
    table = pq.read_table(lake.root / merged.name, partitioning=None)
    assert table["co2_ppm"].to_pylist() == [None, 415.0] + [None] * 10
    assert table.schema.names[:-1] == FILE_SCHEMA.names


def test_plain_readers_read_files_of_several_makes(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    tables = [
        file_table([LoggedReading(number, make_telemetry(sampled_at=NOON + number * MINUTE, seq=number))])
        for number in (1, 2)
    ]
    add_file(lake, 1, tables[0].drop(["seq"]))
    add_file(lake, 2, tables[1])

    found = dataset.dataset(lake.root, FILE_SCHEMA, format="parquet", partitioning="hive").to_table()
    query = "SELECT seq FROM read_parquet(?, union_by_name = true) ORDER BY position"

    assert sorted(found["seq"].to_pylist(), key=str) == [2, None]
    assert duckdb.execute(query, [f"{lake.root}/*/*/*.parquet"]).fetchall() == [(None,), (2,)]
