"""The registry of a data directory: on first use the shipped champion becomes its first version."""

from cloud.champion import Champion, package_version
from cloud.errors import ConflictError
from cloud.ports.models import ModelRegistry


def serving_champion(registry: ModelRegistry) -> Champion:
    """The champion of the registry; a registry without one gets the one that is shipped.

    Raises:
        RejectedError: It was altered, or does not fit this version of the program.
    """
    version = registry.resolve("champion")
    if version is None:
        shipped = package_version()
        try:
            registry.add(shipped)
        except ConflictError:
            pass  # another process was quicker
        version = shipped.lineage.version
        registry.promote(version, "shipped with the program")
    return Champion.from_stored(registry.load(version))
