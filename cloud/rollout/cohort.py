"""Cohorts: which homes try a challenger. Drawn once for each challenger; a home stays where it was drawn.

A pure function of the trial's seed and the home. A larger share takes homes in and never lets one out; a home
leaves only when the challenger is withdrawn from its region, or altogether, and does not come back.
"""

from hashlib import blake2b

from cloud.ports.records import TrialRecord

REGIONS = ((23.5, "tropics"), (35.0, "subtropics"), (90.0, "temperate"))
"""Regions by distance from the equator [°]: the tropic, and about where subtropical climates end."""


def region_of(latitude_deg: float) -> str:
    """In which region a home is."""
    return next(name for limit_deg, name in REGIONS if abs(latitude_deg) <= limit_deg)


def was_drawn(trial: TrialRecord, home_id: str) -> bool:
    """Whether a home was drawn into the cohort, wherever it is."""
    digest = blake2b(f"{trial.seed}\n{home_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64 < trial.share_ratio


def tries(trial: TrialRecord, home_id: str, latitude_deg: float) -> bool:
    """Whether a home is advised by the challenger now."""
    if trial.stage != "canary" or trial.ended is not None:
        return False
    return region_of(latitude_deg) not in trial.withdrawn and was_drawn(trial, home_id)
