"""Outcome: what the models expect of setpoint paths over the coming day; energy, money, and being noticed.

Paths are compared as if each had been in force for a day already. So what is told is the saving that lasts,
not the one hour of idling after the setpoint goes up (eleven times as much: ADVICE.md, traps).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.home_clock import Slot
from cloud.hours import HourlyHistory

Floats: TypeAlias = npt.NDArray[np.float64]

HORIZON_SLOTS = 48
"""The coming day in half-hours; a path has one more, since the first one has partly passed."""

BALANCE_K = 6.0
"""A home needs cooling from so much below its setpoint outdoors, for sun, people and appliances [K]: the base
of 18.3 °C (65 °F) of ASHRAE's cooling degree-days, at setpoints around 24 °C."""

MIN_DEGREE_K = 4.0
"""The difference that drives the load is never taken for less [K]; on cool days little is left to save."""

NOTHING_KWH = 1e-9
"""A saving that is none [kWh]."""

MODEL_RANGE = (0.5, 1.5)
"""How far the model may be from the degree-days about what lasts of a warmer setpoint [ratio]: logged
setpoints follow people and weather, and trees that learnt from them have got even its sign wrong."""

_E = {name: place for place, name in enumerate(ENERGY_FEATURES)}
_O = {name: place for place, name in enumerate(OVERRIDE_FEATURES)}


class Predictor(Protocol):
    """A model that answers one number a row."""

    def predict(self, rows: Floats, /) -> Floats:
        """(n, features) to (n,)."""
        ...


class Models(Protocol):
    """What serves: `cloud.champion.Champion`."""

    @property
    def version(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def energy(self) -> Predictor:
        """Electricity of an hour [kWh/h]."""
        ...

    @property
    def override(self) -> Predictor:
        """Chance of an override in an hour [ratio]."""
        ...


@dataclass(frozen=True, slots=True)
class Horizon:
    """The coming day.

    Attributes:
        at: Now (UTC).
        slots: The half-hours from now on, (49,).
    """

    at: datetime
    slots: Sequence[Slot]

    @property
    def first_hour(self) -> int:
        """The hour around now, counted since 1970 by its start."""
        return self.slots[0].number // 2

    def hour_weights(self) -> Floats:
        """Share of each hour that lies within the coming 24 h, (25,)."""
        passed = self.at.timestamp() % 3600 / 3600
        return np.array([1.0 - passed, *([1.0] * 23), passed])

    def hourly(self, per_slot: Sequence[float]) -> Floats:
        """Means over the hours of one value a half-hour, (49,) to (25,)."""
        values = list(per_slot)
        if self.slots[0].number % 2:
            values = [values[0], *values]  # the hour began before now
        halves = np.array((values + values[-1:])[:50], np.float64)
        return np.asarray((halves[0::2] + halves[1::2]) / 2)

    def local_hours(self) -> npt.NDArray[np.int_]:
        """Local hour of the day of each hour, (25,)."""
        first = self.slots[0].of_day // 2
        return (first + np.arange(25)) % 24


@dataclass(slots=True)
class Outcomes:
    """Expectations over a horizon, with the home's history behind them.

    Args:
        models: What serves.
        history: The home's hours.
        horizon: The coming day.
        outdoor_c: Outdoor temperature of each hour, (25,) [°C].
    """

    models: Models
    history: HourlyHistory
    horizon: Horizon
    outdoor_c: Floats
    _known_kwh: dict[tuple[float, ...], Floats] = field(
        init=False, default_factory=dict[tuple[float, ...], Floats]
    )

    def energy_kwh(self, paths_c: Sequence[Sequence[float]]) -> Floats:
        """Electricity of each hour for cooling to each path.

        Args:
            paths_c: Setpoints by half-hour, (k, 49) [°C].

        Returns:
            (k, 25) [kWh]; hours that lie partly outside the horizon count in part.
        """
        paths = [tuple(path) for path in paths_c]
        new = [path for path in dict.fromkeys(paths) if path not in self._known_kwh]
        if new:
            self._known_kwh.update(zip(new, self._predict_kwh(new), strict=True))
        return np.array([self._known_kwh[path] for path in paths])

    def saved_kwh(self, habit_c: Sequence[float], advised_c: Sequence[float]) -> tuple[Floats, Floats]:
        """What the habit costs in each hour, and what lasts of the saving against it.

        The load of a home goes with the degrees between outdoors and its setpoint, so each kelvin of rise
        saves one of them; the model says how much more or less that is in this home, within `MODEL_RANGE`.

        Args:
            habit_c: Setpoints without advice by half-hour, (49,) [°C].
            advised_c: Setpoints with it, (49,) [°C].

        Returns:
            Electricity at the habit and saving, both (25,) [kWh].
        """
        habit_kwh, advised_kwh = self.energy_kwh([habit_c, advised_c])
        rise_k = self.horizon.hourly(advised_c) - self.horizon.hourly(habit_c)
        degrees_kwh = habit_kwh * rise_k / self._degrees_k(habit_c)
        total_kwh = float(degrees_kwh.sum())
        if abs(total_kwh) < NOTHING_KWH:
            return habit_kwh, degrees_kwh
        ratio = float((habit_kwh - advised_kwh).sum()) / total_kwh
        return habit_kwh, degrees_kwh * min(max(ratio, MODEL_RANGE[0]), MODEL_RANGE[1])

    def _predict_kwh(self, paths_c: Sequence[Sequence[float]]) -> Floats:
        hourly = np.array([self.horizon.hourly(path) for path in paths_c])
        around = self.history.unplanned_rows(self.horizon.at, self.outdoor_c)
        rows = np.repeat(around[np.newaxis], len(hourly), axis=0)
        rows[:, :, _E["on_ratio"]] = 1.0
        rows[:, :, _E["setpoint_c"]] = hourly
        rows[:, :, _E["setpoint_3h_c"]] = _mean_before(hourly, 3)
        rows[:, :, _E["setpoint_24h_c"]] = _mean_before(hourly, 24)
        kwh = self.models.energy.predict(rows.reshape(-1, rows.shape[2])).reshape(len(hourly), 25)
        return np.asarray(np.maximum(kwh, 0.0) * self.horizon.hour_weights())

    def _degrees_k(self, habit_c: Sequence[float]) -> float:
        """Mean degrees that drive the load over the day [K]."""
        known = self.outdoor_c[~np.isnan(self.outdoor_c)]
        if not len(known):
            return 2 * MIN_DEGREE_K
        return max(float(known.mean() - np.mean(habit_c)) + BALANCE_K, MIN_DEGREE_K)

    def override_chance(self, felt_k: Sequence[Sequence[float]], present: Sequence[float]) -> Floats:
        """Chance of at least one override within the horizon, for each way it may feel.

        Args:
            felt_k: Felt temperature above the habit by half-hour, (k, 49) [K].
            present: Chance that somebody is at home, by half-hour, (49,) [ratio].

        Returns:
            (k,) [ratio].
        """
        base = self.history.override_row(self.horizon.at)
        rows = np.repeat(np.repeat(base[np.newaxis], 25, axis=1), len(felt_k), axis=0)
        rows[:, :, _O["felt_above_habit_k"]] = [self.horizon.hourly(path) for path in felt_k]
        solar = base[0, _O["solar_hour"]]
        rows[:, :, _O["solar_hour"]] = (solar + np.arange(25)) % 24
        rows[:, :, _O["outdoor_dry_bulb_c"]] = self.outdoor_c
        there = self.horizon.hourly(present)
        chance = self.models.override.predict(rows.reshape(-1, rows.shape[2])).reshape(len(felt_k), 25)
        weights = there * self.horizon.hour_weights()
        return np.asarray(1.0 - np.prod(1.0 - np.clip(chance, 0.0, 1.0) * weights, axis=1))


def outdoor_path_c(history: HourlyHistory, horizon: Horizon, forecast: Mapping[int, float]) -> Floats:
    """Outdoor temperature of the coming hours: the forecast, else as a day before, shifted to now.

    Args:
        history: What the outdoor sensor saw.
        horizon: The coming day.
        forecast: By hour since 1970 (its start) [°C].

    Returns:
        (25,) [°C], NaN where nothing is known.
    """
    seen = {hour.hour_index - 1: hour.outdoor_dry_bulb_c for hour in history.hours[-50:]}
    first = horizon.first_hour
    now_c = seen.get(first, math.nan)
    if math.isnan(now_c):
        now_c = seen.get(first - 1, math.nan)
    shift_k = now_c - seen.get(first - 24, math.nan)
    path = []
    for ahead in range(25):
        before_c = seen.get(first + ahead - 24, math.nan) + shift_k * max(0.0, 1.0 - ahead / 24)
        path.append(forecast.get(first + ahead, now_c if math.isnan(before_c) else before_c))
    return np.array(path, np.float64)


def _mean_before(hourly: Floats, window: int) -> Floats:
    """Means over the `window` hours before each, as if the first 24 hours had also been the day before."""
    day = np.concatenate([hourly[:, :24], hourly], axis=1)
    total = np.concatenate([np.zeros((len(day), 1)), np.cumsum(day, axis=1)], axis=1)
    return np.asarray((total[:, 24:49] - total[:, 24 - window : 49 - window]) / window)
