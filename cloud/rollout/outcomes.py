"""Outcomes: what days of homes were like while a challenger was tried, as arrays of homes and days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

import numpy as np

from cloud.assignment import Assignment
from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.by_lot import SavedByLot
from cloud.rollout.cohort import HomePlace, was_drawn
from cloud.rollout.sequential import Bools, Floats
from cloud.savings.records import Span

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
        by_lot: What homes that have habit days save.
    """

    homes: tuple[str, ...]
    tried: Bools
    kinds: tuple[tuple[str, ...], ...]
    overrides: Floats
    warm_minutes: Floats
    energy: Floats
    by_lot: SavedByLot

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
        looks = [Span(first, first + timedelta(days=day)) for day in range(table.shape[1])]
        by_home = dict[str, list[DayRecord]]()
        for day in days:
            if day.device_id in places:
                by_home.setdefault(places[day.device_id].home_id, []).append(day)
        degrees = {home: place.degree for home, place in where.items()}
        return cls(
            homes,
            np.array([was_drawn(trial, home) for home in homes], np.bool_),
            tuple(where[home].kinds for home in homes),
            table.of(lambda day: day.overrides + day.warm_words),
            table.of(lambda day: day.warm_minutes),
            table.of(_kwh) / usual_kwh,
            SavedByLot.of(homes, by_home, assignment, looks, degrees),
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

    def of(self, value: Callable[[DayRecord], float]) -> Floats:
        """Sums over the devices of a home on its advised days."""
        rows = {home: row for row, home in enumerate(self.homes)}
        found, seen = np.zeros(self.shape), np.zeros(self.shape, np.bool_)
        for day in self.days:
            column, place = (day.day - self.first).days, self.places.get(day.device_id)
            if place is not None and 0 <= column < self.shape[1] and day.arm == "advised" and day.decisions:
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
