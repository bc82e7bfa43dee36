"""Building: from an archetype's ranges to the walls, windows, cracks and mass of each home.

A home is a box: its floor, aspect and storeys give walls, roof and windows; whatever does not meet the
weather (an apartment's neighbours) exchanges nothing. The box stands at any angle to the sun.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from device_sim.home.archetypes import Archetype, Kinds, Range
from device_sim.home.outdoor_air import STACK_M2_S2_K, WIND_RATIO, Openings
from device_sim.home.room import STOREY_HEIGHT_M, RoomParameters
from device_sim.home.solar import FACADES, QUARTER_DEG, Windows, share_out, sum_facades
from device_sim.noise import Draws, Floats

INNER_W_M2_K = 3.45
INNER_AREA = 4.5
MASS_W_M2_K = 9.1
"""From air to surfaces [W/(m² K)], of which there are 4.5 m² for each m² of floor, and from there to the mass
[W/(m² K)] of the effective mass area: ISO 13790:2008, clauses 7.2.2.2 and 12.2.2."""

COVERED_RATIO = Range(0.6, 1.0)
"""What carpets and furniture leave of that exchange: an assumption."""

AIR_CAPACITY_J_M2_K = Range(10e3, 20e3)
"""Of air and furniture for each m² of floor [J/(m² K)]: from the default of ISO 52016-1:2017 to twice that,
for boards and linings that follow the air within minutes (assumption)."""

OUTER_RESISTANCE_M2_K_W = 0.04
"""Of the outer surface [m² K/W]: ISO 6946. A wall of U and absorptance a passes on a R U of the sunshine on
it (ISO 13790:2008, 11.4: sol-air); the loss to the clear sky is left out."""

ROOF_ABSORPTANCE = Range(0.60, 0.90)
WALL_ABSORPTANCE = Range(0.30, 0.70)
"""Share of the sunshine that a surface keeps, from light to dark colours: assumptions; shingles are dark."""

WALL_SUN_RATIO = 0.4
"""Sunshine on the mean of four walls over that on the horizontal, of a summer's day: an assumption."""

SHELTER_SHARES = (0.0, 0.05, 0.35, 0.45, 0.15)
"""Homes by ASHRAE's shelter class 1 (open) to 5 (close neighbours): an assumption for suburbs."""

LEAKAGE_EXPONENT = 0.3
"""Normalized leakage is 1000 A_L / A_floor x (height / 2.5 m)^0.3: ASHRAE 119, so area follows from it."""

FAN_M3_S_M2 = 0.00015
FAN_M3_S = 0.012
"""Exhaust fan: 0.15 L/s for each m² of floor, and 3.5 L/s for each bedroom and one more: ASHRAE 62.2, with
two to three bedrooms."""

CURTAIN_RATIO = Range(0.5, 0.9)
"""What curtains and blinds let through, on average of a summer: around 0.70, ANSI/RESNET/ICC 301."""

SUN_TO_AIR_RATIO = Range(0.10, 0.35)
"""Share of the sun that furniture and curtains turn into warm air at once: an assumption. ISO 13790 would
give all of it to surfaces and mass."""

UNEVEN_RATIO = Range(0.4, 1.6)
"""Windows of one facade over the home's mean share: an assumption."""

WINDOW_LEFT_OPEN_M2 = Range(0.15, 0.60)
"""Free area of a window that somebody leaves open [m²], from ajar to wide: an assumption."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Sizes of homes; a home's own facades are front, right, back and left.

    Attributes:
        floor_m2: Conditioned floor, `(homes,)`.
        storeys: 1 or 2, `(homes,)`.
        wall_m2: Facades that meet the weather, with windows, `(homes, 4)`.
        window_m2: Windows in them, `(homes, 4)`.
    """

    floor_m2: Floats
    storeys: Floats
    wall_m2: Floats
    window_m2: Floats

    @property
    def footprint_m2(self) -> Floats:
        """Area of the roof, and of the ground below."""
        return self.floor_m2 / self.storeys


def draw_rooms(kinds: Kinds, draws: Draws) -> RoomParameters:
    """Homes of all kinds, from light to heavy, tight to leaky, shaded to bright.

    Args:
        kinds: The homes' archetypes, on the same draws.
        draws: Where chance comes from.
    """
    box = _draw_box(kinds, draws)
    floor, windows = box.floor_m2, _draw_windows(kinds, draws, box)
    envelope_w_k, opaque_solar_m2 = _draw_envelope(kinds, draws, box)
    return RoomParameters(
        floor_area_m2=floor,
        air_capacity_j_k=floor * draws.uniform(*AIR_CAPACITY_J_M2_K),
        mass_capacity_j_k=floor * kinds.within(lambda kind: kind.mass_j_m2_k),
        air_mass_w_k=floor * _inner_w_m2_k(kinds) * draws.uniform(*COVERED_RATIO),
        window_w_k=windows.total_m2 * kinds.within(lambda kind: kind.window_w_m2_k),
        envelope_w_k=envelope_w_k,
        opaque_solar_m2=opaque_solar_m2,
        windows=windows,
        openings=_draw_openings(kinds, draws, box),
    )


def _draw_box(kinds: Kinds, draws: Draws) -> _Box:
    floor = kinds.around(lambda kind: kind.floor_m2)
    storeys: Floats = np.where(kinds.chance(lambda kind: kind.two_storey_share), 2.0, 1.0)
    aspect = kinds.within(lambda kind: kind.aspect)
    height_m = STOREY_HEIGHT_M * storeys
    long_m2, short_m2 = (
        height_m * np.sqrt(floor / storeys * aspect),
        height_m * np.sqrt(floor / storeys / aspect),
    )
    wall: Floats = np.column_stack(
        [
            area * kinds.chance(_meets_weather(facade))
            for facade, area in enumerate((long_m2, short_m2, long_m2, short_m2))
        ]
    )
    ratio = kinds.around(lambda kind: kind.window_ratio)
    uneven: Floats = np.column_stack([draws.uniform(*UNEVEN_RATIO) for _ in range(FACADES)])
    return _Box(floor, storeys, wall, wall * ratio[:, None] * uneven)


def _meets_weather(facade: int) -> Callable[[Archetype], float]:
    return lambda kind: kind.facades[facade]


def _draw_windows(kinds: Kinds, draws: Draws, box: _Box) -> Windows:
    """Turn the house: its front looks anywhere."""
    front_deg = draws.uniform(0.0, 360.0)
    area = np.zeros_like(box.window_m2)
    for facade, window_m2 in enumerate(box.window_m2.T):
        area = area + share_out(window_m2, (front_deg + facade * QUARTER_DEG) % 360.0)
    outside = np.column_stack([kinds.within(lambda kind: kind.outside_ratio) for _ in range(FACADES)])
    return Windows(
        area_m2=area,
        shgc=kinds.within(lambda kind: kind.shgc),
        shading_ratio=outside * draws.uniform(*CURTAIN_RATIO)[:, None],
        to_air_ratio=draws.uniform(*SUN_TO_AIR_RATIO),
    )


def _draw_envelope(kinds: Kinds, draws: Draws, box: _Box) -> tuple[Floats, Floats]:
    """Conductance of walls, roof and ground [W/K], and what the sun adds through them, as an area [m²]."""
    wall_w_k = sum_facades(box.wall_m2 - box.window_m2) * kinds.around(lambda kind: kind.wall_w_m2_k)
    roof_w_k = box.footprint_m2 * kinds.around(lambda kind: kind.roof_w_m2_k)
    roof_w_k = roof_w_k * kinds.constant(lambda kind: kind.roof)
    ground_w_k = box.footprint_m2 * kinds.within(lambda kind: kind.ground_w_m2_k)
    roof_sun, wall_sun = draws.uniform(*ROOF_ABSORPTANCE), WALL_SUN_RATIO * draws.uniform(*WALL_ABSORPTANCE)
    solar_m2 = OUTER_RESISTANCE_M2_K_W * (roof_sun * roof_w_k + wall_sun * wall_w_k)
    return wall_w_k + roof_w_k + ground_w_k, solar_m2


def _draw_openings(kinds: Kinds, draws: Draws, box: _Box) -> Openings:
    normalized = kinds.around(lambda kind: kind.leakage)
    storey = (box.storeys - 1.0).astype(np.int64)
    shelter = np.searchsorted(np.cumsum(SHELTER_SHARES)[:-1], draws.uniform())
    has_fan = kinds.chance(lambda kind: kind.fan_share)
    return Openings(
        leakage_m2=normalized * box.floor_m2 / 1000.0 / box.storeys**LEAKAGE_EXPONENT,
        stack_m2_s2_k=np.array(STACK_M2_S2_K)[storey],
        wind_ratio=np.array(WIND_RATIO)[storey, shelter],
        fan_m3_s=has_fan * (FAN_M3_S + FAN_M3_S_M2 * box.floor_m2),
        window_m2=draws.uniform(*WINDOW_LEFT_OPEN_M2),
    )


def _inner_w_m2_k(kinds: Kinds) -> Floats:
    """From air over surfaces to mass, for each m² of floor [W/(m² K)]: two conductances in series."""
    mass_area = kinds.constant(lambda kind: kind.mass_area)
    return np.asarray(1.0 / (1.0 / (INNER_W_M2_K * INNER_AREA) + 1.0 / (MASS_W_M2_K * mass_area)))
