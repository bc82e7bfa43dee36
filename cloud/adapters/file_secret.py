"""A secret document in a file that its owner alone can read."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from typing_extensions import override

from cloud.errors import UnavailableError
from cloud.ports.secrets import SecretDocument


class FileSecret(SecretDocument):
    """A `SecretDocument` for the processes of one machine.

    Args:
        path: The file; its folder is made when there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def read(self) -> tuple[bytes, str] | None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            if self._path.parent.exists():
                return None
            raise UnavailableError(f"{self._path.parent} is not there") from None
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error}") from error
        return content, sha256(content).hexdigest()

    @override
    def replace(self, content: bytes, over: str) -> bool:
        try:
            with _locked(self._path.parent):
                found = self.read()
                if over != ("" if found is None else found[1]):
                    return False
                self._write(content)
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error}") from error
        return True

    def _write(self, content: bytes) -> None:
        """Replace the file in one step, so that nobody reads half of it."""
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def file_secret(path: Path) -> FileSecret:
    """The document in a file; its folder is made, for nobody else to look into."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileSecret(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against other processes; a lock that its holder's death releases."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
