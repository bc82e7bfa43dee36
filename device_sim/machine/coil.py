"""The coil: which part of the cooling lowers the temperature, and which condenses water.

The apparatus dew point with a bypass, as in the EnergyPlus Engineering Reference (DX cooling coil).
"""

import numpy as np

from device_sim.noise import Floats
from device_sim.psychrometrics import enthalpy_j_kg, humidity_ratio, saturated_temperature_c

AIRFLOW_KG_S_W = (6.2e-5, 5.7e-5, 6.2e-5)
"""Air over the coil per rated capacity [kg/(s W)], by code of `Kind`: 390 cfm a ton, and 355 for two-speed
machines; ResStock."""

BYPASS_RATIO = 0.10
"""Share of the rated air flow that the coil does not touch: an assumption that gives the rated sensible
shares of product data, 0.7 to 0.8."""


def bypass_ratio(airflow_ratio: Floats | float) -> Floats:
    """Share of the air that the coil does not touch when less flows: EnergyPlus, exp(-A0 / m).

    Args:
        airflow_ratio: Air flow over its rated value.
    """
    return np.asarray(BYPASS_RATIO ** (1.0 / np.asarray(airflow_ratio)))


def sensible_ratio(
    air_c: Floats, ratio: Floats, cooling_j_kg: Floats, bypass: Floats | float = BYPASS_RATIO
) -> Floats:
    """Share of the cooling that lowers the temperature, the rest condenses water; `(homes,)`.

    Args:
        air_c: Dry bulb of the air over the coil [°C].
        ratio: Its humidity ratio [kg/kg].
        cooling_j_kg: Heat taken from each kilogram of it [J/kg].
        bypass: Share of it that the coil does not touch.
    """
    entering = enthalpy_j_kg(air_c, ratio)
    apparatus = entering - cooling_j_kg / (1.0 - bypass)
    coil_ratio = humidity_ratio(saturated_temperature_c(apparatus), 100.0)
    sensible = enthalpy_j_kg(air_c, np.minimum(coil_ratio, ratio)) - apparatus
    return np.asarray(np.minimum(np.maximum(sensible / (entering - apparatus), 0.4), 1.0))
