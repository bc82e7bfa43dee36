"""Plant: what an evaluation asks of simulated homes, and the families of simulators that answer.

Advice that is good on one simulator may only have learnt its equations. So everything here is written against
`Plant`, and another family is one entry of `FAMILIES`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from device_sim.fleet import Fleet, FleetSpec, Site
from device_sim.outdoors.weather import Weather
from device_sim.wire.readings import StepReadings
from device_sim.zoned.fleet import ZonedFleet
from edge.contract import Desired
from infra.local.pairs import Floats, Truth


class Plant(Protocol):
    """Homes, people, machines and weather, stepped together; arrays are `(homes,)`.

    Homes must be independent of each other: home `i` of a plant that begins at `spec.first_home` is bit for
    bit home `i + spec.first_home` of the whole, so that processes can share a fleet.
    """

    @property
    def spec(self) -> FleetSpec:
        """Which homes."""
        ...

    @property
    def sites(self) -> tuple[Site, ...]:
        """What an installer could know of each."""
        ...

    @property
    def weather(self) -> Weather:
        """Of the whole season; advisors hear forecasts of it only."""
        ...

    @property
    def now(self) -> datetime:
        """End of the last step (UTC)."""
        ...

    @property
    def occupied(self) -> npt.NDArray[np.bool_]:
        """Whether somebody was at home in the last step: for an oracle."""
        ...

    def step(self) -> StepReadings:
        """Let `spec.step_s` pass."""
        ...

    def command(self, device_id: str, desired: Desired) -> None:
        """Give a device a command, obeyed or not at the start of the next step."""
        ...

    def fork(self) -> Self:
        """An independent copy: same homes, weather, people and noise from here on."""
        ...

    def truth(self) -> Truth:
        """What really happened since `reset_truth`."""
        ...

    def reset_truth(self) -> None:
        """Count from now on."""
        ...

    def take_taps(self) -> tuple[str, ...]:
        """Devices whose people have said "a bit warm" since the last call."""
        ...

    def take_undos(self) -> tuple[str, ...]:
        """Devices whose people have taken advice back since the last call."""
        ...

    def way_back(self, device_id: str) -> Desired:
        """The command by which the app takes advice back."""
        ...

    def felt_c(self) -> Floats:
        """How warm each home feels [°C]: for an oracle."""
        ...

    def comfort_limits_c(self) -> tuple[Floats, Floats]:
        """Lower and upper limit of it for the next step [°C]: for an oracle."""
        ...


PlantFactory: TypeAlias = Callable[[FleetSpec, int], Plant]
"""From a specification and the length of the season [days]."""

FAMILIES: Mapping[str, PlantFactory] = {"homes": Fleet, "zoned": ZonedFleet}
"""Simulators by the name that `--family` knows."""
