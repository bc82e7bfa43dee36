"""A spool in one SQLite file: write-ahead log, synced at each commit, so that a power cut loses nothing.

One connection commits (synced) and another removes (not synced: a removal that is lost in a power cut means
that some readings are sent twice, which is allowed, and saves half of the syncs).
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from typing_extensions import override

from edge.contract import DeviceId
from edge.contract.topics import owner
from edge.errors import SpoolFullError, SpoolUnavailableError
from edge.ports import STRANGER, Archive, DeadLetter, Entry, Intake, Spool, Spooled, Standing

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY, device_id TEXT NOT NULL, kind TEXT NOT NULL,
    readings INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS dead_letter (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT, letter_id TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL,
    topic TEXT NOT NULL, principal TEXT NOT NULL, reason TEXT NOT NULL, place INTEGER, element BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS note (device_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
"""

_PUT_ENTRY = "INSERT INTO entry (position, device_id, kind, readings, body) VALUES (?, ?, ?, ?, ?)"

_PUT_LETTER = """
INSERT INTO dead_letter (letter_id, received_at, topic, principal, reason, place, element)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (letter_id) DO NOTHING
"""

_PUT_NOTE = "INSERT OR REPLACE INTO note (device_id, body) VALUES (?, ?)"

_TOPICS = "SELECT DISTINCT topic FROM dead_letter WHERE reason NOT LIKE ?"
_DROP_LETTERS = "DELETE FROM dead_letter WHERE topic = ? AND reason NOT LIKE ?"

_DROP_OLD_LETTERS = """
DELETE FROM dead_letter WHERE arrival IN (
    SELECT arrival FROM (
        SELECT arrival, sum(length(element)) OVER (ORDER BY arrival DESC) AS running FROM dead_letter
    ) WHERE running > ?
)
"""


class SqliteSpool(Spool, Archive):
    """A spool that survives kill -9 and power cuts.

    Args:
        path: The file; made when it is not there.
        limit_bytes: Entries beyond this are refused [bytes].
        letters_limit_bytes: Dead letters beyond this push out the oldest [bytes].

    Raises:
        SpoolUnavailableError: The file cannot be opened.
    """

    def __init__(self, path: Path, limit_bytes: int = 2**30, letters_limit_bytes: int = 2**24) -> None:
        self._limit_bytes = limit_bytes
        self._letters_limit_bytes = letters_limit_bytes
        self._lock = threading.Lock()
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._committer = _connect(path, "FULL")
            self._committer.executescript(_SCHEMA)
            self._remover = _connect(path, "NORMAL")
            last, readings, size = self._remover.execute(
                "SELECT coalesce(max(position), 0), coalesce(sum(readings), 0),"
                " coalesce(sum(length(body)), 0) FROM entry"
            ).fetchone()
            self._count_letters()
        self._last, self._readings, self._size = int(last), int(readings), int(size)

    @override
    def commit(self, intake: Intake) -> None:
        readings = sum(entry.readings for entry in intake.entries)
        added = sum(len(entry.body) for entry in intake.entries)
        with self._lock:
            if added and self._size + added > self._limit_bytes:
                raise SpoolFullError(self._size, self._limit_bytes)
            with _translated(), _transaction(self._committer):
                self._write(intake)
            self._last += len(intake.entries)
            self._readings += readings
            self._size += added

    @override
    def peek(self, limit_bytes: int) -> list[Spooled]:
        total = 0
        window: list[Spooled] = []
        query = "SELECT position, device_id, kind, body, readings FROM entry ORDER BY position"
        with _translated():
            cursor = self._remover.execute(query)
            for position, *fields in cursor:
                entry = Entry(*fields)
                total += len(entry.body)
                if window and total > limit_bytes:
                    break
                window.append(Spooled(position, entry))
            cursor.close()
        return window

    @override
    def remove(self, through: int) -> None:
        going = (
            "SELECT coalesce(sum(readings), 0), coalesce(sum(length(body)), 0) FROM entry WHERE position <= ?"
        )
        with self._lock, _translated():
            with _transaction(self._remover):
                readings, size = self._remover.execute(going, (through,)).fetchone()
                self._remover.execute("DELETE FROM entry WHERE position <= ?", (through,))
            self._readings -= readings
            self._size -= size

    @override
    def standing(self) -> Standing:
        return Standing(self._readings, self._size, self._letters)

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        query = (
            "SELECT letter_id, received_at, topic, principal, reason, place, element"
            " FROM dead_letter ORDER BY arrival DESC LIMIT ?"
        )
        with self._lock, _translated():
            rows = self._committer.execute(query, (limit,)).fetchall()
        return [DeadLetter(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]

    @override
    def notes(self) -> dict[DeviceId, bytes]:
        with self._lock, _translated():
            return dict(self._committer.execute("SELECT device_id, body FROM note").fetchall())

    @override
    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        kept = set(device_ids)
        with self._lock, _translated():
            with _transaction(self._committer):
                noted = {name for (name,) in self._committer.execute("SELECT device_id FROM note")}
                topics_of = self._committer.execute(_TOPICS, (f"%{STRANGER}",)).fetchall()
                gone = [(topic,) for (topic,) in topics_of if owner(topic) not in kept]
                self._committer.executemany(
                    "DELETE FROM note WHERE device_id = ?", [(name,) for name in noted - kept]
                )
                self._committer.executemany(_DROP_LETTERS, [(topic, f"%{STRANGER}") for (topic,) in gone])
                self._count_letters()
            if gone or noted - kept:
                self._committer.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # it holds older copies of pages

    def close(self) -> None:
        """Close the file; everything is in it."""
        with self._lock:
            self._remover.close()
            self._committer.close()

    def _write(self, intake: Intake) -> None:
        self._committer.executemany(
            _PUT_ENTRY,
            (
                (position, entry.device_id, entry.kind, entry.readings, entry.body)
                for position, entry in enumerate(intake.entries, self._last + 1)
            ),
        )
        self._committer.executemany(_PUT_NOTE, intake.notes.items())
        if intake.dead_letters:
            self._committer.executemany(_PUT_LETTER, (_letter_row(each) for each in intake.dead_letters))
            self._committer.execute(_DROP_OLD_LETTERS, (self._letters_limit_bytes,))
            self._count_letters()

    def _count_letters(self) -> None:
        (self._letters,) = self._committer.execute("SELECT count(*) FROM dead_letter").fetchone()


def _letter_row(letter: DeadLetter) -> tuple[str | int | bytes | None, ...]:
    return (
        letter.letter_id,
        letter.received_at.isoformat(),
        letter.topic,
        letter.principal,
        letter.reason,
        letter.index,
        letter.element,
    )


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection that any thread may use (each of the two has one user at a time)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA secure_delete = ON")  # what is removed must not stay in free pages
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SpoolUnavailableError(str(error)) from error
