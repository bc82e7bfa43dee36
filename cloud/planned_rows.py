"""Planned rows: the features of hours to come, from what each home was like and what is planned for it.

For many homes at once: a round of decisions asks for all of them, and one array of forty homes costs little
more than that of one. A test holds the rows to `cloud.features`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt

from cloud.closed_hours import COLUMNS, Floats
from cloud.feature_catalogue import (
    ENERGY_FEATURES,
    HISTORY_H,
    HOME_FEATURES,
    MIN_HISTORY_H,
    MIN_ON_H,
    OFF_SETPOINT_C,
    ON_RATIO,
)
from cloud.hours import HourlyHistory, index_of

_SETPOINT, _OUTDOOR, _RH, _KWH, _ON = (
    COLUMNS.index(name)
    for name in ("setpoint_c", "outdoor_dry_bulb_c", "indoor_rh_pct", "electric_energy_kwh", "on_ratio")
)
_E = {name: place for place, name in enumerate(ENERGY_FEATURES)}


@dataclass(frozen=True, slots=True)
class PlannedPath:
    """What is planned or forecast for consecutive hours of h homes.

    Attributes:
        setpoint_c: Mean setpoint of each hour, `OFF_SETPOINT_C` when not cooling, (h, n) [°C].
        on_ratio: Share of each hour in a cooling mode, (h, n) [ratio].
        outdoor_dry_bulb_c: Forecast, (h, n) [°C].
    """

    setpoint_c: Floats
    on_ratio: Floats
    outdoor_dry_bulb_c: Floats

    @classmethod
    def of(cls, setpoints_c: Sequence[float | None], outdoor_dry_bulb_c: Sequence[float]) -> Self:
        """A path of one home that cools to each hour's setpoint, or is off in the hours with None."""
        off = [value is None for value in setpoints_c]
        held = [OFF_SETPOINT_C if value is None else value for value in setpoints_c]
        return cls(
            np.array([held], np.float64),
            1.0 - np.array([off], np.float64),
            np.array([outdoor_dry_bulb_c], np.float64),
        )


@dataclass(frozen=True, slots=True)
class Recent:
    """The last week of h homes, up to the first planned hour.

    Attributes:
        first_index: The first planned hour of each, (h,).
        longitude_deg: Where they are, (h,) [°, east positive].
        columns: `COLUMNS` of the 168 hours before it and of that hour as far as observed, (5, h, 169).
    """

    first_index: npt.NDArray[np.int_]
    longitude_deg: Floats
    columns: Floats

    @classmethod
    def of(cls, homes: Sequence[tuple[HourlyHistory, datetime]]) -> Self:
        """From each home's history and any instant of its first planned hour (the hour's end excluded)."""
        first = [index_of(math.floor(at.timestamp()) + 1) for _, at in homes]
        columns = [
            history.columns(index - HISTORY_H, HISTORY_H + 1)
            for (history, _), index in zip(homes, first, strict=True)
        ]
        longitude_deg = np.array([history.longitude_deg for history, _ in homes], np.float64)
        return cls(np.array(first), longitude_deg, np.stack(columns, axis=1))

    @property
    def setpoint_c(self) -> Floats:
        """Of the hours before, (h, 168) [°C]."""
        return np.asarray(self.columns[_SETPOINT, :, :-1])

    @property
    def outdoor_c(self) -> Floats:
        """Of the hours before and the first planned one so far, (h, 169) [°C]."""
        return np.asarray(self.columns[_OUTDOOR])


def energy_rows(recent: Recent, path: PlannedPath) -> Floats:
    """Rows for `EnergyModel.predict`: the hours of `path`.

    The history is as observed; the means over past setpoints and outdoor temperatures roll along the path,
    and the descriptors of the home stay as they are now.

    Returns:
        (h, n, len(ENERGY_FEATURES)), NaN where nothing is known.
    """
    rows = unplanned_rows(recent, path.outdoor_dry_bulb_c)
    setpoint_c = np.concatenate([recent.setpoint_c, path.setpoint_c], axis=1)
    n = path.setpoint_c.shape[1]
    rows[:, :, _E["setpoint_c"]] = path.setpoint_c
    rows[:, :, _E["setpoint_3h_c"]] = _mean_before(setpoint_c, 3, n)
    rows[:, :, _E["setpoint_24h_c"]] = _mean_before(setpoint_c, 24, n)
    rows[:, :, _E["on_ratio"]] = path.on_ratio
    return rows


def unplanned_rows(recent: Recent, outdoor_c: Floats) -> Floats:
    """The same rows without what a path decides: all columns of setpoints and `on_ratio` are NaN.

    Args:
        recent: The homes.
        outdoor_c: Forecast, (h, n) [°C].
    """
    homes, n = outdoor_c.shape
    rows = np.full((homes, n, len(ENERGY_FEATURES)), math.nan)
    hours = recent.first_index[:, np.newaxis] + np.arange(n)
    rows[:, :, _E["solar_hour"]] = (hours - 0.5 + recent.longitude_deg[:, np.newaxis] / 15) % 24
    rows[:, :, _E["outdoor_dry_bulb_c"]] = outdoor_c
    past_outdoor_c = np.concatenate([recent.outdoor_c[:, :-1], outdoor_c], axis=1)
    rows[:, :, _E["outdoor_dry_bulb_24h_c"]] = _mean_before(past_outdoor_c, 24, n, shift=1)
    rows[:, :, _E["indoor_rh_1h_pct"]] = recent.columns[_RH, :, -2, np.newaxis]
    rows[:, :, [_E[name] for name in HOME_FEATURES]] = _descriptors(recent)[:, np.newaxis]
    return rows


def mean(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    """Means of the rows of `values` over what is `where`, (h, n) to (h,); NaN where there is nothing."""
    count = np.count_nonzero(where, axis=1)
    some = np.ascontiguousarray(np.where(where, values, 0.0))  # else bits depend on how many homes are asked
    total = some.sum(axis=1)
    return np.asarray(total / np.where(count > 0, count, math.nan), np.float64)


def _descriptors(recent: Recent) -> Floats:
    """`HOME_FEATURES`, (h, 4); NaN with less than a day of energy, or an afternoon of cooling."""
    kwh, on_ratio = recent.columns[_KWH, :, :-1], recent.columns[_ON, :, :-1]
    rise_k = recent.outdoor_c[:, :-1] - recent.setpoint_c
    known = ~np.isnan(kwh)
    cools = known & (on_ratio >= ON_RATIO)
    known[np.count_nonzero(known, axis=1) < MIN_HISTORY_H] = False
    cools[np.count_nonzero(cools, axis=1) < MIN_ON_H] = False
    outdoor_known = ~np.isnan(rise_k)
    columns = (
        mean(kwh, known),
        mean(np.maximum(0.0, rise_k), known & outdoor_known),
        mean(kwh, cools),
        mean(rise_k, cools & outdoor_known),
    )
    return np.column_stack(columns)


def _mean_before(values: Floats, window: int, n: int, *, shift: int = 0) -> Floats:
    """Means over the `window` values before each of the last `n` (with `shift` 1: up to and with it)."""
    homes, length = values.shape
    known = ~np.isnan(values)
    running = np.zeros((2, homes, length + 1))
    running[0, :, 1:] = known
    running[1, :, 1:] = np.where(known, values, 0.0)
    running.cumsum(axis=2, out=running)
    end = length - n + shift
    count, total = running[:, :, end : end + n] - running[:, :, end - window : end + n - window]
    return np.asarray(total / np.where(count > 0, count, math.nan), np.float64)
