"""Facts of people: when homes are empty, and how often somebody takes the remote at the habit."""

from pathlib import Path
from typing import get_args

import numpy as np

from device_sim.facts.fact import Fact, Kind, Reference, measured
from device_sim.facts.observed import Observed
from device_sim.people.calendar import SATURDAY
from device_sim.people.surveyed import HOURS_A_DAY, SLOTS, Method, OccupancyStatistics, read_statistics

AWAY_AT_NOON = Reference(
    0.385,
    0.758,
    "schedules mined from more than 90,000 ecobee thermostats (ResidentialOccupancyScheduleSimulator): 0.385 "
    "by what people programmed, 0.758 by motion in five minutes, which misses who sits still",
    Kind.DERIVED,
)
"""Share of homes that are empty at noon of a weekday: of the files in `occupancy_ross`, see `away_in`."""

OVERRIDES_A_DAY = Reference(
    0.03,
    0.40,
    "one measured home has 0.19 (4 holds in 21 days, `ecobee_home`), a factor of 2 to 6",
    Kind.ASSUMED,
)
NON_THERMAL_SHARE = Reference(
    0.25, 0.95, "47 % of 220 answers of 20 homes (arXiv:2511.10467); more in ordinary weather", Kind.DERIVED
)
"""Changes at the unit by home and day, and the share of them for other reasons than warmth or cold."""

NOON_H = 12

METHODS: tuple[Method, ...] = get_args(Method)


def away_at_noon(habit: Observed, reference: Reference = AWAY_AT_NOON) -> Fact:
    """Share of weekday noons at which a home is empty."""
    noons = [at.hour == NOON_H and at.minute == 0 and at.weekday() < SATURDAY for at in habit.ends_at]
    away = 1.0 - habit.occupied[np.array(noons)].mean(axis=0)
    return measured("away at noon of a weekday", "", away, reference)


def overrides(habit: Observed) -> list[Fact]:
    """How often people act at the unit, and why."""
    truth = habit.truth
    daily = measured("overrides a day at the habit", "1/d", truth.overrides / habit.days, OVERRIDES_A_DAY)
    other = 1.0 - truth.thermal_overrides / np.maximum(truth.overrides, 1.0)
    other[truth.overrides == 0.0] = np.nan
    return [daily, measured("of them not for warmth or cold", "", other, NON_THERMAL_SHARE)]


def away_in(folder: Path) -> Reference:
    """The share of empty homes at noon of a weekday that measured schedules give.

    Args:
        folder: Holds the files of `people.surveyed`.

    Raises:
        UnsuitableOccupancyError: It does not.
    """
    away = {method: 1.0 - _at_home_at_noon(read_statistics(folder, method)) for method in METHODS}
    source = (
        f"schedules of the given files: {away['schedule']:.2f} as programmed, {away['motion']:.2f} by motion"
    )
    return Reference(min(away.values()), max(away.values()), source, Kind.PUBLISHED)


def _at_home_at_noon(statistics: OccupancyStatistics) -> float:
    noon = NOON_H * SLOTS // HOURS_A_DAY
    return float(np.mean([statistics.at_home_ratio(weekday, noon) for weekday in range(SATURDAY)]))
