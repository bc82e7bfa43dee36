"""Removing what devices said from the reading log, so that the file does not hold it any more either."""

from collections.abc import Collection
from typing import Final

from cloud.adapters.sqlite_file import SqliteFile, empty_journal

ROWS: Final = 2000
"""Rows removed in one transaction, so that a commit never waits long for the writer's place."""

_READINGS: Final = """
DELETE FROM readings WHERE position IN (
    SELECT position FROM readings WHERE device_id = ? AND position <= ? LIMIT ?
)
"""
_LETTERS: Final = "DELETE FROM dead_letters WHERE principal = ? OR instr(element, ?) > 0"


def forget_devices(file: SqliteFile, device_ids: Collection[str], up_to: int) -> int:
    """Remove the readings up to a position, events, and dead letters of or about the devices.

    Returns:
        How many readings were removed.

    Raises:
        UnavailableError: Some of it is still there.
    """
    rows = sum(_forget_device(file, device_id, up_to) for device_id in device_ids)
    with file.connection() as connection:
        empty_journal(connection, "reading log")
    return rows


def _forget_device(file: SqliteFile, device_id: str, up_to: int) -> int:
    total = 0
    while True:
        with file.connection() as connection:
            rows = connection.execute(_READINGS, (device_id, up_to, ROWS)).rowcount
        total += rows
        if rows < ROWS:
            break
    with file.transaction() as connection:
        connection.execute("DELETE FROM latest WHERE device_id = ? AND position <= ?", (device_id, up_to))
        connection.execute("DELETE FROM clocks_ahead WHERE device_id = ?", (device_id,))
        connection.execute("DELETE FROM events WHERE device_id = ?", (device_id,))
        connection.execute(_LETTERS, (device_id, f'"{device_id}"'.encode()))
    return total
