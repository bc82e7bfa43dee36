"""A model registry in memory: the test twin."""

from dataclasses import dataclass, field

from typing_extensions import override

from cloud.adapters.file_registry import digests, require_safe_names, require_unaltered
from cloud.errors import ConflictError, NotFoundError
from cloud.ports.models import Alias, Lineage, ModelRegistry, StoredVersion


@dataclass(slots=True)
class MemoryModelRegistry(ModelRegistry):
    """Versions in a dictionary."""

    stored: dict[str, StoredVersion] = field(default_factory=dict[str, StoredVersion])
    aliases: dict[Alias, str | None] = field(default_factory=dict["Alias", "str | None"])

    @override
    def add(self, version: StoredVersion) -> None:
        name = version.lineage.version
        require_safe_names(name, *version.files)
        if name in self.stored:
            raise ConflictError("model", name)
        lineage = version.lineage.model_copy(update={"files": digests(version.files)})
        self.stored[name] = StoredVersion(lineage, dict(version.files))

    @override
    def load(self, version: str) -> StoredVersion:
        stored = self._require(version)
        require_unaltered(stored.lineage, stored.files)
        return stored

    @override
    def versions(self) -> list[Lineage]:
        lineages = (stored.lineage for stored in self.stored.values())
        return sorted(lineages, key=lambda each: (each.created_at, each.version))

    @override
    def resolve(self, alias: Alias) -> str | None:
        return self.aliases.get(alias)

    @override
    def promote(self, version: str, reason: str) -> None:
        self._require(version)
        if self.aliases.get("champion") != version:
            self.aliases["previous"] = self.aliases.get("champion")
        self.aliases["champion"] = version

    @override
    def point(self, alias: Alias, version: str | None) -> None:
        if version is not None:
            self._require(version)
        self.aliases[alias] = version

    def _require(self, version: str) -> StoredVersion:
        require_safe_names(version)
        try:
            return self.stored[version]
        except KeyError:
            raise NotFoundError("model version", version) from None
