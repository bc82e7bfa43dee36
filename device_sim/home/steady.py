"""Steady: how warm a home's mass gets, and what its coil takes, if the means of a day never changed."""

from dataclasses import dataclass

import numpy as np

from device_sim.home.room import RoomParameters
from device_sim.home.solar import sum_facades
from device_sim.noise import Floats


@dataclass(frozen=True, slots=True)
class MeanDay:
    """Means over a day, or over many.

    Attributes:
        outdoor_c: Outdoor dry bulb [°C].
        outdoor_humidity_ratio: Water in the outdoor air [kg/kg].
        wind_m_s: Wind at 10 m [m/s].
        ghi_w_m2: Sunshine on the horizontal [W/m²].
        window_w_m2: Irradiance behind glass that looks north, east, south, west [W/m²], `(4,)`.
    """

    outdoor_c: float
    outdoor_humidity_ratio: float
    wind_m_s: float
    ghi_w_m2: float
    window_w_m2: Floats


def steady_mass_c(p: RoomParameters, air_c: Floats, day: MeanDay) -> Floats:
    """Temperature of the mass in balance with air, weather and sun [°C], `(homes,)`."""
    sun_w = sum_facades(p.windows.aperture_m2 * day.window_w_m2)
    into_mass_w = sun_w * (1.0 - p.windows.to_air_ratio) + p.opaque_solar_m2 * day.ghi_w_m2
    heat_w = p.air_mass_w_k * air_c + p.envelope_w_k * day.outdoor_c + into_mass_w
    return np.asarray(heat_w / (p.air_mass_w_k + p.envelope_w_k))


def steady_cooling_w(p: RoomParameters, air_c: Floats, day: MeanDay) -> Floats:
    """Sensible heat that keeps the air at `air_c`, without people and appliances [W], `(homes,)`."""
    sun_w = p.windows.to_air_ratio * sum_facades(p.windows.aperture_m2 * day.window_w_m2)
    from_mass_w = p.air_mass_w_k * (steady_mass_c(p, air_c, day) - air_c)
    outdoor_w_k = p.air_outdoor_w_k(closed_air_m3_s(p, air_c, day))
    return np.asarray(from_mass_w + outdoor_w_k * (day.outdoor_c - air_c) + sun_w)


def closed_air_m3_s(p: RoomParameters, air_c: Floats, day: MeanDay) -> Floats:
    """Outdoor air that leaks in with all windows closed [m³/s], `(homes,)`."""
    closed = np.zeros(len(air_c), dtype=np.bool_)
    return p.openings.flow_m3_s(day.outdoor_c - air_c, day.wind_m_s, closed)
