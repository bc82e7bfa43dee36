"""Moist air: vapour pressure, humidity ratio, enthalpy and wet bulb, for arrays of homes.

Sea-level pressure throughout: at 500 m the humidity ratio is 6 % higher for the same relative humidity.
"""

import numpy as np
from numpy.typing import ArrayLike

from device_sim.noise import Floats

PRESSURE_PA = 101_325.0
"""Standard atmosphere [Pa]."""

AIR_DENSITY_KG_M3 = 1.2
"""Of room air [kg/m³]."""

AIR_CAPACITY_J_KG_K = 1006.0
"""Specific heat of dry air [J/(kg K)]; ASHRAE Fundamentals 2021, chapter 1."""

VAPORISATION_J_KG = 2.501e6
"""Heat of vaporisation at 0 °C [J/kg]; the same source."""

VAPOUR_CAPACITY_J_KG_K = 1860.0
"""Specific heat of water vapour [J/(kg K)]; the same source."""


def saturation_pressure_pa(temperature_c: ArrayLike) -> Floats:
    """Vapour pressure over water [Pa]: Alduchov & Eskridge (1996), within 0.4 % from -40 to 50 °C."""
    t = np.asarray(temperature_c, dtype=np.float64)
    return np.asarray(610.94 * np.exp(17.625 * t / (t + 243.04)))


def dew_point_c(temperature_c: ArrayLike, rh_pct: ArrayLike) -> Floats:
    """Dew point [°C]: where `saturation_pressure_pa` is the vapour's pressure; humidity is at least 1 %."""
    vapour = saturation_pressure_pa(temperature_c) * np.maximum(np.asarray(rh_pct), 1.0) / 100.0
    exponent = np.log(vapour / 610.94)
    return np.asarray(243.04 * exponent / (17.625 - exponent))


def humidity_ratio(temperature_c: ArrayLike, rh_pct: ArrayLike) -> Floats:
    """Water per dry air [kg/kg]."""
    vapour = saturation_pressure_pa(temperature_c) * np.asarray(rh_pct) / 100.0
    return np.asarray(0.621945 * vapour / (PRESSURE_PA - vapour))


def relative_humidity_pct(temperature_c: ArrayLike, ratio: ArrayLike) -> Floats:
    """Relative humidity [%], cut to 1..100."""
    water = np.asarray(ratio, dtype=np.float64)
    vapour = PRESSURE_PA * water / (0.621945 + water)
    rh_pct = 100.0 * vapour / saturation_pressure_pa(temperature_c)
    return np.asarray(np.minimum(np.maximum(rh_pct, 1.0), 100.0))


def enthalpy_j_kg(temperature_c: ArrayLike, ratio: ArrayLike) -> Floats:
    """Enthalpy of moist air per kilogram of dry air, zero at 0 °C dry [J/kg]."""
    t = np.asarray(temperature_c, dtype=np.float64)
    latent = np.asarray(ratio) * (VAPORISATION_J_KG + VAPOUR_CAPACITY_J_KG_K * t)
    return np.asarray(AIR_CAPACITY_J_KG_K * t + latent)


def wet_bulb_c(temperature_c: ArrayLike, rh_pct: ArrayLike) -> Floats:
    """Wet-bulb temperature [°C]: Stull (2011), doi:10.1175/JAMC-D-11-0143.1, within 1 K."""
    t = np.asarray(temperature_c, dtype=np.float64)
    rh = np.asarray(rh_pct, dtype=np.float64)
    return np.asarray(
        t * np.arctan(0.151977 * np.sqrt(rh + 8.313659))
        + np.arctan(t + rh)
        - np.arctan(rh - 1.676331)
        + 0.00391838 * rh * np.sqrt(rh) * np.arctan(0.023101 * rh)
        - 4.686035
    )


_TABLE_C = np.arange(-20.0, 45.0, 0.1)
_TABLE_J_KG = enthalpy_j_kg(_TABLE_C, humidity_ratio(_TABLE_C, 100.0))


def saturated_temperature_c(enthalpy: ArrayLike) -> Floats:
    """Temperature of saturated air with the given enthalpy [°C], from a table of 0.1 K."""
    return np.asarray(np.interp(np.asarray(enthalpy), _TABLE_J_KG, _TABLE_C))
