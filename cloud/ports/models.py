"""Model registry: immutable versions with their lineage, and the aliases that say which one serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

Alias: TypeAlias = Literal["champion", "challenger", "previous"]


class Lineage(BaseModel):
    """Where a version comes from; enough to make it again."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: str
    parent: str | None
    kind: Literal["base", "train", "fine_tune"]
    created_at: datetime
    data_start: datetime
    data_end: datetime
    rows: int
    homes: int
    parameters: dict[str, Any]
    metrics: dict[str, float]
    seed: int
    files: dict[str, str] = {}
    """SHA-256 of each file, checked on load."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version as stored: its lineage and its files by name (LightGBM text, JSON, Parquet)."""

    lineage: Lineage
    files: Mapping[str, bytes]


class ModelRegistry(Protocol):
    """Versions never change; aliases move atomically."""

    def add(self, version: StoredVersion) -> None:
        """Store a new version.

        Raises:
            ConflictError: The version exists.
        """
        ...

    def load(self, version: str) -> StoredVersion:
        """A version, its files checked against their digests.

        Raises:
            NotFoundError: No such version.
            RejectedError: A file was altered.
        """
        ...

    def versions(self) -> list[Lineage]:
        """All versions, oldest first."""
        ...

    def resolve(self, alias: Alias) -> str | None:
        """The version behind an alias."""
        ...

    def promote(self, version: str, reason: str) -> None:
        """Make `version` the champion and the champion of before `previous`.

        Raises:
            NotFoundError: No such version.
        """
        ...

    def point(self, alias: Alias, version: str | None) -> None:
        """Move an alias (None removes it)."""
        ...
