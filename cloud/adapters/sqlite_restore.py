"""Readings back into a log that has lost them, each at its old place, beside a running ingest.

A place that is taken stays as it is; nothing gets a new one, so nobody takes an old reading for a late
arrival, and the lake, which has them, need not be told.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from cloud.adapters.sqlite_file import SqliteFile
from cloud.errors import RejectedError
from cloud.reading_columns import rows_of
from cloud.reading_rows import FIELDS, Row
from cloud.seq_gaps import SeqCount

ROWS_A_TRANSACTION: Final = 2000
"""So that a commit of ingest never waits long."""

_COLUMNS: Final = ("position", "device_id", "sampled_at_ms", *FIELDS[2:])
_INSERT: Final = (
    f"INSERT OR IGNORE INTO readings ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 (our own column names)
)
_AT: Final = "SELECT position, device_id, sampled_at_ms FROM readings WHERE position BETWEEN ? AND ?"
_BATCHES: Final = """
SELECT first_position, last_position FROM batches WHERE last_position >= ? AND first_position <= ?
"""
_LATEST: Final = "INSERT OR IGNORE INTO latest VALUES (?, ?, ?, ?, ?)"


class OtherLogError(RejectedError):
    """The rows were numbered by another log than the one that they are given to."""

    def __init__(self, position: int) -> None:
        super().__init__(f"place {position} is not that of this reading in the log: this is not its lake")


def put_back(path: Path, tables: Iterable[pa.Table], head: int) -> int:
    """Give the log rows of a lake, all of places that it has given before; says how many it lacked.

    Args:
        path: The log's file; it is there.
        tables: Rows with the columns of a lake's file; days ascending.
        head: The highest place that the log has given; above it a row would be taken for a new one.

    Raises:
        OtherLogError: The rows are not of this log; those before it are in.
        UnavailableError: The log cannot be written now; those before it are in.
    """
    file = SqliteFile(path, "reading log")
    counts: dict[str, SeqCount] = {}
    try:
        restored = 0
        for table in tables:
            for rows in _pieces(table):
                if rows[-1][0] > head:
                    raise OtherLogError(rows[-1][0])
                with file.transaction() as connection:
                    restored += _insert(connection, rows)
                for position, device_id, at_ms, _, seq, *_rest in rows:
                    counts.setdefault(device_id, SeqCount()).add(position, at_ms, seq)
        with file.transaction() as connection:  # last: whoever is killed before begins again
            connection.executemany(_LATEST, map(_latest_row, counts.items()))
    finally:
        file.close()
    return restored


def _pieces(table: pa.Table) -> Iterator[list[Row]]:
    """The rows of a table in order of arrival, some at a time."""
    for batch in table.select(["position", *FIELDS]).sort_by("position").to_batches(ROWS_A_TRANSACTION):
        positions = batch.column(0).to_pylist()
        plain = pa.RecordBatch.from_arrays(batch.columns[1:], schema=pa.schema(list(batch.schema)[1:]))
        yield [(place, *row) for place, row in zip(positions, rows_of(plain), strict=True)]


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> int:
    low, high = rows[0][0], rows[-1][0]
    for position, *key in connection.execute(_AT, (low, high)):
        found = [row for row in rows if row[0] == position]
        if found and list(found[0][1:3]) != key:
            raise OtherLogError(position)
    batches = connection.execute(_BATCHES, (low, high)).fetchall()
    fresh = [row for row in rows if not any(first <= row[0] <= last for first, last in batches)]
    before = connection.total_changes
    connection.executemany(_INSERT, fresh)
    return connection.total_changes - before


def _latest_row(counted: tuple[str, SeqCount]) -> tuple[str, int, int | None, int | None, int]:
    device_id, count = counted
    return device_id, count.position, count.sampled_at_ms, count.last_seq, count.missing
