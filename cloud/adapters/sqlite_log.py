"""The reading log in SQLite: what ingest accepted, in order; events and dead letters beside it.

Processes that write take turns, any number read. A commit is one transaction with one fsync, which also reads
all that it goes by, and is durable when it returns. `latest` also counts how many readings of a device never
came, by the gaps in `seq`.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from typing_extensions import override

from cloud.adapters import sqlite_batches, sqlite_clocks, sqlite_latest, sqlite_letters
from cloud.adapters.lake_table import FILE_SCHEMA, placed
from cloud.adapters.sqlite_file import SqliteFile
from cloud.adapters.sqlite_forgetting import forget_devices
from cloud.adapters.sqlite_pruning import Pruning
from cloud.errors import AlreadyReplayedError
from cloud.ports.ingest import SealableLog
from cloud.ports.telemetry import (
    MAX_EVENTS,
    AppReadings,
    DeadLetter,
    IngestCommit,
    LetterQuery,
    LoggedReading,
    ReplayableLetters,
)
from cloud.reading_columns import LoggedTable, ReadingColumns, batch_of, batch_of_columns, rows_of
from cloud.reading_rows import FIELDS, Row, ceiling_milliseconds, instant_of, milliseconds, reading_of
from cloud.seq_gaps import AheadCount, Arrivals, SeqCount
from edge.contract import Event, Telemetry
from edge.contract.event import EventKind

BATCH_ROWS = 100
"""A commit of so many readings is stored as columns [readings]."""

MAX_BATCH_ROWS = 20_000
"""Stored as columns in one piece: what a full round of ingest brings [readings]."""

MAX_UNPACK_ROWS = 500
"""What `catch_up` makes rows of at a time, while messages wait [readings]."""

_COLUMNS: Final = ("device_id", "sampled_at_ms", *FIELDS[2:])
_SELECT: Final = ", ".join(_COLUMNS)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS readings (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL, sampled_at_ms INTEGER NOT NULL, interval_s REAL NOT NULL, seq INTEGER,
    mode TEXT NOT NULL, fan TEXT, setpoint_c REAL, indoor_dry_bulb_c REAL, indoor_rh_pct REAL,
    outdoor_dry_bulb_c REAL, electric_power_w REAL, energy_total_kwh REAL, compressor_ratio REAL,
    motion INTEGER, changed_by TEXT, advice_id TEXT
);
CREATE INDEX IF NOT EXISTS readings_by_device ON readings (device_id, sampled_at_ms);
CREATE TABLE IF NOT EXISTS events (
    device_id TEXT NOT NULL, event_id TEXT NOT NULL, occurred_at_ms INTEGER NOT NULL,
    received_at_ms INTEGER, kind TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (device_id, event_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seal (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), position INTEGER);
INSERT OR IGNORE INTO seal VALUES (1, 0);
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'readings', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'readings');
"""
_MARKS: Final = ", ".join(f"?{number + 1}" for number in range(len(_COLUMNS)))
_INSERT: Final = f"INSERT INTO readings ({_SELECT}) VALUES ({_MARKS})"  # noqa: S608 (our own column names)
_INSERT_AT: Final = f"INSERT INTO readings (position, {_SELECT}) VALUES (?, {', '.join('?' * len(_COLUMNS))})"  # noqa: S608 (our own column names)
_IS_KNOWN: Final = f"""
SELECT 1 FROM readings WHERE device_id = ?1 AND sampled_at_ms = ?2
AND {" AND ".join(f"{name} IS ?{number + 3}" for number, name in enumerate(_COLUMNS[2:]))}
"""  # noqa: S608 (our own column names)
_NEWEST_ROW: Final = "SELECT max(sampled_at_ms) FROM readings WHERE device_id = ?"
_INSERT_EVENT: Final = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)"
_EVENTS: Final = """
SELECT event_id, occurred_at_ms, kind, detail FROM events
WHERE device_id = ? AND kind = ? AND occurred_at_ms >= ? ORDER BY occurred_at_ms DESC, event_id DESC LIMIT ?
"""
_READ_AFTER: Final = f"SELECT position, {_SELECT} FROM readings WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608 (our own column names)
_READ_RUN: Final = (
    f"SELECT position, {_SELECT} FROM readings WHERE position > ? AND position <= ? ORDER BY position"  # noqa: S608 (our own column names)
)
_NEWEST: Final = "SELECT position FROM latest WHERE device_id = ?"
_AT: Final = f"SELECT {_SELECT} FROM readings WHERE position = ?"  # noqa: S608 (our own column names)
_BETWEEN: Final = f"""
SELECT position, {_SELECT} FROM readings WHERE device_id = ? AND sampled_at_ms >= ? AND sampled_at_ms < ?
"""  # noqa: S608 (our own column names)


class SqliteReadingLog(SealableLog, ReplayableLetters, AppReadings):
    """The reading log of one machine.

    Args:
        path: The file; made when it is not there, unless `read_only`.
        read_only: For the other processes: only the reading methods may be used.

    Raises:
        UnavailableError: The file cannot be opened or made.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._file = SqliteFile(path, "reading log", read_only=read_only)
        self._pruning = Pruning(self._file, _INSERT_AT)
        if not read_only:
            with self._file.connection() as connection:
                schemas = (_SCHEMA, sqlite_latest.SCHEMA, sqlite_batches.SCHEMA, sqlite_clocks.SCHEMA)
                connection.executescript("".join(schemas))
            with self._file.transaction() as connection:
                sqlite_letters.prepare(connection)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @override
    def commit(self, commit: IngestCommit) -> int:
        with self._file.transaction() as connection:
            return _write(connection, commit)

    @override
    def catch_up(self) -> bool:
        oldest = self._oldest_batch()
        if oldest is None or oldest > self.sealed():
            return False
        self._unpack(oldest)
        return True

    @override
    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        with self._file.snapshot() as connection:
            single = connection.execute(_READ_AFTER, (position, limit))
            batched = (
                row
                for batch in sqlite_batches.read_after(connection, position)
                for row in sqlite_batches.numbered_rows(*batch)
            )
            rows = list(islice(merge(single, batched, key=itemgetter(0)), limit))
        return [LoggedReading(row[0], reading_of(row[1:])) for row in rows]

    @override
    def read_run(self, after: int, up_to: int, limit: int) -> LoggedTable:
        with self._file.snapshot() as connection:
            parts: list[pa.RecordBatch] = []
            while not parts and after < up_to:  # a gap that forgetting has left is not the end
                end = min(up_to, after + limit)
                parts, after = list(_parts(connection, after, end)), end
        return LoggedTable(pa.Table.from_batches(parts, FILE_SCHEMA))

    @override
    def head(self) -> int:
        with self._file.connection() as connection:
            return _head(connection)

    @override
    def latest(self, device_id: str) -> Telemetry | None:
        with self._file.snapshot() as connection:
            newest = connection.execute(_NEWEST, (device_id,)).fetchone()
            if newest is None:
                return None
            row = connection.execute(_AT, newest).fetchone() or sqlite_batches.row_at(connection, newest[0])
        return None if row is None else reading_of(row)

    @override
    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        wanted = (device_id, ceiling_milliseconds(start), ceiling_milliseconds(end))
        with self._file.snapshot() as connection:
            rows = connection.execute(_BETWEEN, wanted).fetchall()
            rows += sqlite_batches.rows_of_device(connection, *wanted)
        rows.sort(key=itemgetter(2, 0))  # by instant, then by arrival: the last one stays
        return [reading_of(row[1:]) for row in {row[2]: row for row in rows}.values()]

    @override
    def events_of(self, device_id: str, kind: EventKind, since: datetime) -> list[Event]:
        wanted = (device_id, kind, ceiling_milliseconds(since), MAX_EVENTS)
        with self._file.connection() as connection:
            rows = connection.execute(_EVENTS, wanted).fetchall()
        return [_event_of(device_id, *row) for row in reversed(rows)]

    def missing(self, device_id: str) -> int:
        """How many readings of the device never came, by its `seq` [readings]."""
        with self._file.connection() as connection:
            return sqlite_latest.load(connection, [device_id])[device_id].missing

    def standings(self) -> dict[str, SeqCount]:
        """Of every device the newest reading's place and time, and how many never came."""
        with self._file.connection() as connection:
            return sqlite_latest.load_all(connection)

    def clocks_ahead(self) -> dict[str, AheadCount]:
        """Of devices whose clock was ahead when readings came: how many, and how far."""
        with self._file.connection() as connection:
            return sqlite_clocks.counts(connection)

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        return self.select(LetterQuery(), limit)

    @override
    def count(self) -> int:
        with self._file.connection() as connection:
            return int(connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0])

    @override
    def select(self, query: LetterQuery, limit: int) -> list[DeadLetter]:
        with self._file.connection() as connection:
            return sqlite_letters.select(connection, query, limit)

    @override
    def reasons(self, query: LetterQuery) -> dict[str, int]:
        with self._file.connection() as connection:
            return sqlite_letters.reasons(connection, query)

    @override
    def settle(self, letter: DeadLetter, at: datetime, commit: IngestCommit) -> None:
        with self._file.transaction() as connection:
            if not sqlite_letters.mark_replayed(connection, letter.letter_id, at):
                raise AlreadyReplayedError(letter.letter_id)
            _write(connection, commit)

    @override
    def refuse_again(self, letter: DeadLetter, reason: str) -> None:
        with self._file.transaction() as connection:
            sqlite_letters.refuse_again(connection, letter.letter_id, reason)

    @override
    def sealed(self) -> int:
        with self._file.connection() as connection:
            return int(connection.execute("SELECT position FROM seal").fetchone()[0])

    @override
    def record_sealed(self, position: int) -> None:
        with self._file.transaction() as connection:
            connection.execute("UPDATE seal SET position = max(position, ?)", (position,))

    @override
    def continue_after(self, position: int) -> None:
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'readings'", (position,)
            )
            connection.execute("UPDATE seal SET position = max(position, ?)", (position,))

    @override
    def forget(self, device_ids: Collection[str], up_to: int) -> int:
        while (first := self._oldest_batch()) is not None and first <= up_to:
            self._unpack(first)
        return forget_devices(self._file, device_ids, up_to)

    @override
    def prune(self, up_to: int, keep: timedelta) -> int:
        up_to = min(up_to, self.sealed())
        return self._pruning.by_age(up_to, keep // timedelta(milliseconds=1))

    @override
    def cut(self, max_bytes: int) -> int:
        return self._pruning.by_size(max_bytes)

    def _oldest_batch(self) -> int | None:
        with self._file.connection() as connection:
            return sqlite_batches.oldest(connection)

    def _unpack(self, first_position: int) -> None:
        """Move a batch, if it is still there, to the rows; a large one becomes several first."""
        with self._file.transaction() as connection:
            batch = sqlite_batches.remove(connection, first_position)
            if batch is None:
                return
            if batch.num_rows > MAX_UNPACK_ROWS:
                sqlite_batches.put_in_parts(connection, first_position, batch, MAX_UNPACK_ROWS)
            else:
                rows = sqlite_batches.numbered_rows(first_position, batch)
                connection.executemany(_INSERT_AT, rows)


def _write(connection: sqlite3.Connection, commit: IngestCommit) -> int:
    """Write `commit` in the open transaction; the position of its last reading.

    All that it goes by is read in the same transaction: a replay of dead letters is another process.
    """
    received_at_ms = None if commit.received_at is None else milliseconds(commit.received_at)
    first = _head(connection) + 1
    batch = ReadingColumns.of(commit.readings).batch
    arrivals = Arrivals.of(batch)
    counts = sqlite_latest.load(connection, arrivals.devices)
    if not arrivals.are_newer_than(counts):
        batch = _without_repeats(connection, batch, counts)
        arrivals = Arrivals.of(batch)
    _append(connection, first, batch)
    sqlite_clocks.note(connection, arrivals, received_at_ms)
    connection.executemany(_INSERT_EVENT, _event_rows(commit.events, received_at_ms))
    sqlite_letters.put(connection, commit.dead_letters)
    arrivals.count(first, counts)
    sqlite_latest.store(connection, counts)
    return first - 1 + int(batch.num_rows)


def _head(connection: sqlite3.Connection) -> int:
    """The highest position ever given, also when its reading was pruned."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'readings'").fetchone()
    return int(row[0])


def _event_rows(
    events: Sequence[Event], received_at_ms: int | None
) -> Iterable[tuple[str, str, int, int | None, str, str]]:
    for event in events:
        occurred_at_ms = milliseconds(event.occurred_at)
        detail = json.dumps(event.detail)
        yield event.device_id, event.event_id, occurred_at_ms, received_at_ms, event.kind, detail


def _event_of(device_id: str, event_id: str, occurred_at_ms: int, kind: EventKind, detail: str) -> Event:
    return Event(
        device_id=device_id,
        event_id=event_id,
        occurred_at=instant_of(occurred_at_ms),
        kind=kind,
        detail=json.loads(detail),
    )


def _append(connection: sqlite3.Connection, first_position: int, batch: pa.RecordBatch) -> None:
    if batch.num_rows < BATCH_ROWS:
        connection.executemany(_INSERT, rows_of(batch))
        return
    sqlite_batches.put_in_parts(connection, first_position, batch, MAX_BATCH_ROWS)
    last_position = first_position + batch.num_rows - 1
    connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'readings'", (last_position,))


def _without_repeats(
    connection: sqlite3.Connection, batch: pa.RecordBatch, counts: Mapping[str, SeqCount]
) -> pa.RecordBatch:
    """The readings whose key and content are neither in the log nor among those before them."""
    rows = list(rows_of(batch))
    newest = {device_id: count.sampled_at_ms for device_id, count in counts.items()}
    old = [row for row in rows if (last := newest[row[0]]) is not None and row[1] <= last]
    known = _known_rows(connection, old)
    known |= sqlite_batches.repeats(connection, old) if old else set()
    return batch_of([row for row in dict.fromkeys(rows) if row not in known])


def _known_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> set[Row]:
    """Which of `rows` are there already; a broker repeats what is still in batches, so few are looked up."""
    newest = {
        device_id: connection.execute(_NEWEST_ROW, (device_id,)).fetchone()[0]
        for device_id in {row[0] for row in rows}
    }
    return {
        row
        for row in rows
        if (last := newest[row[0]]) is not None
        and row[1] <= last
        and connection.execute(_IS_KNOWN, row).fetchone()
    }


def _parts(connection: sqlite3.Connection, after: int, up_to: int) -> Iterator[pa.RecordBatch]:
    """The readings in (after, up_to], in order: batches as they are, and what lies between them."""
    for first, batch in sqlite_batches.read_after(connection, after):
        if first > up_to:
            break
        yield from _single(connection, after, first - 1)
        part = batch.slice(0, up_to + 1 - first)
        yield placed(np.arange(first, first + part.num_rows), part)
        after = first + batch.num_rows - 1
    yield from _single(connection, after, up_to)


def _single(connection: sqlite3.Connection, after: int, up_to: int) -> Iterator[pa.RecordBatch]:
    if rows := connection.execute(_READ_RUN, (after, up_to)).fetchall() if after < up_to else []:
        positions, *columns = zip(*rows, strict=True)
        yield placed(positions, batch_of_columns(columns))
