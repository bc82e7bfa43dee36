"""Oracle: what is saved by whoever knows everything, at each home's own warm degree-hours of the habit.

It knows when people will be at home, how warm each home may feel, the weather, and the plant itself. Each day
it plays candidates on forks of the very homes, keeps each home's best, and lives that. What it minimises is
electricity plus a price of warm degree-hours; the price of each home moves from day to day, so that its warm
degree-hours, added up, stay at those of its habit (dual ascent: Boyd & Vandenberghe, Convex Optimization,
section 5.4). Levers: how far below their limit people find the home, how warm it may get while it is empty,
how early it is cooled again, and whether it is cooled ahead of the day. So this is what perfect knowledge
reaches with these levers; with finer ones a little more may be possible.

`oracle_without_presence` cools for people at all hours; `oracle_without_band` keeps the habit while they are
there; `oracle_without_day` knows each home's usual limit and how it is spread over the days, but not which
day has which. What one does not know its search does not either: it prices the warmth that is to be expected.
Only what a home has had so far, by which the price moves, is the truth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

import numpy as np
import numpy.typing as npt

from cloud.home_clock import SLOTS_PER_DAY
from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.judging.control import COMMAND_S, DECISION_S, command
from infra.local.judging.foresight import Flags, Foresight
from infra.local.judging.plant import Plant
from infra.local.judging.play import Played, Playing, WholePlay, play
from infra.local.judging.trial import Trial
from infra.local.pairs import Floats

Places = npt.NDArray[np.intp]

MARGINS_K = (-0.6, -0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0)
"""How far below the limit it is to feel while they are there [K]: the machine's sag and swing are in it."""

LEADS_H = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""How long before they are back cooling begins [h]."""

DEPTHS_K = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
"""How far above the habit an empty home may be set [K]."""

AHEAD_K = (0.0, 0.5, 1.0)
AHEAD_SLOTS = (8, 24)
"""How much cooler it is made between 04:00 and noon [K], half-hours of the local day."""

LARGEST_RISE_K, LARGEST_FALL_K = 6.0, 2.0
"""Its setpoints stay so near the habit [K]."""

LOOK_H = 30
"""A day, and the hours in which its heat is still felt [h]."""

FIRST_PRICE_KWH, LOWEST_PRICE_KWH, HIGHEST_PRICE_KWH, PRICE_STEP = 2.0, 0.02, 30.0, 1.4
"""Price of a warm degree-hour [kWh/(K·h)], and how it moves from day to day."""

AS_WARM_K_H_DAY = 0.02
"""So near to the habit's is the same [K·h/day]."""

WORTH_KWH = 1e-3
"""A candidate is better if it is so by this [kWh]."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What is done in each home: places in the lists above, `(homes,)` each."""

    margin: Places
    lead: Places
    depth: Places
    ahead: Places

    @classmethod
    def first(cls, homes: int) -> Self:
        """Where the search begins."""
        return cls(*(np.full(homes, place) for place in (11, 4, 2, 0)))

    def near(self, day: int) -> list[Self]:
        """Those to try on a day: other margins, and one step of the other levers, by turns."""
        tried = [self._moved("margin", MARGINS_K, steps) for steps in (-2, -1, 1, 2)]
        name, levers = (("lead", LEADS_H), ("depth", DEPTHS_K), ("ahead", AHEAD_K))[day % 3]
        return [*tried, *(self._moved(name, levers, steps) for steps in (-1, 1))]

    def where(self, better: Flags, other: Self) -> Self:
        """Those of `other` in the homes in which it is better."""
        return type(self)(
            *(np.where(better, getattr(other, each.name), getattr(self, each.name)) for each in fields(self))
        )

    def _moved(self, name: str, levers: tuple[float, ...], steps: int) -> Self:
        return replace(self, **{name: np.clip(getattr(self, name) + steps, 0, len(levers) - 1)})


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What an oracle knows.

    Attributes:
        presence: When people will be at home; without, it takes them to be always there.
        band: How warm they may have it; without, it keeps the habit while they are there.
        day: How that moves from day to day; without, only how each half-hour's is spread over the season.
    """

    presence: bool = True
    band: bool = True
    day: bool = True

    def of(self, ahead: Foresight) -> Foresight:
        """What is known of what comes."""
        known = ahead if self.day else ahead.usual()
        return known if self.presence else known.always_home()


ORACLES: Mapping[str, Knowledge] = {
    "oracle": Knowledge(),
    "oracle_without_presence": Knowledge(presence=False),
    "oracle_without_band": Knowledge(band=False),
    "oracle_without_day": Knowledge(day=False),
    "oracle_without_presence_and_day": Knowledge(presence=False, day=False),
}


@dataclass(slots=True)
class _Following:
    """Some ways, followed with perfect knowledge.

    Args:
        plant: Whom to control: it feels what they feel.
        ahead: What is known.
        knows: Of what.
        ways: What is done.
        slot: Half-hours since `ahead` began.
        indoor_c: What each thermostat has shown last [°C].
    """

    plant: Plant
    ahead: Foresight
    knows: Knowledge
    ways: Ways
    slot: int
    indoor_c: Floats

    def setpoints_c(self) -> Floats:
        """What to set now, `(homes,)` [°C]."""
        ways, habit_c = self.ways, self.ahead.habit_c[self.slot]
        setpoint_c = habit_c
        if self.knows.band:
            felt_k = self.plant.felt_c() - self.indoor_c
            setpoint_c = self.ahead.limit_c[self.slot] - np.array(MARGINS_K)[ways.margin] - felt_k
        if AHEAD_SLOTS[0] <= self.ahead.of_day[self.slot] < AHEAD_SLOTS[1]:
            setpoint_c = setpoint_c - np.array(AHEAD_K)[ways.ahead]
        lead_slots = (np.array(LEADS_H)[ways.lead] * 3600 / DECISION_S).astype(np.intp)
        empty_c = np.maximum(setpoint_c, habit_c + np.array(DEPTHS_K)[ways.depth])
        setpoint_c = np.where(self.ahead.back_within(self.slot, lead_slots), setpoint_c, empty_c)
        return np.asarray(np.clip(setpoint_c, habit_c - LARGEST_FALL_K, habit_c + LARGEST_RISE_K))

    def commands(self) -> list[tuple[str, Desired]]:
        """The same as commands."""
        at = self.plant.now
        until, sites = at + timedelta(seconds=COMMAND_S), self.plant.sites
        wanted = np.round(self.setpoints_c(), 1).tolist()
        self.slot += 1
        return [(site.device_id, command(c, at, until)) for site, c in zip(sites, wanted, strict=True)]

    def observe(self, readings: StepReadings) -> None:
        """What the thermostats show; a missing value is as it was."""
        shown_c = readings.indoor_dry_bulb_c
        self.indoor_c = np.where(np.isnan(shown_c), self.indoor_c, shown_c)


@dataclass(slots=True)
class Oracle:
    """Perfect foresight as a `Control`.

    Args:
        following: What it does, and what it knows.
        habit_warm_k_h: Warm degree-hours at the habit up to the end of each day, `(days, homes)` [K·h].
        price_kwh: What a warm degree-hour costs in each home now [kWh/(K·h)].
    """

    following: _Following
    habit_warm_k_h: Floats
    price_kwh: Floats

    def observe(self, readings: StepReadings) -> None:
        """It sees what the thermostats show."""
        self.following.observe(readings)

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """It knows."""

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """It knows."""

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:  # noqa: ARG002 (of the protocol)
        """It has decided."""
        return ()

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:  # noqa: ARG002 (of the protocol)
        """What it does; once a day it looks for better ways."""
        day, of_day = divmod(self.following.slot, SLOTS_PER_DAY)
        if not of_day:
            if day:
                self._reprice(day)
            self._search(day)
        return self.following.commands()

    def _reprice(self, day: int) -> None:
        """Warmth is dearer where there was more of it than at the habit, and cheaper elsewhere."""
        warm_k_h = self.following.plant.truth().warm_degree_hours_k_h
        over = warm_k_h > self.habit_warm_k_h[day - 1] + AS_WARM_K_H_DAY * day
        moved = self.price_kwh * np.where(over, PRICE_STEP, 1 / PRICE_STEP)
        self.price_kwh = np.clip(moved, LOWEST_PRICE_KWH, HIGHEST_PRICE_KWH)

    def _search(self, day: int) -> None:
        best = self.following.ways
        cost = self._cost_kwh(best)
        for ways in best.near(day):
            other = self._cost_kwh(ways)
            better = other < cost - WORTH_KWH
            best, cost = best.where(better, ways), np.where(better, other, cost)
        self.following.ways = best

    def _cost_kwh(self, ways: Ways) -> Floats:
        """Electricity and the price of the warmth to expect over the next `LOOK_H`, `(homes,)` [kWh]."""
        plant, ahead = self.following.plant.fork(), self.following.ahead
        plant.reset_truth()
        along = replace(self.following, plant=plant, ways=ways)
        steps = DECISION_S // plant.spec.step_s
        expected_k = np.zeros(len(plant.sites))
        for slot in range(along.slot, min(along.slot + LOOK_H * 3600 // DECISION_S, len(ahead.at_home))):
            for device_id, desired in along.commands():
                plant.command(device_id, desired)
            for _ in range(steps):
                along.observe(plant.step())
                expected_k += ahead.beyond_k(slot, plant.felt_c())
        truth, knows = plant.truth(), self.following.knows
        warm_k_h = expected_k * plant.spec.step_s / 3600
        if knows.presence and knows.day:
            warm_k_h = truth.warm_degree_hours_k_h  # to the minute
        return np.asarray(truth.cooling_kwh + self.price_kwh * warm_k_h)


def play_oracle(knows: Knowledge, plant: Plant, trial: Trial, habit: Played) -> Playing:
    """The arm: an oracle that knows so much lives all days with advice."""
    homes = len(plant.sites)
    ahead = Foresight.of(plant, trial.days * SLOTS_PER_DAY)
    following = _Following(
        plant=plant,
        ahead=knows.of(ahead),
        knows=knows,
        ways=Ways.first(homes),
        slot=0,
        indoor_c=np.array([site.habit_setpoint_c for site in plant.sites]),
    )
    warm_k_h = np.cumsum(habit.days.warm_degree_hours_k_h, axis=0)
    return play(plant, Oracle(following, warm_k_h, np.full(homes, FIRST_PRICE_KWH)), trial.days)


WHOLE_PLAYS: Mapping[str, WholePlay] = {name: partial(play_oracle, knows) for name, knows in ORACLES.items()}
