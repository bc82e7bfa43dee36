"""Usual: how warm a home feels on an ordinary summer day at its habit, which its people have got used to.

A steady state at the habit, with a day's means of weather and gains, as if they never changed.
"""

import numpy as np

from device_sim.home.room import RoomParameters
from device_sim.home.steady import MeanDay, closed_air_m3_s, steady_cooling_w, steady_mass_c
from device_sim.noise import Floats
from device_sim.people.comfort import felt_c
from device_sim.people.households import (
    ACTIVE_WATER_KG_H,
    PERSON_W,
    PERSON_WATER_KG_H,
    HouseholdParameters,
)
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3, humidity_ratio

AT_HOME_RATIO = 0.75
AWAKE_AT_HOME_RATIO = 0.45
"""Shares of time for the gains of a typical day: what `routines` gives, rounded."""

COIL_C = 11.0
"""Apparatus dew point, the coil's mean surface temperature while it cools [°C]: an assumption."""


def usual_offset_k(
    rooms: RoomParameters, people: HouseholdParameters, sensor_offset_k: Floats, day: MeanDay
) -> Floats:
    """How much warmer than the thermostat says a home feels on an ordinary summer day [K], `(homes,)`.

    Limits count from there: walls warmer than the air, damp, and a thermostat that shows too much or too
    little are what people had when they chose their setpoint.

    Args:
        rooms: The homes.
        people: Who lives there.
        sensor_offset_k: What each thermostat shows above the truth [K], `(homes,)`.
        day: The means of an ordinary summer day.
    """
    air_c = people.day_setpoint_c - sensor_offset_k
    gain_w = (
        people.base_gain_w
        + AWAKE_AT_HOME_RATIO * people.active_gain_w
        + AT_HOME_RATIO * people.persons * PERSON_W
    )
    cooling_w = np.maximum(steady_cooling_w(rooms, air_c, day) + gain_w, 0.0)
    leak_kg_s = AIR_DENSITY_KG_M3 * closed_air_m3_s(rooms, air_c, day)
    water = usual_water(leak_kg_s, cooling_w / (AIR_CAPACITY_J_KG_K * (air_c - COIL_C)), people, day)
    return felt_c(air_c, steady_mass_c(rooms, air_c, day), water) - people.day_setpoint_c


def usual_water(leak_kg_s: Floats, through_kg_s: Floats, people: HouseholdParameters, day: MeanDay) -> Floats:
    """Humidity ratio at which outdoor air and people bring as much water as the coil takes [kg/kg].

    The air that the coil cools goes from the room towards the coil's surface, in temperature as in water; a
    coil that is warmer than the dew point stays dry.

    Args:
        leak_kg_s: Outdoor air that leaks in [kg/s], `(homes,)`.
        through_kg_s: Air that reaches the coil's surface [kg/s], `(homes,)`.
        people: Who lives there.
        day: The means of an ordinary summer day.
    """
    outdoor_water = day.outdoor_humidity_ratio
    awake_kg_h = AWAKE_AT_HOME_RATIO * ACTIVE_WATER_KG_H
    brought_kg_s = (AT_HOME_RATIO * people.persons * PERSON_WATER_KG_H + awake_kg_h) / 3600.0
    coil_water = float(humidity_ratio(COIL_C, 100.0))
    dry_coil = outdoor_water + brought_kg_s / leak_kg_s
    brought_and_taken = leak_kg_s * outdoor_water + brought_kg_s + through_kg_s * coil_water
    return np.where(dry_coil > coil_water, brought_and_taken / (leak_kg_s + through_kg_s), dry_coil)
