"""Zones: the state of all homes' air, walls and moisture, and how a minute changes it.

Conduction is implicit (`network`); air that leaks, passes through doors or comes from the machine acts over a
sub-step with what it was at its start, small beside what the air node stores.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Floats
from device_sim.people.households import Flags
from device_sim.psychrometrics import (
    AIR_DENSITY_KG_M3,
    VAPORISATION_J_KG,
    relative_humidity_pct,
)
from device_sim.zoned.air_exchange import AIR_J_M3_K, exchange
from device_sim.zoned.dwellings import LIVING, NODES, SKY_LOSS_K, ZONES, Dwellings
from device_sim.zoned.materials import LAYERS
from device_sim.zoned.network import times

LEAST_WATER = 0.001
"""Humidity ratio that no coil gets below [kg/kg]."""

FLOOR_SUN_RATIO = 0.6
"""Share of the sun behind the windows that falls on the floor; the rest falls on contents (assumption)."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a step brings; homes share the weather.

    Attributes:
        outdoor_c: Dry bulb [°C].
        water: Humidity ratio of the outdoor air [kg/kg].
        wind_m_s: At 10 m [m/s].
        ghi_w_m2: Sunshine on the horizontal [W/m²].
        facade_w_m2: On walls that look north, east, south, west [W/m²], `(4,)`.
        window_w_m2: Behind their glass, as at normal incidence [W/m²], `(4,)`.
        ground_c: Below the homes [°C].
    """

    outdoor_c: float
    water: float
    wind_m_s: float
    ghi_w_m2: float
    facade_w_m2: Floats
    window_w_m2: Floats
    ground_c: float


@dataclass(frozen=True, slots=True)
class Inside:
    """What people bring in a step.

    Attributes:
        gain_w: Heat in each zone [W], `(homes, 3)`.
        water_kg_s: Water in each zone [kg/s], `(homes, 3)`.
        asleep: Whether bedroom doors may be shut, `(homes,)`.
        window_open: Whether the living room's window is open, `(homes,)`.
    """

    gain_w: Floats
    water_kg_s: Floats
    asleep: Flags
    window_open: Flags


def boundary_c(homes: Dwellings, outside: Outside) -> Floats:
    """Outside temperature of each node (sol-air of walls and roofs, ground) [°C], `(homes, nodes)`."""
    bound = np.full((len(homes.kind), NODES.count), outside.outdoor_c)
    on_wall = homes.facade_share @ outside.facade_w_m2
    on_roof = homes.roof_sun_m2_k_w * outside.ghi_w_m2 - SKY_LOSS_K
    for zone in range(ZONES):
        bound[:, NODES.wall(zone)] += homes.wall_sun_m2_k_w * on_wall[:, zone]
        bound[:, NODES.ceiling(zone)] += on_roof
        bound[:, NODES.floor(zone)] = outside.ground_c
    return bound


def sun_w(homes: Dwellings, outside: Outside) -> Floats:
    """Sun through windows by the node it warms [W], `(homes, nodes)`."""
    gain = np.zeros((len(homes.kind), NODES.count))
    entering = homes.aperture_m2 @ outside.window_w_m2
    to_air = homes.sun_to_air_ratio[:, None] * entering
    gain[:, :ZONES] = to_air
    for zone in range(ZONES):
        rest = entering[:, zone] - to_air[:, zone]
        gain[:, NODES.floor(zone) + LAYERS - 1] = FLOOR_SUN_RATIO * rest
        gain[:, NODES.contents(zone)] = (1.0 - FLOOR_SUN_RATIO) * rest
    return gain


class Zones:
    """The state of all homes.

    Args:
        homes: What they are.
        substep_s: What `advance` advances by [s].
        first_c: Temperatures of all nodes at the start [°C], `(homes, nodes)`.
        first_water: Humidity ratio of all zones at the start [kg/kg], `(homes,)`.

    Attributes:
        node_c: Temperatures of all nodes [°C], `(homes, nodes)`; air first.
        water: Humidity ratio of each zone [kg/kg], `(homes, 3)`.
        gained_j: Heat that has come in since the start, less what has left [J], `(homes,)`.
    """

    def __init__(self, homes: Dwellings, substep_s: float, first_c: Floats, first_water: Floats) -> None:
        self._homes = homes
        self._substep_s = substep_s
        network = homes.network
        self._stepper = network.stepper_k_w(substep_s)
        self._store_w_k = network.capacity_j_k / substep_s
        self._water_m3_s = homes.water_kg / AIR_DENSITY_KG_M3 / substep_s
        self.node_c = first_c.copy()
        self.water = np.repeat(first_water[:, None], ZONES, axis=1)
        self.gained_j = np.zeros(len(first_c))
        self._steady_w = np.zeros_like(first_c)
        self._bound_c = np.zeros_like(first_c)
        self._water_kg_s, self._outdoor_m3_s, self._door_m = (np.zeros_like(self.water) for _ in range(3))
        self._outdoor = (0.0, 0.0)

    @property
    def air_c(self) -> Floats:
        """Air of the zones [°C], `(homes, 3)`."""
        return self.node_c[:, :ZONES]

    @property
    def operative_c(self) -> Floats:
        """Mean of air and mean radiant temperature [°C], `(homes, 3)`: ASHRAE 55 below 0.2 m/s."""
        return np.asarray((self.air_c + times(self._homes.radiant, self.node_c)) / 2.0)

    @property
    def stored_j(self) -> Floats:
        """Heat in all nodes above 0 °C [J], `(homes,)`."""
        return np.asarray((self._homes.network.capacity_j_k * self.node_c).sum(axis=1))

    def living_rh_pct(self) -> Floats:
        """Relative humidity in the living room [%], `(homes,)`."""
        return relative_humidity_pct(self.node_c[:, LIVING], self.water[:, LIVING])

    def surround(self, outside: Outside, inside: Inside) -> None:
        """Fix what comes from outside and from people until the next call."""
        homes, air = self._homes, self._homes.air
        self._bound_c = boundary_c(homes, outside)
        self._steady_w = sun_w(homes, outside)
        self._steady_w[:, :ZONES] += inside.gain_w
        difference = self.node_c[:, LIVING] - outside.outdoor_c
        self._outdoor_m3_s = air.leaks_m3_s(difference, outside.wind_m_s)[:, None] * air.zone_share
        if inside.window_open.any():
            more = air.window_m3_s(difference, outside.wind_m_s) * inside.window_open
            self._outdoor_m3_s[:, LIVING] += more
        self._door_m = air.door_open_m(inside.asleep)
        self._outdoor = outside.outdoor_c, outside.water
        self._water_kg_s = inside.water_kg_s

    def advance(self, sensible_w: Floats, latent_w: Floats) -> None:
        """Let a sub-step pass in which the machine takes that out of the zones.

        Args:
            sensible_w: Heat, net of the fan's [W], `(homes, 3)`.
            latent_w: Heat of the water condensed [W], `(homes, 3)`.
        """
        air, (outdoor_c, outdoor_water) = self.air_c, self._outdoor
        doors = self._homes.air.door_flow_m3_s(air, self._door_m)
        flows = self._steady_w.copy()
        flows[:, :ZONES] += (
            AIR_J_M3_K * (self._outdoor_m3_s * (outdoor_c - air) + exchange(doors, air)) - sensible_w
        )
        outside_w_k = self._homes.network.outside_w_k
        self.node_c = times(
            self._stepper, self._store_w_k * self.node_c + flows + outside_w_k * self._bound_c
        )
        through_w = (outside_w_k * (self._bound_c - self.node_c)).sum(axis=1)
        self.gained_j = self.gained_j + self._substep_s * (flows.sum(axis=1) + through_w)
        self._moisten(doors, latent_w, outdoor_water)

    def _moisten(self, doors_m3_s: Floats, latent_w: Floats, outdoor_water: float) -> None:
        brought = self._outdoor_m3_s * (outdoor_water - self.water) + exchange(doors_m3_s, self.water)
        net = brought + (self._water_kg_s - latent_w / VAPORISATION_J_KG) / AIR_DENSITY_KG_M3
        self.water = np.maximum(self.water + net / self._water_m3_s, LEAST_WATER)
