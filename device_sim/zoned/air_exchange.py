"""Air exchange: what leaks in by wind and buoyancy, and what passes between zones through doors.

leaks   Q_s = c C_s |dT|^n,  Q_w = c C_w (s G U)^(2n),  Q = sqrt(Q_s² + Q_w²)    enhanced model of ASHRAE
        Fundamentals 2021, ch. 16, after Walker & Wilson (1998), AIM-2; n = 0.67, as EnergyPlus has it
doors   Q = C_d W / 3 sqrt(g H³ |dT| / T)                          Brown & Solvason (1962), C_d = 0.6
window  Q = 0.025 A U + C_d A / 3 sqrt(g H |dT| / T)               Warren (1977), one side of the home
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Floats
from device_sim.people.households import Flags
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3

AIR_J_M3_K = AIR_DENSITY_KG_M3 * AIR_CAPACITY_J_KG_K
"""Heat that a cubic metre of air carries for each kelvin [J/(m³ K)]."""

EXPONENT = 0.67
STACK = 0.054
WIND = 0.156
WIND_MULTIPLIER = 0.48
"""n, C_s [(Pa/K)^n], C_w [(Pa s²/m²)^n] and G of one storey on a slab, no flue: the same chapter."""

SHELTER = (1.0, 0.9, 0.7, 0.5, 0.3)
"""s by shelter class 1 (open) to 5 (close neighbours): the same chapter."""

TEST_PA = 50.0
"""Pressure of a blower door's test [Pa]."""

DISCHARGE = 0.6
GRAVITY_M_S2 = 9.81
KELVIN = 293.0
DOOR_HEIGHT_M = 2.0
WINDOW_WIND = 0.025
WINDOW_HEIGHT_M = 1.2
"""Height of a window left open [m]: an assumption."""

STIR_K = 0.05
"""Least difference for the flow through doors [K]: people and fans stir the air (assumption)."""

SHUT_RATIO = 0.05
"""What cracks and grilles of a shut door leave of its flow: an assumption."""

PAIRS = ((0, 1), (0, 2), (1, 2))
"""Zones that share a door: living and bedrooms, living and rest, bedrooms and rest."""

INTO_ZONE = np.array([[1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
"""Which zone gains, and which loses, what passes in each pair."""


@dataclass(frozen=True, slots=True)
class AirPaths:
    """Where air passes; arrays are `(homes,)` unless said otherwise.

    Attributes:
        flow_m3_s_pa: Coefficient c of the leaks of the whole home [m³/(s Pa^n)].
        shelter: s of the home.
        zone_share: Share of the leaks in each zone, `(homes, 3)`.
        door_m: Width of the openings between the zones, in the order of `PAIRS` [m], `(homes, 3)`.
        closes_at_night: Whether the bedrooms' doors are shut while people sleep.
        window_m2: Free area of the living room's window that may be left open [m²].
    """

    flow_m3_s_pa: Floats
    shelter: Floats
    zone_share: Floats
    door_m: Floats
    closes_at_night: Flags
    window_m2: Floats

    def leaks_m3_s(self, difference_k: Floats, wind_m_s: float) -> Floats:
        """Outdoor air that leaks into the home [m³/s].

        Args:
            difference_k: Between indoors and outdoors, of either sign [K].
            wind_m_s: Wind at 10 m [m/s].
        """
        stack = STACK * np.abs(difference_k) ** EXPONENT
        wind = WIND * (self.shelter * (WIND_MULTIPLIER * wind_m_s)) ** (2.0 * EXPONENT)
        return np.asarray(self.flow_m3_s_pa * np.sqrt(stack * stack + wind * wind))

    def window_m3_s(self, difference_k: Floats, wind_m_s: float) -> Floats:
        """Outdoor air through the window of the living room, were it open [m³/s]."""
        lift = np.sqrt(GRAVITY_M_S2 * WINDOW_HEIGHT_M * np.abs(difference_k) / KELVIN)
        return np.asarray(self.window_m2 * (WINDOW_WIND * wind_m_s + DISCHARGE / 3.0 * lift))

    def door_flow_m3_s(self, zone_c: Floats, door_m: Floats) -> Floats:
        """Air that passes each way between the zones of each pair [m³/s], `(homes, 3)`.

        Args:
            zone_c: Air of the zones [°C], `(homes, 3)`.
            door_m: Width open now [m], `(homes, 3)`.
        """
        first, second = zone_c[:, [0, 0, 1]], zone_c[:, [1, 2, 2]]
        difference = np.maximum(np.abs(first - second), STIR_K)
        speed = np.sqrt(GRAVITY_M_S2 * DOOR_HEIGHT_M**3 / KELVIN * difference)
        return np.asarray(DISCHARGE / 3.0 * door_m * speed)

    def door_open_m(self, asleep: Flags) -> Floats:
        """Width of the openings while people sleep, or do not [m], `(homes, 3)`."""
        shut = (asleep & self.closes_at_night)[:, None] & np.array([True, False, True])
        return np.where(shut, SHUT_RATIO * self.door_m, self.door_m)


def flow_coefficient(air_changes_50: Floats, volume_m3: Floats) -> Floats:
    """Coefficient c from a blower door's air changes at 50 Pa [1/h], `(homes,)`."""
    return np.asarray(air_changes_50 * volume_m3 / 3600.0 / TEST_PA**EXPONENT)


def exchange(flow_m3_s: Floats, value: Floats) -> Floats:
    """What air through the doors brings each zone, times the air's flow, `(homes, 3)`.

    Args:
        flow_m3_s: By pair [m³/s], `(homes, 3)`.
        value: What the air carries, by zone, `(homes, 3)`.
    """
    passes = flow_m3_s * (value[:, [1, 2, 2]] - value[:, [0, 0, 1]])
    return np.asarray(passes @ INTO_ZONE)
