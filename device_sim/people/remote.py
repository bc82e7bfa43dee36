"""Remote: who takes it, for what reason, and what they set.

Discomfort is one reason: beyond the comfort limits nobody acts at first (the silent zone); farther on, with a
rate that grows with the discomfort. Other changes have no thermal reason (guests, routines, a whim); their
times depend on chance and presence alone, so that they are the same whatever is done to the home. Some press
a number of times, some go to their favourite temperature; some put it back after a while.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats, Stream
from device_sim.people.households import Flags, HouseholdParameters
from device_sim.people.moment import Moment, digits

STEEPNESS_K = 0.5
"""Discomfort beyond the silent zone at which the rate of acting is the personal one [K]: an assumption."""

MOST_STEEPNESSES = 3.0
"""The rate of acting grows up to so many times the personal value."""

LARGEST_CHANGE_K = 4.0
"""Nobody sets more than this away from the habit [K]: an assumption."""

SMALLEST_CHANGE_K = 0.5
"""The step of a remote [K]: usual."""

WHIMS_WITH_GUESTS = 3.0
"""How much more often there is another reason for a change while guests are there: an assumption."""

HALF = 0.5
"""Changes for other reasons go down as often as up."""

RESTORED_AFTER_S = (3600, 3 * 3600)
"""When those who put a setpoint back do so [s]: an assumption."""


@dataclass(frozen=True, slots=True)
class Change:
    """What people set at the unit at the start of a step; arrays are `(homes,)`.

    Attributes:
        acts: Whether somebody overrides what is in force.
        thermal: Whether out of discomfort.
        puts_back: Whether somebody ends an override by setting the habit again; it is none itself.
        setpoint_c: What is set then [°C].
    """

    acts: Flags
    thermal: Flags
    puts_back: Flags
    setpoint_c: Floats


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people want of the home now [°C], `(homes,)` each."""

    habit_c: Floats
    lower_c: Floats
    upper_c: Floats


class Remote:
    """The remotes of a fleet.

    Args:
        parameters: The households.
        step_s: Length of a step [s].
    """

    def __init__(self, parameters: HouseholdParameters, step_s: int) -> None:
        self._parameters = parameters
        self._step_s = step_s
        self._restore_at_s = np.zeros(len(parameters.persons), dtype=np.int64)

    def use(self, moment: Moment, wishes: Wishes, settled: Flags, now_s: int) -> Change:
        """Who takes the remote, and what they set.

        Args:
            moment: What people find.
            wishes: What they want.
            settled: Who no longer waits for the effect of what they did, `(homes,)`.
            now_s: Now (epoch seconds).
        """
        there = moment.presence.home & moment.presence.awake
        warm, cold = self._discomfort(moment, wishes)
        whim = there & self._whim(moment)
        thermal = there & settled & (warm | cold) & ~whim
        back = self._due(now_s) & moment.by_remote & (moment.setpoint_c != wishes.habit_c)
        puts_back = there & back & ~(thermal | whim)
        setpoint_c = moment.setpoint_c.copy()
        who = np.flatnonzero(thermal | whim | puts_back)
        if who.size:
            setpoint_c[who] = self._chosen_c(
                moment, wishes.habit_c, np.where(thermal, warm, _down(moment)), who
            )
            setpoint_c[puts_back] = wishes.habit_c[puts_back]
            thermal &= setpoint_c != moment.setpoint_c  # the remote is at its end
            self._remember(thermal | whim, moment, now_s)
        return Change(thermal | whim, thermal, puts_back, setpoint_c)

    def _discomfort(self, moment: Moment, wishes: Wishes) -> tuple[Flags, Flags]:
        """Whose chance says that they act because it is too warm, or too cold."""
        p, chances, felt_c = self._parameters, moment.chances, moment.felt_c
        too_warm_k, too_cold_k = felt_c - wishes.upper_c - p.silent_k, wishes.lower_c - p.silent_k - felt_c
        warm = chances[Stream.WARM] < probability(too_warm_k / STEEPNESS_K, p.rate_per_h, self._step_s)
        cold = chances[Stream.COLD] < probability(too_cold_k / STEEPNESS_K, p.rate_per_h, self._step_s)
        return warm, cold

    def _whim(self, moment: Moment) -> Flags:
        guests = 1.0 + (WHIMS_WITH_GUESTS - 1.0) * (moment.presence.guests > 0.0)
        rate_per_step = self._parameters.whim_per_h * guests * (self._step_s / 3600.0)
        return np.asarray(moment.chances[Stream.WHIM] < rate_per_step)  # so rare that it is the probability

    def _chosen_c(self, moment: Moment, habit_c: Floats, down: Flags, who: NDArray[np.intp]) -> Floats:
        """Their favourite, or some steps from what is in force; the habit where the machine was off."""
        p, size = self._parameters, moment.chances[Stream.CHANGE_SIZE][who]
        habit, before, sign = habit_c[who], moment.setpoint_c[who], np.where(down[who], -1.0, 1.0)
        step_k = p.step_k[who] + SMALLEST_CHANGE_K * (np.floor(3.0 * digits(size, 1)) - 1.0)
        pressed = before + sign * np.maximum(step_k, SMALLEST_CHANGE_K)
        favourite = habit + p.favourite_k[who]
        helps = sign * (favourite - before) >= SMALLEST_CHANGE_K  # never, where there is none (NaN)
        wanted = np.where(np.isnan(before), habit, np.where(helps, favourite, pressed))
        near = np.clip(wanted, habit - LARGEST_CHANGE_K, habit + LARGEST_CHANGE_K)
        return np.asarray(np.round(near / SMALLEST_CHANGE_K) * SMALLEST_CHANGE_K)

    def _due(self, now_s: int) -> Flags:
        """Who means to put the setpoint back now; who is not there then, forgets."""
        due = (self._restore_at_s > 0) & (self._restore_at_s <= now_s)
        self._restore_at_s[due] = 0
        return np.asarray(due)

    def _remember(self, acts: Flags, moment: Moment, now_s: int) -> None:
        will = acts & self._parameters.restores
        earliest_s, latest_s = RESTORED_AFTER_S
        after_s = earliest_s + (latest_s - earliest_s) * digits(moment.chances[Stream.CHANGE_SIZE][will], 2)
        self._restore_at_s[will] = now_s + after_s.astype(np.int64)


def probability(strength: Floats, rate_per_h: Floats, step_s: int) -> Floats:
    """Chance of acting in a step, at `strength` times the rate: none below 0, up to `MOST_STEEPNESSES`."""
    share = np.minimum(np.maximum(strength, 0.0), MOST_STEEPNESSES)
    return np.asarray(1.0 - np.exp(-share * rate_per_h * (step_s / 3600.0)))


def _down(moment: Moment) -> Flags:
    return np.asarray(moment.chances[Stream.CHANGE_SIZE] < HALF)
