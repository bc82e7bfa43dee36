"""One SQLite file shared by the threads of this process and by the other processes of the machine.

Write-ahead log with `synchronous=FULL`: readers never wait for the writer, and what was committed survives
a power cut.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from cloud.errors import UnavailableError

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for another one [s]; a transaction takes milliseconds."""


ZERO_WHAT_IS_REMOVED = "PRAGMA secure_delete = ON"
"""What was pruned or deleted must not stay in free pages. Some builds of SQLite do so by default (Debian's),
others do not; `FAST` leaves a page that becomes free as it was, and pruning frees whole pages."""


def empty_journal(connection: sqlite3.Connection, purpose: str) -> None:
    """Move the write-ahead log into the file and cut it: it holds older copies of pages.

    Raises:
        UnavailableError: A reader needs it still.
    """
    (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise UnavailableError(f"{purpose}: somebody reads what is to be removed")


class SqliteFile:
    """Connections to one file, each used by one thread at a time.

    Args:
        path: The database file; made with its folder, unless `read_only`.
        purpose: What it holds, for error messages.
        read_only: Never write; the file has to exist when it is first used.
    """

    def __init__(self, path: Path, purpose: str, *, read_only: bool = False) -> None:
        self._path = path
        self._purpose = purpose
        self._read_only = read_only
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has now.

        Raises:
            UnavailableError: The file is locked, full, unreadable or not there.
        """
        try:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._open()
            try:
                yield connection
            finally:
                self._give_back(connection)
        except (sqlite3.OperationalError, OSError) as error:
            raise UnavailableError(f"{self._purpose}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction: all is written when it ends well, nothing otherwise.

        Raises:
            UnavailableError: As `connection`; nothing was written.
        """
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite itself rolls back when the disk is full
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements all see the file as it was at the first of them; only to read.

        Raises:
            UnavailableError: As `connection`.
        """
        with self.connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def close(self) -> None:
        """Close every connection; the file may not be used through this object afterwards."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self) -> sqlite3.Connection:
        if not self._read_only:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        mode = "ro" if self._read_only else "rwc"
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode={mode}",
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        if self._read_only:
            return connection
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(ZERO_WHAT_IS_REMOVED)
        except BaseException:
            connection.close()
            raise
        return connection
