"""Which versions may go: old ones that nobody serves, tries or uses any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.model_ledger import TRIALS
from cloud.ports.models import Alias, Lineage, ModelCatalogue, Stage

ALIASES: tuple[Alias, ...] = ("champion", "challenger", "previous")


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept in any case.

    Attributes:
        newest: So many of the newest versions.
        days: Versions that are not older [days].
    """

    newest: int = 10
    days: int = 90


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether a version goes, and why."""

    version: str
    removed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is decided upon.

    Attributes:
        lineages: Of every version that can be read, in the order in which they came.
        stages: Of every version.
        aliases: Which alias points to a version.
        in_use: Versions that devices act on, with how many devices.
    """

    lineages: Sequence[Lineage]
    stages: Mapping[str, Stage]
    aliases: Mapping[str, Alias]
    in_use: Mapping[str, int]


def shelf(registry: ModelCatalogue, in_use: Mapping[str, int]) -> Shelf:
    """What the registry has now.

    Raises:
        RejectedError: A version was altered; so nothing is removed before somebody has looked.
    """
    stages = registry.stages()
    aliases = {version: alias for alias in ALIASES if (version := registry.resolve(alias)) is not None}
    return Shelf([registry.lineage(version) for version in stages], stages, aliases, in_use)


def fates(shelf: Shelf, retention: Retention, now: datetime) -> list[Fate]:
    """What becomes of every version."""
    newest = (
        {each.version for each in shelf.lineages[-retention.newest :]} if retention.newest else set[str]()
    )
    parents = {each.parent: each.version for each in shelf.lineages if each.version in shelf.aliases}
    decided = []
    for lineage in shelf.lineages:
        version = lineage.version
        age_days = (now - lineage.created_at) // timedelta(days=1)
        kept = _why_kept(version, shelf)
        if kept is None and version in parents:
            kept = f"{parents[version]} was made from it, which is the {shelf.aliases[parents[version]]}"
        if kept is None and version in newest:
            kept = f"among the newest {retention.newest}"
        if kept is None and age_days <= retention.days:
            kept = f"made {age_days} days ago"
        gone = f"{shelf.stages[version]}, made {age_days} days ago, used by nobody"
        decided.append(Fate(version, removed=kept is None, reason=gone if kept is None else kept))
    return decided


def _why_kept(version: str, shelf: Shelf) -> str | None:
    if version in shelf.aliases:
        return f"the {shelf.aliases[version]}"
    if shelf.stages[version] in TRIALS:
        return f"on trial: {shelf.stages[version]}"
    if shelf.stages[version] == "waiting":
        return "waits to be tried"
    devices = shelf.in_use.get(version, 0)
    return f"the newest advice of {devices} devices is by it" if devices else None
