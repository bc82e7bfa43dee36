"""Outdoor air: what leaks in through cracks by wind and buoyancy, and what an open window lets in.

    cracks  Q = A_L sqrt(Cs |dT| + Cw U²)                  basic model of ASHRAE Fundamentals 2021, ch. 16,
                                                           after Sherman & Grimsrud (1980)
    fan     Q = sqrt(Q_cracks² + Q_fan²)                   the same chapter, a fan that only exhausts
    window  Q = A/2 sqrt(0.001 U² + 0.0035 H |dT| + 0.01)  de Gids & Phaff (1982), Air Infiltration Review 4,
                                                           a window on one side of the home

U is the wind at the weather station, 10 m above the ground. Nothing is assumed of the wind's direction.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3

AIR_HEAT_J_M3_K = AIR_DENSITY_KG_M3 * AIR_CAPACITY_J_KG_K
"""Heat that a cubic metre of air carries for each kelvin [J/(m³ K)]."""

STACK_M2_S2_K = (0.0145, 0.0290)
"""Cs of a home of one and of two storeys [m²/(s² K)]: ASHRAE Fundamentals, ch. 16, 0.000145 and 0.000290
(L/s)²/(cm⁴ K), as EnergyPlus' Input Output Reference quotes them."""

WIND_RATIO = (
    (0.0319, 0.0246, 0.0174, 0.0104, 0.0032),
    (0.0420, 0.0325, 0.0231, 0.0137, 0.0042),
)
"""Cw by storeys and by shelter class 1 (open) to 5 (between close neighbours), without unit: the same source,
0.000319 (L/s)²/(cm⁴ (m/s)²) and so on."""

WINDOW_WIND_RATIO = 0.001
WINDOW_STACK_M_S2_K = 0.0035
WINDOW_TURBULENCE_M2_S2 = 0.01
"""Coefficients of de Gids & Phaff (1982): of wind [-], of buoyancy [m/(s² K)], and of turbulence [m²/s²]."""

WINDOW_HEIGHT_M = 1.2
"""Height of a window that is left open [m]: an assumption."""

LEAST_FLOW_M3_S = 1e-9
"""Less air than any home changes [m³/s]: keeps the moisture balance defined without wind and buoyancy."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Where outdoor air gets in; arrays are `(homes,)`.

    Attributes:
        leakage_m2: Effective leakage area at 4 Pa [m²].
        stack_m2_s2_k: Coefficient of buoyancy [m²/(s² K)].
        wind_ratio: Coefficient of the wind.
        fan_m3_s: Exhaust fan that always runs [m³/s]; most homes have none.
        window_m2: Free area of the window that may be left open [m²].
    """

    leakage_m2: Floats
    stack_m2_s2_k: Floats
    wind_ratio: Floats
    fan_m3_s: Floats
    window_m2: Floats

    def flow_m3_s(self, difference_k: Floats, wind_m_s: float, window_open: NDArray[np.bool_]) -> Floats:
        """Outdoor air that comes in [m³/s], `(homes,)`.

        Args:
            difference_k: Between indoor and outdoor air, of either sign [K], `(homes,)`.
            wind_m_s: Wind at 10 m [m/s].
            window_open: Whether a window is open, `(homes,)`.
        """
        warm_k, wind = np.abs(difference_k), wind_m_s * wind_m_s
        cracks = self.leakage_m2 * self.leakage_m2 * (self.stack_m2_s2_k * warm_k + self.wind_ratio * wind)
        flow = np.sqrt(cracks + self.fan_m3_s * self.fan_m3_s) + LEAST_FLOW_M3_S
        if not window_open.any():
            return np.asarray(flow)
        push = (
            WINDOW_WIND_RATIO * wind
            + WINDOW_TURBULENCE_M2_S2
            + WINDOW_STACK_M_S2_K * WINDOW_HEIGHT_M * warm_k
        )
        return np.asarray(flow + window_open * (0.5 * self.window_m2 * np.sqrt(push)))
