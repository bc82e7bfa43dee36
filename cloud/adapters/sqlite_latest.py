"""The newest reading of each device in the reading log, and how many of its readings never came.

All functions work inside the caller's transaction.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import Final

from cloud.seq_gaps import SeqCount

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS latest (
    device_id TEXT PRIMARY KEY, position INTEGER NOT NULL, sampled_at_ms INTEGER NOT NULL,
    last_seq INTEGER, missing INTEGER NOT NULL
) WITHOUT ROWID;
"""
_ALL: Final = "SELECT device_id, position, sampled_at_ms, last_seq, missing FROM latest"
_SOME: Final = """
SELECT device_id, position, sampled_at_ms, last_seq, missing FROM latest
WHERE device_id IN (SELECT value FROM json_each(?))
"""
_UPSERT: Final = """
INSERT OR REPLACE INTO latest (device_id, position, sampled_at_ms, last_seq, missing) VALUES (?, ?, ?, ?, ?)
"""


def load(connection: sqlite3.Connection, device_ids: Collection[str]) -> dict[str, SeqCount]:
    """How these devices stand; those that have said nothing stand at the beginning."""
    counts = {device_id: SeqCount() for device_id in device_ids}
    for device_id, *count in connection.execute(_SOME, (json.dumps(list(device_ids)),)):
        counts[device_id] = SeqCount(*count)
    return counts


def load_all(connection: sqlite3.Connection) -> dict[str, SeqCount]:
    """How every device stands."""
    return {device_id: SeqCount(*count) for device_id, *count in connection.execute(_ALL)}


def store(connection: sqlite3.Connection, counts: Mapping[str, SeqCount]) -> None:
    """Write down how these devices stand now."""
    connection.executemany(
        _UPSERT,
        [
            (device_id, count.position, count.sampled_at_ms, count.last_seq, count.missing)
            for device_id, count in counts.items()
            if count.position
        ],
    )
