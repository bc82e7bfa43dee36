"""Planner: which setpoint to hold in each half-hour of the coming day, within all guards.

Two levers. While people are (or may be) there: the warmest setpoints that are expected to add no more
discomfort than the budget. While nobody is there: a set-back that is made good before they usually return.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cloud.absence import EmptyHome, ReturnTimes, best_set_back
from cloud.advice import Installation, Preferences
from cloud.comfort import SILENT_K
from cloud.dear_hours import DearHours
from cloud.home_clock import SLOT_S, SLOTS_PER_DAY, Slot
from cloud.home_state import HomeState
from cloud.tolerance import EAGER_LAMBDA, WORTH_PROBING_K
from cloud.warm_budget import UsualDay, affordable_k
from edge.contract import Fan, Mode

GRID_K = 0.5
"""Devices and people know half degrees [K]."""

LARGEST_RISE_K = 4.0
LARGEST_FALL_K = 1.0
RISES_K = np.arange(0.0, LARGEST_RISE_K + GRID_K / 2, GRID_K)
"""Guard around the habit [K]: ADVICE.md, formulation 5."""

HEAT_SAFETY_C = 28.0
"""Nobody is advised more while somebody may be there, unless it is their own habit [°C]; an assumption."""

COOL_AHEAD_K = 0.5
"""How far below the habit a home is cooled before heat in which its machine cannot hold it [K]: the guard."""

WORTH_COOLING_K_H = 1.0
"""But only if so many warm degree-hours are expected at the habit while somebody is there [K·h/day]: where it
is less, it costs more electricity than most would give for it."""

STALE_INDOOR_S = 1800
"""An older indoor temperature says nothing about how warm an empty home has become [s]."""

CERTAIN_DAYS = 20
"""A return that people announced counts as much as so many past days on which they came at that time."""

MIN_HISTORY_DAYS = 7
"""No set-back before so many days have been seen: the presence pattern is not known."""

FIRST_DEPTH_K = 1.5
"""Set-back until the home's own recoveries are known [K]."""

VARIABLE_SPEED_DEPTH_K = 2.0
"""Set-back of a machine with variable speed [K]: it is at its best when slow, and a deep recovery makes it
run fast. Study A: these prefer +2/+4, single-speed ones off."""

KNOWN_RECOVERIES = 2
"""So many tell how fast a home recovers."""

LARGEST_MISHAPS = 3
"""After so many set-backs that were noticed there are no more for a while (study C: stop after three)."""

KNOWN_ABSENCES = 5
"""Past days with an absence like this one that tell when it ends."""

EARLY_RATIO = 0.05
"""Somebody may come back from the time on before which the presence model sees them with this chance [ratio]:
what a return on one of twenty days was."""

MISHAP_DAYS = 28
MISHAP_K = 1.0
"""What each of them takes off the next set-backs [K]."""

UNNOTICED_RATIO = 0.25
"""Warmth counts as comfortable to those who come home if it is with a chance of 1 less this [ratio]."""

SURPRISE_K = SILENT_K + 0.75
"""So far beyond that a set-back may go [K]: only who comes back unexpectedly meets it."""

DISCOMFORT_KWH_PER_LAMBDA = 0.2
"""What a warm degree-hour may cost, for each unit of comfort-or-savings [kWh/(K·h)]: 4 kWh at the usual one,
about what the last of the warmth within the budget brings. Less was no more saving for the same warmth."""


@dataclass(slots=True)
class Plan:
    """The coming day; lists are by half-hour, (49,).

    Attributes:
        habit_c: Setpoint without advice [°C].
        occupied_c: Setpoint for people [°C].
        setpoint_c: Setpoint advised [°C].
        likely: Chance that it comes to the difference between the two [ratio].
        felt_k: How much warmer than the habit's setpoint it gets for people [K].
        away: Chance that nobody is there [ratio].
        set_back_k: How much of the setpoint now is for an empty home [K].
        recover_s: When that ends [s since 1970].
        back_s: When the first of them may come back [s since 1970]; None while somebody may be there.
        recovering: Whether nobody is there, but may be back soon.
        strained: Whether the machine may not hold even the habit today.
        probing: Whether it is warmer now to see how it is borne.
        eased: Whether it is cooler than the habit now because somebody said that it is a bit warm.
        shifted_kwh: Electricity that is spared (taken, if negative) by cooling before dear hours; or empty.
        mode: What the device is to do now.
        fan: How fast its fan is to run now; None to leave it.
        dear_s: When they begin, if it is cooled ahead of them now [s since 1970].
    """

    habit_c: list[float]
    occupied_c: list[float]
    setpoint_c: list[float]
    likely: list[float]
    felt_k: list[float]
    away: list[float]
    set_back_k: float = 0.0
    recover_s: float | None = None
    back_s: float | None = None
    recovering: bool = False
    strained: bool = False
    probing: bool = False
    eased: bool = False
    shifted_kwh: list[float] = field(default_factory=list[float])
    dear_s: float | None = None
    mode: Mode = "cool"
    fan: Fan | None = None

    @property
    def expected_c(self) -> list[float]:
        """The mean setpoint, with what may not come to pass counted in part [°C]."""
        paths = zip(self.occupied_c, self.setpoint_c, self.likely, strict=True)
        return [occupied + (setpoint - occupied) * likely for occupied, setpoint, likely in paths]


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which setpoints advice may move [°C]."""

    low_c: float
    high_c: float

    @classmethod
    def of(cls, installation: Installation, preferences: Preferences) -> "Limits":
        """The device's and the people's, whichever is narrower."""
        return cls(
            max(installation.min_setpoint_c, preferences.min_setpoint_c),
            min(installation.max_setpoint_c, preferences.max_setpoint_c),
        )

    def within(self, setpoint_c: float, habit_c: float) -> float:
        """The nearest setpoint that all guards allow [°C]."""
        near = min(max(setpoint_c, habit_c - LARGEST_FALL_K), habit_c + LARGEST_RISE_K)
        return min(max(near, self.low_c), self.high_c)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one day of one home.

    Args:
        home: What is known.
        limits: Of device and people.
        step_s: Time to the next decision [s].
        at_s: Now [s since 1970].
        slots: Half-hours from now on, (49,).
        inverter: Whether the machine's speed varies; None when nobody told us.
        away: Chance that nobody is there, by the presence model, (49,) [ratio]; None without one or without
            consent: then past days tell.
        returns: When somebody comes back, by the presence model; None likewise, and while somebody is there.
        dear: Hours in which electricity costs more than in others; None without them.
        damp: Whether a set-back must be shallow, since the air is damp.
    """

    home: HomeState
    limits: Limits
    step_s: int
    at_s: float
    slots: Sequence[Slot]
    inverter: bool | None = None
    away: Sequence[float] | None = None
    returns: ReturnTimes | None = None
    dear: DearHours | None = None
    damp: bool = False

    def occupied(self, warmest_outdoor_c: float | None) -> Plan:
        """The day as if people were always there.

        Args:
            warmest_outdoor_c: Of the next half day [°C]; None when unknown.
        """
        home, slots = self.home, self.slots
        habit_c = self.habit_c()
        strained = home.recovery.cannot_recover(slots[0], warmest_outdoor_c)
        away = self._away_ratio()
        usual_k = [home.warmth.expected_k(slot) for slot in slots]
        usual = self._usual_day([known_k or 0.0 for known_k in usual_k], away)
        probes = False
        if strained and self._worth_cooling(usual):
            occupied_c = self._cooled_ahead_c(habit_c)
        else:
            occupied_c, probes = self._warm_edge_c(habit_c, usual_k, self._affordable_k(usual))
        return Plan(
            habit_c=habit_c,
            occupied_c=occupied_c,
            setpoint_c=list(occupied_c),
            likely=[1.0] * len(slots),
            felt_k=[o - h + (k or 0.0) for o, h, k in zip(occupied_c, habit_c, usual_k, strict=True)],
            away=away,
            strained=strained,
            probing=probes,
            eased=not strained and occupied_c[0] < habit_c[0],
        )

    def habit_c(self) -> list[float]:
        """Setpoints without advice, (49,) [°C]."""
        return [self.home.habit.setpoint_c(slot) for slot in self.slots]

    def may_set_back(self, plan: Plan) -> bool:
        """Whether an empty home may get warmer today."""
        return not plan.strained and self.deepest_k() > 0

    def deepest_k(self) -> float:
        """The deepest set-back that is allowed now [K]; 0 = none."""
        watch, today = self.home.watch, self.slots[0].day
        if watch.first_s is None or self.at_s - watch.first_s < MIN_HISTORY_DAYS * 86_400:
            return 0.0
        mishaps = sum(today - day < MISHAP_DAYS for day in watch.mishaps)
        if mishaps >= LARGEST_MISHAPS:
            return 0.0
        if len(self.home.recovery.falls_k_h) < KNOWN_RECOVERIES:
            return FIRST_DEPTH_K - MISHAP_K * mishaps
        variable = self.home.recovery.is_variable_speed if self.inverter is None else self.inverter
        gentle = variable or self.damp
        return (VARIABLE_SPEED_DEPTH_K if gentle else LARGEST_RISE_K) - MISHAP_K * mishaps

    def is_empty(self) -> bool:
        """Whether nobody is there now, as far as anybody can tell."""
        return self._known_away_s() is not None or self.home.presence.left_s is not None

    def wants_returns(self) -> bool:
        """Whether nobody is there who has said when they will be back."""
        return self._known_away_s() is None and self.home.presence.left_s is not None

    def set_back(self, plan: Plan, kwh_per_k_h: float) -> None:
        """Let the home get warmer while it is empty.

        Args:
            plan: The day with people there; changed in place.
            kwh_per_k_h: Electricity that an hour 1 K warmer saves [kWh/(K·h)].
        """
        known = self._return_times()
        if known is None:
            return
        returns, first_h = known
        plan.back_s = self.at_s + first_h * 3600
        until = 2 + int(min(first_h, 12.0) * 3600 / SLOT_S)
        found_c = min(plan.occupied_c[:until])
        empty = self._empty_home(returns, found_c, kwh_per_k_h)
        price = DISCOMFORT_KWH_PER_LAMBDA * self.home.preferences.comfort_lambda
        chosen = None if empty is None else best_set_back(empty, price)
        if chosen is None:
            plan.setpoint_c[0], plan.recovering = found_c, True
            return
        depth_k = self._sticky_depth_k(chosen.depth_k)
        plan.recover_s = self.at_s + chosen.recover_in_h * 3600
        for place, slot in enumerate(self.slots):
            if place and slot.number * SLOT_S >= plan.recover_s:
                break
            plan.setpoint_c[place] = self.limits.within(found_c + depth_k, plan.habit_c[place])
        plan.set_back_k = plan.setpoint_c[0] - found_c

    def _warm_edge_c(
        self, habit_c: list[float], usual_k: list[float | None], rises_k: list[float]
    ) -> tuple[list[float], bool]:
        """The warmest setpoints that keep to the budget, or probe [°C], and whether they probe now."""
        tolerance, budget = self.home.tolerance, self.home.preferences.override_budget_per_day
        timely = [tolerance.may_probe(slot, budget) for slot in self.slots]
        probe_k = tolerance.deepest_probe_k() if any(timely) else 0.0
        path: list[float] = []
        probes = False
        for place, (rise_k, usual, habit) in enumerate(zip(rises_k, usual_k, habit_c, strict=True)):
            wanted_k = rise_k
            if timely[place] and usual is not None and probe_k >= rise_k + WORTH_PROBING_K:
                wanted_k = max(_half_degree_c(probe_k - usual + GRID_K / 2), rise_k)
                probes = probes or (place == 0 and wanted_k > rise_k)
            path.append(self.limits.within(min(habit + wanted_k, max(HEAT_SAFETY_C, habit)), habit))
        return path, probes

    def _worth_cooling(self, usual: UsualDay) -> bool:
        """Whether people are so warm in the heat, even at the habit, that it is worth to cool ahead of it."""
        willing = self.home.preferences.comfort_lambda >= EAGER_LAMBDA
        return willing and usual.warm_k_h(self.home.tolerance.comfort.discomfort()) >= WORTH_COOLING_K_H

    def _cooled_ahead_c(self, habit_c: list[float]) -> list[float]:
        """The habit, and cooler in the hours before the heat, so that it gets less warm in it [°C]."""
        return [
            self.limits.within(habit - COOL_AHEAD_K * self.home.recovery.is_ahead(slot), habit)
            for slot, habit in zip(self.slots, habit_c, strict=True)
        ]

    def _affordable_k(self, usual: UsualDay) -> list[float]:
        """The largest rises within the budget of warm degree-hours, by half-hour, (49,) [K]."""
        home, tolerance, today = self.home, self.home.tolerance, self.slots[0]
        if not tolerance.may_warm(today, home.preferences.override_budget_per_day):
            return [0.0] * len(self.slots)
        extra_k_h = usual.extra_k_h(RISES_K, tolerance.comfort.discomfort())
        budget_k_h = tolerance.budget_k_h(today, home.preferences.comfort_lambda)
        worth = None if self.dear is None else self.dear.worth(home.recovery)
        by_hour_k = home.recovery.worth_warming_k(affordable_k(RISES_K, extra_k_h, budget_k_h, worth))
        return [tolerance.eased_rise_k(slot, by_hour_k[slot.of_day // 2]) for slot in self.slots]

    def _usual_day(self, usual_k: list[float], away: list[float]) -> UsualDay:
        """The coming day as it would be at the habit, by hours of the clock, so that it stays the same."""
        midnight = -self.slots[0].of_day % SLOTS_PER_DAY
        places = [(midnight + 2 * hour) % SLOTS_PER_DAY for hour in range(24)]
        return UsualDay(
            [usual_k[place] for place in places],
            [self.home.warmth.spread_k(self.slots[place]) for place in places],
            [1.0 - away[place] for place in places],
        )

    def _known_away_s(self) -> float | None:
        away_until = self.home.preferences.away_until
        until_s = None if away_until is None else away_until.timestamp()
        return until_s if until_s is not None and until_s > self.at_s else None

    def _away_ratio(self) -> list[float]:
        """Chance that nobody is there, by half-hour [ratio]."""
        if not self.home.preferences.share_presence:
            return [0.0] * len(self.slots)
        return list(self.away) if self.away is not None else self.home.presence.away_ratio(self.slots)

    def _return_times(self) -> tuple[ReturnTimes, float] | None:
        """When people may be back, and the first of them [h]; None when that cannot be told."""
        until_s = self._known_away_s()
        if until_s is not None:
            returns_h = [(until_s - self.at_s) / 3600] * CERTAIN_DAYS
        elif self.returns is not None:
            return self.returns, self.returns.quantile_h(EARLY_RATIO)
        else:
            returns_h = self.home.presence.returns_h(self.at_s, self.slots[0])
        return (ReturnTimes.as_seen(returns_h), returns_h[0]) if len(returns_h) >= KNOWN_ABSENCES else None

    def _empty_home(self, returns: ReturnTimes, found_c: float, kwh_per_k_h: float) -> EmptyHome | None:
        home, watch = self.home, self.home.watch
        if watch.indoor_c is None or self.at_s - watch.indoor_s > STALE_INDOOR_S:
            return None
        found_k = (
            found_c - home.habit.setpoint_c(self.slots[0]) + self._usually_k(returns.quantile_h(EARLY_RATIO))
        )
        borne_k = max(home.tolerance.comfort.quantile_k(UNNOTICED_RATIO) - found_k, 0.0) + SURPRISE_K
        return EmptyHome(
            returns=returns,
            above_k=max(watch.indoor_c - found_c, 0.0),
            rise_k_h=home.recovery.rise_k_h,
            fall_k_h=home.recovery.fall_k_h,
            kwh_per_k_h=kwh_per_k_h,
            found_k=found_k,
            discomfort=home.tolerance.comfort.discomfort(),
            step_h=self.step_s / 3600,
            max_depth_k=min(self.deepest_k(), borne_k),
            depth_k=home.given.set_back_k if home.given is not None else 0.0,
            prices=None if self.dear is None else self.dear.path,
            stored_kwh_per_k=0.0 if self.dear is None else self.dear.stored_kwh_per_k(home.recovery),
        )

    def _usually_k(self, hours: float) -> float:
        """How far above the habit it usually feels in so many hours [K]."""
        slot = self.slots[min(int(hours * 3600 / SLOT_S), SLOTS_PER_DAY)]
        return self.home.warmth.expected_k(slot) or 0.0

    def _sticky_depth_k(self, depth_k: float) -> float:
        """The depth in force, if it is almost the wanted one: one beep less."""
        given = self.home.given
        if given is not None and given.set_back_k > 0 and abs(given.set_back_k - depth_k) < 2 * GRID_K:
            return given.set_back_k
        return depth_k


def _half_degree_c(setpoint_c: float) -> float:
    """The next one below [°C]."""
    return math.floor(setpoint_c / GRID_K) * GRID_K
