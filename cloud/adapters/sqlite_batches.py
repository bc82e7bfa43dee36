"""Readings that came many at once, as they lie in the reading log: one row of Arrow columns for each commit.

A row for each reading and its place in an index cost more than all the rest of ingest, and only apps, which
ask for one device, need them. So a large commit is one row here; it moves into `readings`, in order, when
there is time and the lake has it. A reading is in one of the two, never in both. All functions work inside
the caller's transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cloud.reading_columns import rows_of
from cloud.reading_rows import Row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS batches (
    first_position INTEGER PRIMARY KEY, last_position INTEGER NOT NULL,
    oldest_ms INTEGER NOT NULL, newest_ms INTEGER NOT NULL, arrow BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS batches_by_time ON batches (newest_ms, oldest_ms);
"""
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
"""Each column is packed by itself, and small ones cost zstd ten times as much."""

_FOLLOWING: Final = """
SELECT first_position, arrow FROM batches WHERE last_position > ?1 AND first_position >= coalesce(
    (SELECT max(first_position) FROM batches WHERE first_position <= ?1), 0
) ORDER BY first_position
"""
_OF_TIME: Final = """
SELECT first_position, arrow FROM batches WHERE newest_ms >= ? AND oldest_ms < ? ORDER BY first_position
"""
_HOLDING: Final = """
SELECT first_position, arrow FROM batches WHERE last_position >= ?1
AND first_position = (SELECT max(first_position) FROM batches WHERE first_position <= ?1)
"""


def put(connection: sqlite3.Connection, first_position: int, batch: pa.RecordBatch) -> None:
    """Store readings as one batch, with consecutive positions from `first_position` on."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    times_ms = batch.column(1).view(pa.int64()).to_numpy()
    last_position = first_position + batch.num_rows - 1
    connection.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?)",
        (first_position, last_position, int(times_ms.min()), int(times_ms.max()), sink.getvalue()),
    )


def put_in_parts(
    connection: sqlite3.Connection, first_position: int, batch: pa.RecordBatch, rows: int
) -> None:
    """The same as batches of at most `rows` readings."""
    for place in range(0, batch.num_rows, rows):
        put(connection, first_position + place, batch.slice(place, rows))


def read_after(connection: sqlite3.Connection, position: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Each batch with readings after `position`, with the place of its first reading."""
    for first_position, arrow in connection.execute(_FOLLOWING, (position,)):
        batch = _opened(arrow)
        skipped = max(0, position + 1 - first_position)
        yield first_position + skipped, batch.slice(skipped)


def rows_of_device(
    connection: sqlite3.Connection, device_id: str, start_ms: int, end_ms: int
) -> Iterator[Row]:
    """The device's readings with start <= sampled_at < end, their positions before them."""
    for first_position, arrow in connection.execute(_OF_TIME, (start_ms, end_ms)):
        batch = _opened(arrow)
        places = pc.indices_nonzero(pc.equal(batch.column(0), device_id))
        for place, row in zip(places.to_pylist(), rows_of(batch.take(places)), strict=True):
            if start_ms <= row[1] < end_ms:
                yield first_position + place, *row


def row_at(connection: sqlite3.Connection, position: int) -> Row | None:
    """The reading at `position`, if a batch has it."""
    found = connection.execute(_HOLDING, (position,)).fetchone()
    if found is None:
        return None
    return next(rows_of(_opened(found[1]).slice(position - found[0], 1)))


def at(connection: sqlite3.Connection, first_position: int) -> pa.RecordBatch | None:
    """The batch that begins at a position."""
    found = connection.execute(
        "SELECT arrow FROM batches WHERE first_position = ?", (first_position,)
    ).fetchone()
    return None if found is None else _opened(found[0])


def oldest(connection: sqlite3.Connection) -> int | None:
    """The first position of the oldest batch."""
    first: int | None = connection.execute("SELECT min(first_position) FROM batches").fetchone()[0]
    return first


def numbered_rows(first_position: int, batch: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a batch with their positions before them."""
    positions = range(first_position, first_position + batch.num_rows)
    return ((position, *row) for position, row in zip(positions, rows_of(batch), strict=True))


def remove(connection: sqlite3.Connection, first_position: int) -> pa.RecordBatch | None:
    """Take a batch out; None if it is gone already."""
    found = connection.execute(
        "DELETE FROM batches WHERE first_position = ? RETURNING arrow", (first_position,)
    ).fetchall()
    return _opened(found[0][0]) if found else None


def repeats(connection: sqlite3.Connection, rows: Sequence[Row]) -> set[Row]:
    """Which of `rows` are in a batch already, with the same content."""
    times_ms = [row[1] for row in rows]
    wanted = set(rows)
    found: set[Row] = set()
    for _, arrow in connection.execute(_OF_TIME, (min(times_ms), max(times_ms) + 1)):
        batch = _opened(arrow)
        of_time = pc.is_in(batch.column(1).view(pa.int64()), pa.array(times_ms, pa.int64()))
        found.update(wanted.intersection(rows_of(batch.filter(of_time))))
    return found


def _opened(arrow: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(arrow) as reader:
        return reader.read_next_batch()
