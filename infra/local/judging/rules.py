"""Rules: what a thermostat could do without any advisor, at settings that are the same for everybody.

Each decides every half-hour from the habit that it has learnt before; a person's word stands in every home.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cloud.habit import Habit
from cloud.home_clock import SLOT_S, HomeClock, Slot
from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.judging.control import COMMAND_S, command
from infra.local.judging.plant import Plant

SET_BACK_K = 4.0
"""What is usual while nobody is home [K]: ADVICE.md's comparison, about ENERGY STAR's 7 °F (3.9 K)."""

AWAY_SLOTS = range(16, 34)
"""08:00 to 17:00 local time: the working day of the usual program (an assumption)."""

NIGHT_SLOTS = frozenset((*range(12), *range(44, 48)))
"""22:00 to 06:00 local time: ENERGY STAR's time of sleep, in which nobody is seen to move."""

UNSEEN_S = 45 * 60
"""Without motion for so long by day, a room counts as left [s]: the day's timeout of the presence labels."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What each home does by itself.

    Args:
        by_device: Learnt before anything is decided.
        clock: Local time of the homes.
    """

    by_device: Mapping[str, Habit]
    clock: HomeClock

    @classmethod
    def of(cls, plant: Plant) -> Self:
        """Nothing but what installers were told."""
        sites = plant.sites
        habits = {site.device_id: Habit(site.habit_setpoint_c) for site in sites}
        return cls(habits, HomeClock(sites[0].timezone))

    def learn(self, readings: StepReadings) -> None:
        """Write down what was in force at the end of each half-hour."""
        at_s = readings.sampled_at.timestamp()
        if at_s % SLOT_S:
            return
        slot = self.clock.slot(at_s - 1.0)
        for device_id, cooling, setpoint_c in zip(
            readings.device_ids, readings.cooling, readings.setpoint_c, strict=True
        ):
            if cooling:
                self.by_device[device_id].learn(slot, float(setpoint_c))


@dataclass(slots=True)
class Rule(ABC):
    """A rule gives each home a setpoint; it hears nobody, and the devices hold what people choose.

    Args:
        habits: What each home does by itself.
    """

    habits: Habits

    @abstractmethod
    def setpoint_c(self, device_id: str, habit_c: float, slot: Slot, at_s: float) -> float:
        """What to hold in `slot` [°C], where the habit would be `habit_c`; `at_s` is now [s since 1970]."""

    def observe(self, readings: StepReadings) -> None:  # noqa: B027 (most rules have nothing to learn)
        """It learns nothing."""

    def hear(self, taps: Iterable[str], at: datetime) -> None:  # noqa: B027 (the same)
        """It listens to nobody."""

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:  # noqa: B027 (the same)
        """It listens to nobody; the devices hold what was chosen in the app."""

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """The same command over and over, lest it expires."""
        return [self._command(device_id, at) for device_id in self.habits.by_device]

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:  # noqa: ARG002 (of the protocol)
        """Nothing is in a hurry."""
        return ()

    def _command(self, device_id: str, at: datetime) -> tuple[str, Desired]:
        at_s = at.timestamp()
        slot = self.habits.clock.slot(at_s)
        habit_c = self.habits.by_device[device_id].setpoint_c(slot)
        setpoint_c = round(self.setpoint_c(device_id, habit_c, slot, at_s), 2)
        return device_id, command(setpoint_c, at, at + timedelta(seconds=COMMAND_S))


@dataclass(slots=True)
class Offset(Rule):
    """The habit plus the same for everybody, at all hours.

    Args:
        offset_k: How much [K].
    """

    offset_k: float

    def setpoint_c(self, device_id: str, habit_c: float, slot: Slot, at_s: float) -> float:  # noqa: ARG002
        """Warmer, or cooler, than the habit."""
        return habit_c + self.offset_k


@dataclass(slots=True)
class Programmed(Rule):
    """The habit, and `SET_BACK_K` more on weekdays in `AWAY_SLOTS`, whoever is home."""

    def setpoint_c(self, device_id: str, habit_c: float, slot: Slot, at_s: float) -> float:  # noqa: ARG002
        """Set back by the clock."""
        away = not slot.weekend and slot.of_day in AWAY_SLOTS
        return habit_c + SET_BACK_K if away else habit_c


@dataclass(slots=True)
class EnergyStar(Rule):
    """The cooling program with which ENERGY STAR programmable thermostats were delivered, the same every day.

    78 °F from 6:00, 85 °F (at least 7 °F more) from 8:00, 78 °F from 18:00, 82 °F (4 °F more) from 22:00:
    EPA, ENERGY STAR Program Requirements for Programmable Thermostats, version 1.2, setpoints and times.
    The habit does not matter to it.
    """

    def setpoint_c(self, device_id: str, habit_c: float, slot: Slot, at_s: float) -> float:  # noqa: ARG002
        """By the clock alone."""
        if slot.of_day in NIGHT_SLOTS:
            return _celsius(82.0)
        return _celsius(85.0 if 16 <= slot.of_day < 36 else 78.0)  # noqa: PLR2004 (8:00 and 18:00, above)


@dataclass(slots=True)
class MotionSetBack(Rule):
    """The habit, and `SET_BACK_K` more after `UNSEEN_S` without motion by day; back at once on motion.

    By night nothing is set back: who sleeps does not move.
    """

    _seen_s: dict[str, float] = field(default_factory=dict[str, float])
    _set_back: set[str] = field(default_factory=set[str])

    def observe(self, readings: StepReadings) -> None:
        """Remember when somebody was last seen."""
        at_s = readings.sampled_at.timestamp()
        for device_id, motion in zip(readings.device_ids, readings.motion, strict=True):
            if motion:
                self._seen_s[device_id] = at_s

    def setpoint_c(self, device_id: str, habit_c: float, slot: Slot, at_s: float) -> float:
        """Set back where nobody was seen for long."""
        unseen = at_s - self._seen_s.setdefault(device_id, at_s) >= UNSEEN_S
        if unseen and slot.of_day not in NIGHT_SLOTS:
            self._set_back.add(device_id)
            return habit_c + SET_BACK_K
        self._set_back.discard(device_id)
        return habit_c

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """Whoever comes home is cooled at once."""
        at_s = at.timestamp()
        back = [device_id for device_id in sorted(self._set_back) if self._seen_s[device_id] == at_s]
        return [self._command(device_id, at) for device_id in back]


def _celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32.0) / 1.8
