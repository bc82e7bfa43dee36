"""Removing what the lake has from the reading log: rows by age, whole batches by age and by size.

Under unbroken load nothing moves from batches to rows, so that batches are pruned where they are. A device
that has long been silent keeps its newest readings: what is left of a batch becomes rows.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from cloud.adapters import sqlite_batches, sqlite_latest
from cloud.adapters.sqlite_file import SqliteFile
from cloud.reading_columns import rows_of

PRUNE_ROWS: Final = 2000
"""Rows forgotten in one transaction, so that a commit never waits long for the writer's place."""

MAX_EXAMINED: Final = 2000
"""Batches that are opened in one go; those behind them have their turn next time."""

_ROWS: Final = """
DELETE FROM readings WHERE position IN (
    SELECT position FROM readings WHERE device_id = ? AND sampled_at_ms < ? AND position <= ? LIMIT ?
)
"""
_OLD_BATCHES: Final = """
SELECT first_position FROM batches
WHERE first_position > ? AND last_position <= ? AND oldest_ms < ? ORDER BY first_position LIMIT ?
"""
_SEALED: Final = """
SELECT first_position, last_position - first_position + 1, length(arrow) FROM batches
WHERE last_position <= (SELECT position FROM seal) ORDER BY first_position DESC
"""


class Pruning:
    """Prunes one log, a part of it at a time.

    Args:
        file: The log's file.
        insert_at: The statement that adds a row with its position before it.
    """

    def __init__(self, file: SqliteFile, insert_at: str) -> None:
        self._file = file
        self._insert_at = insert_at
        self._examined = 0

    def by_age(self, up_to: int, keep_ms: int) -> int:
        """Forget what is older than its device's newest by `keep_ms`, up to a position; how many [readings].

        Raises:
            UnavailableError: Some of it is still there.
        """
        with self._file.connection() as connection:
            standings = sqlite_latest.load_all(connection)
        limits = {
            device_id: count.sampled_at_ms - keep_ms
            for device_id, count in standings.items()
            if count.sampled_at_ms is not None
        }
        rows = sum(self._prune_device(device_id, limit, up_to) for device_id, limit in limits.items())
        return rows + self._prune_batches(limits, up_to)

    def by_size(self, max_bytes: int) -> int:
        """Forget the oldest sealed batches until the sealed ones take no more; how many [readings].

        Raises:
            UnavailableError: Some of them are still there.
        """
        with self._file.connection() as connection:
            sealed = connection.execute(_SEALED).fetchall()
        taken = np.cumsum([size for _, _, size in sealed])
        over = [each for each, total in zip(sealed, taken, strict=True) if total > max_bytes]
        for first_position, _, _ in over:
            with self._file.transaction() as connection:
                sqlite_batches.remove(connection, first_position)
        return sum(rows for _, rows, _ in over)

    def _prune_device(self, device_id: str, before_ms: int, up_to: int) -> int:
        total = 0
        while True:
            with self._file.connection() as connection:
                rows = connection.execute(_ROWS, (device_id, before_ms, up_to, PRUNE_ROWS)).rowcount
            total += rows
            if rows < PRUNE_ROWS:
                return total

    def _prune_batches(self, limits: Mapping[str, int], up_to: int) -> int:
        """A part of the batches that may be too old; a device in the future may make that all of them."""
        wanted = (self._examined, up_to, max(limits.values(), default=0), MAX_EXAMINED)
        with self._file.connection() as connection:
            firsts = [first for (first,) in connection.execute(_OLD_BATCHES, wanted)]
        self._examined = firsts[-1] if len(firsts) == MAX_EXAMINED else 0
        return sum(self._prune_batch(first, limits) for first in firsts)

    def _prune_batch(self, first_position: int, limits: Mapping[str, int]) -> int:
        with self._file.connection() as connection:
            batch = sqlite_batches.at(connection, first_position)
        old = 0 if batch is None else _count_old(batch, limits)
        if not old:
            return 0
        with self._file.transaction() as connection:
            return self._thin_out(connection, first_position, limits)

    def _thin_out(
        self, connection: sqlite3.Connection, first_position: int, limits: Mapping[str, int]
    ) -> int:
        batch = sqlite_batches.remove(connection, first_position)
        if batch is None:
            return 0
        young = np.flatnonzero(~_are_old(batch, limits))
        places = (young + first_position).tolist()
        kept = rows_of(batch.take(pa.array(young)))
        connection.executemany(
            self._insert_at, ((place, *row) for place, row in zip(places, kept, strict=True))
        )
        return int(batch.num_rows) - len(young)


def _count_old(batch: pa.RecordBatch, limits: Mapping[str, int]) -> int:
    """How many readings are to go: all that are too old, or none while most of the batch has to stay."""
    old = int(_are_old(batch, limits).sum())
    return old if 2 * old >= batch.num_rows else 0


def _are_old(batch: pa.RecordBatch, limits: Mapping[str, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    devices = batch.column("device_id").dictionary_encode()
    names = devices.dictionary.to_pylist()
    before = np.array([limits.get(name, np.iinfo(np.int64).min) for name in names])
    times_ms = batch.column("sampled_at").view(pa.int64()).to_numpy()
    return np.asarray(times_ms < before[devices.indices.to_numpy()])
