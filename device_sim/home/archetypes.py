"""Archetypes: the kinds of homes of a fleet, from a trailer to heavy block, and what each is made of.

Each home gets an archetype by the shares below and draws its own size, walls, windows, cracks and mass from
the archetype's ranges. Neighbours of an apartment are as warm as it is, so only its facade (of a top floor
also its roof) meets the weather. All ranges without a source are assumptions; what is published:

- Shares of housing types: NREL ResStock's national table, after the American Community Survey: manufactured
  6 %, single-family 67 %, apartments 26 %. How these divide further (wood, masonry, block; old, tight) is an
  assumption, and so is that one machine cools 85 to 150 m² of a house.
- Heat capacities: ISO 13790:2008, table 12, from very light (80 kJ/(m² K)) to very heavy (370), with the
  effective mass area of that table; air and furniture from 10 kJ/(m² K) (ISO 52016-1:2017) upwards.
- Leakage: the US median and 90 % range of normalized leakage, 0.67 and 0.22 to 1.95, Chan, Joh & Sherman
  (2013), "Analysis of air leakage measurements of US houses", Energy and Buildings 66, over the houses here.
- Window share of the facade: about 12 % in houses, more in apartments: ResStock, after the residential
  building stock assessment RBSA II.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import UnknownArchetypeError
from device_sim.noise import Draws, Floats


class Spread(NamedTuple):
    """A log-normal distribution that is cut: most values near the median, a few far away."""

    median: float
    sigma: float
    low: float
    high: float


class Range(NamedTuple):
    """Any value between two as likely as another."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of home.

    Attributes:
        name: What it is called.
        share: Of all homes.
        floor_m2: Conditioned floor [m²].
        aspect: Long side over short side.
        two_storey_share: Homes with two storeys.
        facades: Chances that the long front, right, long back and left facade meet the weather.
        roof: 1 with a roof above, 0 below a neighbour.
        mass_j_m2_k: Heat capacity of the mass per floor [J/(m² K)].
        mass_area: Effective mass area per floor.
        wall_w_m2_k: U-value of walls [W/(m² K)].
        roof_w_m2_k: U-value of the ceiling with its attic [W/(m² K)].
        ground_w_m2_k: U-value of the floor, as far as it meets outdoor air [W/(m² K)].
        window_w_m2_k: U-value of windows with their frames [W/(m² K)].
        shgc: Solar heat gain coefficient of windows with their frames.
        window_ratio: Share of windows in a facade.
        outside_ratio: What eaves, trees and neighbours let through to the windows.
        leakage: Normalized leakage (ASHRAE 119), without unit.
        fan_share: Homes with an exhaust fan that always runs.
    """

    name: str
    share: float
    floor_m2: Spread
    aspect: Range
    two_storey_share: float
    facades: tuple[float, float, float, float]
    roof: float
    mass_j_m2_k: Range
    mass_area: float
    wall_w_m2_k: Spread
    roof_w_m2_k: Spread
    ground_w_m2_k: Range
    window_w_m2_k: Range
    shgc: Range
    window_ratio: Spread
    outside_ratio: Range
    leakage: Spread
    fan_share: float = 0.0


DETACHED = (1.0, 1.0, 1.0, 1.0)
APARTMENT = (1.0, 0.3, 0.25, 0.0)
"""A house stands free; an apartment has its front, and some a corner or a second side: assumptions."""

ARCHETYPES = (
    Archetype(
        name="manufactured_home",
        share=0.06,
        floor_m2=Spread(85.0, 0.25, 45.0, 150.0),
        aspect=Range(2.2, 4.5),
        two_storey_share=0.0,
        facades=DETACHED,
        roof=1.0,
        mass_j_m2_k=Range(60e3, 95e3),
        mass_area=2.5,
        wall_w_m2_k=Spread(0.68, 0.25, 0.45, 1.3),
        roof_w_m2_k=Spread(0.40, 0.30, 0.22, 0.8),
        ground_w_m2_k=Range(0.20, 0.50),
        window_w_m2_k=Range(3.2, 6.2),
        shgc=Range(0.50, 0.72),
        window_ratio=Spread(0.11, 0.30, 0.06, 0.20),
        outside_ratio=Range(0.6, 1.0),
        leakage=Spread(0.80, 0.40, 0.25, 2.2),
    ),
    Archetype(
        name="wood_frame_old",
        share=0.33,
        floor_m2=Spread(115.0, 0.32, 50.0, 230.0),
        aspect=Range(1.1, 2.0),
        two_storey_share=0.3,
        facades=DETACHED,
        roof=1.0,
        mass_j_m2_k=Range(90e3, 150e3),
        mass_area=2.5,
        wall_w_m2_k=Spread(0.65, 0.35, 0.38, 1.6),
        roof_w_m2_k=Spread(0.28, 0.35, 0.15, 0.7),
        ground_w_m2_k=Range(0.08, 0.30),
        window_w_m2_k=Range(2.6, 5.8),
        shgc=Range(0.45, 0.70),
        window_ratio=Spread(0.12, 0.35, 0.06, 0.25),
        outside_ratio=Range(0.5, 1.0),
        leakage=Spread(0.95, 0.45, 0.25, 2.5),
    ),
    Archetype(
        name="wood_frame_tight",
        share=0.17,
        floor_m2=Spread(145.0, 0.28, 70.0, 260.0),
        aspect=Range(1.1, 1.8),
        two_storey_share=0.5,
        facades=DETACHED,
        roof=1.0,
        mass_j_m2_k=Range(100e3, 165e3),
        mass_area=2.5,
        wall_w_m2_k=Spread(0.37, 0.18, 0.25, 0.55),
        roof_w_m2_k=Spread(0.18, 0.20, 0.11, 0.28),
        ground_w_m2_k=Range(0.05, 0.15),
        window_w_m2_k=Range(1.5, 2.2),
        shgc=Range(0.22, 0.35),
        window_ratio=Spread(0.14, 0.30, 0.07, 0.25),
        outside_ratio=Range(0.55, 1.0),
        leakage=Spread(0.28, 0.35, 0.10, 0.6),
        fan_share=0.5,
    ),
    Archetype(
        name="masonry_detached",
        share=0.13,
        floor_m2=Spread(120.0, 0.32, 55.0, 240.0),
        aspect=Range(1.1, 1.8),
        two_storey_share=0.3,
        facades=DETACHED,
        roof=1.0,
        mass_j_m2_k=Range(150e3, 240e3),
        mass_area=2.75,
        wall_w_m2_k=Spread(0.78, 0.35, 0.45, 1.8),
        roof_w_m2_k=Spread(0.28, 0.35, 0.15, 0.7),
        ground_w_m2_k=Range(0.05, 0.20),
        window_w_m2_k=Range(2.5, 5.8),
        shgc=Range(0.40, 0.68),
        window_ratio=Spread(0.12, 0.35, 0.06, 0.25),
        outside_ratio=Range(0.5, 1.0),
        leakage=Spread(0.65, 0.45, 0.20, 2.0),
    ),
    Archetype(
        name="heavy_block",
        share=0.05,
        floor_m2=Spread(110.0, 0.32, 50.0, 220.0),
        aspect=Range(1.0, 1.6),
        two_storey_share=0.5,
        facades=DETACHED,
        roof=1.0,
        mass_j_m2_k=Range(290e3, 370e3),
        mass_area=3.25,
        wall_w_m2_k=Spread(0.42, 0.25, 0.25, 0.8),
        roof_w_m2_k=Spread(0.26, 0.25, 0.15, 0.45),
        ground_w_m2_k=Range(0.05, 0.15),
        window_w_m2_k=Range(1.8, 3.5),
        shgc=Range(0.30, 0.60),
        window_ratio=Spread(0.11, 0.30, 0.06, 0.20),
        outside_ratio=Range(0.5, 0.95),
        leakage=Spread(0.42, 0.40, 0.15, 1.2),
    ),
    Archetype(
        name="apartment_mid_floor",
        share=0.17,
        floor_m2=Spread(72.0, 0.30, 30.0, 140.0),
        aspect=Range(0.8, 1.5),
        two_storey_share=0.0,
        facades=APARTMENT,
        roof=0.0,
        mass_j_m2_k=Range(110e3, 230e3),
        mass_area=2.5,
        wall_w_m2_k=Spread(0.65, 0.35, 0.35, 1.6),
        roof_w_m2_k=Spread(0.30, 0.30, 0.15, 0.7),
        ground_w_m2_k=Range(0.0, 0.0),
        window_w_m2_k=Range(1.9, 5.5),
        shgc=Range(0.28, 0.68),
        window_ratio=Spread(0.20, 0.40, 0.09, 0.45),
        outside_ratio=Range(0.5, 0.95),
        leakage=Spread(0.35, 0.40, 0.12, 1.0),
    ),
    Archetype(
        name="apartment_top_floor",
        share=0.09,
        floor_m2=Spread(72.0, 0.30, 30.0, 140.0),
        aspect=Range(0.8, 1.5),
        two_storey_share=0.0,
        facades=APARTMENT,
        roof=1.0,
        mass_j_m2_k=Range(110e3, 210e3),
        mass_area=2.5,
        wall_w_m2_k=Spread(0.65, 0.35, 0.35, 1.6),
        roof_w_m2_k=Spread(0.32, 0.35, 0.16, 0.8),
        ground_w_m2_k=Range(0.0, 0.0),
        window_w_m2_k=Range(1.9, 5.5),
        shgc=Range(0.28, 0.68),
        window_ratio=Spread(0.20, 0.40, 0.09, 0.45),
        outside_ratio=Range(0.6, 1.0),
        leakage=Spread(0.40, 0.40, 0.12, 1.2),
    ),
)
"""All kinds of homes; their shares add up to 1."""

NAMES = tuple(kind.name for kind in ARCHETYPES)


class Kinds:
    """Draws values that depend on each home's archetype.

    Args:
        draws: Where chance comes from; each value takes the same numbers whatever the archetype.
        forced: Name of the one archetype of all homes, or None for the shares.

    Attributes:
        codes: Index into `ARCHETYPES`, `(homes,)`.

    Raises:
        UnknownArchetypeError: There is no archetype of that name.
    """

    def __init__(self, draws: Draws, forced: str | None = None) -> None:
        if forced is not None and forced not in NAMES:
            raise UnknownArchetypeError(forced, NAMES)
        upper = np.cumsum([kind.share for kind in ARCHETYPES])[:-1]
        self._draws = draws
        self.codes: NDArray[np.int64] = np.searchsorted(upper, draws.uniform())
        if forced is not None:
            self.codes = np.full_like(self.codes, NAMES.index(forced))

    def constant(self, of: Callable[[Archetype], float]) -> Floats:
        """A value that all homes of a kind share, `(homes,)`."""
        return np.array([of(kind) for kind in ARCHETYPES])[self.codes]

    def within(self, of: Callable[[Archetype], Range]) -> Floats:
        """A value from a range, `(homes,)`."""
        low, high = np.array([of(kind) for kind in ARCHETYPES]).T[:, self.codes]
        return np.asarray(low + (high - low) * self._draws.uniform())

    def around(self, of: Callable[[Archetype], Spread]) -> Floats:
        """A value from a cut log-normal distribution, `(homes,)`."""
        median, sigma, low, high = np.array([of(kind) for kind in ARCHETYPES]).T[:, self.codes]
        return np.asarray(np.clip(median * np.exp(sigma * self._draws.normal(0.0, 1.0)), low, high))

    def chance(self, of: Callable[[Archetype], float]) -> NDArray[np.bool_]:
        """True for about that share of the homes of a kind, `(homes,)`."""
        return np.asarray(self._draws.uniform() < self.constant(of))
