"""Gross harm: what a trial does not wait for a day's end for.

The looks of `cloud.rollout.judge` are at whole days, of all time zones, so what they see is two days old.
Here the days that go on are looked at every hour, with a budget that nobody takes for chance: so much more
harm than in the other homes that it is plain, and more than all but one of a thousand other draws of as many
homes would have had. A fleet too small for that many draws is protected by `cloud.rollout.beside` alone until
its first whole day.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import numpy as np

from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.cohort import HomePlace, was_drawn
from cloud.rollout.sequential import Floats, HarmBudget, beyond_chance

LOOK_EVERY: Final = timedelta(hours=1)

MOST_MORE: Final[Mapping[str, float]] = {"overrides": 0.5, "warm minutes": 120.0}
"""More than this a home since its midnight is too much for one day: an override in every second home, or two
hours of each. An override costs people's trust; a search for the hold takes one in weeks (ADVICE.md)."""

KINDS: Final[Mapping[str, Callable[[DayRecord], float]]] = {
    "overrides": lambda day: day.overrides + day.warm_words,
    "warm minutes": lambda day: day.warm_minutes,
}

CHANCE: Final = 0.001
"""Of other draws of the cohort, that may have had as much more [ratio]."""


def gross_harm(
    days: Sequence[DayRecord], places: Mapping[str, HomePlace], trial: TrialRecord, budget: HarmBudget
) -> str | None:
    """What is plainly too much on the days that go on, in homes that try a version beside the others.

    Args:
        days: The day that goes on of each device, as far as it has come.
        places: Home of each device.
        trial: What is tried, in which stage.
        budget: Number and seed of its draws of cohorts.
    """
    if trial.stage != "canary":
        return None
    since = trial.since.date() - timedelta(days=1)  # a local date may lie behind
    lived = [day for day in days if day.day >= since and day.arm == "advised" and day.decisions]
    lived = [day for day in lived if day.device_id in places]
    homes = sorted({places[day.device_id].home_id for day in lived})
    tried = np.array([was_drawn(trial, home) for home in homes], np.bool_)
    if not 0 < tried.sum() < len(tried):
        return None
    for kind, count in KINDS.items():
        harm = _by_home([(day, count(day)) for day in lived], homes, places)
        more = float(harm[tried].mean() - harm[~tried].mean())
        if more > MOST_MORE[kind] and beyond_chance(harm, tried, budget) <= CHANCE:
            return f"{more:+.2f} {kind} a home in one day so far, in {int(tried.sum())} homes"
    return None


def _by_home(
    seen: Sequence[tuple[DayRecord, float]], homes: Sequence[str], places: Mapping[str, HomePlace]
) -> Floats:
    """Sums over the devices of each home, (homes,)."""
    rows, sums = {home: row for row, home in enumerate(homes)}, np.zeros(len(homes))
    for day, harm in seen:
        sums[rows[places[day.device_id].home_id]] += harm
    return sums
