"""Savings: what a model says of days drawn by lot, beside what was measured, by the report's estimator.

Logged setpoints alone follow people and weather; where homes have days by lot at their habit and as advised,
the difference is no opinion. Measured days and what models say of the same days go through the same
regression (`cloud.savings`): heat that is stored, weekdays and weather are told from a saving alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

import numpy as np

from cloud.assignment import Assignment
from cloud.energy import EnergyModel
from cloud.gate.verdict import Finding
from cloud.ports.records import DayRecord
from cloud.savings.estimates import Estimate, GroupEstimate, group_estimate
from cloud.savings.hierarchy import learn
from cloud.savings.home_days import Floats, HomeDays, compare
from cloud.savings.records import NOWHERE, Counted, Span, home_days, measured

FEWEST_HABIT_DAYS = 12
"""Fewer days at the habit say nothing of a mean."""

CHANCE = 0.1
"""Of both sides together: a twentieth of those who are as good, or near nothing, may be refused [ratio]."""

DeviceDay: TypeAlias = tuple[str, date]


@dataclass(frozen=True, slots=True)
class DaysByLot:
    """Days of homes that consent, of which models can be asked.

    Attributes:
        records: Kept days of the devices of each home.
        assignment: How they were drawn.
        hours: Hours of whole local days of devices, `ENERGY_FEATURES`, (n, features).
        used_kwh: What was used in these hours [kWh].
        places: Of homes; see `place_of`.
    """

    records: Mapping[str, Sequence[DayRecord]] = field(default_factory=dict[str, Sequence[DayRecord]])
    assignment: Assignment = field(default_factory=Assignment)
    hours: Mapping[DeviceDay, Floats] = field(default_factory=dict[DeviceDay, Floats])
    used_kwh: Mapping[DeviceDay, float] = field(default_factory=dict[DeviceDay, float])
    places: Mapping[str, str] = field(default_factory=lambda: NOWHERE)

    def measured(self) -> list[HomeDays]:
        """As they were."""
        return self._days(lambda day: self.used_kwh.get((day.device_id, day.day), np.nan))

    def said(self, model: EnergyModel) -> list[HomeDays]:
        """The same days as a model tells them."""
        kwh = {key: float(model.predict(rows).sum()) for key, rows in self.hours.items()}
        return self._days(lambda day: kwh.get((day.device_id, day.day), np.nan))

    def _days(self, counted: Counted) -> list[HomeDays]:
        if not self.hours:
            return []
        days = sorted(day for _, day in self.hours)
        homes = {home: own for home, records in self.records.items() if (own := measured(records))}
        return home_days(homes, self.assignment, Span(days[0], days[-1]), counted, self.places)


def judge_savings(champion: EnergyModel, challenger: EnergyModel, days: DaysByLot, margin: float) -> Finding:
    """Whether the challenger's saving is as near to the measured one as the champion's.

    Refused is a wrong sign where the measured one is sure, and a saving that is further off than the
    champion's by more than `margin` of the measured one [ratio], beyond chance: if the measured one is surely
    on the champion's side of the middle between both.
    """
    seen = days.measured()
    measured_kwh = _saved(seen)
    habit_days = 0 if measured_kwh is None else measured_kwh.habit_days
    if measured_kwh is None or habit_days < FEWEST_HABIT_DAYS:
        return Finding("savings", passed=True, says=f"{habit_days} days by lot at the habit, too few")
    said = [days.said(each) for each in (champion, challenger)]
    old, new = (_kwh(_saved(each)) for each in said)
    found = measured_kwh.saved
    low, high = found.saved - found.standard_error, found.saved + found.standard_error
    says = (
        f"{habit_days} days by lot at the habit: advice saved {found.saved:+.2f} kWh a home and day "
        f"({low:+.2f} to {high:+.2f}, a standard error), predicted {new:+.2f}, by the champion {old:+.2f}"
    )
    wrong_sign = (new < 0 and found.is_claimed(CHANCE)) or (new > 0 and found.times(-1).is_claimed(CHANCE))
    further = abs(new - found.saved) - abs(old - found.saved) > margin * abs(found.saved)
    surely = _beyond_middle(seen, said).times(np.sign(old - new)).is_claimed(CHANCE)
    return Finding("savings", passed=not (wrong_sign or (further and surely)), says=says)


def _saved(days: Sequence[HomeDays]) -> GroupEstimate | None:
    homes = compare(days)
    return group_estimate(homes, learn(homes)) if homes else None


def _kwh(found: GroupEstimate | None) -> float:
    return 0.0 if found is None else found.saved.saved


def _beyond_middle(seen: Sequence[HomeDays], said: Sequence[Sequence[HomeDays]]) -> Estimate:
    """By how much more was saved than both models say on the mean [kWh a home and day].

    Of days less what they say of each: what they know of the weather does not make it unsure.
    """
    left = []
    for home, *both in zip(seen, *said, strict=True):
        middle = np.mean([each.used for each in both], axis=0)
        if not np.isnan(middle).all():
            left.append(replace(home, used=home.used - middle + np.nanmean(middle)))
    found = _saved(left)
    return Estimate(0.0, 1.0, 1.0) if found is None else found.saved
