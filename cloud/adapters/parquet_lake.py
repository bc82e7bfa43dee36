"""The lake as Parquet files (zstd) in Hive partitions: `day=YYYY-MM-DD/bucket=NN/*.parquet`.

`day` is the UTC day of `sampled_at`, `bucket` the CRC-32 of the device id modulo 8. A run of the log makes
one file in each partition that it touches, named by the run's first position, so that a run which was
interrupted replaces its own files when it is written again. A file appears by a rename after an fsync:
readers never see half of one. The same key may stand in several files; the highest `position` is the last
arrival, and `scan` gives one row for each key.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

from cloud.adapters.lake_table import (
    FILE_SCHEMA,
    SCAN_SCHEMA,
    bucket_of,
    file_rows,
    file_table,
    logged_table,
    split_table,
)
from cloud.adapters.reading_rows import ceiling_milliseconds
from cloud.errors import UnavailableError
from cloud.ports.ingest import CompactingLake
from cloud.ports.telemetry import LoggedReading
from cloud.reading_columns import LoggedTable

BUCKETS: Final = 8
"""Partitions of a day; fixed, for a device must not move."""

MAX_FILES: Final = 8
"""A bucket of a closed day with more files than this is merged."""

NEVER_REPEATED: Final = frozenset({"position", "sampled_at", "energy_total_kwh"})
"""Columns of which a dictionary would be as long as they are: without one, files are a third smaller."""

SCAN_THREADS: Final = 2
ATTEMPTS: Final = 5
"""How often a scan starts anew because a file that it saw was merged into another one meanwhile."""

_COLUMNS: Final = ", ".join(SCAN_SCHEMA.names)
_NEWEST: Final = """
SELECT {columns} FROM read_parquet($files, hive_partitioning = false)
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
_Answer = TypeVar("_Answer")


class ParquetLake(CompactingLake):
    """The lake in a folder of this machine; one process writes, any number read.

    Args:
        root: The folder that holds the partitions, such as `lake/telemetry`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        if isinstance(readings, LoggedTable):
            self._write_parts(first_position, logged_table(readings))
            return
        parts: dict[tuple[date, int], list[LoggedReading]] = {}
        for logged in readings:
            reading = logged.reading
            part = reading.sampled_at.date(), bucket_of(reading.device_id, BUCKETS)
            parts.setdefault(part, []).append(logged)
        for (day, bucket), run in parts.items():
            folder = self._day(day) / f"bucket={bucket:02d}"
            _write_file(folder / f"run-{first_position:020d}.parquet", file_table(run))

    def write_table(self, first_position: int, table: pa.Table) -> None:
        """Store a run that is a table, as `write` stores one of readings; for whole seasons at once.

        Args:
            first_position: Place of the first row in the log; the others follow.
            table: Has the columns of a scan; sorted by device, time.

        Raises:
            UnavailableError: Not all was written; write the same run again.
        """
        self._write_parts(first_position, file_rows(first_position, table))

    def _write_parts(self, first_position: int, rows: pa.Table) -> None:
        for (day, bucket), part in split_table(rows, BUCKETS):
            folder = self._day(day) / f"bucket={bucket:02d}"
            _write_file(folder / f"run-{first_position:020d}.parquet", part)

    @override
    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        bounds = {"start": _bound(start), "end": _bound(end)}

        def query() -> pa.Table:
            files = self._files(start, end)
            if not files:
                return SCAN_SCHEMA.empty_table()
            return _query(_NEWEST.format(columns=_COLUMNS), files, bounds).cast(SCAN_SCHEMA)

        return _again_if_merged(query)

    def count_readings(self) -> int:
        """How many distinct (device_id, sampled_at) the lake holds."""

        def query() -> int:
            files = self._files()
            return int(_query(_COUNT, files, {}).column(0)[0].as_py()) if files else 0

        return _again_if_merged(query)

    @override
    def newest_position(self) -> int:
        firsts = {file: int(file.stem.rsplit("-", 1)[1]) for file in self._files()}
        newest = max(firsts.values(), default=0)
        return max((_last_position(file) for file, first in firsts.items() if first == newest), default=0)

    @override
    def days(self) -> list[date]:
        return sorted(date.fromisoformat(folder.name.partition("=")[2]) for folder in self.root.glob("day=*"))

    @override
    def compact(self, day: date) -> int:
        return sum(_merge(bucket) for bucket in sorted(self._day(day).glob("bucket=*")))

    def _day(self, day: date) -> Path:
        return self.root / f"day={day.isoformat()}"

    def _files(self, start: datetime | None = None, end: datetime | None = None) -> list[Path]:
        """The files of the days that [start, end) touches, in a stable order."""
        first = date.min if start is None else start.astimezone(UTC).date()
        last = date.max if end is None else end.astimezone(UTC).date()
        days = [day for day in self.days() if first <= day <= last]
        return [file for day in days for file in sorted(self._day(day).glob("bucket=*/*.parquet"))]


def readings_in_lake(lake: ParquetLake) -> int:
    """Rows in the lake, distinct by (device_id, sampled_at): counted in the files, not by a counter."""
    return lake.count_readings()


def _bound(instant: datetime | None) -> int | None:
    return None if instant is None else ceiling_milliseconds(instant)


def _query(statement: str, files: Sequence[Path], parameters: dict[str, int | None]) -> pa.Table:
    with duckdb.connect(config={"threads": SCAN_THREADS}) as connection:
        named = {"files": [str(file) for file in files], **parameters}
        return connection.sql(statement, params=named).to_arrow_table()


def _again_if_merged(query: Callable[[], _Answer]) -> _Answer:
    """The answer over a consistent list of files: a merge removes what an earlier list still names.

    Raises:
        UnavailableError: The files cannot be read.
    """
    for attempt in range(ATTEMPTS):
        try:
            return query()
        except (duckdb.Error, OSError) as error:
            if attempt == ATTEMPTS - 1 or not isinstance(error, (duckdb.IOException, FileNotFoundError)):
                raise UnavailableError(f"lake: {error}") from error
    raise AssertionError("unreachable")


def _last_position(file: Path) -> int:
    metadata = pq.read_metadata(file)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return max(int(group.column(0).statistics.max) for group in groups)


def _merge(bucket: Path) -> int:
    """Merge the files of a bucket into one, first making that, then removing them: a crash leaves copies."""
    files = sorted(bucket.glob("*.parquet"), key=lambda file: file.stem.rsplit("-", 1)[1])
    if len(files) <= MAX_FILES:
        return 0
    target = bucket / f"merged-{files[-1].stem.rsplit('-', 1)[1]}.parquet"
    try:
        columns = ", ".join(FILE_SCHEMA.names)
        table = _query(_NEWEST.format(columns=columns), files, {"start": None, "end": None})
        _write_file(target, table.cast(FILE_SCHEMA))
        for file in files:
            if file != target:
                file.unlink()
        _sync_folder(bucket)
    except (duckdb.Error, OSError) as error:
        raise UnavailableError(f"lake: {error}") from error
    return len(files)


def _write_file(path: Path, table: pa.Table) -> None:
    """Make `path` appear whole, and stay after a power cut.

    Raises:
        UnavailableError: It was not written; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        _make_folder(path.parent)
        repeated = [name for name in table.schema.names if name not in NEVER_REPEATED]
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeated)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except (OSError, pa.ArrowException) as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UnavailableError(f"lake: {error}") from error


def _make_folder(folder: Path) -> None:
    """Make a folder that stays after a power cut: its name is in its parent's data."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
