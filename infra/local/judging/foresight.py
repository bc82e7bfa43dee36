"""Foresight: what will be in the homes of a plant, whatever is done to them; only an oracle may know."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
        possible_c: By half-hour of the local day its limits on all days, `(days, homes)` each [°C]; empty
            where each day's own is known.
    """

    at_home: Flags
    limit_c: Floats
    habit_c: Floats
    of_day: npt.NDArray[np.intp]
    possible_c: Mapping[int, Floats] = field(default_factory=dict[int, Floats])

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
        """The same for who knows how the limits are spread over the days, but not which day has which."""
        possible_c = {place: self.limit_c[self.of_day == place] for place in set(self.of_day.tolist())}
        limit_c = np.array([possible_c[place].mean(axis=0) for place in self.of_day.tolist()])
        return replace(self, limit_c=limit_c, possible_c=possible_c)

    def always_home(self) -> Self:
        """The same for who does not know when people are out."""
        return replace(self, at_home=np.ones_like(self.at_home))

    def beyond_k(self, slot: int, felt_c: Floats) -> Floats:
        """How far beyond the limit people are to be expected in `slot` at what they feel, `(homes,)` [K]."""
        limits_c = self.possible_c.get(int(self.of_day[slot]), self.limit_c[slot : slot + 1])
        return np.asarray(np.maximum(felt_c - limits_c, 0.0).mean(axis=0) * self.at_home[slot])

    def back_within(self, slot: int, slots: npt.NDArray[np.intp]) -> Flags:
        """Whether somebody will be at home in `slot` or in so many after it, `(homes,)` each."""
        ahead = np.cumsum(self.at_home[slot : slot + int(slots.max()) + 1], axis=0)
        last = np.minimum(slots, len(ahead) - 1)
        return np.asarray(ahead[last, np.arange(len(slots))] > 0)
