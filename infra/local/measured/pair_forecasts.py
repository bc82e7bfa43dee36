"""Forecasts of a measured pair's saving: ours in several forms, and the simple ones, each without its day.

All are told both schedules as they were run and the outdoor air of the habit's test, and nothing else of the
weather day that is judged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, Self, TypeAlias

import numpy as np
import pandas as pd

from cloud.baselines import Ridge
from cloud.champion import Champion, package_reservoir
from cloud.energy import fit_energy
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_MONOTONE, ENERGY_TARGET
from cloud.finetuning import QUICK_TREES
from cloud.home_clock import HomeClock
from cloud.hours import HourlyHistory
from cloud.outcome import BALANCE_K, HORIZON_SLOTS, MIN_DEGREE_K, Day, Horizon, Outcomes
from cloud.trees import Floats, TreeParams, Trees
from edge.contract import Telemetry
from infra.local.measured.day_ahead_forecasts import retrain
from infra.local.measured.laboratory_days import (
    HABIT,
    HOURS,
    MeasuredPair,
    described,
    features,
    scheduled,
)

ZERO: Final = "always zero"

SMALL: Final = TreeParams(trees=60, leaves=8, min_rows_leaf=20, threads=1)
"""Trees for some 800 hours; an assumption, not tuned on the pairs."""

MIDNIGHT: Final = datetime(2001, 7, 2, tzinfo=UTC)
"""The judged day is played as this one; weekdays mean nothing to the energy model."""

PLAIN_FEATURES: Final = (
    "solar_hour",
    "outdoor_dry_bulb_c",
    "outdoor_dry_bulb_24h_c",
    "setpoint_c",
    "setpoint_3h_c",
    "setpoint_24h_c",
)
"""What is known of any hour of any home."""

HISTORY_DAYS: Final = 7
"""What the descriptors of a home look back."""

SAME_DAYS: Final = 2
"""Of them, those in the judged day's weather: how a forecast is corrected looks back a day and an hour."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What may be known when a weather day is judged.

    Attributes:
        learn: Hours of all tests on other weather days, described.
        others: Pairs of other weather days.
        days: Hours of all tests, for the history of a home.
        weather_day: The one that is judged.
    """

    learn: pd.DataFrame
    others: tuple[MeasuredPair, ...]
    days: pd.DataFrame
    weather_day: str


class Energy(Protocol):
    """Energy of hours from `ENERGY_FEATURES`."""

    def predict(self, rows: Floats, /) -> Floats:
        """(n, features) to (n,) [kWh/h]."""
        ...


Forecast: TypeAlias = Callable[[MeasuredPair], float]
"""Saving of a pair [kWh]."""


def forecasts(fold: Fold, shipped: Champion) -> Mapping[str, Forecast]:
    """All candidates by name, fitted for `fold`."""
    learn = fold.learn.assign(other_mode_ratio=0.0)
    refit = fit_energy(learn, SMALL)
    continued = fit_energy(learn, replace(SMALL, trees=QUICK_TREES), shipped.energy)
    retrained = retrain(package_reservoir(), learn)
    ridge = Ridge.fit(features(learn), learn[ENERGY_TARGET].to_numpy(np.float64))
    mean_kwh = float(np.mean([pair.saved_kwh for pair in fold.others]))
    return {
        ZERO: lambda _: 0.0,
        "mean of the other pairs": lambda _: mean_kwh,
        "degree-days, in proportion": degrees_in_proportion(fold),
        "degree-days, least squares": degree_days(fold),
        "ridge": by_difference(ridge, fold),
        "shipped": by_difference(shipped.energy, fold),
        "shipped, as told": as_told(shipped, fold),
        "shipped, degrees alone": degrees_alone(shipped, fold),
        "shipped, continued": by_difference(continued, fold),
        "retrained": by_difference(retrained, fold),
        "retrained, as told": as_told(replace(shipped, energy=retrained), fold),
        "plain trees": by_difference(PlainTrees.fit(learn), fold),
        "refit": by_difference(refit, fold),
        "refit, as told": as_told(replace(shipped, energy=refit), fold),
    }


@dataclass(frozen=True, slots=True)
class PlainTrees:
    """LightGBM on hour, outdoor air and setpoints alone, monotone as `ENERGY_MONOTONE`: no rises, no home."""

    trees: Trees

    @classmethod
    def fit(cls, learn: pd.DataFrame) -> Self:
        """From described hours."""
        rows = learn[list(PLAIN_FEATURES)]
        return cls(
            Trees.grow(
                rows, learn[ENERGY_TARGET], monotone=ENERGY_MONOTONE, objective="regression", params=SMALL
            )
        )

    def predict(self, rows: Floats) -> Floats:
        """`ENERGY_FEATURES` (n, features) to (n,) [kWh/h]."""
        return self.trees.predict(rows[:, [ENERGY_FEATURES.index(name) for name in PLAIN_FEATURES]])


def by_difference(model: Energy, fold: Fold) -> Forecast:
    """What the model says of the one schedule, less what it says of the other."""

    def saved_kwh(pair: MeasuredPair) -> float:
        other = scheduled(pair.habit, pair.advised["setpoint_c"].to_numpy(np.float64))
        habit, advised = (
            features(described(day, fold.days, fold.weather_day)) for day in (pair.habit, other)
        )
        return float(model.predict(habit).sum() - model.predict(advised).sum())

    return saved_kwh


def degree_days(fold: Fold) -> Forecast:
    """Daily energy on daily degrees by least squares over the other days' tests; no trees.

    Degrees are of the outdoor air above `BALANCE_K` below the setpoint, hour by hour (ASHRAE's variable-base
    cooling degree-days); the slope is one of all tests, as a laboratory's homes have one machine.
    """
    daily = fold.learn.groupby("test")
    degrees_k_d = daily[["outdoor_dry_bulb_c", "setpoint_c"]].apply(_degree_days)
    energy_kwh = daily[ENERGY_TARGET].sum()
    slope, _ = np.polyfit(degrees_k_d.to_numpy(np.float64), energy_kwh.to_numpy(np.float64), 1)

    def saved_kwh(pair: MeasuredPair) -> float:
        return float(slope * _degrees_saved(pair))

    return saved_kwh


def degrees_in_proportion(fold: Fold) -> Forecast:
    """The home's energy a degree at its habit on other days, times the degrees that the schedule saves."""

    def saved_kwh(pair: MeasuredPair) -> float:
        past = _habit_elsewhere(pair, fold)
        degrees_k = past.groupby("test")[["outdoor_dry_bulb_c", "setpoint_c"]].apply(_degree_days)
        per_k_kwh = float(past[ENERGY_TARGET].sum() / degrees_k.sum())
        return per_k_kwh * _degrees_saved(pair)

    return saved_kwh


def as_told(champion: Champion, fold: Fold) -> Forecast:
    """What the advice would tell: `cloud.outcome`, degrees scaled by the model within its range."""

    def saved_kwh(pair: MeasuredPair) -> float:
        paths_c = [_half_hours(pair.habit)], [_half_hours(pair.advised)]
        _, saved = _outcomes(champion, pair, fold).saved_kwh([0], *paths_c)
        return float(saved.sum())

    return saved_kwh


def degrees_alone(champion: Champion, fold: Fold) -> Forecast:
    """`as_told`, the model asked for the habit's energy only: each kelvin saves its share of the degrees."""

    def saved_kwh(pair: MeasuredPair) -> float:
        habit_kwh = _outcomes(champion, pair, fold).energy_kwh([0], [_half_hours(pair.habit)])[0, :HOURS]
        advised_c, habit_c = (day["setpoint_c"].to_numpy(np.float64) for day in (pair.advised, pair.habit))
        outdoor_c = float(pair.habit["outdoor_dry_bulb_c"].mean())
        degrees_k = max(outdoor_c - float(habit_c.mean()) + BALANCE_K, MIN_DEGREE_K)
        return float((habit_kwh * (advised_c - habit_c)).sum() / degrees_k)

    return saved_kwh


def _outcomes(champion: Champion, pair: MeasuredPair, fold: Fold) -> Outcomes:
    """The coming day as the advice sees it at midnight."""
    slots = HomeClock("UTC").ahead(MIDNIGHT.timestamp(), HORIZON_SLOTS + 1)
    first = int(MIDNIGHT.timestamp()) // 3600
    outdoor_c = dict(enumerate(pair.habit["outdoor_dry_bulb_c"].tolist(), start=first))
    outdoor_c[first + HOURS] = outdoor_c[first]
    return Outcomes(champion, [Day(_history(pair, fold), Horizon(MIDNIGHT, slots), outdoor_c)])


def _history(pair: MeasuredPair, fold: Fold) -> HourlyHistory:
    """The home's habit on other weather days, back to back, and then its habit in the judged day's weather.

    The latter without power, twice: so the day before was the same, as in the features of `laboratory_days`,
    and the sensor says of the forecast that it is right.
    """
    past = _habit_elsewhere(pair, fold).tail((HISTORY_DAYS - SAME_DAYS) * HOURS)
    same = pair.habit.assign(**{ENERGY_TARGET: np.nan})
    hours = pd.concat([past, *[same] * SAME_DAYS])
    history = HourlyHistory(longitude_deg=0.0)
    for back, hour in zip(range(len(hours) - 1, -1, -1), hours.to_dict("records"), strict=True):
        energy_kwh = hour[ENERGY_TARGET]
        history.observe(
            Telemetry(
                device_id="laboratory",
                sampled_at=MIDNIGHT - timedelta(hours=back),
                interval_s=3600.0,
                mode="cool",
                setpoint_c=hour["setpoint_c"],
                indoor_dry_bulb_c=None,
                outdoor_dry_bulb_c=hour["outdoor_dry_bulb_c"],
                electric_power_w=None if np.isnan(energy_kwh) else 1000 * energy_kwh,
            )
        )
    return history


def _habit_elsewhere(pair: MeasuredPair, fold: Fold) -> pd.DataFrame:
    """Hours of the pair's home at its habit on other weather days."""
    days, home = fold.days, pair.habit["home"].iloc[0]
    own = (days["home"] == home) & (days["schedule"] == HABIT) & (days["weather_day"] != fold.weather_day)
    past: pd.DataFrame = days[own].sort_values(["weather_day", "test", "hour"], kind="stable")
    return past


def _degrees_saved(pair: MeasuredPair) -> float:
    """Degree-days of the habit less those of the other schedule, in the habit's weather [K·d]."""
    other = pair.habit.assign(setpoint_c=pair.advised["setpoint_c"].to_numpy(np.float64))
    return _degree_days(pair.habit) - _degree_days(other)


def _half_hours(day: pd.DataFrame) -> list[float]:
    setpoint_c = np.repeat(day["setpoint_c"].to_numpy(np.float64), 2)
    return [*setpoint_c.tolist(), float(setpoint_c[0])]


def _degree_days(day: pd.DataFrame) -> float:
    degrees_k = day["outdoor_dry_bulb_c"] - day["setpoint_c"] + BALANCE_K
    return float(np.maximum(degrees_k, 0.0).mean())
