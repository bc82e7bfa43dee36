"""Comfort: how warm a home feels to the people in it, as one temperature.

The felt temperature is the temperature at 50 % relative humidity, air and walls alike, that has the same
predicted mean vote (PMV, ISO 7730:2005) as the room: it counts the warmth of walls and the damp of the air.
PMV comes from a committed table (`python -m device_sim.people.pmv_table`), interpolated.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from device_sim.home.room import RoomParameters
from device_sim.noise import Floats
from device_sim.outdoors.weather import climate_named, design_day
from device_sim.people.households import PERSON_W, HouseholdParameters
from device_sim.psychrometrics import (
    AIR_CAPACITY_J_KG_K,
    AIR_DENSITY_KG_M3,
    humidity_ratio,
    relative_humidity_pct,
)

USUAL_RH_PCT = 50.0
"""The felt temperature is a temperature at this humidity [%]."""

AT_HOME_RATIO = 0.7
AWAKE_AT_HOME_RATIO = 0.4
"""Shares of time for the gains of a typical day: what `routines` gives, rounded."""

COIL_C = 11.0
"""Apparatus dew point, the coil's mean surface temperature while it cools [°C]: an assumption."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table over operative temperature and relative humidity, both in equal steps.

    Attributes:
        first_c, step_c: First operative temperature and the step [°C, K].
        step_pct: Step of the humidity, from 0 % [%].
        shape: Numbers of temperatures and humidities.
        flat: Its values, row by row.
    """

    first_c: float
    step_c: float
    step_pct: float
    shape: tuple[int, int]
    flat: Floats

    def at(self, operative_c: Floats, rh_pct: Floats) -> Floats:
        """Interpolate linearly in both; beyond its edges the table goes on flat."""
        rows, columns = self.shape
        row = np.clip((operative_c - self.first_c) / self.step_c, 0.0, rows - 1.001)
        column = np.clip(rh_pct / self.step_pct, 0.0, columns - 1.001)
        i, j = row.astype(np.intp), column.astype(np.intp)
        x, y = row - i, column - j
        corner = i * columns + j
        low = self.flat[corner] * (1.0 - y) + self.flat[corner + 1] * y
        corner += columns
        high = self.flat[corner] * (1.0 - y) + self.flat[corner + 1] * y
        return np.asarray(low * (1.0 - x) + high * x)


def _read_tables() -> tuple[_Table, _Table]:
    """PMV, and the temperature at the usual humidity that has the same PMV."""
    read = json.loads(files("device_sim.people").joinpath("pmv_table.json").read_text(encoding="utf-8"))
    temperatures_c, humidities_pct = np.array(read["operative_c"]), np.array(read["rh_pct"])
    vote = np.array(read["pmv"])
    usual = vote[:, int(np.searchsorted(humidities_pct, USUAL_RH_PCT))]
    felt_c = np.stack([np.interp(column, usual, temperatures_c) for column in vote.T], axis=1)
    grid = (float(temperatures_c[0]), float(temperatures_c[1] - temperatures_c[0]), float(humidities_pct[1]))
    shape = (len(temperatures_c), len(humidities_pct))
    return _Table(*grid, shape, vote.ravel()), _Table(*grid, shape, felt_c.ravel())


_PMV, _FELT_C = _read_tables()


def pmv(operative_c: Floats, rh_pct: Floats) -> Floats:
    """Predicted mean vote at home in summer, -3 cold to +3 hot, `(n,)`.

    Args:
        operative_c: Operative temperature, 5 to 50 [°C], `(n,)`.
        rh_pct: Relative humidity at that temperature [%], `(n,)`.
    """
    return _PMV.at(operative_c, rh_pct)


def felt_c(air_c: Floats, mass_c: Floats, water: Floats) -> Floats:
    """How warm it feels [°C], `(n,)`.

    Args:
        air_c: Temperature of the air [°C], `(n,)`.
        mass_c: Temperature of walls and floors, taken for the mean radiant one [°C], `(n,)`.
        water: Humidity ratio [kg/kg], `(n,)`.
    """
    operative_c = (air_c + mass_c) / 2.0  # ASHRAE 55 below 0.2 m/s
    return _FELT_C.at(operative_c, relative_humidity_pct(operative_c, water))


def usual_offset_k(rooms: RoomParameters, people: HouseholdParameters, climate: str) -> Floats:
    """How much warmer than the thermostat's air a home feels on a typical summer day [K], `(homes,)`.

    People have got used to it: their limits count from there. A steady state at the habit, with the day's
    means of outdoor temperature and sunshine, as if they never changed.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind, (_, clear_ghi) = climate_named(climate), design_day(climate)
    cloud = 1.0 / (1.0 + np.exp(-kind.cloudiness))
    ghi = float(clear_ghi.mean()) * (1.0 - 0.75 * cloud**3.4)  # Kasten & Czeplak (1980), as the generator
    air_c, outdoor_c = people.day_setpoint_c, kind.peak_c
    into_mass = rooms.air_mass_w_k * air_c + rooms.envelope_w_k * outdoor_c + rooms.solar_mass_m2 * ghi
    mass_c = into_mass / (rooms.air_mass_w_k + rooms.envelope_w_k)
    gain_w = (
        people.base_gain_w
        + AWAKE_AT_HOME_RATIO * people.active_gain_w
        + AT_HOME_RATIO * people.persons * PERSON_W
        + rooms.solar_air_m2 * ghi
    )
    cooling_w = rooms.air_mass_w_k * (mass_c - air_c) + rooms.air_outdoor_w_k * (outdoor_c - air_c) + gain_w
    outdoor_water = float(humidity_ratio(kind.dew_point_c, 100.0))
    water = _usual_water(rooms, people, np.maximum(cooling_w, 0.0), outdoor_water)
    return felt_c(air_c, mass_c, water) - air_c


def _usual_water(
    rooms: RoomParameters, people: HouseholdParameters, cooling_w: Floats, outdoor_water: float
) -> Floats:
    """Humidity ratio at which infiltration and people bring as much water as the coil takes [kg/kg].

    The air that the coil cools goes from the room towards the coil's surface, in temperature as in water.
    """
    leak_kg_s = AIR_DENSITY_KG_M3 * rooms.infiltration_m3_s
    brought_kg_s = (AT_HOME_RATIO * people.persons * 0.05 + AWAKE_AT_HOME_RATIO * 0.10) / 3600.0
    coil_water = float(humidity_ratio(COIL_C, 100.0))
    through_kg_s = cooling_w / (AIR_CAPACITY_J_KG_K * (people.day_setpoint_c - COIL_C))
    dry_coil = outdoor_water + brought_kg_s / leak_kg_s
    wet_coil = (leak_kg_s * outdoor_water + brought_kg_s + through_kg_s * coil_water) / (
        leak_kg_s + through_kg_s
    )
    return np.where(dry_coil > coil_water, wet_coil, dry_coil)
