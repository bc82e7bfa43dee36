"""Days of devices, as the advisor keeps them, as days of homes that can be compared."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from cloud.assignment import Assignment
from cloud.day_count import DAY_H
from cloud.ports.records import DayRecord
from cloud.ports.saving_records import MEASURED_H
from cloud.savings.home_days import Floats, HomeDays
from cloud.savings.neighbours import beside_neighbours
from cloud.savings.rules import LAGS

Counted: TypeAlias = Callable[[DayRecord], float]
"""What is counted of a device's day, such as `day_kwh`."""

NOWHERE: Mapping[str, str] = MappingProxyType({})
"""Nobody knows where homes are: each is compared with itself alone."""

WEATHER_DAYS = 3
"""The outdoor temperatures of a day and of two before tell what it uses [days]."""


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, first and last one included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first <= day <= self.last


def day_kwh(day: DayRecord) -> float:
    """Electricity of a whole day [kWh]; NaN if too little of it was measured."""
    return day.electric_energy_kwh * DAY_H / day.measured_h if day.measured_h >= MEASURED_H else np.nan


def measured(records: Sequence[DayRecord]) -> list[DayRecord]:
    """Days of a home from the first on that was lived at the habit: before, nobody had consented."""
    habit = [record.day for record in records if record.arm == "habit"]
    return [record for record in records if habit and record.day >= min(habit)]


def priced(by_hour: Floats) -> Counted:
    """What a day costs at some price of each local hour, (24,) [per kWh]: money, or kilograms of CO2."""
    mean = float(by_hour.mean())

    def cost(day: DayRecord) -> float:
        whole = DAY_H / day.measured_h if day.measured_h >= MEASURED_H else np.nan
        if len(day.hourly_kwh) != DAY_H:  # of a day that was kept before hours were
            return day.electric_energy_kwh * whole * mean
        return float(np.array(day.hourly_kwh) @ by_hour) * whole

    return cost


def home_days(
    records: Mapping[str, Iterable[DayRecord]],
    assignment: Assignment,
    span: Span,
    counted: Mapping[str, Counted] | Counted = day_kwh,
    places: Mapping[str, str] = NOWHERE,
) -> list[HomeDays]:
    """What homes used on each day of a span, and the arms as they were drawn.

    Args:
        records: Days of all devices of each home.
        assignment: What was drawn.
        span: Which days.
        counted: What is counted; by home if homes differ.
        places: Of homes, by which neighbours are found; see `place_of`.
    """
    found = list[HomeDays]()
    for home_id, days in sorted(records.items()):
        each = counted if callable(counted) else counted[home_id]
        home = _home(home_id, list(days), assignment, span, each)
        found.append(replace(home, place=places.get(home_id, "")))
    return beside_neighbours(found)


def place_of(latitude_deg: float, longitude_deg: float) -> str:
    """The degree of latitude and longitude around a home: in it the weather is the same, near enough."""
    return f"{round(latitude_deg)},{round(longitude_deg)}"


def _home(
    home_id: str, records: list[DayRecord], assignment: Assignment, span: Span, counted: Counted
) -> HomeDays:
    first = span.first - timedelta(days=LAGS)
    days = [first + timedelta(days=place) for place in range(LAGS + span.days)]
    lots = [assignment.of(home_id, day) for day in days]
    devices, used, air_c = _expected_devices(records), defaultdict[date, list[float]](list), _outdoor(records)
    for record in records:
        used[record.day].append(counted(record))
    whole = [
        float(np.sum(used[day])) if span.holds(day) and 0 < devices.get(day, 0) == len(used[day]) else np.nan
        for day in days
    ]
    back = [[air_c.get(day - timedelta(days=each), np.nan) for each in range(WEATHER_DAYS)] for day in days]
    return HomeDays(
        home_id,
        np.array(whole),
        np.array([lot.arm == "advised" for lot in lots], np.float64),
        np.array([lot.block for lot in lots], np.int64),
        np.array(back),
    )


def _expected_devices(records: list[DayRecord]) -> dict[date, int]:
    """How many devices a home has on each day: a device is there from its first kept day to its last."""
    spans = defaultdict[str, list[date]](list)
    for record in records:
        spans[record.device_id].append(record.day)
    found = defaultdict[date, int](int)
    for days in spans.values():
        for place in range((max(days) - min(days)).days + 1):
            found[min(days) + timedelta(days=place)] += 1
    return found


def _outdoor(records: list[DayRecord]) -> dict[date, float]:
    found = defaultdict[date, list[float]](list)
    for record in records:
        if record.outdoor_c is not None:
            found[record.day].append(record.outdoor_c)
    return {day: float(np.mean(values)) for day, values in found.items()}
