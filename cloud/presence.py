"""Presence: whether somebody is at home, and when they are usually back, from motion and what phones say.

People awake are seen every few minutes, sleepers hardly ever. So after lively motion 45 minutes of stillness
mean that nobody is there, and at night, or after the single motion of a sleeper, it takes 9 hours (ADVICE.md,
formulation 2). Each past day is remembered as 48 half-hours; who is away now comes back when they came back
on days like this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.home_clock import SLOT_S, SLOTS_PER_DAY, Slot

AWAKE_STILL_S = 45 * 60
"""Stillness after lively motion that means absence [s]."""

ASLEEP_STILL_S = 9 * 3600
"""Stillness at night that means absence [s]."""

NIGHT_SLOTS = (10, 42)
"""From the second half-hour of the day (21:00) until the first (05:00) people may just be asleep."""

MORNING_SLOT = 18
"""Until then (09:00) a motion that stood alone may have been a sleeper's."""

LIVELY_WINDOW_S = 30 * 60
"""Two motions within this time [s] are those of somebody who is awake."""

LONGEST_GAP_S = 35 * 60
"""After a longer silence of the sensor somebody counts as having been there [s]."""

KEPT_DAYS = {False: 30, True: 14}
"""Days remembered: weekdays, weekend days."""

MIN_COVERAGE_SLOTS = 40
"""A day of which fewer half-hours were observed tells nothing about the others."""

LIKENESS_SLOTS = 3
"""Past absences count as like this one if they, too, had lasted so many half-hours (or as long as this)."""

PRIOR_DAYS = 2.0
"""Weight of the assumption that somebody is at home, in the slot profile [days]."""


@dataclass(slots=True)
class Day:
    """A local day; bit `i` of the masks stands for half-hour `i`."""

    ordinal: int
    weekend: bool
    known: int = 0
    present: int = 0


@dataclass(slots=True)
class Presence:
    """What motion tells about a home.

    Attributes:
        moved_s: The newest motion [s since 1970]; None before the first.
        before_s: The one before it.
        moved_at_night: Whether the newest was at night.
        left_s: Since when nobody is there [s since 1970]; None while somebody is (or may be).
        newest_s: The newest interval with a word about motion, or the newest of phones [s since 1970].
        days: Past days, oldest first, the last one still going on.
        profile: Share of past days away by half-hour; weekdays, weekends.
        counted: How many days that share is of; weekdays, weekends.
    """

    moved_s: float | None = None
    before_s: float | None = None
    moved_at_night: bool = False
    left_s: float | None = None
    newest_s: float | None = None
    days: list[Day] = field(default_factory=list[Day])
    profile: list[list[float]] = field(default_factory=lambda: [[0.0] * SLOTS_PER_DAY for _ in range(2)])
    counted: list[int] = field(default_factory=lambda: [0, 0])

    def observe(self, at_s: float, slot: Slot, *, moved: bool) -> None:
        """Motion, or none, in the interval that ends at `at_s`."""
        blind = self.newest_s is None or at_s - self.newest_s > LONGEST_GAP_S
        self.newest_s = at_s
        if moved or blind or self.moved_s is None:  # who was not watched may have come
            self.before_s, self.moved_s = self.moved_s, at_s
            self.moved_at_night = _is_night(slot)
            self.left_s = None
        elif self.left_s is None and at_s - self.moved_s >= self._patience_s(slot):
            self.left_s = self.moved_s

    def meet(self, at_s: float, slot: Slot) -> None:
        """Somebody did or said something that is done at home: people who sleep are seen by no sensor."""
        if self.newest_s is not None:
            self.before_s, self.moved_s = self.moved_s, at_s
            self.moved_at_night = _is_night(slot)
            self.left_s = None

    def hear(self, at_s: float, slot: Slot, *, at_home: bool) -> None:
        """The phones of the home say whether anybody is there; as good as a sensor, and good without one."""
        self.newest_s = max(at_s, self.newest_s or at_s)
        if at_home:
            self.meet(at_s, slot)
        else:
            self.leave(at_s)

    def leave(self, at_s: float) -> None:
        """Somebody says that nobody is at home."""
        self.left_s = at_s if self.left_s is None else self.left_s

    def learn(self, slot: Slot, *, moved: bool) -> None:
        """A half-hour is over."""
        if not self.days or self.days[-1].ordinal != slot.day:
            self._begin(slot)
        bit = 1 << slot.of_day
        day = self.days[-1]
        day.known |= bit
        if moved or self.left_s is None:
            day.present |= bit

    def away_ratio(self, slots: Sequence[Slot]) -> list[float]:
        """Share of past days on which nobody was at home in each of `slots`."""
        return [self.profile[slot.weekend][slot.of_day] for slot in slots]

    def returns_h(self, at_s: float, slot: Slot) -> list[float]:
        """Hours from now after which somebody came home, on past days that were away as today is.

        Empty when somebody is (or may be) at home. Who did not come back that day counts as back at midnight.
        """
        since_h = at_s % SLOT_S / 3600
        return [ahead * SLOT_S / 3600 - since_h for ahead in self.returns_ahead(at_s, slot)]

    def returns_ahead(self, at_s: float, slot: Slot) -> list[int]:
        """The same in half-hours from the one around now (1 = in the next one), ascending."""
        if self.left_s is None:
            return []
        gone = min(LIKENESS_SLOTS, int((at_s - self.left_s) // SLOT_S) + 1, slot.of_day + 1)
        alike = sum(1 << (slot.of_day - back) for back in range(gone))
        found = []
        for day in self._like(weekend=slot.weekend):
            if day.present & alike:
                continue
            later = day.present >> (slot.of_day + 1)
            found.append((later & -later).bit_length() if later else SLOTS_PER_DAY - slot.of_day)
        return sorted(found)

    def _like(self, *, weekend: bool) -> list[Day]:
        return [
            day
            for day in self.days[:-1]
            if day.weekend == weekend and day.known.bit_count() >= MIN_COVERAGE_SLOTS
        ]

    def _begin(self, slot: Slot) -> None:
        """A new day: forget the oldest of its kind, and draw the profile anew."""
        self.days.append(Day(slot.day, slot.weekend))
        alike = [day for day in self.days if day.weekend == slot.weekend]
        if len(alike) > KEPT_DAYS[slot.weekend] + 1:
            self.days.remove(alike[0])
        for weekend in (False, True):
            days = self._like(weekend=weekend)
            self.counted[weekend] = len(days)
            self.profile[weekend] = [
                sum(not day.present >> i & 1 for day in days) / (len(days) + PRIOR_DAYS)
                for i in range(SLOTS_PER_DAY)
            ]

    def _patience_s(self, slot: Slot) -> float:
        """How long stillness may last before it means absence [s]."""
        if self.moved_at_night or _is_night(slot):
            return ASLEEP_STILL_S
        return AWAKE_STILL_S if slot.of_day >= MORNING_SLOT or self._lively() else ASLEEP_STILL_S

    def _lively(self) -> bool:
        if self.before_s is None or self.moved_s is None:
            return False
        return self.moved_s - self.before_s <= LIVELY_WINDOW_S


def _is_night(slot: Slot) -> bool:
    return slot.of_day >= NIGHT_SLOTS[1] or slot.of_day < NIGHT_SLOTS[0]
