"""Outlook: what still counts of the last forecast, and how the outdoor sensor corrects it.

The service speaks of a place kilometres wide, the sensor of the wall where the machine breathes, and the
sensor is what the models have learnt from. So what the service misses now is added to what it says of the
next hours, ever less of it. `python -m infra.local.forecast_study` prints what that brings.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.ports.weather import WeatherHour

Floats: TypeAlias = npt.NDArray[np.float64]

HOUR_S = 3600

STALE_H = 24
"""A forecast that began so long ago counts no more [h]; see `infra.local.forecast_study`."""

KEPT_H = STALE_H + 26
"""Hours that are remembered: those that a decision can ask for until the forecast is stale [h]."""

DEADBAND_K = 0.3
"""Differences up to the sensor's noise are none [K]: see `infra.local.forecast_study --choose`."""

DECAY_H = 3.0
"""After so many hours 1/e of the difference is left [h]: see `infra.local.forecast_study --choose`."""


def keep(hours: Iterable[WeatherHour]) -> list[WeatherHour]:
    """The hours of a forecast that are worth remembering, in their order; its first says when it began."""
    known = sorted((h for h in hours if math.isfinite(h.outdoor_dry_bulb_c)), key=lambda hour: hour.at)
    return known[:KEPT_H]


def coming_c(forecast: Sequence[WeatherHour], at_s: float) -> dict[int, float]:
    """Outdoor temperature by hour since 1970 (its start), from the hour before the one around `at_s` on [°C].

    Args:
        forecast: What `keep` gave.
        at_s: Now [s since 1970].

    Returns:
        Nothing, when the forecast is stale.
    """
    by_hour = {int(hour.at.timestamp() // HOUR_S): hour.outdoor_dry_bulb_c for hour in forecast}
    now = int(at_s // HOUR_S)
    if not by_hour or now - min(by_hour) > STALE_H:
        return {}
    return {hour: dry_bulb_c for hour, dry_bulb_c in by_hour.items() if hour >= now - 1}


def off_k(forecast_c: Mapping[int, float], seen_h: float, seen_c: float) -> float:
    """By how much the sensor is above the forecast [K].

    The forecast's means stand for the middles of their hours, with straight lines between and beyond.

    Args:
        forecast_c: By hour since 1970.
        seen_h: When the sensor said it: the middle of what it is the mean of [h since 1970].
        seen_c: What it said; may be NaN [°C].

    Returns:
        0 when the sensor or the forecast has nothing to say about then.
    """
    before = math.floor(seen_h - 0.5)
    near = [hour for hour in (before, before + 1, before + 2) if hour in forecast_c][:2]
    if math.isnan(seen_c) or not near:
        return 0.0
    first, last = near[0], near[-1]
    slope_k_h = (forecast_c[last] - forecast_c[first]) / max(last - first, 1)
    return seen_c - forecast_c[first] - slope_k_h * (seen_h - 0.5 - first)


def correction_k(
    difference_k: npt.ArrayLike, leads_h: Floats, deadband_k: float = DEADBAND_K, decay_h: float = DECAY_H
) -> Floats:
    """What to add to a forecast that is off by `difference_k` now, at `leads_h` from now [K]."""
    difference = np.asarray(difference_k, np.float64)
    counted = np.where(np.abs(difference) > deadband_k, difference, 0.0)
    return np.asarray(counted * np.exp(-leads_h / decay_h))
