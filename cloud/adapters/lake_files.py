"""Where the lake's files are: each is made once, whole or not at all, never changed, and removed one day."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from cloud.errors import NotFoundError, UnavailableError


class NotMadeError(UnavailableError):
    """A file was certainly not made, such as on a full disk."""


class LakeFiles(Protocol):
    """Files by name, such as `day=2025-07-01/bucket=03/run-7.parquet`."""

    def create(self, name: str, data: bytes) -> bool:
        """Make a file that appears whole and stays after a power cut; False when there is one already.

        Raises:
            NotMadeError: It was not made.
            UnavailableError: It is not certain that it was made.
        """
        ...

    def read(self, name: str) -> bytes:
        """What a file holds.

        Raises:
            NotFoundError: It is not there.
            UnavailableError: It cannot be told now.
        """
        ...

    def names(self, prefix: str = "", after: str = "") -> list[str]:
        """The files whose names begin with `prefix` and sort behind `after`, ascending.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Remove files; those that are gone already are no error.

        Raises:
            UnavailableError: Some of them are still there.
        """
        ...

    def close(self) -> None:
        """Give back connections; the files may not be used through this object afterwards."""
        ...

    def local(self, names: Sequence[str]) -> AbstractContextManager[list[str]]:
        """Paths on this machine under which the files can be read while the context lasts.

        Raises:
            NotFoundError: One of them is not there.
            UnavailableError: They cannot be had now.
        """
        ...


class LocalFiles(LakeFiles):
    """Files in a folder of this machine; any number of processes.

    Args:
        root: The folder; made when the first file is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @override
    def create(self, name: str, data: bytes) -> bool:
        path = self.root / name
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        try:
            _make_folder(path.parent)
            _write(temporary, data)
            os.link(temporary, path)  # unlike a rename it never replaces
        except FileExistsError:
            return False
        except OSError as error:
            raise NotMadeError(f"lake: {error}") from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        try:
            _sync_folder(path.parent)
        except OSError as error:
            raise UnavailableError(f"lake: {error}") from error
        return True

    @override
    def read(self, name: str) -> bytes:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("file of the lake", name) from error
        except OSError as error:
            raise UnavailableError(f"lake: {error}") from error

    @override
    def names(self, prefix: str = "", after: str = "") -> list[str]:
        folder, _, start = prefix.rpartition("/")
        try:
            found = _below(self.root / folder, f"{folder}/" if folder else "", start)
            return sorted(name for name in found if name > after)
        except OSError as error:
            raise UnavailableError(f"lake: {error}") from error

    @override
    def remove(self, names: Sequence[str]) -> None:
        try:
            for name in names:
                (self.root / name).unlink(missing_ok=True)
            for folder in {(self.root / name).parent for name in names}:
                if folder.is_dir():
                    _sync_folder(folder)
                _remove_empty(folder, self.root)
        except OSError as error:
            raise UnavailableError(f"lake: {error}") from error

    @override
    def close(self) -> None:
        """There is nothing to give back."""

    @contextmanager
    @override
    def local(self, names: Sequence[str]) -> Iterator[list[str]]:
        yield [str(self.root / name) for name in names]


def _below(folder: Path, prefix: str, start: str) -> Iterator[str]:
    """The names of all files below a folder; of its own entries only those that begin with `start`."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(start):
                if entry.is_dir():
                    yield from _below(folder / entry.name, f"{prefix}{entry.name}/", "")
                else:
                    yield prefix + entry.name


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder that stays after a power cut: its name is in its parent's data."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove partitions that hold nothing any more; a writer that loses its folder so writes again."""
    with suppress(OSError):  # not empty
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
