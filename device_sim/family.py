"""Family: what a family of simulated homes brings, so that it can be a `connected_fleet`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device_sim.faults.schedule import FaultSchedule
from device_sim.local_time import LocalTime
from device_sim.noise import Floats, Noise
from device_sim.outdoors.weather import Weather
from device_sim.people.moment import Moment
from device_sim.people.presence import Presence
from device_sim.people.reactions import Words
from device_sim.people.remote import Change
from device_sim.specification import FleetSpec, Site


class Premises(Protocol):
    """What no step changes of a fleet's homes, whatever their equations."""

    @property
    def spec(self) -> FleetSpec:
        """Which fleet."""
        ...

    @property
    def days(self) -> int:
        """Length of the season [d]."""
        ...

    @property
    def steps(self) -> int:
        """How many steps it has."""
        ...

    @property
    def weather(self) -> Weather:
        """Of the whole season."""
        ...

    @property
    def clock(self) -> LocalTime:
        """Its clock."""
        ...

    @property
    def noise(self) -> Noise:
        """The homes' chances."""
        ...

    @property
    def sites(self) -> tuple[Site, ...]:
        """What an installer could know."""
        ...

    @property
    def index(self) -> dict[str, int]:
        """Indices of the homes by device id."""
        ...

    @property
    def device_ids(self) -> tuple[str, ...]:
        """Who reports."""
        ...

    @property
    def archetypes(self) -> tuple[str, ...]:
        """What kind of building each home is."""
        ...

    @property
    def faults(self) -> FaultSchedule:
        """What goes wrong."""
        ...


class Residents(Protocol):
    """The people of a fleet; nothing but `decide`, `say` and `lose_patience` depends on how it is cooled."""

    def presence(self, step: int) -> Presence:
        """Who is at home and awake."""
        ...

    def habit_c(self, step: int) -> Floats:
        """Setpoint of the households' schedules [°C], `(homes,)`; the same object while nothing changes."""
        ...

    def comfort_limits_c(self, step: int) -> tuple[Floats, Floats]:
        """Lower and upper limit of the felt temperature [°C], `(homes,)`."""
        ...

    def decide(self, moment: Moment) -> Change:
        """Who takes the remote, and what they set."""
        ...

    def say(self, moment: Moment) -> Words:
        """Who says what of the advice in force."""
        ...

    def lose_patience(self, moment: Moment, change: Change, words: Words) -> NDArray[np.int64]:
        """Until when people now switch advice off (epoch seconds); 0 = they do not, `(homes,)`."""
        ...

    def accepts(self, home: int, step: int, change_k: float) -> bool:
        """Whether a household accepts an offer to change the setpoint by `change_k` now."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """What physics made of a step; arrays are `(homes,)`.

    Attributes:
        energy_kwh: Electricity drawn [kWh].
        metered_kwh: The same as the device's meter counts it [kWh].
        ratio: Share of the step, or of full speed.
        warm_k: Mean excess over the upper limit [K].
    """

    energy_kwh: Floats
    metered_kwh: Floats
    ratio: Floats
    warm_k: Floats


@dataclass(frozen=True, slots=True)
class Indoors:
    """What the devices' sensors stand in at the end of a step; arrays are `(homes,)`.

    Attributes:
        shown_c: Temperature as the devices report it [°C].
        rh_pct: Relative humidity, without the sensor's noise [%].
        rh_steps_pct: Steps in which the humidity is reported [%].
    """

    shown_c: Floats
    rh_pct: Floats
    rh_steps_pct: Floats
