"""Machine faults: how a clogged filter, a leak of refrigerant and a bad sensor change what a machine does.

Who has which fault, when and how bad is planned elsewhere; here is what it does. Capacity and electricity
follow the equations for installation faults of OpenStudio-HPXML (charge from NIST Technical Note 1848,
Domanski et al. 2014, air flow from Cutler et al. 2013), which were fitted to single-speed machines and are
used for all kinds here: an assumption, as is that the fan's power falls with its air flow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.curves import RATED_OUTDOOR_C
from device_sim.noise import Floats

CAPACITY_AT_AIRFLOW = (0.718664047, 0.41797409, -0.136638137)
INPUT_AT_AIRFLOW = (1.143487507, -0.13943972, -0.004047787)
"""Capacity, and electricity per cooling, over their values at rated air flow, as quadratics of air flow
over rated air flow: Cutler et al. (2013), as in OpenStudio-HPXML for faults."""

UNDERCHARGED_CAPACITY = (-0.946, 0.0493, -0.00118, -1.15)
UNDERCHARGED_POWER = (-0.313, 0.0115, 0.00266, -0.116)
OVERCHARGED_CAPACITY = (-0.163, 0.0114, -0.00021, -0.14)
OVERCHARGED_POWER = (0.219, -0.00501, 0.000989, 0.284)
"""(a, b, c, d) of 1 + (a + b indoor_c + c outdoor_c + d F) F, F being charge over nominal charge - 1:
OpenStudio-HPXML, after NIST TN 1848."""

CHARGE_REFERENCE_C = (26.67, RATED_OUTDOOR_C)
"""Indoor and outdoor dry bulb at which a charge fault becomes an equivalent air flow [°C]: the same."""

CHARGE_RANGE = (0.7, 1.3)
AIRFLOW_RANGE = (0.5, 1.2)
"""Where the equations are taken to hold [ratio]; a worse fault counts as the worst of these: assumption."""


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

    @property
    def coil_suffers(self) -> bool:
        """Whether any machine lacks air or has a wrong charge."""
        return bool(((self.airflow_ratio != 1.0) | (self.charge_ratio != 1.0)).any())

    def airflow_within(self) -> Floats:
        """Air flow ratio, cut to where the equations hold, `(homes,)`."""
        return np.asarray(np.clip(self.airflow_ratio, *AIRFLOW_RANGE))


def degradation(condition: MachineCondition, air_c: Floats, outdoor_c: float) -> tuple[Floats, Floats]:
    """Capacity, and electricity per cooling, over those of sound machines; each `(homes,)`.

    A wrong charge acts as another air flow too, so that both faults together are not the product of each.

    Args:
        condition: What is wrong with which machine.
        air_c: Indoor dry bulb [°C], `(homes,)`.
        outdoor_c: Outdoor dry bulb [°C].
    """
    excess = np.clip(condition.charge_ratio, *CHARGE_RANGE) - 1.0
    capacity = _at_charge(UNDERCHARGED_CAPACITY, OVERCHARGED_CAPACITY, excess, (air_c, outdoor_c))
    power = _at_charge(UNDERCHARGED_POWER, OVERCHARGED_POWER, excess, (air_c, outdoor_c))
    alike = 1.0 / _at_charge(UNDERCHARGED_CAPACITY, OVERCHARGED_CAPACITY, excess, CHARGE_REFERENCE_C)
    both = alike * condition.airflow_within()
    air_capacity = _quadratic(CAPACITY_AT_AIRFLOW, both) / _quadratic(CAPACITY_AT_AIRFLOW, alike)
    air_input = _quadratic(INPUT_AT_AIRFLOW, both) / _quadratic(INPUT_AT_AIRFLOW, alike)
    return capacity * air_capacity, power / capacity * air_input


def _at_charge(
    under: tuple[float, ...], over: tuple[float, ...], excess: Floats, at_c: tuple[Floats | float, float]
) -> Floats:
    indoor_c, outdoor_c = at_c
    low, high = (a + b * indoor_c + c * outdoor_c + d * excess for a, b, c, d in (under, over))
    return 1.0 + np.where(excess <= 0.0, low, high) * excess


def _quadratic(c: tuple[float, float, float], x: Floats) -> Floats:
    return np.asarray(c[0] + (c[1] + c[2] * x) * x)
