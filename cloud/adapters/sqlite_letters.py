"""Dead letters in the reading log's file, by connections and transactions of that file's owner."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from cloud.ports.telemetry import DeadLetter, LetterQuery
from cloud.reading_rows import ceiling_milliseconds, instant_of, milliseconds

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS dead_letters (
    letter_id TEXT PRIMARY KEY, received_at_ms INTEGER NOT NULL, topic TEXT NOT NULL, principal TEXT NOT NULL,
    reason TEXT NOT NULL, element_index INTEGER, element BLOB NOT NULL, times INTEGER NOT NULL
)
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS dead_letters_by_time ON dead_letters (received_at_ms)"
_HAS_REPLAYED: Final = "SELECT 1 FROM pragma_table_info('dead_letters') WHERE name = 'replayed_at_ms'"
_UPSERT: Final = """
INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, 1, NULL)
ON CONFLICT DO UPDATE SET
    times = times + 1, received_at_ms = excluded.received_at_ms, reason = excluded.reason,
    replayed_at_ms = NULL
"""
_MATCHING: Final = """
FROM dead_letters
WHERE substr(letter_id, 1, length(:letter_id)) = :letter_id
  AND (:reason = '' OR instr(reason, :reason) > 0)
  AND (:topic = '' OR instr(topic, :topic) > 0)
  AND (:principal = '' OR principal = :principal)
  AND (:since_ms IS NULL OR received_at_ms >= :since_ms)
  AND (:replayed IS NULL OR (replayed_at_ms IS NOT NULL) = :replayed)
  AND (:after_ms IS NULL OR (received_at_ms, letter_id) < (:after_ms, :after_id))
"""
_SELECT: Final = f"""
SELECT letter_id, received_at_ms, topic, principal, reason, element_index, element, times, replayed_at_ms
{_MATCHING} ORDER BY received_at_ms DESC, letter_id DESC LIMIT :limit
"""
_REASONS: Final = f"SELECT reason, count(*) {_MATCHING} GROUP BY reason ORDER BY count(*) DESC, reason"
_MARK: Final = "UPDATE dead_letters SET replayed_at_ms = ? WHERE letter_id = ? AND replayed_at_ms IS NULL"
_REFUSE: Final = "UPDATE dead_letters SET reason = ? WHERE letter_id = ? AND replayed_at_ms IS NULL"


def prepare(connection: sqlite3.Connection) -> None:
    """Make the table; one of an earlier version gets the column that says when a letter was replayed."""
    connection.execute(_TABLE)
    connection.execute(_INDEX)
    if connection.execute(_HAS_REPLAYED).fetchone() is None:
        connection.execute("ALTER TABLE dead_letters ADD COLUMN replayed_at_ms INTEGER")


def put(connection: sqlite3.Connection, letters: Iterable[DeadLetter]) -> None:
    """Keep `letters`; one that is there counts up, and is open again."""
    connection.executemany(_UPSERT, map(_row, letters))


def select(connection: sqlite3.Connection, query: LetterQuery, limit: int) -> list[DeadLetter]:
    """The letters that match, the newest first."""
    rows = connection.execute(_SELECT, {**_parameters(query), "limit": limit}).fetchall()
    return [_letter(row) for row in rows]


def reasons(connection: sqlite3.Connection, query: LetterQuery) -> dict[str, int]:
    """How many of those that match have each reason, the most frequent first."""
    return dict(connection.execute(_REASONS, _parameters(query)).fetchall())


def mark_replayed(connection: sqlite3.Connection, letter_id: str, at: datetime) -> bool:
    """Mark an open letter; False when there is none of this id."""
    return connection.execute(_MARK, (milliseconds(at), letter_id)).rowcount == 1


def refuse_again(connection: sqlite3.Connection, letter_id: str, reason: str) -> None:
    """Give an open letter another reason."""
    connection.execute(_REFUSE, (reason, letter_id))


def _parameters(query: LetterQuery) -> dict[str, Any]:
    return {
        "letter_id": query.letter_id,
        "reason": query.reason,
        "topic": query.topic,
        "principal": query.principal,
        "since_ms": None if query.since is None else ceiling_milliseconds(query.since),
        "replayed": query.replayed,
        "after_ms": None if query.after is None else milliseconds(query.after[0]),
        "after_id": "" if query.after is None else query.after[1],
    }


def _row(letter: DeadLetter) -> tuple[str, int, str, str, str, int | None, bytes]:
    return (
        letter.letter_id,
        milliseconds(letter.received_at),
        letter.topic,
        letter.principal,
        letter.reason,
        letter.index,
        letter.element,
    )


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    letter_id, received_at_ms, *plain, replayed_at_ms = row
    replayed_at = None if replayed_at_ms is None else instant_of(replayed_at_ms)
    return replace(DeadLetter(letter_id, instant_of(received_at_ms), *plain), replayed_at=replayed_at)
