"""Hourly history of one home, kept up to date one reading at a time: `cloud.features` for serving.

A test holds both to the same numbers. Hours are named by their end and counted since 1970 (`index`).
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from cloud.closed_hours import KEPT_H, ClosedHours, Floats, columns_of
from cloud.feature_catalogue import (
    COOLING_MODES,
    ENERGY_FEATURES,
    HABIT_H,
    HISTORY_H,
    MIN_HISTORY_H,
    OFF_SETPOINT_C,
    OVERRIDE_FEATURES,
    OVERRIDE_STEP_K,
    PERSONAL_CHANGES,
    PRESENT_S,
    felt_c,
)
from cloud.open_hour import Hour, Mean, OpenHour
from edge.contract import Telemetry

STATE_VERSION = 2
"""Layout of `HourlyHistory.to_json`."""

NAN = math.nan

_E = {name: place for place, name in enumerate(ENERGY_FEATURES)}


@dataclass(frozen=True, slots=True)
class PlannedPath:
    """What is planned or forecast for consecutive hours.

    Attributes:
        setpoint_c: Mean setpoint of each hour, `OFF_SETPOINT_C` when not cooling, (n,) [°C].
        on_ratio: Share of each hour in a cooling mode, (n,) [ratio].
        outdoor_dry_bulb_c: Forecast, (n,) [°C].
    """

    setpoint_c: Floats
    on_ratio: Floats
    outdoor_dry_bulb_c: Floats

    @classmethod
    def of(cls, setpoints_c: Sequence[float | None], outdoor_dry_bulb_c: Sequence[float]) -> Self:
        """A path that cools to each hour's setpoint, or is off in the hours with None."""
        off = [value is None for value in setpoints_c]
        held = [OFF_SETPOINT_C if value is None else value for value in setpoints_c]
        return cls(
            np.array(held, np.float64),
            1.0 - np.array(off, np.float64),
            np.array(outdoor_dry_bulb_c, np.float64),
        )


@dataclass(frozen=True, slots=True)
class _Past:
    """The week before an hour.

    Attributes:
        setpoint_c: Of each hour, NaN where unknown, (168,) [°C].
        outdoor_c: Likewise [°C].
        indoor_rh_1h_pct: Of the newest hour [%].
        kwh: Mean energy [kWh/h]; NaN with less than a day of it.
        degree_k: Mean degrees between outdoors and setpoint in the hours of known energy [K].
    """

    setpoint_c: Floats
    outdoor_c: Floats
    indoor_rh_1h_pct: float
    kwh: float
    degree_k: float

    @classmethod
    def of(cls, columns: Floats) -> Self:
        """From the `closed_hours.COLUMNS` of the week, (4, 168)."""
        setpoint_c, outdoor_c, indoor_rh_pct, kwh = columns
        return cls(setpoint_c, outdoor_c, float(indoor_rh_pct[-1]), *_descriptors(setpoint_c, outdoor_c, kwh))


class HourlyHistory:
    """What a home was like in its last hours, and the feature rows of what is planned for it.

    Args:
        longitude_deg: Longitude of the home [°, east positive], for solar time.
    """

    def __init__(self, longitude_deg: float) -> None:
        self.longitude_deg = longitude_deg
        self._closed = ClosedHours()
        self._open: OpenHour | None = None
        self._newest_s = -math.inf
        self._motion_s = -math.inf
        self._override_s = -math.inf
        self._overrides: deque[float] = deque()
        self._effective_c = NAN
        self._was_offered = False
        self._first_index: int | None = None
        self._learning_c: list[float] = []
        self._habit_c: float | None = None
        self._past_of: tuple[tuple[int, float], _Past] | None = None

    def observe(self, reading: Telemetry) -> None:
        """Take one reading in; one that is not newer than the newest is ignored."""
        exact_s = reading.sampled_at.timestamp()
        if exact_s <= self._newest_s:
            return
        self._newest_s = exact_s
        at_s = math.floor(exact_s)
        index = _index(at_s)
        if self._open is None or self._open.index != index:
            self._open = self._begin(index)
        cooling = reading.mode in COOLING_MODES
        effective_c = reading.setpoint_c if cooling and reading.setpoint_c is not None else OFF_SETPOINT_C
        lowered_k = self._effective_c - effective_c
        if cooling and self._was_offered and lowered_k >= OVERRIDE_STEP_K and _by_person(reading):
            self._override_s = at_s
            self._overrides.append(at_s)
        self._effective_c = effective_c
        self._was_offered = cooling or reading.advice_id is not None
        self._open.add(reading, effective_c, self._present(reading, at_s))

    @property
    def hours(self) -> tuple[Hour, ...]:
        """The hours kept, oldest first; the last one may still be going on."""
        return (*self._closed, self._open.close()) if self._open is not None else ()

    @property
    def habit_felt_c(self) -> float:
        """How warm it felt in the learning days [°C]; NaN before the first hour."""
        if self._habit_c is not None:
            return self._habit_c
        newest = self._felt_while_learning_c(self._open.close()) if self._open is not None else []
        felt = self._learning_c + newest
        return median(felt) if felt else NAN

    def energy_rows(self, start_at: datetime, path: PlannedPath) -> Floats:
        """Rows for `EnergyModel.predict`: the hours of `path`, the first being the one around `start_at`.

        The history before that hour is as observed; the means over past setpoints and outdoor temperatures
        roll along the path, and the descriptors of the home stay as they are now.

        Args:
            start_at: Any instant of the first hour, its end excluded.
            path: What is planned, (n,).

        Returns:
            (n, len(ENERGY_FEATURES)), NaN where nothing is known.
        """
        n, past = len(path.setpoint_c), self._past(_first_hour(start_at))
        rows = self.unplanned_rows(start_at, path.outdoor_dry_bulb_c)
        setpoint_c = np.concatenate([past.setpoint_c, path.setpoint_c])
        rows[:, _E["setpoint_c"]] = path.setpoint_c
        rows[:, _E["setpoint_3h_c"]] = _mean_before(setpoint_c, 3, n)
        rows[:, _E["setpoint_24h_c"]] = _mean_before(setpoint_c, 24, n)
        rows[:, _E["on_ratio"]] = path.on_ratio
        return rows

    def unplanned_rows(self, start_at: datetime, outdoor_dry_bulb_c: Floats) -> Floats:
        """The same rows without what a path decides: all columns of setpoints and `on_ratio` are NaN.

        Args:
            start_at: As in `energy_rows`.
            outdoor_dry_bulb_c: Forecast, (n,) [°C].
        """
        first, n = _first_hour(start_at), len(outdoor_dry_bulb_c)
        past = self._past(first)
        rows = np.full((n, len(ENERGY_FEATURES)), NAN)
        rows[:, _E["solar_hour"]] = self._solar_hour(first + np.arange(n))
        rows[:, _E["outdoor_dry_bulb_c"]] = outdoor_dry_bulb_c
        outdoor_c = np.concatenate([past.outdoor_c, outdoor_dry_bulb_c])
        rows[:, _E["outdoor_dry_bulb_24h_c"]] = _mean_before(outdoor_c, 24, n, shift=1)
        rows[:, _E["indoor_rh_1h_pct"]] = past.indoor_rh_1h_pct
        rows[:, _E["home_kwh_168h"]] = past.kwh
        rows[:, _E["home_degree_168h"]] = past.degree_k
        return rows

    def override_row(
        self, at: datetime, *, felt_above_habit_k: float | None = None, present_ratio: float | None = None
    ) -> Floats:
        """Row for `OverrideModel.predict`: the chance of an override in the hour after `at`.

        Args:
            at: Now; not before the newest reading.
            felt_above_habit_k: What a plan would make it feel like [K]; None = as in the newest hour.
            present_ratio: Chance that somebody is home [ratio]; None = as observed in the newest hour.

        Returns:
            (1, len(OVERRIDE_FEATURES)), NaN where nothing is known.
        """
        at_s = at.timestamp()
        newest = self._open.close() if self._open is not None else _unknown(_index(at_s))
        felt_k = felt_c(newest.indoor_dry_bulb_c, newest.indoor_rh_pct) - self.habit_felt_c
        week = _index(at_s) - HISTORY_H
        columns = {
            "solar_hour": float(self._solar_hour(np.array(_index(at_s)))),
            "felt_above_habit_k": felt_k if felt_above_habit_k is None else felt_above_habit_k,
            "outdoor_dry_bulb_c": newest.outdoor_dry_bulb_c,
            "present_ratio": newest.present_ratio if present_ratio is None else present_ratio,
            "hours_since_override": min((at_s - self._override_s) / 3600, float(HISTORY_H)),
            "overrides_168h": float(sum(_index(override_s) > week for override_s in self._overrides)),
        }
        return np.array([[columns[name] for name in OVERRIDE_FEATURES]])

    def to_json(self) -> bytes:
        """The state as JSON; `from_json` makes an equal history of it."""
        going = self._open
        means = {name: getattr(going, name) for name in OpenHour.MEANS} if going is not None else {}
        state = {
            "version": STATE_VERSION,
            "longitude_deg": self.longitude_deg,
            "hours": self._closed.to_json(),
            "open_index": going.index if going is not None else None,
            "open_means": {name: [mean.total, mean.seconds] for name, mean in means.items()},
            "newest_s": self._newest_s,
            "motion_s": self._motion_s,
            "override_s": self._override_s,
            "overrides": list(self._overrides),
            "effective_c": self._effective_c,
            "was_offered": self._was_offered,
            "first_index": self._first_index,
            "learning_c": self._learning_c,
            "habit_c": self._habit_c,
        }
        return msgspec.json.encode(state)  # NaN and infinity become null

    @classmethod
    def from_json(cls, document: bytes) -> Self:
        """The history that `to_json` wrote.

        Raises:
            ValueError: The state has another layout.
        """
        state: dict[str, Any] = msgspec.json.decode(document)
        if state["version"] != STATE_VERSION:
            raise ValueError(f"hourly history of version {state['version']}, not {STATE_VERSION}")
        self = cls(state["longitude_deg"])
        self._closed.extend_json(state["hours"])
        self._open = _reopened(state)
        self._newest_s = _from_null(state["newest_s"], -math.inf)
        self._motion_s = _from_null(state["motion_s"], -math.inf)
        self._override_s = _from_null(state["override_s"], -math.inf)
        self._overrides.extend(state["overrides"])
        self._effective_c = _from_null(state["effective_c"], NAN)
        self._was_offered = state["was_offered"]
        self._first_index = state["first_index"]
        self._learning_c = list(state["learning_c"])
        self._habit_c = state["habit_c"]
        return self

    def _begin(self, index: int) -> OpenHour:
        """Close the hour that was going on, forget what is too old, open the next."""
        if self._open is not None:
            self._keep(self._open.close())
        if self._first_index is None:
            self._first_index = index
        self._closed.forget(index - KEPT_H)
        while self._overrides and _index(self._overrides[0]) <= index - HISTORY_H:
            self._overrides.popleft()
        if self._habit_c is None and self._learning_c and index - self._first_index >= HABIT_H:
            self._habit_c, self._learning_c = median(self._learning_c), []
        return OpenHour(index)

    def _keep(self, hour: Hour) -> None:
        kept = Hour(hour.hour_index, *(round(value, 4) for value in hour[1:]))
        self._closed.keep(kept)
        self._learning_c += self._felt_while_learning_c(kept)

    def _felt_while_learning_c(self, hour: Hour) -> list[float]:
        """How warm `hour` felt, if people chose it: cooling, unadvised, maybe somebody there."""
        learning = self._first_index is not None and hour.hour_index - self._first_index < HABIT_H
        tells = hour.on_ratio >= 1 / 2 and hour.advised_ratio == 0 and hour.present_ratio != 0
        felt = felt_c(hour.indoor_dry_bulb_c, hour.indoor_rh_pct)
        return [round(felt, 4)] if learning and tells and not math.isnan(felt) else []

    def _present(self, reading: Telemetry, at_s: int) -> float | None:
        if reading.motion is None:
            return None
        if reading.motion:
            self._motion_s = at_s
        return float(at_s - self._motion_s <= PRESENT_S)

    def _past(self, first: int) -> _Past:
        """The week before hour `first`, the hour that is going on included."""
        key, known = (first, self._newest_s), self._past_of
        if known is not None and known[0] == key:
            return known[1]
        columns = self._closed.columns(first - HISTORY_H, HISTORY_H)
        going = self._open
        if going is not None and first - HISTORY_H <= going.index < first:
            columns[:, going.index - first] = columns_of(going.close())
        past = _Past.of(columns)
        self._past_of = (key, past)
        return past

    def _solar_hour(self, index: npt.NDArray[np.int_]) -> Floats:
        return np.asarray((index - 0.5 + self.longitude_deg / 15) % 24, np.float64)


def utc_of(index: int) -> datetime:
    """The instant at which hour `index` ends."""
    return datetime.fromtimestamp(index * 3600, tz=UTC)


def _index(at_s: float) -> int:
    """The hour of an interval that ends at `at_s` [s since 1970], to the second."""
    return (math.floor(at_s) + 3599) // 3600


def _first_hour(start_at: datetime) -> int:
    """The hour around `start_at`, its end excluded."""
    return _index(math.floor(start_at.timestamp()) + 1)


def _by_person(reading: Telemetry) -> bool:
    if reading.changed_by is None or reading.changed_by == "unknown":
        return reading.advice_id is None
    return reading.changed_by in PERSONAL_CHANGES


def _unknown(index: int) -> Hour:
    return Hour(index, *([NAN] * 9))


def _descriptors(setpoint_c: Floats, outdoor_c: Floats, kwh: Floats) -> tuple[float, float]:
    """Mean energy [kWh/h] and mean degrees [K] of the week; NaN with less than a day of energy."""
    known = ~np.isnan(kwh)
    hours = int(np.count_nonzero(known))
    if hours < MIN_HISTORY_H:
        return NAN, NAN
    degree_k = np.maximum(0.0, outdoor_c - setpoint_c)
    warm = degree_k[known & ~np.isnan(degree_k)]
    return float(kwh[known].sum()) / hours, float(warm.sum()) / len(warm) if len(warm) else NAN


def _mean_before(values: Floats, window: int, n: int, *, shift: int = 0) -> Floats:
    """Means over the `window` values before each of the last `n` (with `shift` 1: up to and with it)."""
    known = ~np.isnan(values)
    running = np.zeros((2, len(values) + 1))
    running[0, 1:] = known
    running[1, 1:] = np.where(known, values, 0.0)
    running.cumsum(axis=1, out=running)
    end = len(values) - n + shift
    count, total = running[:, end : end + n] - running[:, end - window : end + n - window]
    return np.asarray(total / np.where(count > 0, count, NAN), np.float64)


def _reopened(state: dict[str, Any]) -> OpenHour | None:
    if state["open_index"] is None:
        return None
    going = OpenHour(state["open_index"])
    for name, (total, seconds) in state["open_means"].items():
        setattr(going, name, Mean(total, seconds))
    return going


def _from_null(value: float | None, missing: float) -> float:
    return missing if value is None else value
