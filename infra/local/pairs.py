"""Pairs: the same homes, weather, people and noise twice, at their habit and under another control."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MAX_EXTRA_WARM_K_H = 0.25
"""Extra warm degree-hours a day up to which a home's comfort counts as kept [K·h/day]."""


class Truth(Protocol):
    """What the simulation knows of each home over a period; arrays of shape (homes,)."""

    @property
    def cooling_kwh(self) -> Floats:
        """Electricity of the machine [kWh]."""
        ...

    @property
    def warm_degree_hours_k_h(self) -> Floats:
        """Integral of indoor above the household's true upper limit while somebody is home [K·h]."""
        ...

    @property
    def overrides(self) -> Floats:
        """Changes by people, for whatever reason."""
        ...

    @property
    def taps(self) -> Floats:
        """Times that somebody said "a bit warm" of the advice."""
        ...

    @property
    def hours(self) -> Floats:
        """Time counted [h]."""
        ...


class UnequalPeriodsError(ValueError):
    """The two arms did not count the same time: a comparison would be a lie."""

    def __init__(self, habit_h: float, advised_h: float, days: float) -> None:
        super().__init__(f"habit counted {habit_h} h and advised {advised_h} h, both should be {24 * days} h")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over homes with its standard error."""

    mean: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.standard_error:.2f}"


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """What another control did, against the habit, per home and day.

    Attributes:
        homes: How many pairs.
        days: Length of the period [days].
        habit_kwh: Electricity of all homes at the habit [kWh].
        advised_kwh: Electricity of all homes under the other control [kWh].
        saved_pct: Saved share of the total, standard error by the jackknife over homes [%].
        warm_habit_k_h_day: Warm degree-hours at the habit [K·h/day].
        warm_advised_k_h_day: The same under the other control.
        warm_extra_k_h_day: Their paired difference.
        overrides_habit_day: Overrides a home and day at the habit.
        overrides_advised_day: The same under the other control.
        overrides_extra_day: Their paired difference.
        overrides_habit: Overrides in all.
        overrides_advised: The same under the other control.
        taps: Times that somebody said "a bit warm" of the advice, all homes.
        comfort_kept: Homes with at most `MAX_EXTRA_WARM_K_H` extra.
        worst_home_saved_pct: Of the home that saves least [%].
    """

    homes: int
    days: float
    habit_kwh: float
    advised_kwh: float
    saved_pct: Estimate
    warm_habit_k_h_day: Estimate
    warm_advised_k_h_day: Estimate
    warm_extra_k_h_day: Estimate
    overrides_habit_day: Estimate
    overrides_advised_day: Estimate
    overrides_extra_day: Estimate
    overrides_habit: int
    overrides_advised: int
    taps: int
    comfort_kept: int
    worst_home_saved_pct: float


def compare(habit: Truth, advised: Truth, days: float) -> PairedComparison:
    """Compare two arms of the same fleet over the same `days` [days].

    Raises:
        UnequalPeriodsError: An arm counted more or less than that.
    """
    for hours in (habit.hours, advised.hours):
        if not np.allclose(hours, 24 * days):
            raise UnequalPeriodsError(float(habit.hours.max()), float(advised.hours.max()), days)
    extra_warm = (advised.warm_degree_hours_k_h - habit.warm_degree_hours_k_h) / days
    return PairedComparison(
        homes=len(habit.cooling_kwh),
        days=days,
        habit_kwh=float(habit.cooling_kwh.sum()),
        advised_kwh=float(advised.cooling_kwh.sum()),
        saved_pct=saved_share_pct(habit.cooling_kwh, advised.cooling_kwh),
        warm_habit_k_h_day=estimate(habit.warm_degree_hours_k_h / days),
        warm_advised_k_h_day=estimate(advised.warm_degree_hours_k_h / days),
        warm_extra_k_h_day=estimate(extra_warm),
        overrides_habit_day=estimate(habit.overrides / days),
        overrides_advised_day=estimate(advised.overrides / days),
        overrides_extra_day=estimate((advised.overrides - habit.overrides) / days),
        overrides_habit=int(habit.overrides.sum()),
        overrides_advised=int(advised.overrides.sum()),
        taps=int(advised.taps.sum()),
        comfort_kept=int((extra_warm <= MAX_EXTRA_WARM_K_H).sum()),
        worst_home_saved_pct=float((100 * (1 - advised.cooling_kwh / habit.cooling_kwh)).min()),
    )


def estimate(values: Floats) -> Estimate:
    """Mean and standard error of the mean; values (homes,)."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Estimate(float(values.mean()), error)


def saved_share_pct(habit_kwh: Floats, advised_kwh: Floats) -> Estimate:
    """Saved share of the total [%] with its standard error; arrays are `(homes,)`."""
    share = jackknife(habit_kwh - advised_kwh, habit_kwh)
    return Estimate(100 * share.mean, 100 * share.standard_error)


def jackknife(part: Floats, whole: Floats) -> Estimate:
    """Ratio of two totals over homes, standard error by the delete-one jackknife (Efron 1982, eq. 3.6)."""
    ratio, count = float(part.sum() / whole.sum()), len(whole)
    if count < 2:  # noqa: PLR2004 (one home has no spread)
        return Estimate(ratio, math.nan)
    left_out = (part.sum() - part) / (whole.sum() - whole)
    spread = (count - 1) / count * ((left_out - left_out.mean()) ** 2).sum()
    return Estimate(ratio, math.sqrt(float(spread)))
