"""Training: a challenger from hours of telemetry, judged on hours and homes that it has not seen."""

import zlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.energy import fit_energy, usable_energy_hours
from cloud.errors import InsufficientDataError
from cloud.evaluation import cv_rmse, nmbe
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.override import exposed_hours, fit_override
from cloud.trees import TreeParams, matrix

MIN_ROWS = 2000
"""Fewer usable hours than this say more about the weather than about the homes [hours]."""

HELD_OUT_HOMES = 4
"""Every fourth home (by a digest of its id) is never trained on."""

HELD_OUT_TIME_RATIO = 0.25
"""The newest share of the time is never trained on."""


@dataclass(frozen=True, slots=True)
class TrainingParams:
    """How a challenger is made."""

    energy: TreeParams = field(default_factory=TreeParams)
    override: TreeParams = field(
        default_factory=lambda: TreeParams(trees=60, leaves=8, learning_rate=0.06, min_rows_leaf=300)
    )


@dataclass(frozen=True, slots=True)
class Split:
    """Hours to learn from, and hours to judge on: newer ones, of other homes."""

    fit: pd.DataFrame
    held_out: pd.DataFrame


def split(hours: pd.DataFrame) -> Split:
    """Divide `hours` by time and home; hours that are new of a known home, or old of a new one, are unused.

    No weather day and no home is on both sides, so nothing can leak (STYLE: always split by time).
    """
    held = hours["device_id"].map(_is_held_out).to_numpy(bool)
    cut = hours["hour_end_at"].quantile(1 - HELD_OUT_TIME_RATIO)
    newest = (hours["hour_end_at"] > cut).to_numpy(bool)
    return Split(hours[~held & ~newest], hours[held & newest])


def train(fit: pd.DataFrame, params: TrainingParams, version: str) -> Champion:
    """Fit all models on `fit` (columns of `cloud.features`).

    Raises:
        InsufficientDataError: Fewer than `MIN_ROWS` usable hours.
    """
    rows = len(usable_energy_hours(fit))
    if rows < MIN_ROWS:
        raise InsufficientDataError(rows, MIN_ROWS)
    return Champion(version, fit_energy(fit, params.energy), fit_override(fit, params.override))


def measure(champion: Champion, held_out: pd.DataFrame) -> dict[str, float]:
    """Errors on hours that `champion` has not seen.

    Returns:
        `energy_cv_rmse` and `energy_nmbe` [ratio] of hours, and `override_calibration`, the predicted number
        of overrides over the observed one.
    """
    hours = usable_energy_hours(held_out)
    observed = hours[ENERGY_TARGET].to_numpy(np.float64)
    predicted = champion.energy.predict(matrix(hours, ENERGY_FEATURES))
    exposed = exposed_hours(held_out)
    expected = float(champion.override.predict(matrix(exposed, OVERRIDE_FEATURES)).sum())
    happened = float(exposed[OVERRIDE_TARGET].astype(float).sum())
    return {
        "energy_cv_rmse": round(cv_rmse(observed, predicted), 4),
        "energy_nmbe": round(nmbe(observed, predicted), 4),
        "override_calibration": round(expected / max(happened, 1.0), 3),
        "held_out_hours": float(len(hours)),
    }


def _is_held_out(device_id: str) -> bool:
    return zlib.crc32(device_id.encode()) % HELD_OUT_HOMES == 0
