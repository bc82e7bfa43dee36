"""Outcome: what the models expect of setpoint paths over the coming day; energy, money, and being noticed.

Paths are compared as if each had been in force for a day already. So what is told is the saving that lasts,
not the one hour of idling after the setpoint goes up (eleven times as much: ADVICE.md, traps). Arrays have
one row for each of h homes, since the models are asked once for all homes that decide together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.absence import ReturnTimes
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.home_clock import Slot
from cloud.hours import HourlyHistory
from cloud.lasting import GreyDay, Lasting
from cloud.outlook import corrected_c
from cloud.planned_rows import Recent, mean, unplanned_rows
from cloud.presence_features import Moment

Floats: TypeAlias = npt.NDArray[np.float64]
Homes: TypeAlias = Sequence[int]
"""Places of some homes among those that decide together."""

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

GREY_RANGE = (0.3, 2.0)
"""The same for a trusted grey box, which knows the way from setpoint to electricity: wider, since a set-back
saves less than its degrees, and a light or leaky home more than them [ratio]."""

_E = {name: place for place, name in enumerate(ENERGY_FEATURES)}
_O = {name: place for place, name in enumerate(OVERRIDE_FEATURES)}


class Predictor(Protocol):
    """A model that answers one number a row."""

    def predict(self, rows: Floats, /) -> Floats:
        """(n, features) to (n,)."""
        ...


class PresencePredictor(Protocol):
    """A model of when people are at home: `cloud.presence_model.PresenceModel`."""

    def away(self, moments: Sequence[Moment], /) -> Floats:
        """Chance that nobody is at home by half-hour, (h, 49) [ratio]."""
        ...

    def return_times(self, moments: Sequence[Moment], /) -> list[ReturnTimes]:
        """When somebody comes back to homes that nobody is in."""
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

    @property
    def presence(self) -> PresencePredictor | None:
        """When homes are empty and people come back; None: past days tell."""
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

    def local_hours(self) -> npt.NDArray[np.int_]:
        """Local hour of the day of each hour, (25,)."""
        first = self.slots[0].of_day // 2
        return (first + np.arange(25)) % 24


@dataclass(frozen=True, slots=True)
class Day:
    """A home and its coming day.

    Attributes:
        history: The home's hours.
        horizon: The coming day.
        forecast: Outdoor temperature by hour since 1970 (its start), as `outlook.coming_c` gives it [°C].
        grey_day: The home's grey box and its sunshine; None when there is none.
        energy_ratio: What the model's energy is multiplied by in this home (`cloud.yesterday`) [ratio].
    """

    history: HourlyHistory
    horizon: Horizon
    forecast: Mapping[int, float]
    grey_day: GreyDay | None = None
    energy_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a plan for one home.

    Attributes:
        habit_kwh: Electricity of each hour at the habit, (25,) [kWh].
        saved_kwh: What lasts of the saving against it, (25,) [kWh].
        notice_ratio: Chance that somebody acts on the day that is advised [ratio].
    """

    habit_kwh: Floats
    saved_kwh: Floats
    notice_ratio: float


class Outcomes:
    """Expectations for the coming day of homes that decide together, with their histories behind them.

    Args:
        models: What serves.
        days: The homes.

    Attributes:
        outdoor_c: Outdoor temperature of each hour, (h, 25) [°C].
    """

    def __init__(self, models: Models, days: Sequence[Day]) -> None:
        self._models = models
        recent = Recent.of([(day.history, day.horizon.at) for day in days])
        self.outdoor_c = outdoor_paths_c(recent, days)
        self._around = unplanned_rows(recent, self.outdoor_c)
        self._around[:, :, _E["on_ratio"]] = 1.0
        self._begun = np.array([day.horizon.slots[0].number % 2 == 1 for day in days])
        self._weights = _hour_weights([day.horizon.at for day in days])
        self._ratio = np.array([[day.energy_ratio] for day in days])
        first_halves = [day.horizon.slots[0].number for day in days]
        self._lasting = Lasting([day.grey_day for day in days], first_halves, self.outdoor_c)
        self._override = np.concatenate([day.history.override_row(day.horizon.at) for day in days])

    def energy_kwh(self, homes: Homes, paths_c: Sequence[Sequence[float]]) -> Floats:
        """Electricity of each hour for cooling to a path.

        Args:
            homes: Whose it is, (k,); a home may stand there more than once.
            paths_c: Setpoints by half-hour, (k, 49) [°C].

        Returns:
            (k, 25) [kWh]; hours that lie partly outside the horizon count in part.
        """
        return self._hourly_kwh(homes, self._hourly(homes, paths_c))

    def saved_kwh(
        self,
        homes: Homes,
        habits_c: Sequence[Sequence[float]],
        advised_c: Sequence[Sequence[float]],
        *,
        by_grey_box: bool = True,
    ) -> tuple[Floats, Floats]:
        """What the habit costs in each hour, and what lasts of the saving against it.

        The load of a home goes with the degrees between outdoors and its setpoint, so each kelvin of rise
        saves one of them; the model says how much more or less that is in this home, within `MODEL_RANGE`; a
        trusted grey box says it instead, within `GREY_RANGE`.

        Args:
            homes: Which, (k,).
            habits_c: Setpoints without advice by half-hour, (k, 49) [°C].
            advised_c: Setpoints with it, (k, 49) [°C].
            by_grey_box: Whether grey boxes are asked, and yesterday is believed.

        Returns:
            Electricity at the habit and saving, both (k, 25) [kWh].
        """
        habit, advised = self._hourly(homes, habits_c), self._hourly(homes, advised_c)
        rise_k = advised - habit
        habit_kwh, advised_kwh = self._both_kwh(homes, habit, advised)
        degrees_kwh = habit_kwh * rise_k / self._degrees_k(homes, habits_c)[:, np.newaxis]
        total_kwh = degrees_kwh.sum(axis=1)
        moved = np.abs(total_kwh) >= NOTHING_KWH
        lasting_kwh = (habit_kwh - advised_kwh).sum(axis=1)
        ratio = np.divide(lasting_kwh, total_kwh, out=np.ones(len(homes)), where=moved)
        grey_ratio = np.full(len(homes), np.nan)
        if by_grey_box:
            by_degrees = total_kwh, habit_kwh.sum(axis=1)
            grey_ratio = self._lasting.ratio(homes, np.array(habits_c), np.array(advised_c), by_degrees)
        grey = ~np.isnan(grey_ratio)
        ratio = np.where(grey, grey_ratio, ratio)
        low, high = np.where(grey[:, np.newaxis], GREY_RANGE, MODEL_RANGE).T
        ratio[moved] = np.clip(ratio, low, high)[moved]
        off = self._ratio[np.asarray(homes)] if by_grey_box else 1.0
        return habit_kwh * off, degrees_kwh * ratio[:, np.newaxis] * off

    def by_hour_kwh(self, home: int, per_slot_kwh: Sequence[float]) -> Floats:
        """Sums over the hours of energies by half-hour; (49,) to (25,) [kWh]."""
        places = (np.arange(len(per_slot_kwh)) + int(self._begun[home])) // 2
        return np.asarray(np.bincount(places, per_slot_kwh, minlength=25), np.float64)

    def override_chance(
        self, felt_k: Sequence[Sequence[float]], present: Sequence[Sequence[float]]
    ) -> Floats:
        """Chance of at least one override within the horizon, for all homes.

        Args:
            felt_k: Felt temperature above the habit by half-hour, (h, 49) [K].
            present: Chance that somebody is at home, by half-hour, (h, 49) [ratio].

        Returns:
            (h,) [ratio].
        """
        homes = range(len(felt_k))
        rows = np.repeat(self._override[:, np.newaxis], 25, axis=1)
        rows[:, :, _O["felt_above_habit_k"]] = self._hourly(homes, felt_k)
        rows[:, :, _O["solar_hour"]] = (rows[:, :, _O["solar_hour"]] + np.arange(25)) % 24
        rows[:, :, _O["outdoor_dry_bulb_c"]] = self.outdoor_c
        chance = self._models.override.predict(rows.reshape(-1, rows.shape[2])).reshape(-1, 25)
        weights = self._hourly(homes, present) * self._weights
        return np.asarray(1.0 - np.prod(1.0 - np.clip(chance, 0.0, 1.0) * weights, axis=1))

    def _both_kwh(self, homes: Homes, habit: Floats, advised: Floats) -> tuple[Floats, Floats]:
        """Electricity at both, hourly paths, asked for once where they are the same."""
        moved = np.flatnonzero((advised != habit).any(axis=1))
        asked = np.concatenate([np.asarray(homes), np.asarray(homes)[moved]])
        kwh = self._hourly_kwh(asked.tolist(), np.concatenate([habit, advised[moved]]))
        habit_kwh = kwh[: len(homes)]
        advised_kwh = habit_kwh.copy()
        advised_kwh[moved] = kwh[len(homes) :]
        return habit_kwh, advised_kwh

    def _hourly_kwh(self, homes: Homes, hourly_c: Floats) -> Floats:
        rows = self._around[np.asarray(homes)]
        rows[:, :, _E["setpoint_c"]] = hourly_c
        rows[:, :, _E["setpoint_3h_c"]] = _mean_before(hourly_c, 3)
        rows[:, :, _E["setpoint_24h_c"]] = _mean_before(hourly_c, 24)
        kwh = self._models.energy.predict(rows.reshape(-1, rows.shape[2])).reshape(-1, 25)
        return np.asarray(np.maximum(kwh, 0.0) * self._weights[np.asarray(homes)])

    def _hourly(self, homes: Homes, per_slot: Sequence[Sequence[float]]) -> Floats:
        """Means over the hours of one value a half-hour, (k, 49) to (k, 25)."""
        values = np.array(per_slot, np.float64)
        halves = np.concatenate([values, values[:, -1:]], axis=1)
        begun = self._begun[np.asarray(homes)]  # the hour began before now
        halves[begun] = np.concatenate([values[begun, :1], values[begun]], axis=1)
        return np.asarray((halves[:, 0::2] + halves[:, 1::2]) / 2)

    def _degrees_k(self, homes: Homes, habits_c: Sequence[Sequence[float]]) -> Floats:
        """Mean degrees that drive the load over the day, (k,) [K]."""
        outdoor_c = self.outdoor_c[np.asarray(homes)]
        degrees_k = mean(outdoor_c, ~np.isnan(outdoor_c)) - np.mean(habits_c, axis=1) + BALANCE_K
        return np.where(np.isnan(degrees_k), 2 * MIN_DEGREE_K, np.maximum(degrees_k, MIN_DEGREE_K))


def _hour_weights(ats: Sequence[datetime]) -> Floats:
    """Share of each hour that lies within the coming 24 h, (h, 25)."""
    weights = np.ones((len(ats), 25))
    weights[:, 24] = [at.timestamp() % 3600 / 3600 for at in ats]
    weights[:, 0] -= weights[:, 24]
    return weights


def outdoor_paths_c(recent: Recent, days: Sequence[Day]) -> Floats:
    """Outdoor temperature of the coming hours: the forecast, else as a day before, both shifted to now.

    Returns:
        (h, 25) [°C], NaN where nothing is known.
    """
    day_before_c = recent.outdoor_c[:, -25:]
    now_c = np.where(np.isnan(day_before_c[:, -1]), day_before_c[:, -2], day_before_c[:, -1])
    shift_k = now_c - day_before_c[:, 0]
    path_c = day_before_c + shift_k[:, np.newaxis] * np.maximum(0.0, 1.0 - np.arange(25) / 24)
    path_c = np.where(np.isnan(path_c), now_c[:, np.newaxis], path_c)
    for place, day in enumerate(days):
        if day.forecast:
            now_h = day.horizon.at.timestamp() / 3600
            said_c = corrected_c(day.forecast, recent.outdoor_c[place], now_h)
            path_c[place] = np.where(np.isnan(said_c), path_c[place], said_c)
    return path_c


def _mean_before(hourly: Floats, window: int) -> Floats:
    """Means over the `window` hours before each, as if the first 24 hours had also been the day before."""
    day = np.concatenate([hourly[:, :24], hourly], axis=1)
    total = np.concatenate([np.zeros((len(day), 1)), np.cumsum(day, axis=1)], axis=1)
    return np.asarray((total[:, 24:49] - total[:, 24 - window : 49 - window]) / window)
