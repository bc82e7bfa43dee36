"""Sag: how far the indoor temperature is from the setpoint at each time of the day, and how much that varies.

An inverter lets the room get warmer under a heavy load than under a light one, a machine that cycles does
not, but swings around its setpoint; hot days are warmer than mild ones where the machine is near its end.
Either way it is the home's own figure, learnt from its steady half-hours.
"""

import math
from dataclasses import dataclass, field

from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

LEARNING_RATE = 0.12
"""Weight of the newest day [ratio]: about a week and a half of memory."""

UNKNOWN_SPREAD_K = 0.3
"""Until it is known a home is taken to vary by so much [K]: what a machine that cycles does."""


def _unknown() -> list[float | None]:
    return [None] * SLOTS_PER_DAY


@dataclass(slots=True)
class Sag:
    """The sag of one home.

    Attributes:
        by_slot_k: Indoor less setpoint by half-hour of the day [K]; None where no steady one was seen.
        variance_k2: Mean square of the deviation from that, within half-hours and from day to day [K²].
    """

    by_slot_k: list[float | None] = field(default_factory=_unknown)
    variance_k2: list[float | None] = field(default_factory=_unknown)

    def learn(self, summary: SlotSummary, temperature_c: float | None) -> None:
        """A half-hour passed at a mean temperature, shown or felt [°C]; it counts if it was steady."""
        if not summary.steady or temperature_c is None or summary.setpoint_c is None:
            return
        place, sag_k = summary.slot.of_day, temperature_c - summary.setpoint_c
        before = self.expected_k(summary.slot)
        surprise_k = 0.0 if before is None else sag_k - before
        _follow(self.by_slot_k, place, sag_k)
        _follow(self.variance_k2, place, summary.swing_k**2 + surprise_k**2)

    def expected_k(self, slot: Slot) -> float | None:
        """Sag to expect in `slot`: the mean with its neighbours [K]; None when it is not known."""
        return _with_neighbours(self.by_slot_k, slot.of_day)

    def spread_k(self, slot: Slot) -> float:
        """Standard deviation of the indoor temperature from what is expected in `slot` [K]."""
        variance_k2 = _with_neighbours(self.variance_k2, slot.of_day)
        return UNKNOWN_SPREAD_K if variance_k2 is None else math.sqrt(variance_k2)


def _follow(by_slot: list[float | None], place: int, value: float) -> None:
    before = by_slot[place]
    by_slot[place] = value if before is None else before + LEARNING_RATE * (value - before)


def _with_neighbours(by_slot: list[float | None], place: int) -> float | None:
    """The mean of a half-hour and those beside it, as far as they are known."""
    three = by_slot[place - 1], by_slot[place], by_slot[(place + 1) % SLOTS_PER_DAY]
    before, here, after = three
    if before is not None and here is not None and after is not None:  # soon always, and asked for very often
        return (before + here + after) / 3
    known = [value for value in three if value is not None]
    return sum(known) / len(known) if known else None
