"""`python -m device_sim.people.votes DIR`: what comfort votes say about how people differ.

`DIR` holds the data sets `ashrae_comfort_db2` (ASHRAE Global Thermal Comfort Database II) and
`cozie_singapore` (votes on smart watches). The figures stand beside the parameters that they support; no
fleet reads the votes.

A vote counts +1 for "cooler", 0 for "no change" and -1 for "warmer". Within persons it rises with temperature
by a common slope; a person's neutral temperature is where the line through that person's means crosses 0.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

VOTE = {"warmer": -1.0, "no change": 0.0, "cooler": 1.0}

FEWEST_VOTES = 20
"""People with fewer say too little about themselves."""

FEWEST_PEOPLE = 5
"""A study's mean is taken from at least so many people."""

NEUTRAL_K = 0.75
"""So near to a person's mean temperature a vote counts as one at it [K]."""

FEWEST_REPEATS = 200
"""Further votes on a day that are needed to tell one day from another."""

PLAUSIBLE_C = (18.0, 34.0)
"""Temperatures at which votes are used [°C]."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How people differ from each other, and from themselves.

    Attributes:
        people: How many.
        votes: How many votes they gave.
        slope_per_k: Rise of the vote with temperature, within persons [1/K].
        between_people_k: Standard deviation of their neutral temperatures within a study, without the part
            that comes from the number of votes [K].
        half_width_k: From neutral to where half of the votes are "cooler", by a normal latent preference [K].
        day_to_day_k: Standard deviation of a person's neutral temperature from day to day [K]; NaN where few
            people voted twice on a day.
    """

    people: int
    votes: int
    slope_per_k: float
    between_people_k: float
    half_width_k: float
    day_to_day_k: float


def spread(votes: pd.DataFrame) -> Spread:
    """Work out how people differ.

    Args:
        votes: One row per vote, with `person`, `study`, `day`, `temperature_c` [°C] and `vote` (-1, 0, 1).
    """
    votes = votes[votes["temperature_c"].between(*PLAUSIBLE_C)].dropna()
    counts = votes.groupby("person")["vote"].transform("size")
    votes = votes[counts >= FEWEST_VOTES]
    means = votes.groupby("person")[["temperature_c", "vote"]].transform("mean")
    warmth_k, vote = votes["temperature_c"] - means["temperature_c"], votes["vote"] - means["vote"]
    slope = float((warmth_k * vote).sum() / (warmth_k**2).sum())
    rest = vote - slope * warmth_k
    people = votes["person"].nunique()
    variance = float((rest**2).sum()) / (len(votes) - people - 1)
    return Spread(
        people=people,
        votes=len(votes),
        slope_per_k=slope,
        between_people_k=_between_people_k(votes, slope, variance),
        half_width_k=_half_width_k(float((votes["vote"][warmth_k.abs() < NEUTRAL_K] == 0).mean()), slope),
        day_to_day_k=_day_to_day_k(votes.assign(rest=rest), slope, variance),
    )


def _between_people_k(votes: pd.DataFrame, slope: float, variance: float) -> float:
    """Griffiths' neutral temperatures, each study around its own mean."""
    by_person = votes.groupby(["study", "person"]).agg(
        temperature_c=("temperature_c", "mean"), vote=("vote", "mean"), votes=("vote", "size")
    )
    neutral_c = by_person["temperature_c"] - by_person["vote"] / slope
    by_study = neutral_c.groupby(level="study")
    large = by_study.transform("size") >= FEWEST_PEOPLE
    off_k = (neutral_c - by_study.transform("mean"))[large]
    studies = large[large].index.get_level_values("study").nunique()
    total = float((off_k**2).sum()) / (len(off_k) - studies)
    by_chance = float((variance / slope**2 / by_person["votes"][large]).mean())
    return float(np.sqrt(max(total - by_chance, 0.0)))


def _half_width_k(content_ratio: float, slope: float) -> float:
    """Threshold of a normal latent preference with that slope and that share of "no change" at neutral."""
    normal = NormalDist()
    threshold = normal.inv_cdf((1.0 + content_ratio) / 2.0)
    per_k = slope / (2.0 * normal.pdf(threshold))
    return threshold / per_k


def _day_to_day_k(votes: pd.DataFrame, slope: float, variance: float) -> float:
    """How much less the votes of one day differ than all of a person's."""
    by_day = votes.groupby(["person", "day"])["rest"]
    several = (by_day.transform("size") > 1) & (votes["day"] != "")  # one alone has no spread
    off = (votes["rest"] - by_day.transform("mean"))[several]
    days = votes[several].groupby(["person", "day"]).ngroups
    if len(off) - days < FEWEST_REPEATS:
        return float("nan")
    within = float((off**2).sum()) / (len(off) - days)
    return float(np.sqrt(max(variance - within, 0.0)) / slope)


def read_ashrae(folder: Path) -> pd.DataFrame:
    """Votes of known people in air-conditioned buildings, by operative temperature."""
    votes = pd.read_parquet(folder / "ashrae_comfort_db2" / "votes.parquet")
    votes = votes[(votes["cooling_type"] == "air conditioned") & votes["subject_id"].notna()]
    study = votes["study"].astype(str)
    return pd.DataFrame(
        {
            "study": study,
            "person": study + "/" + votes["subject_id"].astype(str),
            "day": votes["timestamp"].fillna("").astype(str).str[:10],
            "temperature_c": operative_c(votes).astype(float),
            "vote": votes["thermal_preference"].map(VOTE).astype(float),
        }
    )


def operative_c(votes: pd.DataFrame) -> "pd.Series[float]":
    """Operative temperature of the database's rows, or the air's where no other is known [°C]."""
    return votes["top"].fillna((votes["ta"] + votes["tr"]) / 2.0).fillna(votes["ta"])


def read_cozie(folder: Path) -> pd.DataFrame:
    """Votes on smart watches, by the temperature near the body."""
    votes = pd.read_csv(folder / "cozie_singapore" / "votes.csv.gz")
    return pd.DataFrame(
        {
            "study": "cozie",
            "person": votes["user"],
            "day": votes["ts"].str[:10],
            "temperature_c": votes["t_near_body_c"],
            "vote": votes["thermal_preference"].map(VOTE).astype(float),
        }
    )


def main(arguments: list[str]) -> int:
    """Print the figures; 2 when the folder is not named or not there."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m device_sim.people.votes DIR\n")
        return 2
    for name, read in (("ashrae_comfort_db2", read_ashrae), ("cozie_singapore", read_cozie)):
        found = spread(read(Path(arguments[0])))
        sys.stdout.write(
            f"{name}: {found.people} people, {found.votes} votes, slope {found.slope_per_k:.3f}/K, "
            f"between people {found.between_people_k:.2f} K, half width {found.half_width_k:.1f} K, "
            f"from day to day {found.day_to_day_k:.2f} K\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
