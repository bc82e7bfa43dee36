"""Presence: each person as a chain of Markov between away, asleep and awake at home.

The chain is of the first order and its rates change with the hour and with free days, as of Richardson et al.
(2008), doi:10.1016/j.enbuild.2008.02.006, and with the three states of Widén & Wäckelgård (2010),
doi:10.1016/j.apenergy.2009.11.006. The rates themselves are assumptions, made to leave about half of the
homes empty at noon of a weekday. All of a season is drawn at once; nothing depends on how the home is cooled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.local_time import LocalTime
from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.people.calendar import Holidays, is_free
from device_sim.people.households import Flags
from device_sim.people.presence import Presence

AWAY, ASLEEP, AWAKE = 0, 1, 2

TICK_S = 600
"""The chain's step [s]."""

MOST_PERSONS = 3

HOURS = np.arange(24.0)

WAKE_PER_H = np.interp(HOURS, [0, 4, 5, 6, 7, 9, 23], [0.02, 0.03, 0.4, 1.2, 2.2, 3.0, 3.0])
FREE_WAKE_PER_H = np.interp(HOURS, [0, 5, 6, 7, 8, 10, 23], [0.02, 0.04, 0.2, 0.5, 1.2, 3.0, 3.0])
SLEEP_PER_H = np.interp(
    HOURS, [0, 1, 3, 4, 5, 6, 19, 20, 21, 22, 23], [3, 4, 4, 2, 0.3, 0, 0, 0.05, 0.35, 1, 2]
)
WORK_LEAVE_PER_H = np.interp(
    HOURS,
    [0, 5, 6, 7, 8, 9, 11, 15, 17, 19, 21, 23],
    [0, 0.02, 0.4, 1.3, 1.3, 0.6, 0.3, 0.2, 0.12, 0.12, 0.03, 0],
)
WORK_RETURN_PER_H = np.interp(
    HOURS,
    [0, 6, 10, 12, 13, 15, 16, 17, 18, 19, 22, 23],
    [0.6, 0.03, 0.03, 0.08, 0.05, 0.2, 0.5, 1, 1, 0.8, 1, 1.2],
)
FREE_LEAVE_PER_H = np.interp(
    HOURS, [0, 7, 9, 11, 13, 17, 19, 21, 23], [0, 0.03, 0.15, 0.28, 0.22, 0.2, 0.14, 0.04, 0]
)
FREE_RETURN_PER_H = np.interp(HOURS, [0, 6, 9, 17, 20, 23], [0.6, 0.2, 0.35, 0.4, 0.6, 1.0])
"""Rates by hour [1/h]: waking, falling asleep, leaving and coming back of who works, and of who is free."""

WORKS_SHARE = 0.62
"""Persons who go out to work on weekdays: an assumption."""

SIZE_SHARES = (0.28, 0.47, 0.25)
"""Households of one, two and three: an assumption near the United States' (census of 2020)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How the persons of the households live; arrays are `(homes, MOST_PERSONS)` unless said otherwise.

    Attributes:
        lives_here: Whether there is such a person.
        works: Whether they go out to work on weekdays.
        later_h: How much later than the tables they live [h], `(homes,)`.
        outgoing: Rate of leaving over the tables'.
    """

    lives_here: Flags
    works: Flags
    later_h: Floats
    outgoing: Floats


def draw_habits(draws: Draws) -> Habits:
    """Draw how people live."""
    size = 1.0 + np.searchsorted(np.cumsum(SIZE_SHARES)[:-1], draws.uniform())
    works = np.stack([draws.chance(WORKS_SHARE) for _ in range(MOST_PERSONS)], axis=1)
    outgoing = np.stack([draws.lognormal(1.0, 0.3) for _ in range(MOST_PERSONS)], axis=1)
    return Habits(size[:, None] > np.arange(MOST_PERSONS), works, draws.normal(0.0, 0.8), outgoing)


class Season:
    """Where everybody is, all season.

    Args:
        habits: How they live.
        noise: Their chances.
        clock: The season's clock.
        step_s: Its step [s].
    """

    def __init__(self, habits: Habits, noise: Noise, clock: LocalTime, step_s: int) -> None:
        self._habits = habits
        middle_s = clock.epoch_s + step_s // 2
        self._first = int(middle_s[0] // TICK_S)
        self._tick_of_step = middle_s // TICK_S - self._first
        ticks = np.arange(self._first, int(middle_s[-1] // TICK_S) + 1)
        wall_s = clock.time_of_day_s + clock.day * 86_400
        step = np.minimum(np.searchsorted(clock.epoch_s, ticks * TICK_S, side="right"), len(wall_s)) - 1
        local_s = wall_s[np.maximum(step, 0)] + (ticks * TICK_S - clock.epoch_s[np.maximum(step, 0)])
        self._states = self._chain(noise, ticks, local_s)
        self._day = clock.day - clock.day[0]
        holidays = Holidays(noise)
        self._away = np.stack(
            [holidays.away(day) for day in range(int(clock.day[0]), int(clock.day[-1]) + 1)]
        )

    def _chain(self, noise: Noise, ticks: NDArray[np.int64], local_s: NDArray[np.int64]) -> NDArray[np.int8]:
        """State of every person at every tick, `(ticks, homes, MOST_PERSONS)`."""
        habits = self._habits
        persons = [
            noise.uniform(Stream.WHEREABOUTS, MOST_PERSONS * ticks + one) for one in range(MOST_PERSONS)
        ]
        chance = np.stack(persons, axis=2)
        shift_s = (3600.0 * habits.later_h).astype(np.int64)
        state = np.full(habits.works.shape, ASLEEP, dtype=np.int8)
        states = np.empty((len(ticks), *state.shape), dtype=np.int8)
        for place, now_s in enumerate(local_s.tolist()):
            hour = (now_s - shift_s) % 86_400 // 3600
            rates = self._rates(hour, free=is_free(int(now_s // 86_400)))
            p_out, p_in, p_sleep, p_wake = (1.0 - np.exp(-rate * (TICK_S / 3600.0)) for rate in rates)
            u = chance[place]
            awake = np.where(u < p_out, AWAY, np.where(u > 1.0 - p_sleep, ASLEEP, AWAKE))
            state = np.where(
                state == AWAKE,
                awake,
                np.where(u < np.where(state == AWAY, p_in, p_wake), AWAKE, state),
            ).astype(np.int8)
            states[place] = state
        return states

    def _rates(self, hour: NDArray[np.int64], *, free: bool) -> tuple[Floats, Floats, Floats, Floats]:
        """Rates of leaving, coming back, falling asleep and waking [1/h], `(homes, persons or 1)`."""
        habits, at = self._habits, hour[:, None]
        works = habits.works & (not free)
        leave = np.where(works, WORK_LEAVE_PER_H[at], FREE_LEAVE_PER_H[at]) * habits.outgoing
        back = np.where(works, WORK_RETURN_PER_H[at], FREE_RETURN_PER_H[at])
        wake = np.where(works, WAKE_PER_H[at], FREE_WAKE_PER_H[at])
        return leave, back, SLEEP_PER_H[at], wake

    def at(self, step: int) -> tuple[Presence, Floats, Floats]:
        """Who is there in that step; with the numbers of persons awake and asleep at home, `(homes,)`."""
        state = self._states[self._tick_of_step[step]]
        here = self._habits.lives_here & ~self._away[self._day[step]][:, None]
        awake = ((state == AWAKE) & here).sum(axis=1).astype(np.float64)
        asleep = ((state == ASLEEP) & here).sum(axis=1).astype(np.float64)
        home = awake + asleep > 0.0
        return Presence(home, (awake > 0.0) | ~home, np.zeros_like(awake)), awake, asleep
