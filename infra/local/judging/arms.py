"""Arms: what may control the homes of an evaluation beside their habit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cloud.advice import Advice, Feedback
from cloud.advisor import HomeAdvisor, advise_all
from cloud.champion import Champion
from cloud.habit import Habit
from cloud.home_clock import HomeClock
from device_sim.wire.readings import StepReadings
from edge.contract import Desired

DECISION_S = 1800
"""Time between two decisions [s]."""

COMMAND_S = 4 * DECISION_S
"""A command holds at least so long, as the worker's do [s]."""


class Control(Protocol):
    """An arm: it sees what the devices report and commands them."""

    def observe(self, readings: StepReadings) -> None:
        """Take in what all devices report."""
        ...

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """The people of these devices have said "a bit warm"."""
        ...

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """The people of these devices have taken advice back."""
        ...

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """Commands for some devices."""
        ...


@dataclass(slots=True)
class Offset:
    """The habit plus the same for everybody, at all hours.

    Args:
        offset_k: How much [K].
        habits: What each home does by itself, learnt before.
        clock: Local time of the homes.
    """

    offset_k: float
    habits: Mapping[str, Habit]
    clock: HomeClock

    def observe(self, readings: StepReadings) -> None:
        """It learns nothing."""

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """It listens to nobody."""

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """It listens to nobody; the devices hold what was chosen in the app."""

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """The same command over and over, lest it expires."""
        slot = self.clock.slot(at.timestamp())
        for device_id, habit in self.habits.items():
            setpoint_c = habit.setpoint_c(slot) + self.offset_k
            yield device_id, command(setpoint_c, at, at + timedelta(seconds=COMMAND_S))


@dataclass(slots=True)
class Advised:
    """Every home with an advisor of its own, which is obeyed.

    Args:
        champion: The models of all of them.
        advisors: By device.

    Attributes:
        told: Expected saving and its interval at the start of each day, by day and device [kWh].
    """

    champion: Champion
    advisors: Mapping[str, HomeAdvisor]
    told: list[dict[str, Advice]] = field(default_factory=list[dict[str, Advice]])
    _day: int | None = None

    def observe(self, readings: StepReadings) -> None:
        """Each advisor hears its own device."""
        for i, advisor in enumerate(self.advisors.values()):
            advisor.observe(readings.telemetry(i))

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """Each advisor hears its own people."""
        for device_id in taps:
            self.advisors[device_id].record(Feedback(at, "a_bit_warm"))

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """Each advisor hears its own people."""
        for device_id in undos:
            self.advisors[device_id].record(Feedback(at, "undone"))

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """What each advisor says, where no person's word stands, as the worker does."""
        said_to_each = advise_all(self.champion, [(advisor, at) for advisor in self.advisors.values()])
        advice = dict(zip(self.advisors, said_to_each, strict=True))
        if at.toordinal() != self._day:
            self._day = at.toordinal()
            self.told.append(advice)
        for device_id, said in advice.items():
            if self.advisors[device_id].is_held(at):
                continue
            until = max(said.valid_until, at + timedelta(seconds=COMMAND_S))
            if said.setpoint_c is not None and said.mode == "cool":
                yield device_id, command(said.setpoint_c, at, until)


def command(setpoint_c: float, at: datetime, until: datetime) -> Desired:
    """A setpoint as the advisor worker would ask for it."""
    return Desired(
        setpoint_c=setpoint_c,
        mode="cool",
        advice_id=f"a{setpoint_c:.1f}",
        command_id=f"c{at.timestamp():.0f}",
        requested_by="advisor",
        expires_at=until,
    )
