"""Signals: a look at the newest weeks of a fleet, as numbers that the triggers compare with their limits.

Weather is common to a region, so it is taken out wherever homes are compared with what they were: otherwise
every hot week would be drift. A season that nobody knew is a signal of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.drift.cohorts import Cohorts
from cloud.drift.population import stability_index
from cloud.drift.residuals import changed_homes, energy_days, level
from cloud.drift.shares import at_least
from cloud.drift.window import CURRENT_DAYS, REFERENCE_DAYS, Window
from cloud.feature_catalogue import OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.override import OverrideModel, exposed_hours
from cloud.trees import matrix
from cloud.triggers import Signal

LOOK_DAYS: Final = REFERENCE_DAYS + CURRENT_DAYS
"""What a look needs, beside what the features of its first hours look back on [days]."""

OUTDOOR: Final = "outdoor_dry_bulb_c"

BESIDE: Final = {
    OUTDOOR: "outdoor temperature beside the neighbours'",
}
"""What the weather moves: compared after the region's median of the hour was taken off."""

OWN: Final = {
    "indoor_dry_bulb_c": "indoor temperature",
    "setpoint_c": "setpoint",
    "on_ratio": "time on",
    "present_ratio": "presence",
}
"""What people and machines do: compared as it is."""

MOVED_K: Final = 1.0
"""A home whose usual setpoint has moved by this has other people, or other advice [K]."""

KNOWN_MARGIN_K: Final = 1.0
"""Weather so far beyond the warmest and coolest known hour is as good as known [K]."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is looked at.

    Attributes:
        hours: Of `LOOK_DAYS` at least, columns of `cloud.features`.
        cohorts: Who belongs together.
        regions: The region of each device.
        champion: Whose predictions are compared with what came.
        drift_job: Up to when the data of a cohort went when a job learnt of its last drift.
    """

    hours: pd.DataFrame
    cohorts: Cohorts
    regions: Mapping[str, str]
    champion: Champion
    drift_job: Mapping[str, datetime] = field(default_factory=dict)


def look(fleet: Fleet) -> Iterator[Signal]:
    """Every signal of drift, for every cohort that has enough behind it."""
    if not len(fleet.hours):
        return
    hours = _beside_neighbours(fleet.hours, fleet.regions)
    windows = {cohort: _window(cohort, hours, fleet) for cohort in fleet.cohorts}
    days = {
        window: energy_days(hours, fleet.champion.energy, window, fleet.regions)
        for window in set(windows.values())
        if window is not None
    }
    for cohort, window in windows.items():
        if window is not None:
            mine = hours[hours["device_id"].isin(fleet.cohorts[cohort])]
            yield from _population(cohort, mine, window)
            yield from _moved_setpoints(cohort, mine, window)
            yield from _weather(cohort, mine, window)
            yield from _overrides(cohort, mine, window, fleet.champion.override)
            energy = days[window][days[window]["device_id"].isin(fleet.cohorts[cohort])]
            yield from level(cohort, energy)
            yield from changed_homes(cohort, energy)


def _window(cohort: str, hours: pd.DataFrame, fleet: Fleet) -> Window | None:
    """What is compared: after a drift that a job has learnt, only what is like the week that it learnt."""
    mine = hours.loc[hours["device_id"].isin(fleet.cohorts[cohort]), "hour_end_at"]
    if not len(mine):
        return None
    since, job = mine.min(), fleet.drift_job.get(cohort)
    if job is not None:
        since = max(since, job - timedelta(days=CURRENT_DAYS))
    return Window.of(hours["hour_end_at"].max(), since)


def _beside_neighbours(hours: pd.DataFrame, regions: Mapping[str, str]) -> pd.DataFrame:
    """With the region's outdoor temperature, and what the weather moves beside the region's median."""
    place = [hours["device_id"].map(regions), hours["hour_end_at"]]
    medians = {name: hours.groupby(place)[name].transform("median") for name in BESIDE}
    columns = {f"{name}_beside": hours[name] - median for name, median in medians.items()}
    return hours.assign(region_outdoor_c=medians[OUTDOOR], **columns)


def _population(cohort: str, hours: pd.DataFrame, window: Window) -> Iterator[Signal]:
    then, now = window.parts(hours)
    columns = {f"{name}_beside": words for name, words in BESIDE.items()} | OWN
    for column, words in columns.items():
        reference, current = (part[column].to_numpy(np.float64) for part in (then, now))
        index = stability_index(reference, current)
        before, after = (_usual(part) for part in (reference, current))
        said = f"{words} is distributed otherwise (stability index {index:.2f}, median {before} to {after})"
        yield Signal(trigger="population", cohort=cohort, subject=column, value=index, words=said)


def _usual(values: "np.typing.NDArray[np.float64]") -> str:
    known = values[~np.isnan(values)]
    return f"{np.median(known):.2f}" if len(known) else "unknown"


def _moved_setpoints(cohort: str, hours: pd.DataFrame, window: Window) -> Iterator[Signal]:
    """The share of homes that surely are kept at another warmth now [ratio]: other people, or advice."""
    then, now = (
        part[part["on_ratio"] > 0].groupby("device_id")["setpoint_c"].median() for part in window.parts(hours)
    )
    moved_k = (now - then).abs().dropna()
    if len(moved_k):
        moved = int((moved_k >= MOVED_K).sum())
        words = f"{moved} of {len(moved_k)} homes are kept {MOVED_K:g} K cooler or warmer than before"
        value = at_least(moved, len(moved_k))
        yield Signal(trigger="homes", cohort=cohort, subject="setpoint_c", value=value, words=words)


def _weather(cohort: str, hours: pd.DataFrame, window: Window) -> Iterator[Signal]:
    """Share of the newest hours that are hotter or cooler than all that the weeks before knew [ratio]."""
    then, now = (part["region_outdoor_c"].dropna() for part in window.parts(hours))
    if len(then) and len(now):
        low, high = float(then.min()), float(then.max())
        strange = float(((now < low - KNOWN_MARGIN_K) | (now > high + KNOWN_MARGIN_K)).mean())
        words = f"{100 * strange:.0f} % of the hours lie outside the {low:.0f} to {high:.0f} °C known before"
        yield Signal(trigger="weather", cohort=cohort, subject=OUTDOOR, value=strange, words=words)


def _overrides(cohort: str, hours: pd.DataFrame, window: Window, model: OverrideModel) -> Iterator[Signal]:
    """How surprising the newest week's overrides are, if they come as before [standard deviations].

    The model says how many were to come in this weather, the weeks before how far it is off; their number is
    taken to be Poisson's, whose square root has a standard deviation of one half (Anscombe 1948,
    doi:10.1093/biomet/35.3-4.246).
    """
    then, now = (_counted(part, model) for part in window.parts(hours))
    if then[0] and then[1] and now[1]:
        usual = now[1] * then[0] / then[1]
        surprise = 2 * (np.sqrt(now[0] + 3 / 8) - np.sqrt(usual + 3 / 8))
        words = f"{now[0]:.0f} overrides in a week in which {usual:.1f} were usual"
        yield Signal(trigger="overrides", cohort=cohort, subject="", value=abs(float(surprise)), words=words)


def _counted(hours: pd.DataFrame, model: OverrideModel) -> tuple[float, float]:
    """Overrides that came, and that were predicted."""
    exposed = exposed_hours(hours)
    if not len(exposed):
        return 0.0, 0.0
    predicted = model.predict(matrix(exposed, OVERRIDE_FEATURES)).sum()
    return float(exposed[OVERRIDE_TARGET].sum()), float(predicted)
