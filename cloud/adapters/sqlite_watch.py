"""A watch on one SQLite file: whether another connection has committed to it since we last asked.

Asking takes some microseconds, a tenth of the smallest query; so who waits for others may ask often.
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from cloud.errors import UnavailableError


class SqliteWatch:
    """Watches a file; used by one thread.

    Args:
        path: The database file; it has to exist when it is first asked about.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None

    def has_changed(self) -> bool:
        """Whether somebody has committed since the last call; True at the first.

        Raises:
            UnavailableError: The file is not there, or cannot be read.
        """
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True)
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise UnavailableError(f"{self._path.name}: {error}") from error
        before, self._version = self._version, int(version)
        return before != self._version

    def close(self) -> None:
        """Stop watching."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
