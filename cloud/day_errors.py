"""Day errors: how far off the model has been about a home's electricity, and so how wide an interval must be.

What would have happened at the habit is never seen, but what happens as advised is: each day's measured
electricity against what was said of it at its start. Adaptive conformal inference (Gibbs & Candès 2021,
arXiv:2106.00170) makes of these errors a radius that holds as often as it says, even in a home that changes:
after each miss it is taken wider, after each hit a little narrower.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

MISS_RATIO: Final = 0.1
"""The share of days that may lie outside [ratio]: intervals are of 90 %."""

STEP_RATIO: Final = 0.02
"""How far a day moves the level [ratio]: an assumption; Gibbs & Candès take 0.005 for series much longer."""

LEVELS: Final = (0.02, 0.3)
"""The level stays between these [ratio]: with some dozen days nothing is known beyond."""

KEPT_DAYS: Final = 28
"""Days that are remembered, the newest ones."""

PRIOR_RATIOS: Final = (0.01, 0.04, 0.06, 0.09, 0.12, 0.15, 0.2, 0.27, 0.36, 0.58)
"""Errors of ten days of homes in general, which count like own days [ratio]: middles of the tenths of those
of advised homes of the split `validate`, seeds 11 and 13."""

DAY_H: Final = 24

MEASURED_H: Final = 20
"""So many hours of a day must have been measured for it to count [h]."""


@dataclass(slots=True)
class DayErrors:
    """The errors of one home.

    Attributes:
        ratios: Size of each day's error over what was said, the newest last [ratio].
        level: Share of errors that is to lie outside now [ratio].
        said_kwh: Of the day that is going on [kWh]; None while none is.
        first_hour: Its first hour, by its end, counted since 1970.
    """

    ratios: list[float] = field(default_factory=list[float])
    level: float = MISS_RATIO
    said_kwh: float | None = None
    first_hour: int = 0

    def say(self, next_hour: int, kwh: float) -> None:
        """So much is expected of the 24 h from hour `next_hour` on [kWh]; heard if no day is going on."""
        if self.said_kwh is None and kwh > 0:
            self.first_hour, self.said_kwh = next_hour, round(kwh, 6)

    def see(self, newest_hour: int, measured: Callable[[int, int], Sequence[float]]) -> None:
        """Judge the day that is going on if `newest_hour`, the newest that is over, ends it.

        Args:
            newest_hour: By its end, counted since 1970.
            measured: Gives electricity of some hours, from the first and how many [kWh]; NaN is unknown.
        """
        if self.said_kwh is None or newest_hour < self.first_hour + DAY_H - 1:
            return
        known = [kwh for kwh in measured(self.first_hour, DAY_H) if not math.isnan(kwh)]
        if len(known) >= MEASURED_H:
            self._learn(abs(sum(known) * DAY_H / len(known) - self.said_kwh) / self.said_kwh)
        self.said_kwh = None

    @property
    def radius_ratio(self) -> float:
        """Errors of days are at most so large nine times of ten [ratio]."""
        ordered = sorted([*PRIOR_RATIOS, *self.ratios])
        rank = math.ceil((len(ordered) + 1) * (1.0 - self.level))
        return ordered[min(rank, len(ordered)) - 1]

    def _learn(self, ratio: float) -> None:
        missed = ratio > self.radius_ratio
        low, high = LEVELS
        self.level = min(max(self.level + STEP_RATIO * (MISS_RATIO - missed), low), high)
        self.ratios = [*self.ratios[1 - KEPT_DAYS :], round(ratio, 4)]
