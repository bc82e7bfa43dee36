"""Calendar: which local days are free for everybody, and which a home spends on holiday.

Holidays are whole days of the whole household away, at most once in four weeks.
"""

from datetime import date, timedelta

import numpy as np

from device_sim.noise import Floats, Noise, Stream
from device_sim.people.households import Flags

WINDOW_DAYS = 28
"""A home decides once in so many days whether to go on holiday, in windows of its own [days]."""

HOLIDAY_RATIO = 0.2
SHORTEST_HOLIDAY_DAYS = 3
LONGEST_HOLIDAY_DAYS = 14
"""Share of windows with a holiday, and its length [days]; short ones are more frequent. About 4 % of a
summer's days are spent away: assumptions."""

SATURDAY = 5
FRIDAY = 4
MONDAY, THURSDAY = 0, 3

LAST = -1

_FIXED = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
"""Month and day."""

_FLOATING = {(5, MONDAY, LAST), (9, MONDAY, 1), (11, THURSDAY, 4)}
"""Month, weekday and which of them in the month: Memorial Day, Labor Day, Thanksgiving."""


def weekday_of(day: int) -> int:
    """0 is Monday; `day` is a proleptic Gregorian ordinal."""
    return (day + 6) % 7


def is_free(day: int) -> bool:
    """Saturday, Sunday, or a federal holiday of the United States, where the named climates lie."""
    return weekday_of(day) >= SATURDAY or is_public_holiday(date.fromordinal(day))


def is_public_holiday(day: date) -> bool:
    """5 U.S.C. 6103: of those days the ones on which most offices close, without substitute days."""
    if (day.month, day.day) in _FIXED:
        return True
    in_month = (day.day - 1) // 7 + 1
    is_last = (day + timedelta(days=7)).month != day.month
    names = {(day.month, day.weekday(), in_month), (day.month, day.weekday(), LAST if is_last else in_month)}
    return not names.isdisjoint(_FLOATING)


def is_eve(day: int) -> bool:
    """Whether the next day is free: the evening of such a day is long."""
    return is_free(day + 1)


class Holidays:
    """When the homes are on holiday.

    Args:
        noise: Chances by home.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._phase = np.floor(WINDOW_DAYS * noise.uniform(Stream.HOLIDAY_PHASE, np.zeros(1, np.int64))[0])

    def away(self, day: int) -> Flags:
        """Whether the home is empty all that day, `(homes,)`."""
        first = day // WINDOW_DAYS
        place = day % WINDOW_DAYS + self._phase  # counted from the start of an earlier or a later window
        earlier = place < WINDOW_DAYS
        begins, lasts = self._trip(first)
        begins_next, lasts_next = self._trip(first + 1)
        begin = np.where(earlier, begins, begins_next)
        length = np.where(earlier, lasts, lasts_next)
        inside = np.where(earlier, place, place - WINDOW_DAYS)
        return np.asarray((begin <= inside) & (inside < begin + length))

    def _trip(self, window: int) -> tuple[Floats, Floats]:
        """First day within the window and length of its holiday [days]; 0 = none."""
        u = self._noise.uniform(Stream.HOLIDAY, window * 4 + np.arange(3))
        longer = LONGEST_HOLIDAY_DAYS - SHORTEST_HOLIDAY_DAYS + 1
        lasts = SHORTEST_HOLIDAY_DAYS + np.floor(longer * u[1] ** 2)
        begins = np.floor((WINDOW_DAYS - lasts + 1) * u[2])
        return begins, np.where(u[0] < HOLIDAY_RATIO, lasts, 0.0)
