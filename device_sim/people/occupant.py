"""People: when they are at home and awake, what is too warm or too cold for them, when they take the remote.

Comfort is personal: an upper and a lower limit around the household's own habit. Beyond the upper limit
comfort is lost, but in a silent zone nobody acts yet; beyond that, an awake person at home takes the remote
with a rate that grows with the discomfort. Changes for other reasons (guests, a whim) happen as well.
What people do at a given temperature depends on chance alone, so two copies of a fleet see the same chances.
All figures without a source are assumptions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.local_time import LocalTime
from device_sim.noise import Draws, Floats, Noise, Stream

Flags = NDArray[np.bool_]

WORKER_SHARE = 0.45
HOME_SHARE = 0.30
"""Households whose adults all go out to work, and those with somebody mostly at home; the rest has irregular
days. Together they leave about half of the homes empty on a weekday noon."""

NO_WORK_SHARE = 0.12
LONG_ABSENCE_SHARE = 0.7
OUTING_SHARE = 0.65
EVENING_OUT_SHARE = 0.12
"""Shares of days: a worker stays at home on a weekday; an irregular household is away for 4 to 9 h; a
household at home goes out for 0.7 to 4 h; somebody's evening out leaves the home empty."""

PERSON_W = 70.0
"""Sensible heat of a person at rest or light work [W]: ASHRAE Fundamentals 2021, chapter 18."""

SETTLE_S = 3600
"""After a change people wait for its effect before they act again [s]."""

TAP_SHARE = 0.6
"""Households that say "a bit warm" in the app when our advice makes them so."""

TAP_STEEPNESS_K = 0.3
"""Discomfort at which they say so with their personal rate [K]: words are cheaper than the remote."""

STEEPNESS_K = 0.5
"""Discomfort beyond the silent zone at which the rate of acting reaches its personal value [K]."""

HALF = 0.5
"""Changes for other reasons go down as often as up."""

LARGEST_CHANGE_K = 4.0
"""Nobody sets more than this away from the habit [K]."""


@dataclass(frozen=True, slots=True)
class HouseholdParameters:
    """Who lives there; arrays are `(homes,)`.

    Attributes:
        worker: All adults go out to work on weekdays.
        irregular: Long absences at changing times.
        persons: How many people.
        day_setpoint_c: Habit from 06:00 to 22:00 [°C].
        night_setpoint_c: Habit from 22:00 to 06:00 [°C]; most homes have one setpoint always.
        tolerance_up_k: Upper comfort limit above the habit [K].
        tolerance_down_k: Lower comfort limit below the habit [K].
        silent_k: Discomfort that nobody acts on [K].
        rate_per_h: Rate of acting at `STEEPNESS_K` beyond the silent zone [1/h].
        whim_per_h: Rate of changes for other reasons, while awake at home [1/h].
        tap_per_h: Rate of saying "a bit warm" at `TAP_STEEPNESS_K` of discomfort [1/h]; 0 = without the app.
        wake_h, bed_h, leave_h, return_h: Usual times of a weekday [h, local].
        base_gain_w: Heat of appliances that always run [W].
        active_gain_w: Further heat of appliances while somebody is awake at home [W].
    """

    worker: Flags
    irregular: Flags
    persons: Floats
    day_setpoint_c: Floats
    night_setpoint_c: Floats
    tolerance_up_k: Floats
    tolerance_down_k: Floats
    silent_k: Floats
    rate_per_h: Floats
    whim_per_h: Floats
    tap_per_h: Floats
    wake_h: Floats
    bed_h: Floats
    leave_h: Floats
    return_h: Floats
    base_gain_w: Floats
    active_gain_w: Floats


def draw_households(draws: Draws, floor_area_m2: Floats) -> HouseholdParameters:
    """Households.

    The upper limit (habit + N(1.6, 0.7) K, at least 0.5 K) makes +1 °C comfortable in about 0.7 and +2 °C in
    about 0.3 of homes; published closed-loop studies found 12 and 5 of 17. Setpoints 22 to 26 °C.
    """
    kind = draws.uniform()
    day = np.round(2.0 * np.clip(draws.normal(23.9, 1.0), 22.0, 26.0)) / 2.0
    step_k = np.ceil(3.0 * draws.uniform()) / 2.0 * np.where(draws.chance(0.5), -1.0, 1.0)
    has_night = draws.chance(0.3)
    return HouseholdParameters(
        worker=kind < WORKER_SHARE,
        irregular=kind > WORKER_SHARE + HOME_SHARE,
        persons=np.ceil(4.0 * draws.uniform()),
        day_setpoint_c=day,
        night_setpoint_c=day + np.where(has_night, step_k, 0.0),
        tolerance_up_k=np.maximum(draws.normal(1.6, 0.7), 0.5),
        tolerance_down_k=np.maximum(draws.normal(1.5, 0.6), 0.7),
        silent_k=np.clip(draws.normal(0.6, 0.1), 0.3, 0.9),
        rate_per_h=np.clip(draws.lognormal(0.8, 0.5), 0.2, 3.0),
        whim_per_h=np.clip(draws.lognormal(0.001, 0.7), 0.0002, 0.006),
        wake_h=np.clip(draws.normal(6.7, 0.5), 5.3, 8.5),
        bed_h=np.clip(draws.normal(22.6, 0.6), 21.0, 23.7),
        leave_h=np.clip(draws.normal(8.0, 0.7), 6.5, 10.0),
        return_h=np.clip(draws.normal(17.3, 1.0), 14.5, 20.0),
        base_gain_w=floor_area_m2 * draws.uniform(1.2, 2.8),
        active_gain_w=floor_area_m2 * draws.uniform(1.0, 3.0) + 60.0,
        tap_per_h=np.where(draws.chance(TAP_SHARE), np.clip(draws.lognormal(1.0, 0.5), 0.3, 4.0), 0.0),
    )


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is there during a step; arrays are `(homes,)`."""

    home: Flags
    awake: Flags


@dataclass(frozen=True, slots=True)
class Change:
    """What people set at the unit at the start of a step; arrays are `(homes,)`.

    Attributes:
        acts: Whether somebody takes the remote.
        thermal: Whether out of discomfort.
        setpoint_c: What is set then [°C].
    """

    acts: Flags
    thermal: Flags
    setpoint_c: Floats


class People:
    """The households of a fleet, over its season."""

    def __init__(self, parameters: HouseholdParameters, noise: Noise, clock: LocalTime, step_s: int) -> None:
        self.parameters = parameters
        self._noise = noise
        self._clock = clock
        self._step_s = step_s
        self._plan = _DayPlan.draw(parameters, noise, int(clock.day[0]), int(clock.weekday[0]))
        self._settled_at_s = np.zeros(len(parameters.persons), dtype=np.int64)

    def presence(self, step: int) -> Presence:
        """Who is at home and awake in the middle of the step."""
        clock = self._clock
        day = int(clock.day[step])
        if day != self._plan.day:
            self._plan = _DayPlan.draw(self.parameters, self._noise, day, int(clock.weekday[step]))
        return self._plan.at((clock.time_of_day_s[step] + self._step_s / 2) / 3600.0)

    def habit_c(self, step: int) -> Floats:
        """The setpoint of the household's own schedule [°C], `(homes,)`."""
        p = self.parameters
        return p.night_setpoint_c if self._clock.night[step] else p.day_setpoint_c

    def comfort_limits_c(self, step: int) -> tuple[Floats, Floats]:
        """Lower and upper limit [°C]: around the habit; for 2 h also around the one before."""
        p = self.parameters
        now = self.habit_c(step)
        before = p.night_setpoint_c if self._clock.night_lately[step] else p.day_setpoint_c
        return np.minimum(now, before) - p.tolerance_down_k, np.maximum(now, before) + p.tolerance_up_k

    def gains(self, presence: Presence) -> tuple[Floats, Floats]:
        """Heat [W] and water [kg/s] of people and appliances, `(homes,)`.

        A person gives 65 to 75 W sensible heat and 40 to 60 g/h of water at rest and at light work (ASHRAE
        Fundamentals 2021, chapter 18); cooking and bathing add 0.1 kg/h over the hours awake.
        """
        p = self.parameters
        active = presence.home & presence.awake
        heat = p.base_gain_w + active * p.active_gain_w + presence.home * p.persons * PERSON_W
        water = presence.home * p.persons * 0.05 + active * 0.10
        return heat, water / 3600.0

    def decide(
        self, step: int, presence: Presence, air_c: Floats, setpoint_c: Floats, chances: dict[Stream, Floats]
    ) -> Change:
        """Who takes the remote at the start of the step, and what they set.

        Args:
            step: Number of the step.
            presence: Who is there.
            air_c: Indoor dry bulb [°C], `(homes,)`.
            setpoint_c: Setpoint in force [°C], NaN where the machine is off, `(homes,)`.
            chances: Uniform numbers of the step.
        """
        p = self.parameters
        lower, upper = self.comfort_limits_c(step)
        able = self._able(step, presence)
        warm = chances[Stream.WARM] < self._probability(air_c - upper - p.silent_k, STEEPNESS_K, p.rate_per_h)
        cold = chances[Stream.COLD] < self._probability(lower - p.silent_k - air_c, STEEPNESS_K, p.rate_per_h)
        whim = chances[Stream.WHIM] < 1.0 - np.exp(-p.whim_per_h * self._step_s / 3600.0)
        acts, thermal = able & (warm | cold | whim), able & (warm | cold)
        if not acts.any():
            return Change(acts, thermal, setpoint_c)
        self._settled_at_s[acts] = self._clock.epoch_s[step] + SETTLE_S
        size = chances[Stream.CHANGE_SIZE]
        step_k = np.where(thermal, 1.0 + np.floor(3.0 * size) / 2.0, 0.5 + np.floor(8.0 * size % 4) / 2.0)
        down = np.where(thermal, warm, size < HALF)
        habit = self.habit_c(step)
        wanted = np.where(np.isnan(setpoint_c), habit, setpoint_c + np.where(down, -step_k, step_k))
        near = np.clip(wanted, habit - LARGEST_CHANGE_K, habit + LARGEST_CHANGE_K)
        chosen = np.round(2.0 * near) / 2.0
        acts = acts & (chosen != setpoint_c)
        return Change(acts, thermal & acts, chosen)

    def complain(
        self, step: int, presence: Presence, air_c: Floats, advised: Flags, chances: dict[Stream, Floats]
    ) -> Flags:
        """Who says "a bit warm" of the advice in force, and then waits for what comes of it, `(homes,)`.

        Args:
            step: Number of the step.
            presence: Who is there.
            air_c: Indoor dry bulb [°C], `(homes,)`.
            advised: Whether advice is in force, `(homes,)`.
            chances: Uniform numbers of the step.
        """
        _, upper = self.comfort_limits_c(step)
        chance = self._probability(air_c - upper, TAP_STEEPNESS_K, self.parameters.tap_per_h)
        taps: Flags = self._able(step, presence) & advised & (chances[Stream.TAP] < chance)
        self._settled_at_s[taps] = self._clock.epoch_s[step] + SETTLE_S
        return taps

    def _able(self, step: int, presence: Presence) -> Flags:
        """Who is at home, awake, and no longer waits for the effect of what they did, `(homes,)`."""
        able: Flags = presence.home & presence.awake & (self._clock.epoch_s[step] >= self._settled_at_s)
        return able

    def _probability(self, beyond_k: Floats, steepness_k: float, rate_per_h: Floats) -> Floats:
        """Chance of acting in a step, at a rate that is `rate_per_h` when `beyond_k` is `steepness_k`."""
        share = np.minimum(np.maximum(beyond_k / steepness_k, 0.0), 3.0)
        return 1.0 - np.exp(-share * rate_per_h * self._step_s / 3600.0)


@dataclass(frozen=True, slots=True)
class _DayPlan:
    """One local day: two absences and the hours of sleep [h after midnight]; arrays `(homes,)`."""

    day: int
    away: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]
    wake_h: Floats
    bed_h: Floats

    @classmethod
    def draw(cls, p: HouseholdParameters, noise: Noise, day: int, weekday: int) -> "_DayPlan":
        weekend = weekday >= 5  # noqa: PLR2004 - Saturday
        u = noise.uniform(Stream.DAY, day * 16 + np.arange(8))
        z = noise.normal(Stream.DAY_TIMES, day * 16 + np.arange(4))
        wake_h = p.wake_h + 0.3 * z[0] + 1.2 * weekend
        works = p.worker & (u[0] > NO_WORK_SHARE) & (not weekend)
        long = p.irregular & ~works & (u[1] < LONG_ABSENCE_SHARE)
        out = ~works & ~long & (u[1] < OUTING_SHARE)
        leaves = np.where(long, 7.5 + 7.0 * u[2], 9.0 + 8.0 * u[2])
        lasts = np.where(long, 4.0 + 5.0 * u[3], 0.7 + 3.3 * u[3])
        first = np.where(works, p.leave_h + 0.35 * z[1], leaves)
        first = np.where(works | long | out, np.maximum(first, wake_h + 0.5), 48.0)
        until = np.where(works, np.maximum(p.return_h + 0.6 * z[2], first + 1.0), first + lasts)
        evening = np.where(u[4] < EVENING_OUT_SHARE, 18.5 + 1.5 * u[5], 48.0)
        away = ((first, until), (evening, evening + 1.0 + 2.0 * u[6]))
        return cls(day, away, wake_h, np.minimum(p.bed_h + 0.4 * z[3], 23.95))

    def at(self, hour: float) -> Presence:
        (first, first_until), (second, second_until) = self.away
        away = ((first <= hour) & (hour < first_until)) | ((second <= hour) & (hour < second_until))
        return Presence(~away, (self.wake_h <= hour) & (hour < self.bed_h))


def seen(presence: Presence, chance: Floats, step_s: int) -> Flags:
    """Whether the motion sensor saw somebody in the step: likely when awake, rarely asleep."""
    per_5_min = np.where(presence.awake, 0.75, 0.04)
    return presence.home & (chance < 1.0 - (1.0 - per_5_min) ** (step_s / 300.0))
