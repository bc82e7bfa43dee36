"""The shipped prior of comfort: coefficients fitted to votes, by a command, always the same.

`python -m infra.local.comfort_prior` makes `cloud/base/comfort.json` anew from the data set
`ashrae_comfort_db2` below `AC_ADVISOR_DATA`, in less than a minute.

Votes of air-conditioned buildings in the warm season are fitted study by study (`preference_probit.py`), once
with persons as units and once with groups (one building in one season), and the studies are joined by random
effects: what differs between studies beyond their errors is how homes are believed to differ.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cloud.comfort_prior import PRIOR_FILE, ComfortPrior
from cloud.votes import PLACE
from infra.local.comfort_votes import WARM_SEASONS, read_votes
from infra.local.errors import LocalError
from infra.local.preference_probit import Figure, PreferenceFit, fit_preference

VERSION = "votes-1"
ORIGIN = "ASHRAE Global Thermal Comfort Database II, version 2.1, doi:10.6078/D1F671"
LICENCE = "CC0-1.0 as far as known; confirm before publication"

MIN_PERSON_VOTES = 3
MIN_GROUP_VOTES = 20
"""A unit with fewer says too little about warmth within it."""

MIN_STUDY_VOTES = 200
"""A study with fewer cannot be fitted."""

DECIMALS = 4
"""More would differ between machines, and mean nothing."""


def make_prior(votes: pd.DataFrame) -> ComfortPrior:
    """Fit the prior.

    Args:
        votes: As `read_votes` gives them.
    """
    usable = votes[votes["season"].isin(WARM_SEASONS) & votes["rh_pct"].notna()]
    people = fit_studies(by_person(usable), units_differ=True)
    groups = fit_studies(by_group(usable), units_differ=False)  # one study has a single one
    of_people, _ = join([fit.limit_k for fit in people])
    limit, limit_sd_k = join([fit.limit_k for fit in groups])
    half_width, _ = join([fit.half_width_k for fit in people])
    humidity, _ = join([fit.humidity_k_per_pct for fit in groups])
    figures = {
        "limit_mean_k": limit.value,
        "limit_mean_se_k": limit.standard_error,
        "limit_sd_k": limit_sd_k,
        "people_limit_k": of_people.value,
        "people_limit_se_k": of_people.standard_error,
        "people_sd_k": mean_over_units(people, [fit.unit_sd_k for fit in people]),
        "half_width_k": half_width.value,
        "half_width_se_k": half_width.standard_error,
        "moment_sd_k": mean_over_units(people, [fit.moment_sd_k for fit in people]),
        "humidity_k_per_pct": humidity.value,
        "humidity_se_k_per_pct": humidity.standard_error,
    }
    return ComfortPrior(
        version=VERSION,
        origin=ORIGIN,
        licence=LICENCE,
        votes=sum(fit.votes for fit in groups),
        people=sum(fit.units for fit in people),
        groups=sum(fit.units for fit in groups),
        studies=len(groups),
        **{name: round(value, DECIMALS) for name, value in figures.items()},
    )


def by_person(votes: pd.DataFrame) -> pd.DataFrame:
    """Votes of known persons, a person in one season being a `unit`."""
    known = votes[votes["person"].notna()]
    return _with_units(known, ["study", "person", "season"], MIN_PERSON_VOTES)


def by_group(votes: pd.DataFrame) -> pd.DataFrame:
    """All votes, those of a building in one season being a `unit`."""
    return _with_units(votes, PLACE, MIN_GROUP_VOTES)


def _with_units(votes: pd.DataFrame, columns: list[str], fewest: int) -> pd.DataFrame:
    units = votes.assign(unit=votes[columns].astype(str).agg("/".join, axis=1))
    return units[units.groupby("unit")["unit"].transform("size") >= fewest]


def fit_studies(votes: pd.DataFrame, *, units_differ: bool) -> list[PreferenceFit]:
    """Fit each study that has enough votes of its own."""
    return [
        fit_preference(own, units_differ=units_differ)
        for _, own in votes.groupby("study")
        if len(own) >= MIN_STUDY_VOTES
    ]


def join(figures: Sequence[Figure]) -> tuple[Figure, float]:
    """Mean over studies with its error, and the standard deviation between studies beyond their errors.

    Random effects by moments: DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2.
    """
    value = np.array([figure.value for figure in figures])
    weight = np.array([figure.standard_error for figure in figures]) ** -2.0
    fixed = float(np.average(value, weights=weight))
    excess = float((weight * (value - fixed) ** 2).sum()) - (len(value) - 1)
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    variance = max(excess / room, 0.0) if len(value) > 1 else 0.0
    weight = 1.0 / (1.0 / weight + variance)
    mean = Figure(float(np.average(value, weights=weight)), float(weight.sum() ** -0.5))
    return mean, float(np.sqrt(variance))


def mean_over_units(fits: Sequence[PreferenceFit], values_k: Sequence[float]) -> float:
    """Root of the mean square over units: a mean of deviations [K]."""
    weights = [fit.units for fit in fits]
    return float(np.sqrt(np.average(np.square(values_k), weights=weights)))


def main(folder: Path = Path("cloud/base")) -> int:
    """Write the prior and print it; 1 without the votes."""
    try:
        prior = make_prior(read_votes())
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    (folder / PRIOR_FILE).write_bytes(prior.to_json())
    sys.stdout.write(prior.to_json().decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
