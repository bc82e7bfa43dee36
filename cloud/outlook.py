"""Outlook: what still counts of the last forecast, and how the outdoor sensor corrects it.

The service speaks of a place kilometres wide, the sensor of the wall where the machine breathes, and the
sensor is what the models have learnt from. So what the service misses now is added to what it says of the
next hours, ever less of it. `python -m infra.local.forecast_study` prints what that brings.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.ports.weather import WeatherHour

Floats: TypeAlias = npt.NDArray[np.float64]

HOUR_S = 3600

STALE_H = 2
"""A forecast that began longer ago counts no more [h]: over a day of simulated weather it is worse than the
sensor alone (`infra.local.forecast_study`)."""

COMING_H = 25
"""Hours that a decision looks at: a day, and so parts of 25 hours [h]."""

KEPT_H = STALE_H + COMING_H + 1
"""Hours that are remembered: those that a decision can ask for until the forecast is stale [h]."""

DEADBAND_K = 0.3
"""Differences up to the sensor's noise are none [K]: see `infra.local.forecast_study --choose`."""

DECAY_H = 9.0
"""After so many hours 1/e of the difference is left [h]: see `infra.local.forecast_study --choose`."""


def keep(hours: Iterable[WeatherHour]) -> list[WeatherHour]:
    """The hours of a forecast that are worth remembering, in their order; its first says when it began."""
    known = sorted((h for h in hours if math.isfinite(h.outdoor_dry_bulb_c)), key=lambda hour: hour.at)
    return known[:KEPT_H]


class Forecast:
    """A forecast as it is asked at every reading and decision until the next one is heard.

    Args:
        hours: What `keep` gave.
    """

    def __init__(self, hours: Sequence[WeatherHour]) -> None:
        self._hours = hours
        self._numbers = [int(hour.at.timestamp() // HOUR_S) for hour in hours]

    def coming_c(self, at_s: float) -> dict[int, float]:
        """Outdoor temperature by hour since 1970 (its start), from the one around `at_s` on [°C].

        Args:
            at_s: Now [s since 1970].

        Returns:
            Nothing, when the forecast is stale.
        """
        return {number: hour.outdoor_dry_bulb_c for number, hour in self._coming(at_s)}

    def sunshine_w_m2(self, at_s: float) -> dict[int, float]:
        """Sunshine by hour since 1970 (its start), as far as a forecast that is not stale says it [W/m²]."""
        said = ((number, hour.ghi_w_m2) for number, hour in self._coming(at_s))
        return {number: ghi for number, ghi in said if ghi is not None and math.isfinite(ghi)}

    def ghi_w_m2(self, at_s: float) -> float | None:
        """Sunshine that is said of an instant [W/m²]; None where nothing is."""
        if not self._hours:
            return None
        place = int((at_s - 1.0) // HOUR_S) - self._numbers[0]
        return self._hours[place].ghi_w_m2 if 0 <= place < len(self._hours) else None

    def _coming(self, at_s: float) -> Iterable[tuple[int, WeatherHour]]:
        now = int(at_s // HOUR_S)
        if not self._numbers or now - self._numbers[0] > STALE_H:
            return ()
        first = bisect_left(self._numbers, now)
        return zip(self._numbers[first:], self._hours[first:], strict=True)


def corrected_c(forecast_c: Mapping[int, float], sensor_c: Floats, now_h: float) -> Floats:
    """The forecast of the coming 25 hours, corrected by the sensor [°C].

    Args:
        forecast_c: By hour since 1970 [°C].
        sensor_c: Means of the hours up to the one around now, which is the last, at least (26,) [°C].
        now_h: Now [h since 1970].

    Returns:
        (25,) [°C], NaN where the forecast says nothing.
    """
    first = math.floor(now_h)
    said_c = np.array([forecast_c.get(first + ahead, math.nan) for ahead in range(COMING_H)])
    return said_c + correction_k(off_k(float(said_c[0]), sensor_c, now_h - first), np.arange(float(COMING_H)))


def off_k(said_c: float, sensor_c: Floats, passed_h: float) -> float:
    """By how much the sensor is above what is said of the hour around now [K].

    What the sensor has told is of the part of it that has passed, or of the hour before. How much warmer the
    whole hour will be than that is taken from the same time of the day before.

    Args:
        said_c: Forecast of this hour; may be NaN [°C].
        sensor_c: Means of the hours up to this one so far, at least (26,), NaN when unknown [°C].
        passed_h: How much of this hour has passed [h].

    Returns:
        0 when the sensor or the forecast has nothing to say about now.
    """
    has_begun = not math.isnan(sensor_c[-1])
    newest_c, middle_h = (sensor_c[-1], passed_h / 2) if has_begun else (sensor_c[-2], -0.5)
    before_c = sensor_c[-26:-24]  # the hour before, and this one, a day ago
    rise_k = before_c[1] - np.interp(middle_h, (-0.5, 0.5), before_c)
    difference_k = newest_c + (0.0 if math.isnan(rise_k) else rise_k) - said_c
    return 0.0 if math.isnan(difference_k) else float(difference_k)


def correction_k(
    difference_k: npt.ArrayLike, leads_h: Floats, deadband_k: float = DEADBAND_K, decay_h: float = DECAY_H
) -> Floats:
    """What to add to a forecast that is off by `difference_k` now, at `leads_h` from now [K]."""
    difference = np.asarray(difference_k, np.float64)
    counted = np.where(np.abs(difference) > deadband_k, difference, 0.0)
    return np.asarray(counted * np.exp(-leads_h / decay_h))
