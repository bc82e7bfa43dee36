"""A model registry in plain files: one directory a version, written aside and renamed into place."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from cloud.errors import ConflictError, NotFoundError, RejectedError
from cloud.ports.models import Alias, Lineage, ModelRegistry, StoredVersion

MANIFEST = "manifest.json"
ALIASES = "aliases.json"

SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)


class AlteredFileError(RejectedError):
    """A stored file is not the one that was stored."""

    def __init__(self, version: str, name: str) -> None:
        super().__init__(f"{name} of model version {version} was altered; restore it or roll back")


class UnsafeNameError(RejectedError):
    """A name that could stand for another place than its own."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:140]!r} is no name: 1 to 128 letters, digits and . _ -, not beginning with a dot"
        )


def require_safe_names(*names: str) -> None:
    """Check names of versions and files before they become paths.

    Raises:
        UnsafeNameError: One could lead elsewhere, or be taken for a file of the registry.
    """
    for name in names:
        if not SAFE_NAME.fullmatch(name):
            raise UnsafeNameError(name)


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def require_unaltered(lineage: Lineage, files: Mapping[str, bytes]) -> None:
    """Check files against the digests of their manifest.

    Raises:
        AlteredFileError: One differs or is missing.
    """
    for name, digest in lineage.files.items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != digest:
            raise AlteredFileError(lineage.version, name)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FileModelRegistry(ModelRegistry):
    """Versions below one directory.

    Args:
        directory: Made when it is not there.
        now: Clock of the history of aliases.
    """

    def __init__(self, directory: Path, now: Callable[[], datetime] = _utc_now) -> None:
        self._directory = directory
        self._now = now

    @override
    def add(self, version: StoredVersion) -> None:
        name = version.lineage.version
        require_safe_names(name, *version.files)
        target = self._directory / name
        if target.exists():
            raise ConflictError("model", name)
        self._directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self._directory))
        lineage = version.lineage.model_copy(update={"files": digests(version.files)})
        for file, content in {**version.files, MANIFEST: lineage.model_dump_json(indent=1).encode()}.items():
            _write_synced(aside / file, content)
        _sync_directory(aside)
        try:
            aside.rename(target)
        except OSError as error:
            shutil.rmtree(aside)
            raise ConflictError("model", name) from error
        _sync_directory(self._directory)

    @override
    def load(self, version: str) -> StoredVersion:
        lineage = self._lineage(version)
        folder = self._directory / version
        files = {name: (folder / name).read_bytes() for name in lineage.files if (folder / name).exists()}
        require_unaltered(lineage, files)
        return StoredVersion(lineage, files)

    @override
    def versions(self) -> list[Lineage]:
        names = [path.parent.name for path in self._directory.glob(f"[!.]*/{MANIFEST}")]
        return sorted(
            (self._lineage(name) for name in names), key=lambda each: (each.created_at, each.version)
        )

    @override
    def resolve(self, alias: Alias) -> str | None:
        version: str | None = self._aliases()["now"].get(alias)
        return version

    @override
    def promote(self, version: str, reason: str) -> None:
        self._lineage(version)
        with self._changing_aliases() as aliases:
            now = aliases["now"]
            if now.get("champion") != version:
                now["previous"] = now.get("champion")
            now["champion"] = version
            self._note(aliases, "champion", version, reason)

    @override
    def point(self, alias: Alias, version: str | None) -> None:
        if version is not None:
            self._lineage(version)
        with self._changing_aliases() as aliases:
            aliases["now"][alias] = version
            self._note(aliases, alias, version, "")

    def history(self) -> list[dict[str, Any]]:
        """What each alias pointed to, when, and why; oldest first."""
        return list(self._aliases()["history"])

    def _lineage(self, version: str) -> Lineage:
        require_safe_names(version)
        try:
            return Lineage.model_validate_json((self._directory / version / MANIFEST).read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError("model version", version) from error
        except ValidationError as error:
            raise AlteredFileError(version, MANIFEST) from error

    def _aliases(self) -> dict[str, Any]:
        try:
            aliases: dict[str, Any] = json.loads((self._directory / ALIASES).read_text())
        except FileNotFoundError:
            return {"now": {}, "history": []}
        return aliases

    @contextmanager
    def _changing_aliases(self) -> Iterator[dict[str, Any]]:
        """One process at a time; a reader sees the old file or the new one."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            aliases = self._aliases()
            yield aliases
            aside = self._directory / f".{ALIASES}"
            _write_synced(aside, json.dumps(aliases, indent=1).encode())
            aside.replace(self._directory / ALIASES)
            _sync_directory(self._directory)

    def _note(self, aliases: dict[str, Any], alias: Alias, version: str | None, reason: str) -> None:
        entry = {"at": self._now().isoformat(), "alias": alias, "version": version, "reason": reason}
        aliases["history"].append(entry)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
