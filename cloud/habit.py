"""Habit: which setpoint the people (or their schedule) choose at each time of the day.

Only settings that were not advised count. Each half-hour of a weekday or a weekend day remembers what was in
force in it; its habit is the weighted median, so that one evening with guests changes nothing, and a new
choice must come back several times before the habit follows.
"""

from dataclasses import dataclass, field

from cloud.home_clock import SLOTS_PER_DAY, Slot

MEMORY_SLOTS = 8.0
"""Repetitions that a half-hour remembers; a new setpoint becomes the habit after six of them in a row
(DESIGN section 8 asks for at least three repeats)."""

_FORGETTING = 1.0 - 1.0 / MEMORY_SLOTS
_FORGOTTEN = 0.02
"""A setpoint with less weight than this is dropped."""


@dataclass(slots=True)
class Habit:
    """The habit of one home.

    Attributes:
        told_c: What the people told us [°C]; stands until something was seen.
        seen: For each half-hour, weekdays then weekends, weights by setpoint in tenths of a degree.
        setpoints_c: The habit of each of them [°C]; None where nothing was seen.
        usual_c: The habit whatever the time [°C].
    """

    told_c: float
    seen: list[dict[int, float]] = field(default_factory=lambda: [{} for _ in range(2 * SLOTS_PER_DAY)])
    setpoints_c: list[float | None] = field(default_factory=lambda: [None] * (2 * SLOTS_PER_DAY))
    usual_c: float | None = None

    def learn(self, slot: Slot, setpoint_c: float) -> None:
        """A half-hour passed with a setpoint [°C] that was not advised."""
        place = _place(slot)
        weights = self.seen[place]
        for tenths in list(weights):
            weights[tenths] *= _FORGETTING
            if weights[tenths] < _FORGOTTEN:
                del weights[tenths]
        tenths = round(10 * setpoint_c)
        weights[tenths] = weights.get(tenths, 0.0) + 1.0
        habit_c = _median_c(weights)
        if habit_c != self.setpoints_c[place]:
            self.setpoints_c[place] = habit_c
            self.usual_c = self._usual()

    def stand(self, slot: Slot) -> None:
        """A half-hour passed in which advice was let be: what was chosen before stands."""
        known = self.setpoints_c[_place(slot)]
        if known is not None:
            self.learn(slot, known)

    def setpoint_c(self, slot: Slot) -> float:
        """What would be set in `slot` without advice [°C]."""
        place = _place(slot)
        known = self.setpoints_c[place]
        if known is None:
            known = self.setpoints_c[(place + SLOTS_PER_DAY) % (2 * SLOTS_PER_DAY)]
        if known is None:
            known = self.usual_c
        return self.told_c if known is None else known

    def _usual(self) -> float:
        total: dict[int, float] = {}
        for setpoint_c in self.setpoints_c:
            if setpoint_c is not None:
                tenths = round(10 * setpoint_c)
                total[tenths] = total.get(tenths, 0.0) + 1.0
        return _median_c(total)


def _place(slot: Slot) -> int:
    return slot.of_day + SLOTS_PER_DAY * slot.weekend


def _median_c(weights: dict[int, float]) -> float:
    """The setpoint below and above which lies half of the weight [°C]."""
    half = sum(weights.values()) / 2
    passed = 0.0
    for tenths in sorted(weights):
        passed += weights[tenths]
        if passed >= half:
            return tenths / 10
    raise ValueError("no weights")
