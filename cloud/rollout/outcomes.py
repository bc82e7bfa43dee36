"""Outcomes: what days of homes were like while a challenger was tried, as arrays of homes and days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

import numpy as np

from cloud.assignment import Arm, Assignment, Pair, pairs
from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.cohort import HomePlace, was_drawn
from cloud.rollout.sequential import Bools, Floats
from cloud.savings.home_days import Compared, compare
from cloud.savings.records import Span, home_days, measured

MEASURED_H: Final = 18.0
"""So much of a day's power must be known for its energy to count [h]."""

BEFORE_DAYS: Final = 14
FEWEST_BEFORE: Final = 3
"""A home's energy is a multiple of its own before the trial: of so many days, and at least so many."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of homes (rows) on the days of the trial (columns); NaN where it was not seen.

    Attributes:
        homes: Their names.
        tried: Whether a home was drawn, (homes,).
        kinds: Of each home; see `HomePlace.kinds`.
        overrides: Overrides and warm words of advised days.
        warm_minutes: Of advised days [min].
        energy: Of advised days, over the home's own before the trial [ratio].
        lost: Of pairs of days drawn by lot, on the day that completes one: advised less habit day, over the
            home's own before the trial [ratio].
        compared: What the days of homes that have habit days say of what advice saves [kWh].
    """

    homes: tuple[str, ...]
    tried: Bools
    kinds: tuple[tuple[str, ...], ...]
    overrides: Floats
    warm_minutes: Floats
    energy: Floats
    lost: Floats
    compared: tuple[Compared, ...]

    @classmethod
    def of(
        cls,
        days: Sequence[DayRecord],
        places: Mapping[str, HomePlace],
        trial: TrialRecord,
        last: date,
        assignment: Assignment,
    ) -> Self:
        """Of the days after the one on which the trial began, up to `last`."""
        where = {place.home_id: place for place in places.values()}
        homes, first = tuple(sorted(where)), trial.since.date() + timedelta(days=1)
        table = _Table(homes, first, last, days, places)
        usual_kwh = _usual_kwh(homes, trial.since.date(), days, places)[:, np.newaxis]
        found = _pairs(_Table(homes, first - timedelta(days=BEFORE_DAYS + 1), last, days, places), assignment)
        found = [pair for pair in found if pair.advised >= first]  # what the champion saved is not in it
        return cls(
            homes,
            np.array([was_drawn(trial, home) for home in homes], np.bool_),
            tuple(where[home].kinds for home in homes),
            table.of(lambda day: day.overrides + day.warm_words),
            table.of(lambda day: day.warm_minutes),
            table.of(_kwh) / usual_kwh,
            _lost_kwh(found, table) / usual_kwh,
            _compared(days, places, assignment, Span(first, last)),
        )


@dataclass(frozen=True, slots=True)
class _Table:
    homes: tuple[str, ...]
    first: date
    last: date
    days: Sequence[DayRecord]
    places: Mapping[str, HomePlace]

    @property
    def shape(self) -> tuple[int, int]:
        """Homes and days."""
        return len(self.homes), max((self.last - self.first).days + 1, 0)

    def of(self, value: Callable[[DayRecord], float], arm: Arm = "advised") -> Floats:
        """Sums over the devices of a home on its days of one arm."""
        rows = {home: row for row, home in enumerate(self.homes)}
        found, seen = np.zeros(self.shape), np.zeros(self.shape, np.bool_)
        for day in self.days:
            column, place = (day.day - self.first).days, self.places.get(day.device_id)
            if place is not None and 0 <= column < self.shape[1] and day.arm == arm and day.decisions:
                found[rows[place.home_id], column] += value(day)
                seen[rows[place.home_id], column] = True
        return np.where(seen, found, np.nan)


def _kwh(day: DayRecord) -> float:
    return day.electric_energy_kwh * 24 / day.measured_h if day.measured_h >= MEASURED_H else np.nan


def _usual_kwh(
    homes: tuple[str, ...], since: date, days: Sequence[DayRecord], places: Mapping[str, HomePlace]
) -> Floats:
    """Energy of a usual day of each home before the trial, (homes,) [kWh]; NaN where too little is known."""
    first = since - timedelta(days=BEFORE_DAYS)
    table = _Table(homes, first, since - timedelta(days=1), days, places).of(_kwh)
    known = ~np.isnan(table)
    total = np.where(known, table, 0.0).sum(axis=1)
    enough = (known.sum(axis=1) >= FEWEST_BEFORE) & (total > 0)
    return np.where(enough, total / np.maximum(known.sum(axis=1), 1), np.nan)


def _pairs(table: _Table, assignment: Assignment) -> list[Pair]:
    """Pairs of days that were lived as they were drawn: without consent no day is at the habit."""
    counted = dict[tuple[str, date], float]()
    for arm in ("advised", "habit"):
        kwh = table.of(_kwh, arm)
        for row, column in np.argwhere(~np.isnan(kwh)).tolist():
            home, day = table.homes[row], table.first + timedelta(days=column)
            if assignment.of(home, day).arm == arm:
                counted[home, day] = float(kwh[row, column])
    return pairs(counted, assignment)


def _lost_kwh(found: Sequence[Pair], table: _Table) -> Floats:
    """What was saved less than nothing, on the days of the trial that complete pairs, (homes, days) [kWh]."""
    lost = np.full(table.shape, np.nan)
    rows = {home: row for row, home in enumerate(table.homes)}
    for pair in found:
        lost[rows[pair.home], (max(pair.habit, pair.advised) - table.first).days] = -pair.saved
    return lost


def _compared(
    days: Sequence[DayRecord], places: Mapping[str, HomePlace], assignment: Assignment, span: Span
) -> tuple[Compared, ...]:
    by_home = dict[str, list[DayRecord]]()
    for day in days:
        if day.device_id in places:
            by_home.setdefault(places[day.device_id].home_id, []).append(day)
    lived = {home: found for home, own in by_home.items() if (found := measured(own))}
    degrees = {place.home_id: place.degree for place in places.values()}
    return tuple(compare(home_days(lived, assignment, span, places=degrees))) if span.days > 0 else ()
