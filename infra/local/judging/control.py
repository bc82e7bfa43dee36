"""Control: what an arm of an evaluation is, when it decides home by home in step with the simulation."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.pairs import Floats

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
        """Commands for some devices; asked every `DECISION_S`."""
        ...

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """Commands that cannot wait for the next decision; asked at every other step."""
        ...


class Claims(NamedTuple):
    """What was told to each home of the next 24 h [kWh]; arrays are `(homes,)`, all zero where nothing was.

    Fields: the expected saving, and the ends of its 90 % interval.
    """

    expected_kwh: Floats
    low_kwh: Floats
    high_kwh: Floats


@runtime_checkable
class Claiming(Protocol):
    """A control that says what it will save."""

    def claims(self) -> Claims:
        """What the newest decision says."""
        ...


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
