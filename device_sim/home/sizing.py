"""Sizing: the sensible cooling that a home needs on its design day, as an installer reckons it."""

from dataclasses import dataclass

import numpy as np

from device_sim.home.room import RoomParameters
from device_sim.home.solar import sum_facades
from device_sim.noise import Floats

DESIGN_WIND_M_S = 3.35
"""Wind of the design day in summer [m/s]: ACCA Manual J (7.5 mph)."""

HOURS = 24
DAYS = 8
"""The design day repeats so often that the heaviest home has settled."""


@dataclass(frozen=True, slots=True)
class DesignDay:
    """A hot cloudless day, by hour.

    Attributes:
        outdoor_c: Dry bulb [°C], `(24,)`.
        ghi_w_m2: Sunshine on the horizontal [W/m²], `(24,)`.
        window_w_m2: Irradiance behind glass that looks north, east, south, west [W/m²], `(24, 4)`.
    """

    outdoor_c: Floats
    ghi_w_m2: Floats
    window_w_m2: Floats


def design_sensible_load_w(p: RoomParameters, indoor_c: float, day: DesignDay, gain_w: Floats) -> Floats:
    """Greatest sensible cooling that holds `indoor_c` all day when that day repeats [W], `(homes,)`.

    Args:
        p: The homes; their windows are closed.
        indoor_c: Temperature held [°C].
        day: The design day.
        gain_w: Heat of people and appliances [W], `(homes,)`.
    """
    loss_w_k = p.air_mass_w_k + p.envelope_w_k
    stays = np.exp(-3600.0 * loss_w_k / p.mass_capacity_j_k)
    mass_c = np.full_like(gain_w, indoor_c)
    peak_w = np.zeros_like(gain_w)
    closed = np.zeros(len(gain_w), dtype=np.bool_)
    for hour in [*range(HOURS)] * DAYS:
        outdoor_c = float(day.outdoor_c[hour])
        sun_w = sum_facades(p.windows.aperture_m2 * day.window_w_m2[hour])
        sun_air_w = p.windows.to_air_ratio * sun_w
        into_mass_w = sun_w - sun_air_w + p.opaque_solar_m2 * day.ghi_w_m2[hour]
        rest_c = (p.air_mass_w_k * indoor_c + p.envelope_w_k * outdoor_c + into_mass_w) / loss_w_k
        mass_c = rest_c * (1.0 - stays) + mass_c * stays
        air_m3_s = p.openings.flow_m3_s(np.full_like(gain_w, outdoor_c - indoor_c), DESIGN_WIND_M_S, closed)
        load_w = p.air_mass_w_k * (mass_c - indoor_c) + sun_air_w + gain_w
        peak_w = np.maximum(peak_w, load_w + p.air_outdoor_w_k(air_m3_s) * (outdoor_c - indoor_c))
    return peak_w
