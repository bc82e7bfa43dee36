"""Forecasts of the coming days' energy that are set beside ours, each from the same hours.

All are direct: no hour's forecast is made from that of another. Except the shipped model, all learn from the
hours before the fold only, of the homes that are judged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

from cloud.baselines import Ridge
from cloud.champion import Champion, package_reservoir
from cloud.energy import EnergyModel, fit_energy
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.trees import Floats, TreeParams, matrix

SHIPPED: Final = "shipped"
RETRAINED: Final = "retrained"
OURS: Final = (SHIPPED, RETRAINED)
"""The direct model as it comes, and grown anew from the reservoir and the homes' own hours."""

WITH_RATIO: Final = "shipped x home's ratio (not served)"
"""The shipped model with the correction of ADVICE.md (fine-tuning), which advice does not make yet."""

RATIO_DAYS: Final = 7
"""What the ratio of a home looks back [days]."""

DAY_H: Final = 24
WEEK_H: Final = 168


@dataclass(frozen=True, slots=True)
class Fold:
    """A week that is judged, and what came before; hours as `day_ahead` gives them."""

    past: pd.DataFrame
    coming: pd.DataFrame


Forecast: TypeAlias = Callable[[Fold], Floats]
"""Energy of the hours of `Fold.coming` [kWh]; NaN where it has no answer."""


def forecasts() -> Mapping[str, Forecast]:
    """All by name; ours first."""
    shipped = Champion.from_package().energy
    reservoir = package_reservoir()
    return {
        SHIPPED: lambda fold: _predict(shipped, fold.coming),
        RETRAINED: lambda fold: _predict(retrain(reservoir, fold.past), fold.coming),
        WITH_RATIO: lambda fold: with_ratio(shipped, fold),
        "persistence": persistence,
        "hour-of-week climatology": climatology,
        "ridge, all homes": ridge_of_all,
        "ridge, each home": ridge_of_each,
    }


def retrain(reservoir: pd.DataFrame, past: pd.DataFrame) -> EnergyModel:
    """Grow the trees anew from base data and the homes' past, as the weekly training does."""
    columns = [*ENERGY_FEATURES, ENERGY_TARGET, "other_mode_ratio"]
    hours = pd.concat([reservoir[columns].astype(np.float64), past[columns]], ignore_index=True)
    return fit_energy(hours, TreeParams(threads=1))


def with_ratio(model: EnergyModel, fold: Fold) -> Floats:
    """The model, times how much more a home used than it said, shrunk by a day's energy towards 1."""
    newest = fold.past[fold.past["day"] >= fold.past["day"].max() - RATIO_DAYS + 1]
    said = (
        newest.assign(said_kwh=_predict(model, newest))
        .groupby("device_id")[["said_kwh", ENERGY_TARGET]]
        .sum()
    )
    prior_kwh = said["said_kwh"] / RATIO_DAYS
    ratio = (said[ENERGY_TARGET] + prior_kwh) / (said["said_kwh"] + prior_kwh)
    own = fold.coming["device_id"].map(ratio).fillna(1.0).to_numpy(np.float64)
    return np.asarray(_predict(model, fold.coming) * own)


def persistence(fold: Fold) -> Floats:
    """The same hour of the day before."""
    known = pd.concat([fold.past, fold.coming])
    before = pd.Series(
        known[ENERGY_TARGET].to_numpy(np.float64),
        index=pd.MultiIndex.from_arrays([known["device_id"], known["hour"] + DAY_H]),
    )
    asked = pd.MultiIndex.from_arrays([fold.coming["device_id"], fold.coming["hour"]])
    return np.asarray(before.reindex(asked), np.float64)


def climatology(fold: Fold) -> Floats:
    """The home's mean at this hour of the week; at this hour of the day where that never was."""
    answer = np.full(len(fold.coming), np.nan)
    for period_h in (WEEK_H, DAY_H):
        past, coming = (part.assign(phase=part["hour"] % period_h) for part in (fold.past, fold.coming))
        mean = past.groupby(["device_id", "phase"])[ENERGY_TARGET].mean()
        asked = pd.MultiIndex.from_frame(coming[["device_id", "phase"]])
        answer = np.where(np.isnan(answer), mean.reindex(asked).to_numpy(np.float64), answer)
    return np.asarray(answer, np.float64)


def ridge_of_all(fold: Fold) -> Floats:
    """One ridge of all homes together."""
    model = Ridge.fit(matrix(fold.past, ENERGY_FEATURES), fold.past[ENERGY_TARGET].to_numpy(np.float64))
    return model.predict(matrix(fold.coming, ENERGY_FEATURES))


def ridge_of_each(fold: Fold) -> Floats:
    """A ridge for each home."""
    answer = pd.Series(np.nan, index=fold.coming.index)
    for home, past in fold.past.groupby("device_id"):
        own = fold.coming["device_id"] == home
        answer[own] = ridge_of_all(Fold(past, fold.coming[own]))
    return np.asarray(answer, np.float64)


def _predict(model: EnergyModel, hours: pd.DataFrame) -> Floats:
    return model.predict(matrix(hours, ENERGY_FEATURES))
