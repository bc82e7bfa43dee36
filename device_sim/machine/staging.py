"""Staging: when a two-speed machine runs in its second stage."""

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.parameters import MachineParameters
from device_sim.noise import Floats

STAGE_DIFFERENTIAL_K = 0.28
"""The second stage starts so far above the point at which the first does [K]: the local control of NIST's
two-stage heat pump in HILFT-ASHP (0.5 °F between the stages)."""

STAGE_DELAY_S = 1200.0
"""A first stage that has not reached the setpoint after this time gets help [s]: assumption, the timers of
two-stage thermostats can be set to 10 to 60 minutes."""

MIN_STAGE_S = 300.0
"""Shortest time in a stage, unless the machine stops [s]: assumption."""


class Staging:
    """The stages of the two-speed machines of a fleet; the other machines have none.

    Attributes:
        homes: Indices of the two-speed machines.
        first: Whether a machine runs in its first stage, `(all homes,)`; False where there are no stages.
    """

    def __init__(self, parameters: MachineParameters, substep_s: float) -> None:
        self.homes = np.flatnonzero(parameters.two_speed)
        self.first = np.zeros(len(parameters.kind), dtype=np.bool_)
        self._up_above_k = parameters.on_above_k[self.homes] + STAGE_DIFFERENTIAL_K
        self._substep_s = substep_s
        self._second = np.zeros(len(self.homes), dtype=np.bool_)
        self._since_s = np.zeros(len(self.homes))

    def choose(self, error_k: Floats, on: NDArray[np.bool_]) -> None:
        """One sub-step: help when it is too warm or takes too long, and ease off at the setpoint.

        Args:
            error_k: What the sensor feels above the setpoint [K], `(all homes,)`.
            on: Whether the compressor runs, `(all homes,)`.
        """
        error_k, on = error_k[self.homes], on[self.homes]
        may = self._since_s >= MIN_STAGE_S
        slow = (self._since_s >= STAGE_DELAY_S) & (error_k > 0.0)
        up = ((error_k > self._up_above_k) & may) | slow
        second = np.where(self._second, (error_k > 0.0) | ~may, up) & on
        self._since_s = np.where((second == self._second) & on, self._since_s, 0.0) + self._substep_s * on
        self._second = second
        self.first[self.homes] = on & ~second
