"""Cohorts: homes that are likely to change together, by where they are and by what machine they have."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Protocol

FLEET: Final = "fleet"
"""All homes."""

CELL_DEG: Final = 5.0
"""Side of a region [°]: 550 km north to south, within which weather comes to all in the same days."""

MIN_HOMES: Final = 8
"""A smaller cohort says more about its people than about what they have in common."""


class Installed(Protocol):
    """What an installer knows of a home."""

    @property
    def latitude_deg(self) -> float:
        """North is positive [°]."""
        ...

    @property
    def longitude_deg(self) -> float:
        """East is positive [°]."""
        ...

    @property
    def inverter(self) -> bool | None:
        """Whether the machine's speed varies; None: nobody has told."""
        ...


Cohorts = Mapping[str, frozenset[str]]
"""Device ids by the name of the cohort."""


def cohorts_of(installations: Mapping[str, Installed]) -> dict[str, frozenset[str]]:
    """The fleet, its regions and its kinds of machines; one that is the whole fleet, or too small, is none.

    Args:
        installations: By device id.
    """
    members = defaultdict[str, set[str]](set)
    for device_id, installation in installations.items():
        members[region_of(installation)].add(device_id)
        members[f"machine {_machine(installation)}"].add(device_id)
    everybody = frozenset(installations)
    parts = {name: frozenset(members[name]) for name in sorted(members)}
    return {FLEET: everybody} | {
        name: ids for name, ids in parts.items() if len(ids) >= MIN_HOMES and ids != everybody
    }


def region_of(installation: Installed) -> str:
    """The region of a home, named by its south-western corner."""
    south, west = (
        CELL_DEG * (degrees // CELL_DEG)
        for degrees in (installation.latitude_deg, installation.longitude_deg)
    )
    return f"region {south:+.0f}{west:+.0f}"


def _machine(installation: Installed) -> str:
    return {True: "inverter", False: "single speed", None: "unknown"}[installation.inverter]
