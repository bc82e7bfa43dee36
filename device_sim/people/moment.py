"""Moment: what people find at the start of a step."""

from dataclasses import dataclass

from device_sim.noise import Floats, Stream
from device_sim.people.households import Flags
from device_sim.people.presence import Presence


@dataclass(frozen=True, slots=True)
class Moment:
    """The start of a step as people see and feel it; arrays are `(homes,)`.

    Attributes:
        step: Number of the step.
        presence: Who is there.
        felt_c: How warm it feels [°C], see `comfort.felt_c`.
        setpoint_c: Setpoint in force [°C], NaN where the machine is off.
        advised: Whether that is advice.
        by_remote: Whether it was set at the unit.
        chances: Uniform numbers of the step.
    """

    step: int
    presence: Presence
    felt_c: Floats
    setpoint_c: Floats
    advised: Flags
    by_remote: Flags
    chances: dict[Stream, Floats]


def digits(chance: Floats, place: int) -> Floats:
    """Another uniform number out of the same one: its decimals after the first 3 · `place`."""
    return chance * 1000.0**place % 1.0
