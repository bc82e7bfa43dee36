"""Presence: who is at home, who of them is awake, and how many guests there are.

Being at home has two sources with one interface (`Whereabouts`): a documented generator (`routines`) and the
statistics of real homes (`surveyed`). Sleep and guests are separate from it, and the same for both. Nothing
here depends on how the home is cooled.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from device_sim.noise import Floats, Noise
from device_sim.people.guests import Guests
from device_sim.people.households import Flags, HouseholdParameters
from device_sim.people.sleep import Sleep

SEEN_AWAKE_RATIO = 0.75
SEEN_ASLEEP_RATIO = 0.04
"""Chance that a motion sensor sees somebody within 5 minutes: assumptions."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is there during a step; arrays are `(homes,)`.

    Attributes:
        home: Whether somebody of the household is at home.
        awake: Whether the household is awake, wherever it is.
        guests: How many further persons are there.
    """

    home: Flags
    awake: Flags
    guests: Floats


class Whereabouts(Protocol):
    """Where the households are."""

    def at_home(self, day: int, hour: float) -> Flags:
        """Whether somebody is at home at that hour of that local day, `(homes,)`.

        The answer depends on the home and the instant alone, not on what was asked before.
        """
        ...


class Attendance:
    """Presence from its three parts.

    Args:
        whereabouts: Who is at home.
        parameters: The households.
        noise: For sleep and guests.
    """

    def __init__(self, whereabouts: Whereabouts, parameters: HouseholdParameters, noise: Noise) -> None:
        self._whereabouts = whereabouts
        self._sleep = Sleep(parameters, noise)
        self._guests = Guests(noise)

    def at(self, day: int, hour: float) -> Presence:
        """Who is there at that hour of that local day; guests keep people up."""
        home = self._whereabouts.at_home(day, hour)
        guests = self._guests.at(day, hour) * home
        return Presence(home, self._sleep.is_awake(day, hour) | (guests > 0.0), guests)


def seen(presence: Presence, chance: Floats, step_s: int) -> Flags:
    """Whether the motion sensor saw somebody in the step: likely when awake, rarely asleep."""
    per_5_min = np.where(presence.awake, SEEN_AWAKE_RATIO, SEEN_ASLEEP_RATIO)
    return presence.home & (chance < 1.0 - (1.0 - per_5_min) ** (step_s / 300.0))
