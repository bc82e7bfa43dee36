"""Routines: who is at home by a documented generator: workers, households at home, irregular ones.

A day has up to two absences; on top come holidays, when the whole household is away for days. All figures are
assumptions; what comes out is compared with published statistics in the tests.
"""

from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from device_sim.noise import Floats, Noise, Stream
from device_sim.people.calendar import Holidays, is_eve, is_free
from device_sim.people.households import Flags, HouseholdParameters
from device_sim.people.presence import Whereabouts

NO_WORK_SHARE = 0.06
LONG_ABSENCE_SHARE = 0.7
OUTING_SHARE = 0.65
"""Shares of days: a worker stays at home on a weekday (ill, a day off); an irregular household is away for
4 to 9 h; a household at home goes out for 0.7 to 4 h."""

EVENING_OUT_SHARE = 0.10
LONG_EVENING_OUT_SHARE = 0.25
"""Shares of evenings that leave the home empty for 1 to 3 h; and, before free days, for 2 to 6 h."""

NEVER_H = 99.0
"""Later than any day [h]."""


@dataclass(frozen=True, slots=True)
class _DayPlan:
    """The absences that begin on one local day [h after its midnight]; arrays `(homes,)`."""

    leaves_h: tuple[Floats, Floats]
    returns_h: tuple[Floats, Floats]
    on_holiday: Flags

    def away(self, hour: float) -> Flags:
        (first, second), (first_until, second_until) = self.leaves_h, self.returns_h
        return np.asarray(
            ((first <= hour) & (hour < first_until)) | ((second <= hour) & (hour < second_until))
        )


class Routines(Whereabouts):
    """Who is at home by the generator.

    Args:
        parameters: The households.
        noise: Chances by home and day.
    """

    def __init__(self, parameters: HouseholdParameters, noise: Noise) -> None:
        self._parameters = parameters
        self._noise = noise
        self._holidays = Holidays(noise)
        self._day = -1
        self._plans: tuple[_DayPlan, _DayPlan] | None = None

    @override
    def at_home(self, day: int, hour: float) -> Flags:
        """An evening out may last into the next day; who is on holiday is away from midnight to midnight."""
        if self._plans is None or day != self._day:
            self._day, self._plans = day, (self._plan(day - 1), self._plan(day))
        yesterday, today = self._plans
        return np.asarray(~(today.away(hour) | yesterday.away(hour + 24.0) | today.on_holiday))

    def _plan(self, day: int) -> _DayPlan:
        u = self._noise.uniform(Stream.DAY, day * 16 + np.arange(8))
        z = self._noise.normal(Stream.DAY_TIMES, day * 16 + np.arange(3))
        leaves_h, returns_h = self._day_out(u, z, is_free=is_free(day))
        evening_h, back_h = _evening_out(u, is_long=is_eve(day))
        return _DayPlan((leaves_h, evening_h), (returns_h, back_h), self._holidays.away(day))

    def _day_out(self, u: Floats, z: Floats, *, is_free: bool) -> tuple[Floats, Floats]:
        """Work, a long absence of an irregular household, or an outing."""
        p = self._parameters
        stays = (u[0] <= NO_WORK_SHARE) | (u[7] < p.home_office_ratio)
        works = p.worker & ~stays & (not is_free)
        long = p.irregular & ~works & (u[1] < LONG_ABSENCE_SHARE)
        out = ~works & ~long & (u[1] < OUTING_SHARE)
        earliest_h = p.wake_h + 0.5 + 1.2 * is_free
        leaves_h = np.where(long, 7.5 + 7.0 * u[2], 9.0 + 8.0 * u[2])
        lasts_h = np.where(long, 4.0 + 5.0 * u[3], 0.7 + 3.3 * u[3])
        first_h = np.maximum(np.where(works, p.leave_h + 0.35 * z[1], leaves_h), earliest_h)
        until_h = np.where(works, np.maximum(p.return_h + 0.6 * z[2], first_h + 1.0), first_h + lasts_h)
        return np.where(works | long | out, first_h, NEVER_H), until_h


def _evening_out(u: Floats, *, is_long: bool) -> tuple[Floats, Floats]:
    share, lasts_h = (
        (LONG_EVENING_OUT_SHARE, 2.0 + 4.0 * u[6]) if is_long else (EVENING_OUT_SHARE, 1.0 + 2.0 * u[6])
    )
    begins_h = 18.5 + 1.5 * u[5]
    return np.where(u[4] < share, begins_h, NEVER_H), begins_h + lasts_h
