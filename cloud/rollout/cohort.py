"""Cohorts: which homes try a challenger. Drawn once for each challenger; a home stays where it was drawn.

A pure function of the trial's seed and the home. A larger share takes homes in and never lets one out; a home
leaves only when the challenger is withdrawn from its region or its kind of machines, or altogether, and does
not come back.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b

from cloud.ports.records import TrialRecord
from cloud.savings.records import place_of
from cloud.serving import Machine, Profile

REGIONS = ((23.5, "tropics"), (35.0, "subtropics"), (90.0, "temperate"))
"""Regions by distance from the equator [°]: the tropic, and about where subtropical climates end."""


@dataclass(frozen=True, slots=True)
class HomePlace:
    """What is known of a device's home: which it is, how far north and east [°], what machines it has."""

    home_id: str
    latitude_deg: float
    machine: Machine = "unknown"
    longitude_deg: float | None = None

    @classmethod
    def of(cls, profile: Profile) -> "HomePlace":
        """The home of a device."""
        where = profile.installation
        return cls(profile.home_id, where.latitude_deg, profile.home_machine, where.longitude_deg)

    @property
    def degree(self) -> str:
        """The degree around it, in which homes are neighbours; empty: not known."""
        return "" if self.longitude_deg is None else place_of(self.latitude_deg, self.longitude_deg)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of which kinds of homes it is, each of which is judged by itself: its climate, its machines."""
        region = region_of(self.latitude_deg)
        return (region,) if self.machine == "unknown" else (region, f"{self.machine} machines")


def region_of(latitude_deg: float) -> str:
    """In which region a home is."""
    return next(name for limit_deg, name in REGIONS if abs(latitude_deg) <= limit_deg)


def was_drawn(trial: TrialRecord, home_id: str) -> bool:
    """Whether a home was drawn into the cohort, whatever kind of home it is."""
    digest = blake2b(f"{trial.seed}\n{home_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64 < trial.share_ratio


def tries(trial: TrialRecord, place: HomePlace, left: AbstractSet[str] = frozenset()) -> bool:
    """Whether a home is advised by the challenger now; homes that have `left` it never are."""
    if trial.stage != "canary" or trial.ended is not None or place.home_id in left:
        return False
    return trial.withdrawn.keys().isdisjoint(place.kinds) and was_drawn(trial, place.home_id)
