"""Materials and constructions: what walls, roofs and floors are made of, layer by layer.

Design values of ISO 10456:2007, table 3 (plaster, boards, wood, insulation, concrete, soil, tiles) and of
CIBSE Guide A, chapter 3 (brickwork); what is not in there is named an assumption.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Floats

LAYERS = 5
"""Of every construction, one node each; a thick layer is two of them."""


@dataclass(frozen=True, slots=True)
class Material:
    """A building material.

    Attributes:
        conductivity_w_m_k: Thermal conductivity [W/(m K)].
        density_kg_m3: Density [kg/m³].
        heat_j_kg_k: Specific heat capacity [J/(kg K)].
    """

    conductivity_w_m_k: float
    density_kg_m3: float
    heat_j_kg_k: float


RENDER = Material(1.0, 1800.0, 1000.0)
OSB = Material(0.13, 650.0, 1700.0)
TIMBER = Material(0.13, 500.0, 1600.0)
GYPSUM_BOARD = Material(0.25, 900.0, 1000.0)
CONCRETE = Material(1.65, 2200.0, 1000.0)
SOIL = Material(1.5, 1500.0, 2085.0)
TILES = Material(1.3, 2300.0, 840.0)
BITUMEN = Material(0.23, 1100.0, 1000.0)
FOAM = Material(0.036, 20.0, 1450.0)
BRICK = Material(0.77, 1700.0, 1000.0)
WOOL_AND_STUDS = Material(0.055, 110.0, 1150.0)
"""Mineral wool of 0.04 W/(m K) between studs on a sixth of the area: an assumption."""
HOLLOW_BLOCK = Material(1.0, 1100.0, 840.0)
"""Concrete masonry: 0.20 m² K/W for 200 mm, as in ASHRAE Fundamentals 2021, chapter 26."""
ATTIC_AIR = Material(2.0, 1.2, 1006.0)
"""0.3 m of it are the resistance of a ventilated attic in summer, 0.15 m² K/W: an assumption."""


@dataclass(frozen=True, slots=True)
class Construction:
    """Layers from outside to inside.

    Attributes:
        layers: Material and thickness [m], `LAYERS` of them.
        insulation: Places of the layers whose thickness differs from home to home.
    """

    layers: tuple[tuple[Material, float], ...]
    insulation: tuple[int, ...]


FRAME_WALL = Construction(
    ((RENDER, 0.02), (OSB, 0.011), (WOOL_AND_STUDS, 0.045), (WOOL_AND_STUDS, 0.045), (GYPSUM_BOARD, 0.013)),
    (2, 3),
)
BRICK_WALL = Construction(
    ((BRICK, 0.10), (FOAM, 0.04), (BRICK, 0.06), (BRICK, 0.06), (RENDER, 0.015)),
    (1,),
)
BLOCK_WALL = Construction(
    ((RENDER, 0.02), (HOLLOW_BLOCK, 0.10), (HOLLOW_BLOCK, 0.10), (FOAM, 0.03), (GYPSUM_BOARD, 0.013)),
    (3,),
)
CONCRETE_WALL = Construction(
    ((RENDER, 0.01), (FOAM, 0.05), (CONCRETE, 0.08), (CONCRETE, 0.08), (RENDER, 0.01)),
    (1,),
)
ATTIC_ROOF = Construction(
    (
        (BITUMEN, 0.02),
        (ATTIC_AIR, 0.3),
        (WOOL_AND_STUDS, 0.12),
        (WOOL_AND_STUDS, 0.12),
        (GYPSUM_BOARD, 0.013),
    ),
    (2, 3),
)
FLAT_ROOF = Construction(
    ((BITUMEN, 0.02), (FOAM, 0.09), (CONCRETE, 0.08), (CONCRETE, 0.08), (RENDER, 0.01)),
    (1,),
)
GROUND_FLOOR = Construction(
    ((SOIL, 0.5), (SOIL, 0.5), (CONCRETE, 0.12), (RENDER, 0.04), (TILES, 0.01)),
    (),
)
DECK = Construction(
    ((GYPSUM_BOARD, 0.013), (CONCRETE, 0.07), (CONCRETE, 0.07), (RENDER, 0.04), (TIMBER, 0.01)),
    (),
)
"""What every kind of home is built of: thicknesses are assumptions from common practice."""


@dataclass(frozen=True, slots=True)
class Layers:
    """One construction of each home, for each m²; arrays are `(homes, LAYERS)` from outside to inside.

    Attributes:
        resistance_m2_k_w: Of each layer [m² K/W].
        capacity_j_m2_k: Of each layer [J/(m² K)].
    """

    resistance_m2_k_w: Floats
    capacity_j_m2_k: Floats


def layers_of(constructions: tuple[Construction, ...], codes: Floats, insulation_ratio: Floats) -> Layers:
    """The layers of homes of several kinds.

    Args:
        constructions: What each kind is built of.
        codes: Kind of each home, `(homes,)`.
        insulation_ratio: Thickness of each home's insulation over that of the construction, `(homes,)`.
    """
    thickness = np.array([[metres for _, metres in one.layers] for one in constructions])
    varies = np.array([[place in one.insulation for place in range(LAYERS)] for one in constructions])
    conductivity = np.array([[made.conductivity_w_m_k for made, _ in one.layers] for one in constructions])
    heat = np.array(
        [[made.density_kg_m3 * made.heat_j_kg_k for made, _ in one.layers] for one in constructions]
    )
    kind = codes.astype(np.intp)
    metres = thickness[kind] * np.where(varies[kind], insulation_ratio[:, None], 1.0)
    return Layers(metres / conductivity[kind], metres * heat[kind])
