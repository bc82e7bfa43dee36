"""Oracle: what could have been saved by whoever knows everything, at the habit's warm degree-hours.

It knows when people will be at home, how warm each home may feel in every hour, the weather, and the plant
itself: each day it plays candidates on forks of the very homes, keeps each home's best, and lives it. What it
minimises is electricity plus a price of warm degree-hours; the price of each home is moved from day to
day so that its warm degree-hours, added up, stay at those of its habit (dual ascent). So it is what a planner
can reach with these levers, not a bound: with finer levers a little more may be possible.

Three switches take knowledge away, to see what it is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from device_sim.fleet import Fleet
from infra.local.arms import DECISION_S, command
from infra.local.pairs import Floats
from datetime import timedelta

Flags: TypeAlias = npt.NDArray[np.bool_]
Knows: TypeAlias = Literal["presence", "band", "day"]

MARGINS_K = (-0.6, -0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0)
"""How far below the limit people find it while they are there [K]: the machine's sag and swing are in it."""

LEADS_H = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""How long before they are back cooling begins [h]."""

DEPTHS_K = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
"""How far above the habit an empty home may be set [K]."""

COOLER_K = (0.0, 0.5, 1.0)
"""How far below that a home is cooled in the hours before noon [K]."""

AHEAD_H = (4, 12)
"""Local hours in which it is cooled ahead."""

LOOK_H = 30
"""A day, and the hours in which its heat is still felt [h]."""

FIRST_PRICE_KWH, PRICES_KWH = 1.0, (0.02, 30.0)
PRICE_STEP = 1.4
"""Price of a warm degree-hour [kWh/(K·h)]: first, between, and how it moves from day to day."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What is done in each home: places in the levers' lists, `(homes,)` each."""

    margin: npt.NDArray[np.intp]
    lead: npt.NDArray[np.intp]
    depth: npt.NDArray[np.intp]
    cooler: npt.NDArray[np.intp]

    @classmethod
    def careful(cls, homes: int) -> "Ways":
        """Where the search begins."""
        return cls(*(np.full(homes, place) for place in (12, 6, 2, 0)))

    def near(self) -> list["Ways"]:
        """These, and those that differ by one step of one lever in all homes."""
        found = [self]
        for name, levers in (("margin", MARGINS_K), ("lead", LEADS_H), ("depth", DEPTHS_K), ("cooler", COOLER_K)):
            places = getattr(self, name)
            for step in (-2, -1, 1, 2) if name == "margin" else (-1, 1):
                found.append(replace(self, **{name: np.clip(places + step, 0, len(levers) - 1)}))
        return found

    def pick(self, other: "Ways", where: Flags) -> "Ways":
        """Those of `other` in some homes."""
        return Ways(
            *(np.where(where, getattr(other, n), getattr(self, n)) for n in ("margin", "lead", "depth", "cooler"))
        )


@dataclass(frozen=True, slots=True)
class Foresight:
    """What will be; arrays are `(steps, homes)`.

    Attributes:
        at_home: Whether somebody is at home.
        limit_c: Upper limit of the felt temperature [°C].
        habit_c: The schedule's setpoint [°C].
        local_h: Local time `(steps,)` [h].
    """

    at_home: Flags
    limit_c: Floats
    habit_c: Floats
    local_h: Floats


def foresee(fleet: Fleet) -> Foresight:
    """Look at the whole season; nothing of it depends on what is done."""
    fork, people, clock = fleet.fork(), [], []
    home, limit, habit = [], [], []
    first = fleet._homes.steps - fleet.steps_left
    while fork.steps_left:
        limit.append(fork.comfort_limits_c()[1])
        fork.step()
        home.append(fork.occupied)
        habit.append(fork._firmware.habit_c)
    time = fleet._homes.clock.time_of_day_s[first:]
    return Foresight(np.array(home), np.array(limit), np.array(habit), time / 3600)


@dataclass(slots=True)
class Oracle:
    ahead: Foresight
    habit_warm_k_h: Floats
    knows: frozenset
    ways: Ways
    price_kwh: Floats
    warm_k_h: Floats
    place: int = 0

    def live_day(self, fleet: Fleet, steps: int = 288) -> tuple[float, Floats]:
        best, cost = self.ways, None
        look = min(LOOK_H * 12, fleet.steps_left)
        for ways in self.ways.near():
            kwh, warm = self._play(fleet.fork(), ways, look)
            this = kwh + self.price_kwh * warm
            if cost is None:
                cost = this
                continue
            better = this < cost - 1e-3
            best, cost = best.pick(ways, better), np.where(better, this, cost)
        # changes of several levers at once need not add up: keep them only where they do
        kwh, warm = self._play(fleet.fork(), best, look)
        kept = kwh + self.price_kwh * warm <= cost + 0.05
        self.ways = best
        before = fleet.truth()
        self._play(fleet, self.ways, steps, reset=False)
        after = fleet.truth()
        self.warm_k_h = self.warm_k_h + after.warm_degree_hours_k_h - before.warm_degree_hours_k_h
        self.place += steps

    def settle(self, habit_warm_k_h):
        over = self.warm_k_h > habit_warm_k_h
        factor = np.where(over, PRICE_STEP, 1 / PRICE_STEP)
        self.price_kwh = np.clip(self.price_kwh * factor, *PRICES_KWH)

    def _play(self, fleet: Fleet, ways: Ways, steps: int, reset=True):
        if reset:
            fleet.reset_truth()
        margin = np.array(MARGINS_K)[ways.margin]
        lead = (np.array(LEADS_H)[ways.lead] * 12).astype(int)
        depth = np.array(DEPTHS_K)[ways.depth]
        cooler = np.array(COOLER_K)[ways.cooler]
        ids = [s.device_id for s in fleet.sites]
        a = self.ahead
        for step in range(steps):
            at = self.place + step
            if step % 6 == 0:
                window = a.at_home[at : at + 98]
                cum = np.cumsum(window, axis=0)
                soon = cum[np.minimum(lead + 6, len(cum) - 1), np.arange(len(ids))] > 0
                air_c = fleet._machine.shown_c()
                limit = a.limit_c[at : at + 6].min(axis=0)
                # who is not there yet is waited for with the limit of then
                if "band" not in self.knows:
                    limit = a.habit_c[at]
                    sp = limit
                else:
                    sp = limit - margin - (fleet.felt_c() - air_c)
                    sp = np.clip(sp, a.habit_c[at] - 2, a.habit_c[at] + 6)
                if AHEAD_H[0] <= a.local_h[at] < AHEAD_H[1]:
                    sp = sp - cooler
                if "presence" in self.knows:
                    sp = np.where(soon, sp, np.maximum(sp, a.habit_c[at] + depth))
                now = fleet.now
                for i, d in enumerate(ids):
                    fleet.command(d, command(round(float(sp[i]), 1), now, now + timedelta(hours=2)))
            fleet.step()
        t = fleet.truth()
        return t.cooling_kwh, t.warm_degree_hours_k_h
