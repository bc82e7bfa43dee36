"""Tallies: what a device has done in its last days, as sums that add up over a cohort."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Final, Self

from cloud.monitoring.facts import RECENT_DAYS, WEEK_DAYS, DeviceFacts, FleetFacts, first_day
from cloud.ports.records import Autonomy, DayRecord

STALE_AFTER: Final = timedelta(hours=1)
"""The slowest devices report every quarter of an hour; without fresh readings nothing is advised either."""

MEASURED_H: Final = 20.0
"""So much of a day's power must be known for its energy to be compared [h]; see `cloud.day_errors`."""

DAY_H: Final = 24.0

LEARNING: Final = timedelta(days=4)
"""What is said in a home's first days goes by little: on simulated fleets it is off by up to half."""


@dataclass(slots=True)
class Tally:
    """Counts of one device, or of a cohort.

    Attributes:
        heard: Whether it has said something within the last hour.
        seated: Of these, whether it ever had advice.
        covered: Of these, whether advice stands.
        energy_homes: Whether it has days of the last week with prediction and energy.
        energy_days: So many.
        measured_kwh: Electricity of these days.
        predicted_kwh: What was predicted of it.
        missed_kwh: Sum of the absolute errors.
        advised_days: Days of the last week that were advised.
        overrides: Of these days.
        recent_days: The newest of them.
        recent_overrides: Of these.
        usual_days: Those before the newest.
        usual_overrides: Of these.
        accepted: Answers of the last week that accepted advice.
        refused: Those that did not.
    """

    heard: int = 0
    seated: int = 0
    covered: int = 0
    energy_homes: int = 0
    energy_days: int = 0
    measured_kwh: float = 0.0
    predicted_kwh: float = 0.0
    missed_kwh: float = 0.0
    advised_days: int = 0
    overrides: int = 0
    recent_days: int = 0
    recent_overrides: int = 0
    usual_days: int = 0
    usual_overrides: int = 0
    accepted: int = 0
    refused: int = 0

    @classmethod
    def of(cls, device: DeviceFacts, facts: FleetFacts) -> Self:
        """Of one device."""
        tally = cls()
        tally._see(device, facts)
        today, learnt = facts.fleet_at.date(), _learnt(device, facts)
        for day in device.days:
            age_days = (today - day.day).days
            if age_days <= WEEK_DAYS:
                tally._answer(day)
            if age_days <= WEEK_DAYS and day.day >= learnt:
                tally._predict(day, device.autonomy)
            if day.arm == "advised" and day.decisions:
                tally._override(day, age_days)
        return tally

    @classmethod
    def total(cls, tallies: Iterable[Self]) -> Self:
        """The sum."""
        total = cls()
        for tally in tallies:
            for name in _NAMES:
                setattr(total, name, getattr(total, name) + getattr(tally, name))
        return total

    def _see(self, device: DeviceFacts, facts: FleetFacts) -> None:
        self.heard = int(device.newest_at is not None and facts.fleet_at - device.newest_at <= STALE_AFTER)
        self.seated = int(self.heard and device.advice is not None)
        stands = device.advice is not None and device.advice.valid_until >= facts.fleet_at
        self.covered = int(self.heard and stands)

    def _answer(self, day: DayRecord) -> None:
        self.accepted += day.accepted
        self.refused += day.refused

    def _predict(self, day: DayRecord, autonomy: Autonomy) -> None:
        said = day.said.get(day.version)
        if said is None or day.measured_h < MEASURED_H:
            return
        measured_kwh = day.electric_energy_kwh * DAY_H / day.measured_h
        predicted_kwh = said.advised_kwh
        if autonomy != "auto":  # people follow advice or not: both was predicted, and all between
            at_habit_kwh = predicted_kwh + said.expected_saving_kwh
            low, high = sorted((predicted_kwh, at_habit_kwh))
            predicted_kwh = min(max(measured_kwh, low), high)
        self.energy_homes = 1
        self.energy_days += 1
        self.measured_kwh += measured_kwh
        self.predicted_kwh += predicted_kwh
        self.missed_kwh += abs(measured_kwh - predicted_kwh)

    def _override(self, day: DayRecord, age_days: int) -> None:
        overrides = day.overrides + day.warm_words
        if age_days <= WEEK_DAYS:
            self.advised_days += 1
            self.overrides += overrides
        if age_days <= RECENT_DAYS:
            self.recent_days += 1
            self.recent_overrides += overrides
        else:
            self.usual_days += 1
            self.usual_overrides += overrides


def _learnt(device: DeviceFacts, facts: FleetFacts) -> date:
    """The first day that is compared; a home that was there before all days that are kept is no new one."""
    first = min((day.day for day in device.days), default=date.max)
    is_new = date.max > first > first_day(facts.fleet_at) + timedelta(days=1)
    return first + LEARNING if is_new else date.min


_NAMES: Final = tuple(field.name for field in fields(Tally))
