"""Files in memory: the test twin of those on a disk or on S3."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.errors import NotFoundError


@dataclass(slots=True)
class MemoryFiles(LakeFiles):
    """Files in a dictionary; any number of threads."""

    stored: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _lock: Lock = field(default_factory=Lock)

    @override
    def create(self, name: str, data: bytes) -> bool:
        with self._lock:
            if name in self.stored:
                return False
            self.stored[name] = data
            return True

    @override
    def read(self, name: str) -> bytes:
        try:
            return self.stored[name]
        except KeyError:
            raise NotFoundError("file", name) from None

    @override
    def names(self, prefix: str = "", after: str = "") -> list[str]:
        return sorted(name for name in list(self.stored) if name.startswith(prefix) and name > after)

    @override
    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self.stored.pop(name, None)

    @override
    def close(self) -> None:
        """There is nothing to give back."""

    @contextmanager
    @override
    def local(self, names: Sequence[str]) -> Iterator[list[str]]:
        with tempfile.TemporaryDirectory(prefix="files-") as folder:
            paths = [Path(folder) / str(number) for number in range(len(names))]
            for name, path in zip(names, paths, strict=True):
                path.write_bytes(self.read(name))
            yield [str(path) for path in paths]
