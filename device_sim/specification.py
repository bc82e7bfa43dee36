"""Specification: which fleet, and what an installer could know of its homes."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from device_sim.errors import SimulatorError
from device_sim.faults.plan import FaultPlan
from device_sim.noise import Split
from device_sim.people.surveyed import Method

SUBSTEP_S = 60
"""Control and room advance by this [s]; the room's step is exact for any length, the control's is not."""

LONGEST_STEP_S = 3600
"""The wire contract's longest interval [s]."""


@dataclass(frozen=True, slots=True)
class FaultRates:
    """What goes wrong on the wire, as shares of readings.

    Attributes:
        power_on_ratio: The sensor says 85 °C, which the contract refuses.
        null_ratio: The sensor has no value.
        repeat_ratio: The message is sent twice.
    """

    power_on_ratio: float = 0.0005
    null_ratio: float = 0.001
    repeat_ratio: float = 0.002


@dataclass(frozen=True, slots=True)
class FleetSpec:
    """Which fleet; the same specification is the same fleet, bit for bit.

    Attributes:
        homes: How many are simulated here.
        seed: Any integer.
        start: Start of the season (aware).
        step_s: Length of a step [s], a multiple of 60.
        climate: A name of `climates.CLIMATES`; machines are sized for it, also when a file gives the weather.
        split: Part of the seed: fleets of different splits share neither homes nor weather.
        faults: What goes wrong on the wire.
        archetype: A name of `home.archetypes.NAMES` for all homes; None draws them by their shares.
        plan: What else is to go wrong, with machines, windows, devices and their network.
        occupancy_dir: Folder of occupancy statistics (`people.surveyed`); None for the generator of routines.
        occupancy_method: Which of its statistics.
        heat_waves_per_summer: Mean number of severe heat waves from May to September, on top of the weather.
        first_home: Number of the first of them. Fleets of one seed and split are parts of the same whole:
            [0, 10) lives bit for bit as [0, 5) and [5, 10) do, so any number of processes can share it.
    """

    homes: int
    seed: int
    start: datetime
    step_s: int = 300
    climate: str = "hot_dry"
    split: Split = "demo"
    faults: FaultRates = field(default_factory=FaultRates)
    archetype: str | None = None
    plan: FaultPlan = field(default_factory=FaultPlan)
    occupancy_dir: Path | None = None
    occupancy_method: Method = "schedule"
    heat_waves_per_summer: float = 0.0
    first_home: int = 0

    def __post_init__(self) -> None:
        if self.homes < 1 or self.step_s % SUBSTEP_S or not SUBSTEP_S <= self.step_s <= LONGEST_STEP_S:
            raise SimulatorError("a fleet needs a home, and a step of whole minutes, at most an hour")
        if self.first_home < 0:
            raise SimulatorError("homes are numbered from 0")
        if self.start.tzinfo is None:
            raise SimulatorError("the start needs a timezone")


@dataclass(frozen=True, slots=True)
class Site:
    """What an installer could know of a home; the nameplate may be missing or wrong."""

    device_id: str
    latitude_deg: float
    longitude_deg: float
    timezone: str
    habit_setpoint_c: float
    nameplate_w: float | None
    inverter: bool | None
