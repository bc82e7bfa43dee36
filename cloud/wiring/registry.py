"""The registry of a data directory: on first use the shipped champion becomes its first version."""

from contextlib import suppress

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
        with suppress(ConflictError):  # another process was quicker
            registry.add(shipped)
        version = shipped.lineage.version
        registry.promote(version, "shipped with the program")
    return Champion.from_stored(registry.load(version))
