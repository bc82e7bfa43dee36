"""A spool in one SQLite file: write-ahead log, synced at each commit, so that a power cut loses nothing.

One connection commits (synced) and another removes (not synced: a removal that is lost in a power cut means
that some readings are sent twice, which is allowed, and saves half of the syncs).
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from edge.adapters.spool_salvage import mend
from edge.contract import DeviceId
from edge.errors import SpoolFullError, SpoolUnavailableError
from edge.ports import (
    STRANGER,
    Archive,
    DeadLetter,
    Entry,
    Intake,
    Policy,
    Spool,
    Spooled,
    Standing,
    concerned,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY, device_id TEXT NOT NULL, kind TEXT NOT NULL,
    readings INTEGER NOT NULL, body BLOB NOT NULL, spooled_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS awaited ON entry (position) WHERE kind <> 'readings';
CREATE TABLE IF NOT EXISTS dead_letter (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT, letter_id TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL,
    topic TEXT NOT NULL, principal TEXT NOT NULL, reason TEXT NOT NULL, place INTEGER, element BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS note (device_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO tally VALUES ('dropped_readings', 0);
"""

_ADD_TIME = "ALTER TABLE entry ADD COLUMN spooled_ms INTEGER NOT NULL DEFAULT 0"
"""For a spool that an earlier version made."""

_PUT_ENTRY = """
INSERT INTO entry (position, device_id, kind, readings, body, spooled_ms) VALUES (?, ?, ?, ?, ?, ?)
"""

_SUM = "SELECT coalesce(sum(readings), 0), coalesce(sum(length(body)), 0) FROM"
_SUMS = f"{_SUM} entry"

_AWAITED, _READINGS = "entry INDEXED BY awaited WHERE kind <> 'readings'", "entry WHERE kind = 'readings'"
"""What goes first, found without a look at the readings, which may be millions; and the rest."""

_OLDEST = "SELECT position, readings, length(body) FROM entry ORDER BY position"

_PUT_LETTER = """
INSERT INTO dead_letter (letter_id, received_at, topic, principal, reason, place, element)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (letter_id) DO NOTHING
"""

_PUT_NOTE = "INSERT OR REPLACE INTO note (device_id, body) VALUES (?, ?)"

_SENDERS = "SELECT DISTINCT topic, principal FROM dead_letter WHERE reason NOT LIKE ?"
_DROP_LETTERS = "DELETE FROM dead_letter WHERE topic = ? AND principal = ? AND reason NOT LIKE ?"

_DROP_OLD_LETTERS = """
DELETE FROM dead_letter WHERE arrival IN (
    SELECT arrival FROM (
        SELECT arrival, sum(length(element)) OVER (ORDER BY arrival DESC) AS running FROM dead_letter
    ) WHERE running > ?
)
"""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteSpool(Spool, Archive):
    """A spool that survives kill -9 and power cuts.

    Args:
        path: The file; made when it is not there.
        limit_bytes: Entries beyond this are refused [bytes].
        letters_limit_bytes: Dead letters beyond this push out the oldest [bytes].
        policy: What happens to entries beyond the limit, instead of refusing them.
        now: The clock (UTC).

    Raises:
        SpoolUnavailableError: The file cannot be opened, or is none of ours.
    """

    def __init__(
        self,
        path: Path,
        limit_bytes: int = 2**30,
        letters_limit_bytes: int = 2**24,
        *,
        policy: Policy = "refuse",
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._letters_limit_bytes = letters_limit_bytes
        self._policy = policy
        self._now = now
        self._lock = threading.Lock()
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            mend(path)
            self._committer = _connect(path, "FULL")
            self._committer.executescript(_SCHEMA)
            if "spooled_ms" not in {row[1] for row in self._committer.execute("PRAGMA table_info(entry)")}:
                self._committer.execute(_ADD_TIME)
            self._remover = _connect(path, "NORMAL")
            (self._last,) = self._remover.execute("SELECT coalesce(max(position), 0) FROM entry").fetchone()
            self._readings, self._size = self._remover.execute(_SUMS).fetchone()
            self._count_letters()
            (self._dropped,) = self._committer.execute("SELECT count FROM tally").fetchone()

    @override
    def commit(self, intake: Intake) -> None:
        readings = sum(entry.readings for entry in intake.entries)
        added = sum(len(entry.body) for entry in intake.entries)
        with self._lock:
            self._require_room(added)
            with _translated(), _transaction(self._committer):
                gone_readings, gone_size = self._make_room(added)
                self._write(intake)
            self._last += len(intake.entries)
            self._readings += readings - gone_readings
            self._size += added - gone_size
            self._dropped += gone_readings

    @override
    def peek(self, limit_bytes: int) -> list[Spooled]:
        total = 0
        window: list[Spooled] = []
        with _translated(), closing(self._remover.cursor()) as cursor:
            for position, *fields in _waiting(cursor):
                entry = Entry(*fields)
                total += len(entry.body)
                if window and total > limit_bytes:
                    break
                window.append(Spooled(position, entry))
        return window

    @override
    def remove(self, window: Sequence[Spooled]) -> None:
        with self._lock, _translated():
            readings = size = 0
            with _transaction(self._remover):
                for rows, is_awaited in ((_AWAITED, True), (_READINGS, False)):
                    last = max((each.position for each in window if each.is_awaited == is_awaited), default=0)
                    going = self._remover.execute(f"{_SUM} {rows} AND position <= ?", (last,)).fetchone()
                    readings, size = readings + going[0], size + going[1]
                    self._remover.execute(f"DELETE FROM {rows} AND position <= ?", (last,))  # noqa: S608 (ours)
            self._readings -= readings
            self._size -= size

    @override
    def standing(self) -> Standing:
        with self._lock, _translated():
            oldest = self._committer.execute(
                "SELECT spooled_ms FROM entry ORDER BY position LIMIT 1"
            ).fetchone()
        oldest_at = None if oldest is None else datetime.fromtimestamp(oldest[0] / 1000, UTC)
        return Standing(self._readings, self._size, self._letters, oldest_at, self._dropped)

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
                senders = self._committer.execute(_SENDERS, (f"%{STRANGER}",)).fetchall()
                gone = [sender for sender in senders if concerned(*sender) not in kept]
                self._committer.executemany(
                    "DELETE FROM note WHERE device_id = ?", [(name,) for name in noted - kept]
                )
                self._committer.executemany(_DROP_LETTERS, [(*sender, f"%{STRANGER}") for sender in gone])
                self._count_letters()
            if gone or noted - kept:
                self._committer.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # it holds older copies of pages

    def close(self) -> None:
        """Close the file; everything is in it."""
        with self._lock:
            self._remover.close()
            self._committer.close()

    def _require_room(self, added: int) -> None:
        """The policy decides; what is larger than all the room there is is refused by either."""
        fits = self._size + added <= self._limit_bytes
        if added and not fits and (self._policy == "refuse" or added > self._limit_bytes):
            raise SpoolFullError(self._size, self._limit_bytes)

    def _make_room(self, added: int) -> tuple[int, int]:
        """Let the oldest entries go until `added` bytes fit; how many readings and bytes went."""
        too_many = self._size + added - self._limit_bytes
        if not added or too_many <= 0:
            return 0, 0
        through = readings = size = 0
        cursor = self._committer.execute(_OLDEST)
        while size < too_many:
            through, held, length = cursor.fetchone()
            readings, size = readings + held, size + length
        cursor.close()
        self._committer.execute("DELETE FROM entry WHERE position <= ?", (through,))
        self._committer.execute("UPDATE tally SET count = count + ?", (readings,))
        return readings, size

    def _write(self, intake: Intake) -> None:
        spooled_ms = int(self._now().timestamp() * 1000)
        self._committer.executemany(
            _PUT_ENTRY,
            (
                (position, entry.device_id, entry.kind, entry.readings, entry.body, spooled_ms)
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


def _waiting(cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
    """All entries in the order in which they go; readings are looked for when nothing else is left."""
    for rows in (_AWAITED, _READINGS):
        yield from cursor.execute(
            f"SELECT position, device_id, kind, body, readings FROM {rows} ORDER BY position"  # noqa: S608 (ours)
        )


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
