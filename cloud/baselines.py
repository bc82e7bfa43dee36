"""Baselines: simple forecasts of an hour's energy that every model must beat before it may serve.

Ridge (Hoerl and Kennard 1970) sees the same features as the trees. The hour of the day enters as two
harmonics, since a line through 24 hours says nothing; the energy model's own physical features
(`cloud.energy.tree_inputs`) enter too, and its steady state by the degrees of the hour and of the day.
The climatology knows the time of the day and the home's last week.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from cloud.energy import STEADY_PLACES, TREE_FEATURES, steady_kwh, tree_inputs
from cloud.feature_catalogue import ENERGY_FEATURES
from cloud.trees import Floats

PENALTY: Final = 1.0
"""Of standardised features, as is the usual default; an assumption, not tuned."""

_HOUR = TREE_FEATURES.index("solar_hour")
_SOLAR_HOUR, _WEEK = ENERGY_FEATURES.index("solar_hour"), ENERGY_FEATURES.index("home_kwh_168h")


@dataclass(frozen=True, slots=True)
class Ridge:
    """A fitted line.

    Attributes:
        fill: What an unknown feature counts as: its mean in training, (k,).
        spread: Standard deviation of each feature in training, (k,).
        slopes: Of the standardised features, (k,).
        mean_kwh: Mean of the target [kWh/h].
    """

    fill: Floats
    spread: Floats
    slopes: Floats
    mean_kwh: float

    @classmethod
    def fit(cls, rows: Floats, energy_kwh: Floats) -> Self:
        """From `ENERGY_FEATURES` (n, features) and energy (n,) [kWh]."""
        inputs = _inputs(rows)
        known = ~np.isnan(inputs)
        count = np.maximum(known.sum(axis=0), 1)
        fill = np.where(known, inputs, 0.0).sum(axis=0) / count
        filled = np.where(known, inputs, fill)
        spread = filled.std(axis=0)
        spread[spread < 1e-9] = 1.0  # noqa: PLR2004 (a constant feature)
        scaled = (filled - fill) / spread
        mean_kwh = float(energy_kwh.mean())
        normal = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
        slopes = np.linalg.solve(normal, scaled.T @ (energy_kwh - mean_kwh))
        return cls(fill, spread, slopes, mean_kwh)

    def predict(self, rows: Floats) -> Floats:
        """(n, features) to (n,) [kWh/h], never negative."""
        inputs = _inputs(rows)
        scaled = (np.where(np.isnan(inputs), self.fill, inputs) - self.fill) / self.spread
        return np.asarray(np.maximum(self.mean_kwh + scaled @ self.slopes, 0.0))


@dataclass(frozen=True, slots=True)
class Climatology:
    """What an hour of the day usually costs, as a multiple of the home's last week.

    Attributes:
        profile: Energy over the mean of the home's last week, by solar hour, (24,) [ratio].
        mean_kwh: Of a home without a week behind it [kWh/h].
    """

    profile: Floats
    mean_kwh: float

    @classmethod
    def fit(cls, rows: Floats, energy_kwh: Floats) -> Self:
        """From `ENERGY_FEATURES` (n, features) and energy (n,) [kWh]."""
        week_kwh = rows[:, _WEEK]
        known = ~np.isnan(week_kwh)
        hours = _hours(rows[known])
        spent = np.bincount(hours, energy_kwh[known], minlength=24)
        usual = np.bincount(hours, week_kwh[known], minlength=24)
        profile = np.divide(spent, usual, out=np.ones(24), where=usual > 0)
        return cls(profile, float(energy_kwh.mean()))

    def predict(self, rows: Floats) -> Floats:
        """(n, features) to (n,) [kWh/h]."""
        week_kwh = np.where(np.isnan(rows[:, _WEEK]), self.mean_kwh, rows[:, _WEEK])
        return np.asarray(self.profile[_hours(rows)] * week_kwh)


def _hours(rows: Floats) -> npt.NDArray[np.int_]:
    return np.asarray(rows[:, _SOLAR_HOUR].astype(np.int_) % 24)


def _inputs(rows: Floats) -> Floats:
    inputs = tree_inputs(rows)
    angle = 2 * np.pi * inputs[:, _HOUR] / 24
    waves = [wave(times * angle) for times in (1, 2) for wave in (np.sin, np.cos)]
    is_known = ~np.isnan(rows[:, STEADY_PLACES]).any(axis=1)
    steady = [np.where(is_known, steady_kwh(rows, day_weight), np.nan) for day_weight in (0.0, 1.0)]
    return np.column_stack([np.delete(inputs, _HOUR, axis=1), *steady, *waves])
