"""Days by lot of a trial: what both versions save, by the report's own estimator, as a kind of harm.

At each look all days so far go through the regression of `cloud.savings`; whichever homes a draw takes, the
saving of theirs is that of the regression of their days together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.assignment import Assignment
from cloud.ports.records import DayRecord
from cloud.rollout.sequential import Bools, Floats
from cloud.savings.estimates import ARMS, freed_of_weather
from cloud.savings.hierarchy import TINY, Hierarchy, learn
from cloud.savings.home_days import Compared, compare
from cloud.savings.records import Span, home_days, measured


@dataclass(frozen=True, slots=True)
class SavedByLot:
    """What homes with days by lot save, over their usual day, up to each look.

    Attributes:
        arms: Products of the regression, (looks, homes, ARMS, ARMS); zero for a home that is not measured.
        heard: And with what was used, (looks, homes, ARMS).
        compared: Homes that are measured, at the newest look.
        every: What these say of each other; None without any.
    """

    arms: Floats
    heard: Floats
    compared: tuple[Compared, ...] = ()
    every: Hierarchy | None = None

    @classmethod
    def of(
        cls,
        homes: Sequence[str],
        records: Mapping[str, Sequence[DayRecord]],
        assignment: Assignment,
        looks: Sequence[Span],
        places: Mapping[str, str],
    ) -> Self:
        """Of days of homes.

        Args:
            homes: All of the trial, in order.
            records: Kept days of the devices of each.
            assignment: How days were drawn; nobody is measured if no design has pairs.
            looks: The days that each sees.
            places: Of homes; see `place_of`.
        """
        drawn = any(design.pairs for design in assignment.designs)
        lived = {home: own for home, days in records.items() if (own := measured(days))} if drawn else {}
        arms = np.zeros((len(looks), len(homes), ARMS, ARMS))
        heard, rows = np.zeros((len(looks), len(homes), ARMS)), {home: row for row, home in enumerate(homes)}
        compared, every = list[Compared](), None
        for number, span in enumerate(looks):
            told = compare(home_days(lived, assignment, span, places=places)) if lived else []
            compared = [home for home in told if home.free > 0]  # of a first day its level takes all
            if compared:
                every, at = learn(compared), [rows[home.home_id] for home in compared]
                arms[number, at], heard[number, at] = freed_of_weather(compared, every)
        return cls(arms, heard, tuple(compared), every)

    @property
    def days(self) -> int:
        """Looks so far."""
        return len(self.arms)

    @property
    def is_seen(self) -> bool:
        """Whether any home of it is measured."""
        return bool(self.arms.any())

    def among(self, here: Bools) -> Self:
        """The same of some homes."""
        return type(self)(self.arms[:, here], self.heard[:, here])

    def more(self, look: int, cohorts: Bools) -> Floats:
        """How much less than the others the homes of each cohort save, (draws,) [ratio of a usual day]."""
        arms, heard, inside = self.arms[look - 1], self.heard[look - 1], cohorts.astype(np.float64)
        theirs, others = (_saved(some, arms, heard) for some in (inside, 1.0 - inside))
        return np.where(np.isnan(theirs) | np.isnan(others), 0.0, others - theirs)


def _saved(inside: Floats, arms: Floats, heard: Floats) -> Floats:
    """The saving of each of some sets of homes, (draws,); NaN where none of them is measured."""
    together = (inside @ arms.reshape(len(arms), -1)).reshape(len(inside), ARMS, ARMS)
    size = np.trace(together, axis1=1, axis2=2)
    kept = (TINY * np.where(size > 0, size, 1.0))[:, np.newaxis, np.newaxis] * np.eye(ARMS)
    effects = np.linalg.solve(together + kept, (inside @ heard)[:, :, np.newaxis])
    return np.where(size > 0, effects.sum(axis=(1, 2)), np.nan)
