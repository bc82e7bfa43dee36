"""Salvage: a spool whose file was damaged gives back every row that can still be read.

A torn tail of the write-ahead log needs none of this: SQLite ends the log at the last whole commit. This is
for damaged pages of the file itself. It is kept beside the new one, for whoever wants to look.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import structlog

log = structlog.get_logger()

_TABLES = {"entry": "position", "dead_letter": "arrival", "note": "rowid", "tally": "rowid"}
"""Each table of a spool, and the order in which it is read."""


def mend(path: Path) -> None:
    """Replace a damaged spool by one of all its readable rows; a sound one, or none, stays as it is.

    Raises:
        sqlite3.DatabaseError: It is no database at all.
        OSError: It cannot be moved.
    """
    if not path.exists() or _is_sound(path):
        return
    aside = path.with_suffix(".damaged")
    fresh = path.with_suffix(".mended")
    fresh.unlink(missing_ok=True)
    kept = _copy(path, fresh)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.replace(aside)
    fresh.replace(path)
    log.error("spool_mended", rows_kept=kept, damaged_file=aside.name)


def _is_sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise
        return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT  # a disk that is away is not damage
    finally:
        connection.close()


def _copy(damaged: Path, fresh: Path) -> int:
    source, target = sqlite3.connect(damaged), sqlite3.connect(fresh)
    kept = 0
    try:
        for table, order in _TABLES.items():
            schema = source.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
            if schema is not None:
                target.execute(schema[0])
                kept += _copy_rows(source, target, table, order)
        target.commit()
    finally:
        source.close()
        target.close()
    return kept


def _copy_rows(source: sqlite3.Connection, target: sqlite3.Connection, table: str, order: str) -> int:
    kept = 0
    columns = len(source.execute(f"PRAGMA table_info({table})").fetchall())
    put = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608 (names of ours)
    for direction in ("ASC", "DESC"):  # from both ends up to the damage
        for row in _readable(source, f"SELECT * FROM {table} ORDER BY {order} {direction}"):  # noqa: S608 (likewise)
            kept += target.execute(put, row).rowcount
    return kept


def _readable(source: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    cursor = source.execute(query)
    while True:
        try:
            row = cursor.fetchone()
        except sqlite3.DatabaseError:
            return
        if row is None:
            return
        yield row
