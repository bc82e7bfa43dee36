"""Sag: how far the indoor temperature is from the setpoint at each time of the day.

An inverter lets the room get warmer under a heavy load than under a light one, a machine that cycles does
not; either way it is the home's own figure, learnt from its steady half-hours.
"""

from dataclasses import dataclass, field

from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

LEARNING_RATE = 0.12
"""Weight of the newest day [ratio]: about a week and a half of memory."""


@dataclass(slots=True)
class Sag:
    """The sag of one home.

    Attributes:
        by_slot_k: Indoor less setpoint by half-hour of the day [K]; None where no steady one was seen.
    """

    by_slot_k: list[float | None] = field(default_factory=lambda: [None] * SLOTS_PER_DAY)

    def learn(self, summary: SlotSummary) -> None:
        """A half-hour passed; it counts if it was steady."""
        if not summary.steady or summary.indoor_c is None or summary.setpoint_c is None:
            return
        sag_k = summary.indoor_c - summary.setpoint_c
        before = self.by_slot_k[summary.slot.of_day]
        if before is not None:
            sag_k = before + LEARNING_RATE * (sag_k - before)
        self.by_slot_k[summary.slot.of_day] = sag_k

    def expected_k(self, slot: Slot) -> float | None:
        """Sag to expect in `slot`: the mean with its neighbours [K]; None when it is not known."""
        place, by_slot_k = slot.of_day, self.by_slot_k
        total_k, known = 0.0, 0
        for sag_k in (by_slot_k[place - 1], by_slot_k[place], by_slot_k[(place + 1) % SLOTS_PER_DAY]):
            if sag_k is not None:
                total_k += sag_k
                known += 1
        return total_k / known if known else None
