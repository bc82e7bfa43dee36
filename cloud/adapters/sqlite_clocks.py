"""Clocks that are ahead, counted as readings come in: only then can it be seen, for the lake has no arrival.

A round without such a reading costs one look at its newest stamp. Old readings say nothing of a clock:
gateways keep them while the cloud is away.
"""

import sqlite3
from typing import Final

import numpy as np

from cloud.seq_gaps import AheadCount, Arrivals

AHEAD_MS: Final = 10 * 60 * 1000
"""So far ahead of ours a clock is wrong [ms]; advice passes over such readings, too."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS clocks_ahead (
    device_id TEXT PRIMARY KEY, readings INTEGER NOT NULL, worst_s REAL NOT NULL
) WITHOUT ROWID;
"""
_COUNT: Final = """
INSERT INTO clocks_ahead VALUES (?, 1, ?)
ON CONFLICT DO UPDATE SET readings = readings + 1, worst_s = max(worst_s, excluded.worst_s)
"""


def note(connection: sqlite3.Connection, arrivals: Arrivals, received_at_ms: int | None) -> None:
    """Count those of some readings that are ahead of the time at which they came, by device."""
    if received_at_ms is None or not arrivals.devices:
        return
    ahead = np.flatnonzero(arrivals.times_ms > received_at_ms + AHEAD_MS)
    if not ahead.size:
        return
    ahead_s = (arrivals.times_ms[ahead] - received_at_ms) / 1000
    devices = [arrivals.devices[code] for code in arrivals.codes[ahead]]
    connection.executemany(_COUNT, list(zip(devices, ahead_s.tolist(), strict=True)))


def counts(connection: sqlite3.Connection) -> dict[str, AheadCount]:
    """What was counted, by device."""
    return {row[0]: AheadCount(*row[1:]) for row in connection.execute("SELECT * FROM clocks_ahead")}
