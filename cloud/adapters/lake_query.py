"""What is asked of the lake's files, in DuckDB: one row a key, of which the last arrival wins.

Files may lack columns that were added later, or have some that are newer than this program: what is missing
is null, what is unknown stays where it is.

Copies of a key stand side by side once the rows are sorted, so two columns are held against their neighbours
instead of asking for a window over all rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cloud.adapters.lake_table import FILE_SCHEMA, SCAN_SCHEMA
from cloud.errors import UnavailableError
from cloud.reading_rows import ceiling_milliseconds

SCAN_THREADS: Final = 2

_COLUMNS: Final = ", ".join(SCAN_SCHEMA.names)
_ALIKE: Final = "read_parquet($files, hive_partitioning = false)"
_UNLIKE: Final = """(
    FROM shape UNION ALL BY NAME
    FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
)"""
"""Files of several makes, each with its own columns; takes longer than files that are alike."""

_SORTED: Final = """
SELECT {columns} FROM {rows} WHERE {condition} ORDER BY device_id, sampled_at, position
"""
_CONDITIONS: Final = {
    "device_id": "device_id = $device_id",
    "start": "sampled_at >= make_timestamptz($start * 1000)",
    "end": "sampled_at < make_timestamptz($end * 1000)",
}
_COUNT: Final = """
SELECT count(*) FROM (
    SELECT DISTINCT device_id, sampled_at FROM read_parquet($files, hive_partitioning = false)
)
"""


class FileGoneError(UnavailableError):
    """A file that was to be read has been removed meanwhile: begin again with a newer snapshot."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings: start <= sampled_at < end, of one device; None does not matter."""

    start: datetime | None = None
    end: datetime | None = None
    device_id: str | None = None

    def parameters(self) -> dict[str, int | str]:
        """What is asked for, by the names of the query's parameters."""
        bounds = {"start": _bound(self.start), "end": _bound(self.end), "device_id": self.device_id}
        return {name: value for name, value in bounds.items() if value is not None}


def scan(paths: Sequence[str], wanted: Wanted, *, alike: bool) -> pa.Table:
    """The readings that are wanted in the files, with the columns of a scan.

    Args:
        paths: The files.
        wanted: Which.
        alike: Whether all files have just our columns.

    Raises:
        FileGoneError: One of the files is not there any more.
        UnavailableError: They cannot be read.
    """
    if not paths:
        return SCAN_SCHEMA.empty_table()
    found = _last_arrivals(paths, f"position, {_COLUMNS}", _ALIKE if alike else _UNLIKE, wanted)
    return found.drop_columns("position").cast(SCAN_SCHEMA)


def merge(paths: Sequence[str]) -> pa.Table:
    """All readings of the files, as the rows of one file.

    Raises:
        FileGoneError: One of the files is not there any more.
        UnavailableError: They cannot be read.
    """
    merged = _last_arrivals(paths, "*", _UNLIKE, Wanted())
    return merged.cast(_with_unknown(merged.schema))


def count(paths: Sequence[str]) -> int:
    """How many distinct (device_id, sampled_at) the files hold.

    Raises:
        FileGoneError: One of the files is not there any more.
        UnavailableError: They cannot be read.
    """
    return int(_query(_COUNT, paths, {}).column(0)[0].as_py()) if paths else 0


def whole(path: str) -> pa.Table:
    """All rows of one file as they are, in their order.

    Raises:
        FileGoneError: The file is not there any more.
        UnavailableError: It cannot be read.
    """
    try:
        return pq.read_table(path, partitioning=None)
    except FileNotFoundError as error:
        raise FileGoneError(f"lake: {error}") from error
    except (OSError, pa.ArrowException) as error:
        raise UnavailableError(f"lake: {error}") from error


def _last_arrivals(paths: Sequence[str], columns: str, rows: str, wanted: Wanted) -> pa.Table:
    parameters = wanted.parameters()
    condition = " AND ".join(_CONDITIONS[name] for name in parameters) or "true"
    statement = _SORTED.format(columns=columns, rows=rows, condition=condition)
    return _last_of_each_key(_query(statement, paths, parameters))


def _last_of_each_key(table: pa.Table) -> pa.Table:
    """The last row of each device and time, of rows that are sorted by device, time and position."""
    if table.num_rows < 2:  # noqa: PLR2004 (no two of a kind)
        return table
    same = pc.and_(*(_as_before(table[name]) for name in ("device_id", "sampled_at"))).to_numpy()
    return table.filter(pa.array(np.append(~same, np.True_))) if same.any() else table


def _as_before(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.equal(column.slice(1), column.slice(0, len(column) - 1))


def _with_unknown(found: pa.Schema) -> pa.Schema:
    """The schema of a file, with the columns that a newer program has added behind it."""
    unknown = [column for column in found if column.name not in FILE_SCHEMA.names]
    return pa.schema([*FILE_SCHEMA, *unknown], FILE_SCHEMA.metadata)


def _bound(instant: datetime | None) -> int | None:
    return None if instant is None else ceiling_milliseconds(instant)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the process, which holds nothing: to begin one takes longer than to ask for a home's day."""
    engine = duckdb.connect(config={"threads": SCAN_THREADS})
    engine.execute("SET enable_external_file_cache = false")  # memory that would never be given back
    return engine


def _query(statement: str, paths: Sequence[str], parameters: Mapping[str, int | str]) -> pa.Table:
    try:
        with _engine().cursor() as connection:
            if "shape" in statement:
                connection.register("shape", FILE_SCHEMA.empty_table())
            named = {"files": list(paths), **parameters}
            return connection.sql(statement, params=named).to_arrow_table()
    except duckdb.IOException as error:
        raise FileGoneError(f"lake: {error}") from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise UnavailableError(f"lake: {error}") from error
