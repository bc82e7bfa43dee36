"""Steady: what installers reckon with, and how a home usually is when its habit is held.

The design load is that of a hot day repeated with all zones held at one temperature; the usual state is that
of a day's means that never change, with the thermostat's zone held and the others as the supply leaves them.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.home.sizing import DESIGN_WIND_M_S, HOURS, DesignDay
from device_sim.home.steady import MeanDay
from device_sim.noise import Floats
from device_sim.outdoors.sun import GLASS_DIFFUSE_RATIO
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3, humidity_ratio
from device_sim.zoned.air_exchange import AIR_J_M3_K, PAIRS
from device_sim.zoned.dwellings import LIVING, ZONES, Dwellings
from device_sim.zoned.network import times
from device_sim.zoned.zones import Outside, boundary_c, sun_w

DAYS = 8
"""The design day repeats so often."""

HELD_J_K = 1e15
"""Capacity that holds a node at its temperature [J/K]."""

COIL_C = 11.0
"""Mean surface temperature of a working coil [°C]: an assumption."""

USUAL_DIFFERENCE_K = 0.5
"""Between zones, for the usual flow through doors [K]: an assumption."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How homes are in the steady state.

    Attributes:
        node_c: Temperature of each node [°C], `(homes, nodes)`.
        water: Humidity ratio [kg/kg], `(homes,)`.
    """

    node_c: Floats
    water: Floats


def outside_of(day: MeanDay, ground_c: float) -> Outside:
    """A day's means; the sun on walls is that behind diffusely lit glass, which is near enough."""
    return Outside(
        outdoor_c=day.outdoor_c,
        water=day.outdoor_humidity_ratio,
        wind_m_s=day.wind_m_s,
        ghi_w_m2=day.ghi_w_m2,
        facade_w_m2=day.window_w_m2 / GLASS_DIFFUSE_RATIO,
        window_w_m2=day.window_w_m2,
        ground_c=ground_c,
    )


def design_load_w(homes: Dwellings, held_c: float, day: DesignDay, gain_w: Floats, ground_c: float) -> Floats:
    """Sensible load of each zone at the hour in which the whole home needs most [W], `(homes, 3)`.

    Args:
        homes: Their windows are closed.
        held_c: Temperature held [°C].
        day: The design day.
        gain_w: Heat of people and appliances by zone [W], `(homes, 3)`.
        ground_c: Below the homes [°C].
    """
    network = homes.network
    capacity = network.capacity_j_k.copy()
    capacity[:, :ZONES] = HELD_J_K
    stepper, matrix = network.stepper_k_w(3600.0, capacity), network.matrix_w_k()
    node_c = np.full_like(capacity, held_c)
    most = np.zeros_like(gain_w)
    for hour in [*range(HOURS)] * DAYS:
        outdoor_c = float(day.outdoor_c[hour])
        means = MeanDay(outdoor_c, 0.0, DESIGN_WIND_M_S, float(day.ghi_w_m2[hour]), day.window_w_m2[hour])
        outside = outside_of(means, ground_c)
        into_w = sun_w(homes, outside) + network.outside_w_k * boundary_c(homes, outside)
        node_c = times(stepper, capacity / 3600.0 * node_c + into_w)
        leaks = homes.air.leaks_m3_s(np.full(len(gain_w), outdoor_c - held_c), DESIGN_WIND_M_S)
        by_air = AIR_J_M3_K * leaks[:, None] * homes.air.zone_share * (outdoor_c - held_c)
        load = (into_w - times(matrix, node_c))[:, :ZONES] + by_air + gain_w
        higher = load.sum(axis=1) > most.sum(axis=1)
        most = np.where(higher[:, None], load, most)
    return most


def usual_state(
    homes: Dwellings, living_c: Floats, supply_share: Floats, means: tuple[Outside, Floats, Floats]
) -> Usual:
    """The steady state with the living room's air held.

    Args:
        homes: What they are.
        living_c: Air of the living room [°C], `(homes,)`.
        supply_share: Share of the cooling that each zone gets, `(homes, 3)`.
        means: What is outside, heat by zone [W] `(homes, 3)` and water of people [kg/s] `(homes,)`.
    """
    outside, gain_w, water_kg_s = means
    network, count = homes.network, len(living_c)
    leaks = homes.air.leaks_m3_s(living_c - outside.outdoor_c, outside.wind_m_s)
    matrix = network.matrix_w_k() + _air_w_k(homes, leaks)
    into_w = sun_w(homes, outside) + network.outside_w_k * boundary_c(homes, outside)
    into_w[:, :ZONES] += gain_w + AIR_J_M3_K * leaks[:, None] * homes.air.zone_share * outside.outdoor_c
    taken = np.zeros_like(into_w)
    taken[:, :ZONES] = supply_share
    free_c, per_w = (
        part[:, :, 0] for part in (np.linalg.solve(matrix, v[:, :, None]) for v in (into_w, taken))
    )
    cooling_w = np.maximum((free_c[:, LIVING] - living_c) / per_w[:, LIVING], 0.0)
    node_c = free_c - cooling_w[:, None] * per_w
    over_coil = cooling_w / (AIR_CAPACITY_J_KG_K * np.maximum(living_c - COIL_C, 1.0))
    leak_kg_s, coil_water = AIR_DENSITY_KG_M3 * leaks, float(humidity_ratio(COIL_C, 100.0))
    dry = outside.water + water_kg_s / leak_kg_s
    wet = (leak_kg_s * outside.water + water_kg_s + over_coil * coil_water) / (leak_kg_s + over_coil)
    return Usual(node_c, np.where(dry > coil_water, wet, dry).reshape(count))


def _air_w_k(homes: Dwellings, leaks_m3_s: Floats) -> Floats:
    """What moving air adds to the conductances, `(homes, nodes, nodes)`."""
    extra = np.zeros_like(homes.network.conductance_w_k)
    zone = np.arange(ZONES)
    extra[:, zone, zone] = AIR_J_M3_K * leaks_m3_s[:, None] * homes.air.zone_share
    apart = np.array([0.0, USUAL_DIFFERENCE_K, -USUAL_DIFFERENCE_K])
    doors = homes.air.door_flow_m3_s(np.broadcast_to(apart, (len(leaks_m3_s), ZONES)), homes.air.door_m)
    for pair, (one, other) in enumerate(PAIRS):
        through = AIR_J_M3_K * doors[:, pair]
        for a, b in ((one, other), (other, one)):
            extra[:, a, a] += through
            extra[:, a, b] -= through
    return extra
