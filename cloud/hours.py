"""Hourly history of one home, kept up to date one reading at a time: `cloud.features` for serving.

With `cloud.planned_rows` it gives the same numbers, and a test holds them to it. Hours are named by their
end and counted since 1970 (`index`).
"""

import math
from collections import deque
from datetime import UTC, datetime
from statistics import median
from typing import Any, Self

import msgspec
import numpy as np

from cloud.closed_hours import DIGITS, KEPT_H, ClosedHours, Floats, columns_of
from cloud.feature_catalogue import (
    COOLING_MODES,
    HABIT_H,
    HISTORY_H,
    OFF_SETPOINT_C,
    OVERRIDE_FEATURES,
    OVERRIDE_STEP_K,
    PERSONAL_CHANGES,
    PRESENT_S,
    felt_c,
)
from cloud.open_hour import Hour, Mean, OpenHour
from edge.contract import Telemetry

STATE_VERSION = 3
"""Layout of `HourlyHistory.to_bytes`."""

NAN = math.nan


class HourlyHistory:
    """What a home was like in its last hours.

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

    def observe(self, reading: Telemetry) -> None:
        """Take one reading in; one that is not newer than the newest is ignored."""
        exact_s = reading.sampled_at.timestamp()
        if exact_s <= self._newest_s:
            return
        self._newest_s = exact_s
        at_s = math.floor(exact_s)
        index = index_of(at_s)
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

    def newest_hours(self, count: int) -> list[Hour]:
        """The newest hours that are over, at most `count`, oldest first."""
        return self._closed.newest(count)

    @property
    def habit_felt_c(self) -> float:
        """How warm it felt in the learning days [°C]; NaN before the first hour."""
        if self._habit_c is not None:
            return self._habit_c
        newest = self._felt_while_learning_c(self._open.close()) if self._open is not None else []
        felt = self._learning_c + newest
        return median(felt) if felt else NAN

    def columns(self, first: int, count: int) -> Floats:
        """`closed_hours.COLUMNS` of the hours from index `first` on, (5, count); NaN where unknown.

        The hour that is going on counts as far as it was observed.
        """
        columns, going = self._closed.columns(first, count), self._open
        if going is not None and first <= going.index < first + count:
            columns[:, going.index - first] = columns_of(going.close())
        return columns

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
        newest = self._open.close() if self._open is not None else _unknown(index_of(at_s))
        felt_k = felt_c(newest.indoor_dry_bulb_c, newest.indoor_rh_pct) - self.habit_felt_c
        week = index_of(at_s) - HISTORY_H
        columns = {
            "solar_hour": (index_of(at_s) - 0.5 + self.longitude_deg / 15) % 24,
            "felt_above_habit_k": felt_k if felt_above_habit_k is None else felt_above_habit_k,
            "outdoor_dry_bulb_c": newest.outdoor_dry_bulb_c,
            "present_ratio": newest.present_ratio if present_ratio is None else present_ratio,
            "hours_since_override": min((at_s - self._override_s) / 3600, float(HISTORY_H)),
            "overrides_168h": float(sum(index_of(override_s) > week for override_s in self._overrides)),
        }
        return np.array([[columns[name] for name in OVERRIDE_FEATURES]])

    def to_bytes(self) -> bytes:
        """The state; `from_bytes` makes an equal history of it."""
        going, newest = self._open, self._closed.newest(1)
        means = {name: getattr(going, name) for name in OpenHour.MEANS} if going is not None else {}
        state = {
            "version": STATE_VERSION,
            "longitude_deg": self.longitude_deg,
            "hours": self._closed.to_bytes(),
            "newest_index": newest[0].hour_index if newest else None,
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
        return msgspec.msgpack.encode(state)

    @classmethod
    def from_bytes(cls, document: bytes) -> Self:
        """The history that `to_bytes` wrote.

        Raises:
            ValueError: The state has another layout.
        """
        state: dict[str, Any] = msgspec.msgpack.decode(document)
        if state["version"] != STATE_VERSION:
            raise ValueError(f"hourly history of version {state['version']}, not {STATE_VERSION}")
        self = cls(state["longitude_deg"])
        self._closed.extend_bytes(state["hours"], state["newest_index"])
        self._open = _reopened(state)
        self._newest_s = state["newest_s"]
        self._motion_s = state["motion_s"]
        self._override_s = state["override_s"]
        self._overrides.extend(state["overrides"])
        self._effective_c = state["effective_c"]
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
        while self._overrides and index_of(self._overrides[0]) <= index - HISTORY_H:
            self._overrides.popleft()
        if self._habit_c is None and self._learning_c and index - self._first_index >= HABIT_H:
            self._habit_c, self._learning_c = median(self._learning_c), []
        return OpenHour(index)

    def _keep(self, hour: Hour) -> None:
        kept = Hour(hour.hour_index, *(round(value, DIGITS) for value in hour[1:]))
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


def utc_of(index: int) -> datetime:
    """The instant at which hour `index` ends."""
    return datetime.fromtimestamp(index * 3600, tz=UTC)


def index_of(at_s: float) -> int:
    """The hour of an interval that ends at `at_s` [s since 1970], to the second."""
    return (math.floor(at_s) + 3599) // 3600


def _by_person(reading: Telemetry) -> bool:
    if reading.changed_by is None or reading.changed_by == "unknown":
        return reading.advice_id is None
    return reading.changed_by in PERSONAL_CHANGES


def _unknown(index: int) -> Hour:
    return Hour(index, *([NAN] * 9))


def _reopened(state: dict[str, Any]) -> OpenHour | None:
    if state["open_index"] is None:
        return None
    going = OpenHour(state["open_index"])
    for name, (total, seconds) in state["open_means"].items():
        setattr(going, name, Mean(total, seconds))
    return going
