"""What is asked of the lake's files, in DuckDB: one row a key, of which the last arrival wins.

Files may lack columns that were added later, or have some that are newer than this program: what is missing
is null, what is unknown stays where it is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa
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

_NEWEST: Final = """
SELECT {columns} FROM {rows}
WHERE ($start IS NULL OR sampled_at >= make_timestamptz($start * 1000))
  AND ($end IS NULL OR sampled_at < make_timestamptz($end * 1000))
QUALIFY row_number() OVER (PARTITION BY device_id, sampled_at ORDER BY position DESC) = 1
ORDER BY device_id, sampled_at
"""
_COUNT: Final = """
SELECT count(*) FROM (
    SELECT DISTINCT device_id, sampled_at FROM read_parquet($files, hive_partitioning = false)
)
"""


class FileGoneError(UnavailableError):
    """A file that was to be read has been removed meanwhile: begin again with a newer snapshot."""


def scan(paths: Sequence[str], start: datetime | None, end: datetime | None, *, alike: bool) -> pa.Table:
    """The readings with start <= sampled_at < end in the files, with the columns of a scan.

    Args:
        paths: The files.
        start: Or None for all.
        end: Or None for all.
        alike: Whether all files have just our columns.

    Raises:
        FileGoneError: One of the files is not there any more.
        UnavailableError: They cannot be read.
    """
    if not paths:
        return SCAN_SCHEMA.empty_table()
    bounds = {"start": _bound(start), "end": _bound(end)}
    return _query(_NEWEST.format(columns=_COLUMNS, rows=_ALIKE if alike else _UNLIKE), paths, bounds).cast(
        SCAN_SCHEMA
    )


def merge(paths: Sequence[str]) -> pa.Table:
    """All readings of the files, as the rows of one file.

    Raises:
        FileGoneError: One of the files is not there any more.
        UnavailableError: They cannot be read.
    """
    merged = _query(_NEWEST.format(columns="*", rows=_UNLIKE), paths, {"start": None, "end": None})
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


def _with_unknown(found: pa.Schema) -> pa.Schema:
    """The schema of a file, with the columns that a newer program has added behind it."""
    unknown = [column for column in found if column.name not in FILE_SCHEMA.names]
    return pa.schema([*FILE_SCHEMA, *unknown], FILE_SCHEMA.metadata)


def _bound(instant: datetime | None) -> int | None:
    return None if instant is None else ceiling_milliseconds(instant)


def _query(statement: str, paths: Sequence[str], parameters: Mapping[str, int | None]) -> pa.Table:
    try:
        with duckdb.connect(config={"threads": SCAN_THREADS}) as connection:
            connection.register("shape", FILE_SCHEMA.empty_table())
            named = {"files": list(paths), **parameters}
            return connection.sql(statement, params=named).to_arrow_table()
    except duckdb.IOException as error:
        raise FileGoneError(f"lake: {error}") from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise UnavailableError(f"lake: {error}") from error
