"""A lock between the processes of one machine that nobody can leave behind."""

import fcntl
from pathlib import Path
from typing import TextIO

from cloud.errors import UnavailableError


class FileLock:
    """Held by one process at a time; the system lets go of it when that ends, however it ends.

    Args:
        path: The file; made with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def try_hold(self) -> bool:
        """Whether it is held by us, from now on or already.

        Raises:
            UnavailableError: The file cannot be made.
        """
        if self._file is not None:
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a")
        except OSError as error:
            raise UnavailableError(f"lock: {error}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let another one hold it."""
        if self._file is not None:
            self._file.close()
            self._file = None
