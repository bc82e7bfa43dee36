"""The lake's columns: one Arrow schema for files, scans and the memory twin."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from zlib import crc32

import numpy as np
import pandas as pd  # noqa: F401 (pyarrow imports it at its first array, a second in which nothing is acknowledged)
import pyarrow as pa
import pyarrow.compute as pc

from cloud.ports.telemetry import LoggedReading
from cloud.reading_columns import SCAN_SCHEMA as SCAN_SCHEMA
from cloud.reading_columns import LoggedTable, array_of
from cloud.reading_rows import Row, row_of
from edge.contract import Telemetry

DAY_MS: Final = 86_400_000
EPOCH_DAY: Final = date(1970, 1, 1)

FILE_SCHEMA: Final = SCAN_SCHEMA.insert(0, pa.field("position", pa.int64(), nullable=False)).with_metadata(
    {"ac_advisor.telemetry.schema_version": "1"}
)
"""What a file holds: also the reading's place in the log; of one key the highest is the last arrival."""


def scan_table(readings: Iterable[Telemetry]) -> pa.Table:
    """The table of readings, in their order."""
    return _table(SCAN_SCHEMA, [row_of(reading) for reading in readings])


def file_table(run: Iterable[LoggedReading]) -> pa.Table:
    """The table of logged readings, sorted by device, time and place in the log."""
    rows = [(logged.position, *row_of(logged.reading)) for logged in run]
    return _table(FILE_SCHEMA, sorted(rows, key=lambda row: (row[1], row[2], row[0])))


def file_rows(first_position: int, table: pa.Table) -> pa.Table:
    """A table of a scan's columns as rows of a file, in the log from `first_position` on."""
    positions = pa.array(np.arange(first_position, first_position + table.num_rows, dtype=np.int64))
    columns = table.select(SCAN_SCHEMA.names).cast(SCAN_SCHEMA).columns
    return pa.Table.from_arrays([positions, *columns], schema=FILE_SCHEMA)


def placed(positions: Iterable[int], batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a scan's columns as rows of a file, each with its place in the log."""
    return pa.RecordBatch.from_arrays([pa.array(positions, pa.int64()), *batch.columns], schema=FILE_SCHEMA)


def logged_table(run: LoggedTable) -> pa.Table:
    """A run of the log as rows of a file, sorted by device, time and place in the log."""
    devices = run.table["device_id"].combine_chunks().dictionary_encode()
    ranks = pc.rank(devices.dictionary).to_numpy()[devices.indices.to_numpy()]
    times_ms = run.table["sampled_at"].cast(pa.int64()).to_numpy()
    order = np.lexsort((times_ms, ranks))  # stable: of one key the place in the log decides
    return run.table.take(pa.array(order))


def bucket_of(device_id: str, buckets: int) -> int:
    """The bucket in which a device's readings are."""
    return crc32(device_id.encode()) % buckets


def split_table(table: pa.Table, buckets: int) -> Iterator[tuple[tuple[date, int], pa.Table]]:
    """The rows of each UTC day and bucket, in their order."""
    devices = table["device_id"].combine_chunks().dictionary_encode()
    by_device = np.array([bucket_of(name, buckets) for name in devices.dictionary.to_pylist()])
    days = pc.cast(table["sampled_at"], pa.int64()).to_numpy() // DAY_MS
    keys = days * buckets + by_device[devices.indices.to_numpy()]
    for key in np.unique(keys).tolist():
        day = EPOCH_DAY + timedelta(days=key // buckets)
        yield (day, key % buckets), table.filter(pa.array(keys == key))


def _table(schema: pa.Schema, rows: Sequence[Row]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [array_of(values, field) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
