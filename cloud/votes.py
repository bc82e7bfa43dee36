"""Votes: how likely people in an air-conditioned room ask for cooler or for warmer air.

Learnt from what people said of the room that they were in (ASHRAE Global Thermal Comfort Database II), from
what an advisor knows too: how warm and how humid it is there beside what is usual, and how warm that is.
What people wear and do, on which PMV rests, nobody knows in a home.

The models are made anew by `ac-advisor comfort`, which holds them against PMV on studies that they have not
seen; what is shipped of the votes are coefficients (`comfort_prior.py`).
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from cloud.errors import InsufficientDataError
from cloud.trees import Floats, TreeParams, Trees, matrix

COOLER, WARMER = "cooler", "warmer"
PREFERENCES: Final = (COOLER, WARMER)
"""What people may ask for; the others want no change."""

FEATURES: Final = ("above_usual_k", "humidity_above_usual_pct", "usual_c")
"""All of them known at home too, where the habit is the usual."""

PLACE: Final = ["study", "building", "season"]
"""Votes of one place and season share what is usual."""

MONOTONE: Final = {"above_usual_k": 1, "humidity_above_usual_pct": 1}
"""Signs for "cooler": nobody asks for it less because it is warmer or damper. For "warmer" the opposite."""

TREES: Final = TreeParams(trees=60, leaves=4, learning_rate=0.06, min_rows_leaf=200, threads=1)
"""Few and small: studies differ more from each other than trees can learn within them."""

MIN_VOTES: Final = 1000


def beside_usual(votes: pd.DataFrame) -> pd.DataFrame:
    """Add `FEATURES` to votes.

    What is usual is the median over a place's votes in a season. Humidity that is not known counts as usual.

    Args:
        votes: One row per vote, with `study`, `building`, `season`, `temperature_c` [°C] and `rh_pct` [%].
    """
    places = votes.groupby(PLACE, dropna=False)
    usual_c, usual_pct = places["temperature_c"].transform("median"), places["rh_pct"].transform("median")
    return votes.assign(
        usual_c=usual_c,
        above_usual_k=votes["temperature_c"] - usual_c,
        humidity_above_usual_pct=(votes["rh_pct"] - usual_pct).fillna(0.0),
    )


@dataclass(frozen=True, slots=True)
class VoteModels:
    """Two models: of asking for cooler air, and of asking for warmer air.

    Attributes:
        cooler, warmer: LightGBM on `FEATURES`, monotone in warmth and humidity.
    """

    cooler: Trees
    warmer: Trees

    @classmethod
    def fit(cls, votes: pd.DataFrame, params: TreeParams = TREES) -> Self:
        """Learn from votes; a study counts by the root of its votes, lest the largest speak for all.

        Args:
            votes: One row per vote, with `study`, `preference` and `FEATURES`.
            params: How trees are grown.

        Raises:
            InsufficientDataError: Fewer than `MIN_VOTES` votes.
        """
        if len(votes) < MIN_VOTES:
            raise InsufficientDataError(len(votes), MIN_VOTES)
        weight = votes.groupby("study")["preference"].transform("size").to_numpy(np.float64) ** -0.5
        return cls(
            *(
                Trees.grow(
                    votes[list(FEATURES)],
                    (votes["preference"] == preference).astype(float),
                    monotone={name: sign * way for name, way in MONOTONE.items()},
                    objective="binary",
                    params=params,
                    weight=weight / weight.mean(),
                )
                for preference, sign in zip(PREFERENCES, (1, -1), strict=True)
            )
        )

    def predict(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Probability of each preference [ratio], with `PREFERENCES` as columns, for rows with `FEATURES`."""
        rows: Floats = matrix(votes, FEATURES)
        chances = {COOLER: self.cooler.predict(rows), WARMER: self.warmer.predict(rows)}
        return pd.DataFrame(chances, index=votes.index)
