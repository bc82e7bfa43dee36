"""The registry that the settings name; on first use the shipped champion becomes its first version."""

import threading
from contextlib import suppress

import structlog

from cloud.adapters.lake_files import LocalFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.champion import Champion, package_version
from cloud.config import CloudSettings
from cloud.errors import CloudError, ConflictError
from cloud.ports.models import ModelCatalogue, ModelRegistry, Note

SHIPPED = Note("ac-advisor", "shipped with the program")

PATIENCE_S = 0.25
"""So long a decision waits for a new champion [s]; one that takes longer is taken at the next look."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def open_registry(settings: CloudSettings) -> ModelRegistry:
    """The registry of this installation.

    Raises:
        RejectedError: The key is too short.
    """
    seal = Seal(settings.models_key.get_secret_value().encode())
    if settings.models:
        from cloud.adapters.s3_files import s3_files  # noqa: PLC0415 (boto3 comes with the extra `aws`)

        return StoredModelRegistry(s3_files(settings.models, settings.s3_endpoint_url), seal)
    return StoredModelRegistry(LocalFiles(settings.data_dir / "models"), seal)


def serving_champion(registry: ModelRegistry) -> Champion:
    """The champion of the registry; a registry without one gets the one that is shipped.

    Raises:
        RejectedError: It was altered, or does not fit this version of the program.
    """
    version = registry.resolve("champion")
    if version is None:
        shipped = package_version()
        with suppress(ConflictError):  # another process was quicker
            registry.add(shipped, SHIPPED)
        with suppress(ConflictError):
            registry.promote(shipped.lineage.version, SHIPPED, over=None)
        version = registry.resolve("champion") or shipped.lineage.version
    return Champion.from_stored(registry.load(version))


class ChampionWatch:
    """Sees a new champion; one that cannot be had is logged once, and the one that serves goes on.

    It looks in a thread of its own: who decides does not wait for a registry on the network.

    Args:
        registry: Where it looks.
    """

    def __init__(self, registry: ModelCatalogue) -> None:
        self._registry = registry
        self._look: threading.Thread | None = None
        self._found: Champion | None = None
        self._complaint = ""

    def newer(self, than: str) -> Champion | None:
        """The champion if it is another one than `than`, can serve, and is there within `PATIENCE_S`."""
        if self._look is None or not self._look.is_alive():
            self._look = threading.Thread(target=self._find, args=(than,), daemon=True)
            self._look.start()
        self._look.join(PATIENCE_S)
        found, self._found = self._found, None
        return found if found is not None and found.version != than else None

    def _find(self, serving: str) -> None:
        try:
            version = self._registry.resolve("champion")
            if version is not None and version != serving:
                self._found = Champion.from_stored(self._registry.load(version))
            self._complaint = ""
        except CloudError as error:
            if str(error) != self._complaint:
                log.warning("champion_not_followed", serving=serving, reason=str(error))
            self._complaint = str(error)
