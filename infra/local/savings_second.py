"""A second opinion for operators: each home before advice and after, where there is history from before.

As CalTRACK 2.0 does it, by a line above a balance temperature (`savings_rivals`). It knows of no change but
advice between before and after: in simulated homes its intervals held the truth in a third to two thirds of
cases (`savings_study`). So it is told beside the figures by lot, with its own interval, and never to homes.
OpenDSM's daily model would be the industry's own; it does not run beside our pandas (`measured/README.md`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from cloud.assignment import Assignment
from cloud.ports.records import DayRecord
from cloud.savings.records import Span, home_days
from cloud.savings.rules import LAGS
from cloud.serving import Serving
from infra.local.savings_rivals import before_and_after

FEWEST_DAYS: Final = 28
"""So many days before the first advice in force, and as many advised ones after, or it is
left out [days]."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What homes used less after advice had begun than their weather had told before, a home and day.

    Attributes:
        homes: So many had a history from before.
        saved_kwh: Their mean [kWh].
        half_kwh: Half of its 95 % interval [kWh].
    """

    homes: int
    saved_kwh: float
    half_kwh: float

    def line(self) -> str:
        """For whoever reads it."""
        low, high = self.saved_kwh - self.half_kwh, self.saved_kwh + self.half_kwh
        told = f"{self.saved_kwh:.2f} kWh a home and day ({low:.2f} to {high:.2f})"
        return f"second opinion, before and after, of {self.homes} homes: {told}; knows of no other change"


def second_opinion(serving: Serving, ever: date) -> SecondOpinion | None:
    """Of the homes that consent; None if none of them has days enough from before."""
    homes = defaultdict[str, list[DayRecord]](list)
    for device_id, profile in serving.profiles().items():
        if profile.measures_savings:
            homes[profile.home_id] += serving.days(device_id, ever)
    return opinion_of(homes)


def opinion_of(homes: Mapping[str, Sequence[DayRecord]]) -> SecondOpinion | None:
    """The same of days of all devices of each home."""
    told = [found for days in homes.values() for found in _home(days)]
    if not told:
        return None
    saved, half = np.array(told).T
    return SecondOpinion(len(told), float(saved.mean()), float(np.sqrt((half**2).sum()) / len(told)))


def _home(days: Sequence[DayRecord]) -> Iterator[tuple[float, float]]:
    """Saving and half of its interval [kWh]; nothing of a home without history."""
    followed = sorted({day.day for day in days if day.advised_h > 0})
    if not followed:
        return
    span = Span(min(day.day for day in days), max(day.day for day in days))
    home = home_days({"": days}, Assignment(), span)[0]
    used, outdoor_c = home.used[LAGS:], home.weather[LAGS:, 0]
    began = (followed[0] - span.first).days
    known = ~np.isnan(used) & ~np.isnan(outdoor_c)
    place = np.arange(len(used))
    after = known & np.isin(place, [(day - span.first).days for day in followed])
    before = known & (place < began)
    if min(before.sum(), after.sum()) < FEWEST_DAYS:
        return
    told = before_and_after(
        used[before, np.newaxis], outdoor_c[before], used[after, np.newaxis], outdoor_c[after]
    )
    yield float(told.saved[0]), float(told.half[0])
