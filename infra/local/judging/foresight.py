"""Foresight: what will be in the homes of a plant, whatever is done to them; only an oracle may know."""

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.home_clock import HomeClock
from infra.local.judging.control import DECISION_S
from infra.local.judging.plant import Plant
from infra.local.pairs import Floats

Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Foresight:
    """By half-hour from now on; arrays are `(slots, homes)`.

    Attributes:
        at_home: Whether somebody is at home at any time in it.
        limit_c: The lowest upper limit of the felt temperature in it [°C].
        habit_c: Setpoint of the schedule at its start [°C].
        of_day: Half-hour of the local day, `(slots,)`.
    """

    at_home: Flags
    limit_c: Floats
    habit_c: Floats
    of_day: npt.NDArray[np.intp]

    @classmethod
    def of(cls, plant: Plant, slots: int) -> Self:
        """Look at so many half-hours of `plant`, on a fork of it."""
        fork, steps = plant.fork(), DECISION_S // plant.spec.step_s
        clock = HomeClock(plant.sites[0].timezone)
        of_day = [slot.of_day for slot in clock.ahead(plant.now.timestamp(), slots)]
        at_home, limit_c, habit_c = [], [], []
        for _ in range(slots):
            habit_c.append([fork.way_back(site.device_id).setpoint_c for site in fork.sites])
            limits, homes = [], []
            for _ in range(steps):
                limits.append(fork.comfort_limits_c()[1])
                fork.step()
                homes.append(fork.occupied)
            limit_c.append(np.min(limits, axis=0))
            at_home.append(np.any(homes, axis=0))
        return cls(np.array(at_home), np.array(limit_c), np.array(habit_c, np.float64), np.array(of_day))

    def usual(self) -> Self:
        """The same with each half-hour's mean limit over all days instead of the day's own."""
        limit_c = np.empty_like(self.limit_c)
        for place in set(self.of_day.tolist()):
            these = self.of_day == place
            limit_c[these] = self.limit_c[these].mean(axis=0)
        return replace(self, limit_c=limit_c)

    def back_within(self, slot: int, slots: npt.NDArray[np.intp]) -> Flags:
        """Whether somebody will be at home in `slot` or in so many after it, `(homes,)` each."""
        ahead = np.cumsum(self.at_home[slot : slot + int(slots.max()) + 1], axis=0)
        last = np.minimum(slots, len(ahead) - 1)
        return np.asarray(ahead[last, np.arange(len(slots))] > 0)
