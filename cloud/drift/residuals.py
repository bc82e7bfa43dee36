"""Residuals: what homes drew beside what they should have drawn, had they stayed as they were.

The champion knows the home's own last week, so it follows a clogged filter within days, and its residuals
forget it. Here each home is asked as it was in the reference weeks. What the weather does to all homes of a
region alike is taken off where homes are compared with themselves.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from cloud.drift.change import cumulative_sums
from cloud.drift.shares import at_least
from cloud.drift.window import Window
from cloud.energy import EnergyModel, usable_energy_hours
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, HOME_FEATURES
from cloud.trees import matrix
from cloud.triggers import Signal

HOME_SUMS_SD: Final = 8.0
"""A home has changed when its cumulative sum reaches this [standard deviations]; on simulated fleets (see
`cloud.triggers`) a day's residual goes half with that of the day before, so the textbook's 5 is too low."""

MIN_SPREAD: Final = 0.05
"""A home's residuals are taken to vary from day to day by this at least [ratio]."""

MIN_DAYS: Final = 10
"""Days with energy before the cut, below which nobody knows how a home was [days]."""

TINY_KWH: Final = 0.5
"""Added to a day's energy before logarithms: on a cool day a minute of cooling is no change [kWh]."""

MIN_HOMES: Final = 4
"""With fewer nobody's neighbours say what the weather did."""


def energy_days(
    hours: pd.DataFrame, model: EnergyModel, window: Window, regions: Mapping[str, str]
) -> pd.DataFrame:
    """One row for each home and day.

    Args:
        hours: Columns of `cloud.features`.
        model: Whose predictions are compared.
        window: How homes were is taken from its reference.
        regions: By device id.

    Returns:
        `device_id`, `day` (from 1 on after the cut), `now`, `observed_kwh`, `served_kwh` (predicted as in
        service), `log_ratio` of the observed energy over that of the home as it was, and `own_log_ratio`, the
        same beside the region's median.
    """
    usable = usable_energy_hours(hours[hours["hour_end_at"] > window.start])
    rows = matrix(usable, ENERGY_FEATURES)
    was = rows.copy()
    then = usable["hour_end_at"] <= window.cut
    for name in HOME_FEATURES:
        before = usable[name].where(then).groupby(usable["device_id"]).transform("median")
        was[:, ENERGY_FEATURES.index(name)] = before
    days = (
        pd.DataFrame(
            {
                "device_id": usable["device_id"],
                "day": (usable["hour_end_at"] - window.cut).dt.ceil("D").dt.days,
                "observed_kwh": usable[ENERGY_TARGET],
                "served_kwh": model.predict(rows),
                "was_kwh": model.predict(was),
            }
        )
        .groupby(["device_id", "day"], sort=True)
        .sum()
        .reset_index()
    )
    days["now"] = days["day"] > 0
    days["log_ratio"] = np.log((days["observed_kwh"] + TINY_KWH) / (days["was_kwh"] + TINY_KWH))
    where = days["device_id"].map(regions)
    neighbours = days.groupby([where, "day"])["log_ratio"].transform("median")
    days["own_log_ratio"] = days["log_ratio"] - neighbours
    return days


def level(cohort: str, days: pd.DataFrame) -> Iterator[Signal]:
    """How far the champion is off as a whole in the newest week, beyond what it was before: |ln ratio|."""
    then, now = days[~days["now"]], days[days["now"]]
    if not len(then) or not len(now):
        return
    before, after = (
        np.log((part["observed_kwh"].sum() + TINY_KWH) / (part["served_kwh"].sum() + TINY_KWH))
        for part in (then, now)
    )
    moved = float(after - before)
    words = (
        f"observed over predicted energy went from {100 * np.exp(before):.0f} to {100 * np.exp(after):.0f} %"
    )
    yield Signal(trigger="level", cohort=cohort, subject="energy", value=abs(moved), words=words)


def changed_homes(cohort: str, days: pd.DataFrame) -> Iterator[Signal]:
    """The share of homes that surely draw another part of their neighbours' energy than they did [ratio]."""
    own = days.pivot_table(index="device_id", columns="day", values="own_log_ratio")
    is_now = own.columns.to_numpy() > 0
    values = own.to_numpy(np.float64)
    values = values[(~np.isnan(values[:, ~is_now])).sum(axis=1) >= MIN_DAYS]
    if len(values) < MIN_HOMES:
        return
    then, now = values[:, ~is_now], values[:, is_now]
    spread = np.maximum(np.nanstd(then, axis=1, ddof=1), MIN_SPREAD)
    changed = int((cumulative_sums(now, np.nanmean(then, axis=1), spread) >= HOME_SUMS_SD).sum())
    words = f"{changed} of {len(values)} homes draw another part of their neighbours' energy than before"
    share = at_least(changed, len(values))
    yield Signal(trigger="homes", cohort=cohort, subject="energy", value=share, words=words)
