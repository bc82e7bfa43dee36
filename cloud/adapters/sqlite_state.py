"""Serving state in one SQLite file that every process of one machine opens.

Write-ahead log with `synchronous=FULL`: readers never wait for the writer, and what `transact` has written
survives a power cut. One process writes at a time; the others wait up to `BUSY_TIMEOUT_S`. What several
threads of one want to write meanwhile goes with one commit, which is nearly all that a transaction takes.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from typing_extensions import override

from cloud.adapters.sqlite_file import ZERO_WHAT_IS_REMOVED, empty_journal
from cloud.adapters.state_items import Row, encode_writes, holds, microseconds
from cloud.errors import CloudError, ConflictError, UnavailableError
from cloud.ports.state import Item, Key, Put, StateStore, Write

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for the others [s]; a transaction takes a few milliseconds."""

PURGE_EVERY = 1024
"""Transactions of one process between two removals of expired items."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER,
    PRIMARY KEY (pk, sk)
) WITHOUT ROWID
"""
_SCHEMA_EXPIRY = "CREATE INDEX IF NOT EXISTS expiring ON items (expires_at) WHERE expires_at IS NOT NULL"
_GET = "SELECT pk, sk, body, version, expires_at FROM items WHERE pk = ? AND sk = ?"
_QUERY = """
SELECT pk, sk, body, version, expires_at FROM items
WHERE pk = ? AND sk > ? AND sk >= ? AND (expires_at IS NULL OR expires_at > ?)
ORDER BY sk LIMIT ?
"""
_PUT = """
INSERT INTO items (pk, sk, body, version, expires_at) VALUES (?1, ?2, ?3, 1, ?4)
ON CONFLICT DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at,
    version = CASE WHEN expires_at <= ?5 THEN 1 ELSE version + 1 END
"""
_DELETE = "DELETE FROM items WHERE pk = ? AND sk = ?"
_PURGE = "DELETE FROM items WHERE expires_at <= ?"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteStateStore(StateStore):
    """A `StateStore` for any number of threads and processes of one machine.

    Args:
        path: The database file; made, with its folder, when it is not there.
        now: The clock that decides what has expired (UTC).

    Raises:
        UnavailableError: The file cannot be opened or made.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = _utc_now) -> None:
        self._path = path
        self._now = now
        self._idle: list[sqlite3.Connection] = []  # each is used by one thread at a time
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # SQLite's own way to wait for another writer is to sleep and to look
        self._waiting: list[_Transaction] = []
        self._closed = False
        self._transactions = 0
        with self._connection() as connection:
            connection.execute(_SCHEMA)
            connection.execute(_SCHEMA_EXPIRY)

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        return next(self._visible(self._rows(_GET, (pk, sk))), None)

    @override
    def get_each(self, keys: Collection[Key]) -> dict[Key, Item]:
        if not keys:
            return {}
        found = self._rows(_each(len(keys)), [word for key in keys for word in key])
        return {(item.pk, item.sk): item for item in self._visible(found)}

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        now = microseconds(self._now())
        with self._connection() as connection:
            found = connection.execute(_QUERY, (pk, after, prefix, now, max(0, limit))).fetchall()
        # What starts with the prefix stands together at the front of what is not below it.
        return [Row(*row).item() for row in found if row[1].startswith(prefix)]

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        own = _Transaction(list(zip(writes, encode_writes(writes), strict=True)))
        with self._lock:
            self._waiting.append(own)
        with self._turn:
            if not own.is_over:  # else who was before has written it with theirs
                with self._lock:
                    together, self._waiting = self._waiting, []
                self._write(together)
        if own.error is not None:
            raise own.error

    def scrub(self) -> None:
        """Remove what has expired, and empty the write-ahead log, which still holds what was removed.

        Raises:
            UnavailableError: A reader needs it still; scrub again.
        """
        with self._connection() as connection:
            connection.execute(_PURGE, (microseconds(self._now()),))
            empty_journal(connection, "state store")

    def close(self) -> None:
        """Close every connection; the store may not be used afterwards."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _write(self, together: Sequence["_Transaction"]) -> None:
        """All with one commit, since that is what takes time; what one of them may not do is left out."""
        now = microseconds(self._now())
        try:
            with self._connection() as connection, _immediate(connection):
                for each in together:
                    each.run(connection, now)
                self._transactions += 1
                if self._transactions % PURGE_EVERY == 0:
                    connection.execute(_PURGE, (now,))
        except BaseException as error:
            for each in together:
                each.error = UnavailableError(str(error))
            raise
        finally:
            for each in together:
                each.is_over = True

    def _visible(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Item]:
        """The items that have not expired; most never do."""
        for found in rows:
            if found[4] is None:
                yield Item(found[0], found[1], found[2], found[3])
            elif not (row := Row(*found)).expired(microseconds(self._now())):
                yield row.item()

    def _rows(self, question: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        """An answer, as with `_connection`, which costs as much as the question itself."""
        try:
            connection = self._take()
            try:
                found: list[tuple[Any, ...]] = connection.execute(question, values).fetchall()
            finally:
                self._give_back(connection)
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(f"state store: {error}") from error
        return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has; SQLite's own errors become `UnavailableError`."""
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(f"state store: {error}") from error

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        return connection or _open(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


@dataclass(slots=True, eq=False)
class _Transaction:
    """What one caller wants to be written, and what became of it."""

    writes: Sequence[tuple[Write, str | None]]
    error: CloudError | None = None
    is_over: bool = False

    def run(self, connection: sqlite3.Connection, now: int) -> None:
        """Write it, or nothing of it when a condition does not hold."""
        connection.execute("SAVEPOINT own")
        try:
            for write, body in self.writes:
                _do(connection, write, body, now)
        except ConflictError as error:
            self.error = error
            connection.execute("ROLLBACK TO own")
        connection.execute("RELEASE own")


@cache
def _each(count: int) -> str:
    """A question for so many keys: each is looked up; of a list of pairs it would read the whole table."""
    return " UNION ALL ".join([_GET] * count)


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(ZERO_WHAT_IS_REMOVED)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL; the very first switch does not honour the busy timeout, so it is tried again."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


@contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite itself rolls back when the disk is full
            connection.execute("ROLLBACK")
        raise


def _row(connection: sqlite3.Connection, pk: str, sk: str) -> Row | None:
    found = connection.execute(_GET, (pk, sk)).fetchone()
    return None if found is None else Row(*found)


def _do(connection: sqlite3.Connection, write: Write, body: str | None, now: int) -> None:
    if write.if_version is not None:
        row = _row(connection, write.pk, write.sk)
        version = 0 if row is None or row.expired(now) else row.version
        if not holds(write, version):
            raise ConflictError(write.pk, write.sk)
    if isinstance(write, Put):
        expires_at = None if write.expires_at is None else microseconds(write.expires_at)
        connection.execute(_PUT, (write.pk, write.sk, body, expires_at, now))
    else:
        connection.execute(_DELETE, (write.pk, write.sk))
