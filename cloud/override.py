"""Override: the chance that somebody at home makes it cooler in the next hour, by LightGBM."""

import numpy as np
import pandas as pd

from cloud.feature_catalogue import CENSORED_H, OVERRIDE_FEATURES, OVERRIDE_MONOTONE, OVERRIDE_TARGET
from cloud.trees import Floats, TreeParams, Trees

NO_CONSENT_RATIO = 0.25
"""Share of training hours taken as if `motion` did not leave the home [ratio]; consent is off by default."""


class OverrideModel:
    """Chance of a warm override within the hour from `OVERRIDE_FEATURES`.

    Args:
        trees: The booster.
    """

    def __init__(self, trees: Trees) -> None:
        self.trees = trees

    def predict(self, rows: Floats) -> Floats:
        """(n, len(OVERRIDE_FEATURES)) to (n,) [ratio]."""
        return np.asarray(np.clip(self.trees.predict(rows), 0.0, 1.0))


def exposed_hours(hours: pd.DataFrame) -> pd.DataFrame:
    """Hours after which somebody was there to act, and had not just acted."""
    known = hours[[OVERRIDE_TARGET, "felt_above_habit_k", "solar_hour"]].notna().all(axis=1)
    return hours[hours["exposed"].fillna(False).astype(bool) & known]  # noqa: FBT003 (pandas takes it so)


def _without_some_consents(hours: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Exposed hours, some of them as a home looks that does not share its presence: then all hours count.

    Without them the trees would read an unknown presence as nobody at home.
    """
    consents = np.random.default_rng(seed).random(len(hours)) >= NO_CONSENT_RATIO
    unknown = hours[~consents].assign(present_ratio=np.nan)
    able = (unknown["on_ratio"] > 0) & (unknown["hours_since_override"] >= CENSORED_H)
    return exposed_hours(pd.concat([hours[consents], unknown.assign(exposed=able)], ignore_index=True))


def fit_override(hours: pd.DataFrame, params: TreeParams) -> OverrideModel:
    """Fit on the exposed ones of `hours` (columns of `cloud.features`)."""
    rows = _without_some_consents(hours, params.seed)
    trees = Trees.grow(
        rows[list(OVERRIDE_FEATURES)],
        rows[OVERRIDE_TARGET].astype(float),
        monotone=OVERRIDE_MONOTONE,
        objective="binary",
        params=params,
    )
    return OverrideModel(trees)
