"""Rooms: how warm and how damp the air of each home is, as two thermal nodes and one for moisture.

    C_air  dT_air/dt  = H_am (T_mass - T_air) + H_ao (T_out - T_air) + f Q_sun + Q_gain - Q_coil
    C_mass dT_mass/dt = H_am (T_air - T_mass) + H_mo (T_out - T_mass) + (1 - f) Q_sun + A_opaque G

The air node (air and furniture) sees the outdoors through windows and by the outdoor air that comes in, which
changes with wind, buoyancy and open windows from step to step; the mass node sees it through the opaque
envelope. The sun comes through the windows of each facade (Q_sun, split by f) and warms roof and walls
(A_opaque G). This is the 2R2C grey box of Madsen & Holst (1995), doi:10.1016/0378-7788(94)00904-X, with a
second loss path. Within a step the equations are linear, so each sub-step is exact (matrix exponential) for
inputs that are constant over it, and no step is too long to be stable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.home.outdoor_air import AIR_HEAT_J_M3_K, Openings
from device_sim.home.solar import Windows
from device_sim.noise import Floats
from device_sim.psychrometrics import AIR_DENSITY_KG_M3, VAPORISATION_J_KG

STOREY_HEIGHT_M = 2.5
"""From floor to ceiling [m], the reference height of ASHRAE's normalized leakage."""

MOISTURE_BUFFER = 15.0
"""How much more water the home takes up than its air alone, for plaster and textiles (EnergyPlus'
capacitance multiplier; 15 is usual for homes)."""

LEAST_HUMIDITY_RATIO = 1e-4
"""Drier than any air that a coil leaves behind [kg/kg]."""


@dataclass(frozen=True, slots=True)
class RoomParameters:
    """What a home is made of; arrays are `(homes,)`.

    Attributes:
        floor_area_m2: Conditioned floor [m²].
        air_capacity_j_k: Heat capacity of air and furniture [J/K].
        mass_capacity_j_k: Heat capacity of walls and floors [J/K].
        air_mass_w_k: Conductance between air and mass [W/K].
        window_w_k: Conductance of the windows [W/K].
        envelope_w_k: Conductance from the mass to the outdoors [W/K].
        opaque_solar_m2: Horizontal irradiance that roof and walls pass on to the mass, as an area [m²].
        windows: How the sun comes in.
        openings: How outdoor air comes in.
    """

    floor_area_m2: Floats
    air_capacity_j_k: Floats
    mass_capacity_j_k: Floats
    air_mass_w_k: Floats
    window_w_k: Floats
    envelope_w_k: Floats
    opaque_solar_m2: Floats
    windows: Windows
    openings: Openings

    @property
    def volume_m3(self) -> Floats:
        """Conditioned volume [m³]."""
        return STOREY_HEIGHT_M * self.floor_area_m2

    def air_outdoor_w_k(self, air_m3_s: Floats) -> Floats:
        """Conductance from the air node to the outdoors with so much outdoor air: and windows [W/K]."""
        return self.window_w_k + AIR_HEAT_J_M3_K * air_m3_s


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What acts on the homes during one step.

    Attributes:
        outdoor_c: Outdoor dry bulb [°C].
        outdoor_humidity_ratio: Water in the outdoor air [kg/kg].
        wind_m_s: Wind at 10 m [m/s].
        window_w_m2: Irradiance behind glass that looks north, east, south, west [W/m²], `(4,)`.
        ghi_w_m2: Sunshine on the horizontal [W/m²].
        gain_w: Heat of people and appliances [W], `(homes,)`.
        moisture_kg_s: Water from people, kitchen and bath [kg/s], `(homes,)`.
        window_open: Whether a window is left open, `(homes,)`.
    """

    outdoor_c: float
    outdoor_humidity_ratio: float
    wind_m_s: float
    window_w_m2: Floats
    ghi_w_m2: float
    gain_w: Floats
    moisture_kg_s: Floats
    window_open: NDArray[np.bool_]


class Room:
    """The state of all homes' air.

    Attributes:
        air_c: Temperature of the air [°C], `(homes,)`.
        mass_c: Temperature of the mass [°C], `(homes,)`.
        humidity_ratio: Water in the air [kg/kg], `(homes,)`.
        outdoor_air_m3_s: Outdoor air that comes in during the step [m³/s], `(homes,)`.
    """

    def __init__(self, parameters: RoomParameters, substep_s: float, air_c: Floats, mass_c: Floats) -> None:
        self.parameters = parameters
        self.air_c = air_c.copy()
        self.mass_c = mass_c.copy()
        self.humidity_ratio = np.full_like(air_c, 0.009)
        self.outdoor_air_m3_s = np.zeros_like(air_c)
        self._substep_s = substep_s
        self._apertures = tuple(np.ascontiguousarray(column) for column in parameters.windows.aperture_m2.T)
        self._nodes = _TwoNodes(parameters)
        self._moisture_s = substep_s / (parameters.volume_m3 * MOISTURE_BUFFER)
        nothing = np.zeros_like(air_c)
        self._step = self._nodes.step(parameters.window_w_k, substep_s)
        self._to_air_k, self._to_mass_k = nothing, nothing
        self._stays, self._to_ratio, self._ratio_per_w = np.ones_like(air_c), nothing, nothing

    def surround(self, outside: Surroundings) -> None:
        """Fix what acts on the homes until the next call."""
        p = self.parameters
        air_m3_s = p.openings.flow_m3_s(outside.outdoor_c - self.air_c, outside.wind_m_s, outside.window_open)
        self.outdoor_air_m3_s = air_m3_s
        air_outdoor_w_k = p.air_outdoor_w_k(air_m3_s)
        sun_w = self._sun_w(outside.window_w_m2)
        sun_air_w = p.windows.to_air_ratio * sun_w
        into_air_w = air_outdoor_w_k * outside.outdoor_c + sun_air_w + outside.gain_w
        into_mass_w = p.envelope_w_k * outside.outdoor_c + sun_w - sun_air_w
        into_mass_w += p.opaque_solar_m2 * outside.ghi_w_m2
        self._step = step = self._nodes.step(air_outdoor_w_k, self._substep_s)
        self._to_air_k = step.air_by_air * into_air_w + step.air_by_mass * into_mass_w
        self._to_mass_k = step.mass_by_air * into_air_w + step.mass_by_mass * into_mass_w
        self._dampen(outside, air_m3_s)

    def advance(self, sensible_w: Floats, latent_w: Floats) -> None:
        """One sub-step, while the coil takes `sensible_w` and `latent_w` [W] out of the air."""
        step, air_c, mass_c = self._step, self.air_c, self.mass_c
        self.air_c = (
            step.air_air * air_c + step.air_mass * mass_c + self._to_air_k - step.air_by_air * sensible_w
        )
        self.mass_c = (
            step.mass_air * air_c + step.mass_mass * mass_c + self._to_mass_k - step.mass_by_air * sensible_w
        )
        ratio = self._stays * self.humidity_ratio + self._to_ratio - self._ratio_per_w * latent_w
        self.humidity_ratio = np.maximum(ratio, LEAST_HUMIDITY_RATIO)

    def _sun_w(self, window_w_m2: Floats) -> Floats:
        """Gain through the windows of each home [W]: the four facades one after the other, for equal bits."""
        north, east, south, west = self._apertures
        a, b, c, d = (float(value) for value in window_w_m2)
        return np.asarray(north * a + east * b + south * c + west * d)

    def _dampen(self, outside: Surroundings, air_m3_s: Floats) -> None:
        """The exact sub-step of the moisture balance M dw/dt = rho Q (w_out - w) + people - coil / r."""
        leaves = -np.expm1(-self._moisture_s * air_m3_s)
        ratio_per_kg_s = leaves / (AIR_DENSITY_KG_M3 * air_m3_s)
        self._stays = 1.0 - leaves
        self._to_ratio = leaves * outside.outdoor_humidity_ratio + ratio_per_kg_s * outside.moisture_kg_s
        self._ratio_per_w = ratio_per_kg_s / VAPORISATION_J_KG


@dataclass(frozen=True, slots=True)
class _Step:
    """The exact step of both nodes, x(t+h) = Φ x(t) + Γ q; arrays are `(homes,)`."""

    air_air: Floats
    air_mass: Floats
    mass_air: Floats
    mass_mass: Floats
    air_by_air: Floats
    air_by_mass: Floats
    mass_by_air: Floats
    mass_by_mass: Floats


class _TwoNodes:
    """dx/dt = A x + C⁻¹ q, with A = [[a, b], [c, d]], of which only `a` knows the outdoor air."""

    def __init__(self, p: RoomParameters) -> None:
        self._air_k_j, self._mass_k_j = 1.0 / p.air_capacity_j_k, 1.0 / p.mass_capacity_j_k
        self._air_mass_w_k = p.air_mass_w_k
        self._b, self._c = p.air_mass_w_k * self._air_k_j, p.air_mass_w_k * self._mass_k_j
        self._d = -(p.air_mass_w_k + p.envelope_w_k) * self._mass_k_j
        self._bc = self._b * self._c

    def _eigenvalues(self, air_outdoor_w_k: Floats) -> tuple[Floats, Floats, Floats]:
        """`a` and the fast and slow eigenvalue of A [1/s]."""
        a = -(self._air_mass_w_k + air_outdoor_w_k) * self._air_k_j
        half, root = (a + self._d) * 0.5, np.sqrt(((a - self._d) * 0.5) ** 2 + self._bc)
        return a, half - root, half + root

    def time_constants_s(self, air_outdoor_w_k: Floats) -> tuple[Floats, Floats]:
        """Fast and slow time constant [s]."""
        _, fast, slow = self._eigenvalues(air_outdoor_w_k)
        return -1.0 / fast, -1.0 / slow

    def step(self, air_outdoor_w_k: Floats, step_s: float) -> _Step:
        """Φ = exp(Ah) by Sylvester's formula for two distinct eigenvalues, Γ = A⁻¹(Φ - 1)C⁻¹."""
        b, c, d = self._b, self._c, self._d
        a, fast, slow = self._eigenvalues(air_outdoor_w_k)
        e_fast, e_slow = np.exp(fast * step_s), np.exp(slow * step_s)
        linear = (e_slow - e_fast) / (slow - fast)
        constant = e_slow - slow * linear
        air_air, mass_mass = linear * a + constant, linear * d + constant
        air_mass, mass_air = linear * b, linear * c
        # A⁻¹ = [[d, -b], [-c, a]] / det
        det = a * d - self._bc
        by_air, by_mass, air, mass = self._air_k_j / det, self._mass_k_j / det, air_air - 1.0, mass_mass - 1.0
        return _Step(
            air_air,
            air_mass,
            mass_air,
            mass_mass,
            air_by_air=(d * air - b * mass_air) * by_air,
            air_by_mass=(d * air_mass - b * mass) * by_mass,
            mass_by_air=(a * mass_air - c * air) * by_air,
            mass_by_mass=(a * mass - c * air_mass) * by_mass,
        )


def time_constants_s(p: RoomParameters, air_m3_s: Floats) -> tuple[Floats, Floats]:
    """Fast and slow time constant of homes left alone with so much outdoor air [s], `(homes,)` each."""
    return _TwoNodes(p).time_constants_s(p.air_outdoor_w_k(air_m3_s))
