"""Simulate: indoor temperature and electricity that setpoints would lead to, for many paths of many homes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud.thermal.fit import Fitted
from cloud.thermal.machine import load_ratio
from cloud.thermal.model import (
    LEAST_CAPACITY,
    USUAL_INDOOR_C,
    Drive,
    capacity_ratio,
    forcing_k_h,
    mass_path_c,
    step_of,
)
from cloud.thermal.rows import Floats, Rows

HALF_HOUR_H: Final = 0.5


@dataclass(frozen=True, slots=True)
class State:
    """Where homes are now, (h,) each.

    Attributes:
        indoor_c: Indoor dry bulb [°C].
        mass_c: Temperature of the mass [°C].
    """

    indoor_c: Floats
    mass_c: Floats


@dataclass(frozen=True, slots=True)
class Weather:
    """What is to come by half-hour, (h, m): outdoor temperature [°C] and sunshine [W/m²]."""

    outdoor_c: Floats
    ghi_w_m2: Floats


def state_of(fitted: Fitted, rows: Rows) -> State:
    """Where homes are at the end of `rows`: air as measured, mass as what was measured implies."""
    drive = Drive.of(rows, load_ratio(rows))
    return State(drive.indoor_c[:, -1], mass_path_c(fitted.theta, drive)[:, -1])


def simulate(
    fitted: Fitted, state: State, weather: Weather, setpoint_paths_c: Floats, *, steps: int = 2
) -> tuple[Floats, Floats]:
    """Play setpoint paths on homes as fitted.

    In each step the load is the one at which the air ends up where the controller asks for that load, at most
    full load: implicit, so it is stable however narrow the band, and cooling never rises with the setpoint.

    Args:
        fitted: The homes.
        state: Where they are now.
        weather: What is to come, m half-hours.
        setpoint_paths_c: (h, k, m) by half-hour [°C]; infinite while off.
        steps: To a half-hour.

    Returns:
        Indoor temperature at each half-hour's end [°C], electricity of each [kWh], both (h, k, m).
        Electricity is NaN where a home's power was never measured.
    """
    homes, paths, halves = setpoint_paths_c.shape
    step = step_of(fitted.theta, HALF_HOUR_H / steps)
    air, mass = forcing_k_h(fitted.theta, weather.outdoor_c, weather.ghi_w_m2)
    cooling = np.exp(fitted.theta[:, 4])[:, np.newaxis] * capacity_ratio(fitted.theta, weather.outdoor_c)
    to_air = step.air_by_air[:, np.newaxis] * air + step.air_by_mass[:, np.newaxis] * mass
    to_mass = step.mass_by_air[:, np.newaxis] * air + step.mass_by_mass[:, np.newaxis] * mass
    by_air, by_mass = step.air_by_air[:, np.newaxis] * cooling, step.mass_by_air[:, np.newaxis] * cooling
    rise = np.exp(fitted.theta[:, 9])[:, np.newaxis]
    aa, am, ma, mm = (
        part[:, np.newaxis] for part in (step.air_air, step.air_mass, step.mass_air, step.mass_mass)
    )
    goals_c = np.moveaxis(setpoint_paths_c + fitted.machine.offset_k[:, np.newaxis, np.newaxis], -1, 0).copy()
    band_k = fitted.machine.band_k[:, np.newaxis]
    air_c = np.repeat(state.indoor_c[:, np.newaxis], paths, axis=1)
    mass_c = np.repeat(state.mass_c[:, np.newaxis], paths, axis=1)
    indoor_c, load = np.empty((halves, homes, paths)), np.zeros((halves, homes, paths))
    for half in range(halves):
        now, goal_c = slice(half, half + 1), goals_c[half]
        for _ in range(steps):
            free_c = aa * air_c + am * mass_c + to_air[:, now]
            more = np.maximum(1.0 + rise * (air_c - USUAL_INDOOR_C), LEAST_CAPACITY)
            air_k = by_air[:, now] * more
            ratio = np.minimum(np.maximum((free_c - goal_c) / (band_k + air_k), 0.0), 1.0)
            mass_c = ma * air_c + mm * mass_c + (to_mass[:, now] - by_mass[:, now] * more * ratio)
            air_c = free_c - air_k * ratio
            load[half] += ratio
        indoor_c[half] = air_c
    kwh = fitted.machine.power_w(load / steps, weather.outdoor_c.T[:, :, np.newaxis]) * (HALF_HOUR_H / 1000.0)
    return np.moveaxis(indoor_c, 0, -1), np.moveaxis(kwh, 0, -1)
