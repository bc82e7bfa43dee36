"""What the lake is held against: one plain Parquet file with the same rows, asked by DuckDB alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cloud.adapters.lake_query import SCAN_THREADS
from cloud.adapters.lake_table import FILE_SCHEMA
from cloud.adapters.parquet_lake import ParquetLake
from cloud.features import device_hours

ROW_GROUP_ROWS: Final = 122_880
"""DuckDB's own choice [rows]."""

_OF_HOME: Final = """
SELECT * FROM read_parquet($path)
WHERE device_id = $device_id AND sampled_at >= $start AND sampled_at < $end
"""
_TOTAL: Final = """
SELECT count(*), sum(electric_power_w * interval_s), avg(indoor_dry_bulb_c)
FROM read_parquet($path, hive_partitioning = false)
"""
_AS_THEY_CAME: Final = """
SELECT * FROM read_parquet($path, hive_partitioning = false) ORDER BY sampled_at, device_id
"""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """All rows of a lake in one file, in the order in which they came."""

    path: Path

    @classmethod
    def of(cls, lake: ParquetLake, path: Path) -> "PlainFile":
        """Write it, day by day; whole files of the lake are read, with the columns that no scan gives."""
        snapshot = lake.snapshot()
        with pq.ParquetWriter(path, FILE_SCHEMA, compression="zstd") as writer:
            for day in snapshot.days():
                files = [str(lake.root / file.name) for file in snapshot.listing() if file.day == day]
                rows = _ask(_AS_THEY_CAME, path=files).cast(FILE_SCHEMA)
                writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        return cls(path)

    @property
    def size_bytes(self) -> int:
        """On disk."""
        return self.path.stat().st_size

    def of_home(self, device_id: str, start: datetime, end: datetime) -> pa.Table:
        """One home's readings."""
        return _ask(_OF_HOME, path=str(self.path), device_id=device_id, start=start, end=end)

    def features(
        self, season: tuple[datetime, datetime], longitudes_deg: Mapping[str, float]
    ) -> pd.DataFrame:
        """The features of training, by the same definition; one thread, as those of the lake."""
        sites = pa.table(
            {"device_id": list(longitudes_deg), "longitude_deg": list(map(float, longitudes_deg.values()))}
        )
        engine = ibis.duckdb.connect(threads=1)
        try:
            engine.raw_sql("SET enable_progress_bar = false")
            engine.raw_sql(f"CREATE VIEW plain AS FROM read_parquet('{self.path}')")
            rows = ibis.table(ibis.Schema.from_pyarrow(FILE_SCHEMA), name="plain")
            start, end = season
            wanted = rows.filter(rows.sampled_at >= start, rows.sampled_at < end)
            frame: pd.DataFrame = engine.to_pyarrow(device_hours(wanted, ibis.memtable(sites))).to_pandas()
            return frame
        finally:
            engine.disconnect()

    def total(self) -> tuple[Any, ...]:
        """Rows, energy [W s] and mean temperature [°C]."""
        return total_of([self.path])


def total_of(paths: list[Path]) -> tuple[Any, ...]:
    """Rows, energy [W s] and mean temperature [°C] of files, as any plain reader asks for them."""
    (row,) = _ask(_TOTAL, path=[str(path) for path in paths]).to_pylist()
    return tuple(row.values())


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """As the lake's own: begun once, and holding nothing."""
    engine = duckdb.connect(config={"threads": SCAN_THREADS})
    engine.execute("SET enable_external_file_cache = false")
    return engine


def _ask(statement: str, **parameters: object) -> pa.Table:
    with _engine().cursor() as cursor:
        return cursor.sql(statement, params=parameters).to_arrow_table()
