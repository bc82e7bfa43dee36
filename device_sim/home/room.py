"""Rooms: how warm and how damp the air of each home is, as two thermal nodes and one for moisture.

    C_air  dT_air/dt  = H_am (T_mass - T_air) + H_ao (T_out - T_air) + A_air G + Q_gain - Q_coil
    C_mass dT_mass/dt = H_am (T_air - T_mass) + H_mo (T_out - T_mass) + A_mass G

The air node (air and furniture) sees the outdoors through windows and infiltration, the mass node through
the opaque envelope; sunshine G enters through windows (A_air) and warms the envelope (A_mass). This is the
2R2C grey box of Madsen & Holst (1995), doi:10.1016/0378-7788(94)00904-X, with a second loss path. The
equations are linear, so a step is exact (matrix exponential) for inputs that are constant over it, and no
step is too long to be stable.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Draws, Floats
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3, VAPORISATION_J_KG

STOREY_HEIGHT_M = 2.5

MOISTURE_BUFFER = 15.0
"""How much more water the home takes up than its air alone, for plaster and textiles (EnergyPlus'
capacitance multiplier; 15 is usual for homes)."""


@dataclass(frozen=True, slots=True)
class RoomParameters:
    """What a home is made of; arrays are `(homes,)`.

    Attributes:
        floor_area_m2: Conditioned floor [m²].
        air_capacity_j_k: Heat capacity of air and furniture [J/K].
        mass_capacity_j_k: Heat capacity of walls and floors [J/K].
        air_mass_w_k: Conductance between air and mass [W/K].
        window_w_k: Conductance of windows and doors [W/K].
        envelope_w_k: Conductance from the mass to the outdoors [W/K].
        infiltration_m3_s: Outdoor air that leaks in [m³/s].
        solar_air_m2: Horizontal irradiance that becomes heat in the air, as an area [m²].
        solar_mass_m2: The same for the mass [m²].
    """

    floor_area_m2: Floats
    air_capacity_j_k: Floats
    mass_capacity_j_k: Floats
    air_mass_w_k: Floats
    window_w_k: Floats
    envelope_w_k: Floats
    infiltration_m3_s: Floats
    solar_air_m2: Floats
    solar_mass_m2: Floats

    @property
    def air_outdoor_w_k(self) -> Floats:
        """Conductance from the air node to the outdoors: windows and infiltration [W/K]."""
        return self.window_w_k + AIR_DENSITY_KG_M3 * AIR_CAPACITY_J_KG_K * self.infiltration_m3_s

    @property
    def volume_m3(self) -> Floats:
        """Conditioned volume [m³]."""
        return STOREY_HEIGHT_M * self.floor_area_m2


def draw_rooms(draws: Draws) -> RoomParameters:
    """Homes from light to heavy, tight to leaky.

    Heat capacities by the classes of ISO 13790:2008 table 12 (80 to 370 kJ/(K m²)), surface conductances
    by its clause 7.2.2.2; window share, U-values and air changes are assumptions in the range of North
    American and Mediterranean dwellings, solar areas follow from them (shading included).
    """
    floor = np.clip(draws.lognormal(85.0, 0.40), 25.0, 220.0)
    window_m2 = floor * draws.uniform(0.10, 0.20)
    air_changes_h = np.clip(draws.lognormal(0.45, 0.45), 0.12, 1.5)
    return RoomParameters(
        floor_area_m2=floor,
        air_capacity_j_k=floor * draws.uniform(11e3, 24e3),
        mass_capacity_j_k=floor * np.clip(draws.lognormal(140e3, 0.45), 50e3, 370e3),
        air_mass_w_k=floor * draws.uniform(5.0, 11.0),
        window_w_k=window_m2 * draws.uniform(1.6, 4.5),
        envelope_w_k=floor * np.clip(draws.lognormal(0.80, 0.35), 0.30, 1.8),
        infiltration_m3_s=air_changes_h * floor * STOREY_HEIGHT_M / 3600.0,
        solar_air_m2=window_m2 * draws.uniform(0.06, 0.20),
        solar_mass_m2=floor * draws.uniform(0.003, 0.015),
    )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What acts on the homes during one step; scalars or `(homes,)`.

    Attributes:
        outdoor_c: Outdoor dry bulb [°C].
        outdoor_humidity_ratio: Water in the outdoor air [kg/kg].
        ghi_w_m2: Sunshine on the horizontal [W/m²].
        gain_w: Heat of people and appliances [W], `(homes,)`.
        moisture_kg_s: Water from people, kitchen and bath [kg/s], `(homes,)`.
    """

    outdoor_c: float
    outdoor_humidity_ratio: float
    ghi_w_m2: float
    gain_w: Floats
    moisture_kg_s: Floats


class Room:
    """The state of all homes' air.

    Attributes:
        air_c: Temperature of the air [°C], `(homes,)`.
        mass_c: Temperature of the mass [°C], `(homes,)`.
        humidity_ratio: Water in the air [kg/kg], `(homes,)`.
    """

    def __init__(self, parameters: RoomParameters, substep_s: float, air_c: Floats, mass_c: Floats) -> None:
        self.parameters = parameters
        self.air_c = air_c.copy()
        self.mass_c = mass_c.copy()
        self.humidity_ratio = np.full_like(air_c, 0.009)
        self._step = _Propagator(parameters, substep_s)
        self._drive_air = np.zeros_like(air_c)
        self._drive_mass = np.zeros_like(air_c)
        self._leak_s = parameters.infiltration_m3_s / (parameters.volume_m3 * MOISTURE_BUFFER)
        self._dry_air_kg = AIR_DENSITY_KG_M3 * parameters.volume_m3 * MOISTURE_BUFFER
        self._ratio_per_w = 1.0 / (VAPORISATION_J_KG * self._dry_air_kg * self._leak_s)
        self._moisture_stays = np.exp(-self._leak_s * substep_s)
        self._rest_ratio = np.zeros_like(air_c)

    def surround(self, outside: Surroundings) -> None:
        """Fix what acts on the homes until the next call."""
        p = self.parameters
        self._drive_air = (
            p.air_outdoor_w_k * outside.outdoor_c + p.solar_air_m2 * outside.ghi_w_m2 + outside.gain_w
        )
        self._drive_mass = p.envelope_w_k * outside.outdoor_c + p.solar_mass_m2 * outside.ghi_w_m2
        self._rest_ratio = outside.outdoor_humidity_ratio + outside.moisture_kg_s / (
            self._dry_air_kg * self._leak_s
        )

    def advance(self, sensible_w: Floats, latent_w: Floats) -> None:
        """One sub-step, while the coil takes `sensible_w` and `latent_w` [W] out of the air."""
        step = self._step
        drive_air = self._drive_air - sensible_w
        air_c = step.air_air * self.air_c + step.air_mass * self.mass_c
        mass_c = step.mass_air * self.air_c + step.mass_mass * self.mass_c
        self.air_c = air_c + step.air_by_air * drive_air + step.air_by_mass * self._drive_mass
        self.mass_c = mass_c + step.mass_by_air * drive_air + step.mass_by_mass * self._drive_mass
        rest = self._rest_ratio - latent_w * self._ratio_per_w
        ratio = rest + (self.humidity_ratio - rest) * self._moisture_stays
        self.humidity_ratio = np.maximum(ratio, 1e-4)


class _Propagator:
    """The exact step of both nodes: x(t+h) = Φ x(t) + Γ d, with Φ = exp(Ah), Γ = A⁻¹(Φ - 1)C⁻¹."""

    def __init__(self, p: RoomParameters, step_s: float) -> None:
        a, b = -(p.air_mass_w_k + p.air_outdoor_w_k) / p.air_capacity_j_k, p.air_mass_w_k / p.air_capacity_j_k
        c, d = p.air_mass_w_k / p.mass_capacity_j_k, -(p.air_mass_w_k + p.envelope_w_k) / p.mass_capacity_j_k
        root = np.sqrt((a - d) ** 2 + 4.0 * b * c)
        fast, slow = (a + d - root) / 2.0, (a + d + root) / 2.0
        e_fast, e_slow = np.exp(fast * step_s), np.exp(slow * step_s)
        # Sylvester's formula for two distinct eigenvalues
        linear, constant = (e_slow - e_fast) / root, (slow * e_fast - fast * e_slow) / root
        self.air_air, self.air_mass = linear * a + constant, linear * b
        self.mass_air, self.mass_mass = linear * c, linear * d + constant
        # A⁻¹ = [[d, -b], [-c, a]] / det
        det = a * d - b * c
        air, mass = self.air_air - 1.0, self.mass_mass - 1.0
        self.air_by_air = (d * air - b * self.mass_air) / det / p.air_capacity_j_k
        self.air_by_mass = (d * self.air_mass - b * mass) / det / p.mass_capacity_j_k
        self.mass_by_air = (a * self.mass_air - c * air) / det / p.air_capacity_j_k
        self.mass_by_mass = (a * mass - c * self.air_mass) / det / p.mass_capacity_j_k


def design_sensible_load_w(
    p: RoomParameters, indoor_c: float, hours_outdoor_c: Floats, hours_ghi_w_m2: Floats, gain_w: Floats
) -> Floats:
    """Greatest sensible cooling that holds `indoor_c` all day when that day repeats [W], `(homes,)`.

    Args:
        p: The homes.
        indoor_c: Temperature held [°C].
        hours_outdoor_c: Outdoor dry bulb of the design day, hourly [°C], `(24,)`.
        hours_ghi_w_m2: Sunshine of the design day, hourly [W/m²], `(24,)`.
        gain_w: Heat of people and appliances [W], `(homes,)`.
    """
    stays = np.exp(-3600.0 * (p.air_mass_w_k + p.envelope_w_k) / p.mass_capacity_j_k)
    mass_c = np.full_like(gain_w, indoor_c)
    peak_w = np.zeros_like(gain_w)
    for hour in range(24 * 8):  # eight days: longer than the time constant of the heaviest home
        outdoor_c, ghi = hours_outdoor_c[hour % 24], hours_ghi_w_m2[hour % 24]
        drive = p.air_mass_w_k * indoor_c + p.envelope_w_k * outdoor_c + p.solar_mass_m2 * ghi
        mass_c = drive / (p.air_mass_w_k + p.envelope_w_k) * (1.0 - stays) + mass_c * stays
        load_w = p.air_mass_w_k * (mass_c - indoor_c) + p.air_outdoor_w_k * (outdoor_c - indoor_c)
        peak_w = np.maximum(peak_w, load_w + p.solar_air_m2 * ghi + gain_w)
    return peak_w
