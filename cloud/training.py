"""Training: a challenger from hours of telemetry, judged on hours and homes that it has not seen."""

import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self, cast

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.energy import are_usable, fit_energy, usable_energy_hours
from cloud.errors import InsufficientDataError, RejectedError
from cloud.evaluation import TINY_KWH, cv_rmse, nmbe
from cloud.feature_catalogue import (
    ENERGY_FEATURES,
    ENERGY_TARGET,
    HABIT_H,
    MIN_HISTORY_H,
    OVERRIDE_FEATURES,
    OVERRIDE_TARGET,
)
from cloud.override import OverrideModel, exposed_hours, fit_override
from cloud.trees import Floats, TreeParams, matrix

MIN_ROWS = 2000
"""Fewer usable hours than this say more about the weather than about the homes [hours]."""

HELD_OUT_HOMES = 4
"""One home in so many (by a digest of its id) is never trained on; with fewer homes all are."""

HELD_OUT_TIME_RATIO = 0.25
"""The newest share of the time, at most, that is judged on."""

JUDGED_SHARE = 0.5
"""Of the time since the champion's data ended: what came before is news that a challenger has over it."""

MIN_JUDGED = timedelta(days=1)
"""So much time is judged on at least."""


@dataclass(frozen=True, slots=True)
class TrainingParams:
    """How a challenger is made."""

    energy: TreeParams = field(default_factory=TreeParams)
    override: TreeParams = field(
        default_factory=lambda: TreeParams(trees=60, leaves=8, learning_rate=0.06, min_rows_leaf=300)
    )

    def on(self, cluster: str) -> Self:
        """The same, grown by the workers of a cluster; empty: by this process."""
        energy, override = (replace(each, cluster=cluster) for each in (self.energy, self.override))
        return replace(self, energy=energy, override=override)


class LeakError(RejectedError):
    """Hours that a model is judged on are among those that it learns from."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no judgement: {what}")


@dataclass(frozen=True, slots=True)
class Split:
    """Hours to learn from, and hours to judge on: the only way to either.

    Attributes:
        fit: Older hours of most homes.
        newest: Newer hours of all homes.
        held_out: Those of them of homes that are not in `fit`; with few homes the same as `newest`.
        new_homes: Homes whose learning days were not over when the newer hours began.

    Raises:
        LeakError: An hour to learn from is no older than one to judge on, or its home is held out.
    """

    fit: pd.DataFrame
    newest: pd.DataFrame
    held_out: pd.DataFrame
    new_homes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for judged in (self.newest, self.held_out):
            if len(judged) and len(self.fit) and self.fit["hour_end_at"].max() >= judged["hour_end_at"].min():
                raise LeakError("hours to learn from are as new as hours to judge on")
        if self.fit["device_id"].isin(self.unseen).any():
            raise LeakError("a home that is held out is learnt from")

    @property
    def unseen(self) -> frozenset[str]:
        """Homes of which nothing is learnt; none if there are few."""
        held = frozenset(self.held_out["device_id"].unique())
        return frozenset() if held == set(self.newest["device_id"].unique()) else held


def split(hours: pd.DataFrame, learnt_until: datetime | None = None) -> Split:
    """Divide `hours` by time and home; old hours of held-out homes are unused.

    No weather day is on both sides, and of `held_out` no home either, so nothing can leak.

    Args:
        hours: Columns of `cloud.features`.
        learnt_until: Up to when the champion has learnt of these homes. What it knows is not judged on, as
            far as there are newer days, and some of these are learnt from: else both would know the same.
    """
    homes = sorted(hours["device_id"].unique(), key=lambda name: zlib.crc32(name.encode()))
    unseen = homes[: len(homes) // HELD_OUT_HOMES]
    held = hours["device_id"].isin(unseen).to_numpy(bool)
    cut = _cut(hours, learnt_until)
    newest = (hours["hour_end_at"] > cut).to_numpy(bool)
    judged = hours[newest & (held if unseen else True)]
    return Split(hours[~held & ~newest], hours[newest], judged, _new_homes(hours, cut))


def _cut(hours: pd.DataFrame, learnt_until: datetime | None) -> pd.Timestamp:
    """What came after is judged on."""
    cut = cast("pd.Timestamp", hours["hour_end_at"].quantile(1 - HELD_OUT_TIME_RATIO))
    if learnt_until is None or not len(hours):
        return cut
    newest = hours["hour_end_at"].max()
    later: pd.Timestamp = newest - max(JUDGED_SHARE * (newest - learnt_until), MIN_JUDGED)
    return max(cut, later)


def _new_homes(hours: pd.DataFrame, cut: pd.Timestamp) -> frozenset[str]:
    """Homes that came after the others, and not long before `cut`."""
    first = hours.groupby("device_id")["hour_end_at"].min()
    came_later = first > hours["hour_end_at"].min() + timedelta(hours=MIN_HISTORY_H)
    return frozenset(first.index[came_later & (first > cut - timedelta(hours=HABIT_H))])


def train(fit: pd.DataFrame, params: TrainingParams, version: str, start: Champion | None = None) -> Champion:
    """Fit all models on `fit` (columns of `cloud.features`).

    Args:
        fit: Hours to learn from.
        params: How trees are grown.
        version: Name of the result.
        start: Its energy trees are kept and `params.energy.trees` added, up to `cloud.trees.MAX_TREES`: the
            quick way after a sudden change; its other models are carried over. None grows all anew.

    Raises:
        InsufficientDataError: Fewer than `MIN_ROWS` usable hours.
    """
    rows = int(are_usable(fit).sum())
    if rows < MIN_ROWS:
        raise InsufficientDataError(rows, MIN_ROWS)
    energy = fit_energy(fit, params.energy, None if start is None else start.energy)
    if start is not None:
        return replace(start, version=version, energy=energy)
    return Champion(version, energy, fit_override(fit, params.override))


def measure(champion: Champion, held_out: pd.DataFrame) -> dict[str, float]:
    """Errors on hours that `champion` has not seen.

    Returns:
        `energy_cv_rmse` and `energy_nmbe` [ratio] of hours; `energy_daily_low_ratio` and
        `energy_daily_high_ratio`, between which 90 % of the home-days lie, observed over predicted; and
        `override_calibration`, the predicted number of overrides over the observed one.

    Raises:
        InsufficientDataError: Nothing to judge on.
    """
    hours = usable_energy_hours(held_out)
    if not len(hours):
        raise InsufficientDataError(0, 1)
    observed = hours[ENERGY_TARGET].to_numpy(np.float64)
    predicted = champion.energy.predict(matrix(hours, ENERGY_FEATURES))
    low, high = _daily_ratios(hours, observed, predicted)
    return {
        "energy_cv_rmse": round(cv_rmse(observed, predicted), 4),
        "energy_nmbe": round(nmbe(observed, predicted), 4),
        "energy_daily_low_ratio": round(low, 3),
        "energy_daily_high_ratio": round(high, 3),
        "override_calibration": round(override_calibration(champion.override, held_out), 3),
        "held_out_hours": float(len(hours)),
    }


def override_calibration(model: OverrideModel, held_out: pd.DataFrame) -> float:
    """Predicted overrides over observed ones [ratio]; with none observed, the number that was predicted."""
    exposed = exposed_hours(held_out)
    if not len(exposed):
        return 0.0
    expected = float(model.predict(matrix(exposed, OVERRIDE_FEATURES)).sum())
    return expected / max(float(exposed[OVERRIDE_TARGET].sum()), 1.0)


def _daily_ratios(hours: pd.DataFrame, observed: Floats, predicted: Floats) -> tuple[float, float]:
    """5 % and 95 % quantile of a home's daily energy, observed over predicted [ratio]."""
    frame = pd.DataFrame({"y": observed, "p": predicted}, index=hours.index)
    daily = frame.groupby([hours["device_id"], hours["hour_end_at"].dt.date]).sum()
    low, high = np.quantile(daily["y"] / np.maximum(daily["p"], TINY_KWH), [0.05, 0.95])
    return float(low), float(high)
