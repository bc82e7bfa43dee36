"""Machine faults: how a clogged filter, a leak of refrigerant and a bad sensor change what a machine does.

Who has which fault, when and how bad is planned elsewhere; here is what it does. All of a fleet at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats


@dataclass(frozen=True, slots=True)
class MachineCondition:
    """How well each machine is; arrays are `(homes,)`.

    Attributes:
        airflow_ratio: Air over the indoor coil, over that with a clean filter.
        charge_ratio: Refrigerant in the machine, over what the nameplate asks for.
        sensor_drift_k: What the machine's temperature sensor reads too high [K].
        sensor_stuck: Whether that sensor keeps the value it had when it got stuck.
    """

    airflow_ratio: Floats
    charge_ratio: Floats
    sensor_drift_k: Floats
    sensor_stuck: NDArray[np.bool_]

    @classmethod
    def sound(cls, homes: int) -> "MachineCondition":
        """Nothing is wrong with any machine."""
        return cls(np.ones(homes), np.ones(homes), np.zeros(homes), np.zeros(homes, dtype=np.bool_))
