"""Dwellings: homes of three zones, from drawn sizes to the heat network of each.

Living room (with the thermostat), bedrooms and the rest (kitchen, bath, hall) each have air of their own.
Sizes, shares and ranges are assumptions about common homes unless a source is named.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import UnknownArchetypeError
from device_sim.home.solar import FACADES, QUARTER_DEG, share_out
from device_sim.noise import Draws, Floats
from device_sim.psychrometrics import AIR_CAPACITY_J_KG_K, AIR_DENSITY_KG_M3
from device_sim.zoned.air_exchange import SHELTER, AirPaths, flow_coefficient
from device_sim.zoned.materials import (
    ATTIC_ROOF,
    BLOCK_WALL,
    BRICK_WALL,
    CONCRETE_WALL,
    DECK,
    FLAT_ROOF,
    FRAME_WALL,
    GROUND_FLOOR,
    LAYERS,
    layers_of,
)
from device_sim.zoned.network import Network, Surface

LIVING, BEDROOM, REST = 0, 1, 2
ZONES = 3

NAMES = ("bungalow_frame", "bungalow_brick", "bungalow_block", "flat")
SHARES = (0.40, 0.15, 0.20, 0.25)
"""Kinds of homes, and their shares."""

FLAT = NAMES.index("flat")

WALLS = (FRAME_WALL, BRICK_WALL, BLOCK_WALL, CONCRETE_WALL)
ROOFS = (ATTIC_ROOF, ATTIC_ROOF, ATTIC_ROOF, FLAT_ROOF)
FLOORS = (GROUND_FLOOR, GROUND_FLOOR, GROUND_FLOOR, DECK)
"""What each kind is built of."""

HEIGHT_M = 2.5

LEAST_WALL_M2 = 0.1
"""Of a zone without an outer wall, so that its nodes are joined to something."""

FACADE_SHARES = np.array([[0.7, 0.4, 0.1, 0.2], [0.0, 0.3, 0.6, 0.4], [0.3, 0.3, 0.3, 0.4]])
"""Share of each zone in the home's own front, right, back and left facade."""

OUTER_M2_K_W = 0.044
"""Of surfaces in summer's wind of 3.4 m/s [m² K/W]: ASHRAE Fundamentals 2021, chapter 26."""

GROUND_M2_K_W = 1.2
"""From a metre below the floor to the ground beyond [m² K/W]: together with the floor about 0.5 W/(m² K), as
ISO 13370:2017 gives for a slab of 130 m² on soil of 1.5 W/(m K)."""

INNER_W_M2_K = {"wall": 8.29, "ceiling": 6.13, "floor": 6.13}
"""Of inner surfaces, air and radiation together, with heat that flows across or down [W/(m² K)]: the same."""

PARTITION_J_M2_K = 23_000.0
"""Two boards of 13 mm [J/(m² K)], of the partitions between and in the zones."""

SKY_LOSS_K = 3.9
"""A roof meets a sky that much colder than the air: sol-air temperature, ASHRAE Fundamentals, ch. 18."""

CONTENTS_RATIO = (3.0, 6.0)
"""Capacity of air and light contents over that of the air alone, which follow each other within minutes."""

WATER_RATIO = (8.0, 18.0)
"""Water that air, furniture and walls exchange, over that of the air alone; Building America takes 15."""

PARTITION_AIR = ((0, LIVING, BEDROOM), (1, LIVING, REST), (2, BEDROOM, REST))
"""Number of each pair of zones, and the two."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Places in the network: 3 of air, 3 constructions of each zone, 3 pairs of partitions, 3 of contents."""

    count: int = ZONES + ZONES * 3 * LAYERS + 2 * ZONES + ZONES

    def wall(self, zone: int) -> int:
        """Outermost node of the zone's wall."""
        return ZONES + 3 * LAYERS * zone

    def ceiling(self, zone: int) -> int:
        """Outermost node of its ceiling."""
        return self.wall(zone) + LAYERS

    def floor(self, zone: int) -> int:
        """Lowest node of its floor."""
        return self.ceiling(zone) + LAYERS

    def partition(self, pair: int) -> int:
        """The face of a pair's partition towards its first zone; the other face follows."""
        return ZONES + ZONES * 3 * LAYERS + 2 * pair

    def contents(self, zone: int) -> int:
        """Partitions and heavy furniture within the zone."""
        return self.partition(ZONES) + zone


NODES = Nodes()


@dataclass(frozen=True, slots=True)
class Dwellings:
    """The homes; arrays begin with `(homes,)`.

    Attributes:
        kind: Codes of `NAMES`.
        floor_m2: Floor of each zone [m²], `(homes, 3)`.
        network: Heat in all that is solid.
        facade_share: Share of each zone's wall that looks north, east, south, west, `(homes, 3, 4)`.
        aperture_m2: Window area x SHGC x shading of each zone by direction [m²], `(homes, 3, 4)`.
        wall_sun_m2_k_w: Absorptance x outer resistance of walls [m² K/W].
        roof_sun_m2_k_w: The same of the roof.
        sun_to_air_ratio: Share of the windows' gain that warms the air at once.
        radiant: Weights of the nodes in each zone's mean radiant temperature, `(homes, 3, nodes)`.
        air: What leaks and passes.
        water_kg: Air's mass times the water ratio [kg], `(homes, 3)`.
        gain_share: Share of appliances' heat in each zone, `(homes, 3)`.
    """

    kind: NDArray[np.intp]
    floor_m2: Floats
    network: Network
    facade_share: Floats
    aperture_m2: Floats
    wall_sun_m2_k_w: Floats
    roof_sun_m2_k_w: Floats
    sun_to_air_ratio: Floats
    radiant: Floats
    air: AirPaths
    water_kg: Floats
    gain_share: Floats


def draw_dwellings(draws: Draws, archetype: str | None) -> Dwellings:
    """Homes of all kinds.

    Args:
        draws: Where chance comes from.
        archetype: A name of `NAMES` for all; None draws them by their shares.

    Raises:
        UnknownArchetypeError: There is no such kind.
    """
    if archetype is not None and archetype not in NAMES:
        raise UnknownArchetypeError(archetype, NAMES)
    drawn = np.searchsorted(np.cumsum(SHARES)[:-1], draws.uniform())
    kind = drawn if archetype is None else np.full_like(drawn, NAMES.index(archetype))
    flat = kind == FLAT
    floor = _draw_floors(draws, flat)
    walls, facade_share = _draw_walls(draws, flat, floor.sum(axis=1))
    windows = walls * draws.uniform(0.12, 0.22)[:, None, None]
    network = _draw_network(draws, kind, floor, (walls - windows).sum(axis=2))
    volume = HEIGHT_M * floor
    air_kg = AIR_DENSITY_KG_M3 * volume
    contents = draws.uniform(*CONTENTS_RATIO)[:, None]
    network.capacity_j_k[:, :ZONES] = AIR_CAPACITY_J_KG_K * air_kg * contents
    network.outside_w_k[:, :ZONES] += windows.sum(axis=2) * draws.uniform(1.6, 3.4)[:, None]
    through = draws.uniform(0.25, 0.60) * draws.uniform(0.45, 0.90)
    return Dwellings(
        kind=kind,
        floor_m2=floor,
        network=network,
        facade_share=facade_share,
        aperture_m2=windows * through[:, None, None],
        wall_sun_m2_k_w=OUTER_M2_K_W * draws.uniform(0.3, 0.7),
        roof_sun_m2_k_w=OUTER_M2_K_W * draws.uniform(0.6, 0.9),
        sun_to_air_ratio=draws.uniform(0.1, 0.4),
        radiant=_radiant(floor, walls.sum(axis=2)),
        air=_draw_air(draws, flat, volume, walls.sum(axis=2) + floor),
        water_kg=air_kg * draws.uniform(*WATER_RATIO)[:, None],
        gain_share=floor * np.array([1.0, 0.5, 1.6]) / (floor @ np.array([1.0, 0.5, 1.6]))[:, None],
    )


def _draw_floors(draws: Draws, flat: NDArray[np.bool_]) -> Floats:
    """Floor of the zones: houses of 80 to 240 m², flats of 45 to 110 m²."""
    house = np.clip(draws.lognormal(130.0, 0.28), 80.0, 240.0)
    small = np.clip(draws.lognormal(70.0, 0.25), 45.0, 110.0)
    living, bedroom = draws.uniform(0.34, 0.44), draws.uniform(0.30, 0.38)
    share = np.stack([living, bedroom, 1.0 - living - bedroom], axis=1)
    return np.asarray(np.where(flat, small, house)[:, None] * share)


def _draw_walls(draws: Draws, flat: NDArray[np.bool_], floor_m2: Floats) -> tuple[Floats, Floats]:
    """Outer walls of each zone by direction [m²], and the same as shares, `(homes, 3, 4)` each."""
    aspect, front_deg = draws.uniform(1.0, 2.0), draws.uniform(0.0, 360.0)
    lengths = (np.sqrt(floor_m2 * aspect), np.sqrt(floor_m2 / aspect))
    meets = (1.0, 0.4, 0.6, 0.0)  # a flat's facades meet the weather with these chances
    walls = np.zeros((len(floor_m2), ZONES, FACADES))
    for facade in range(FACADES):
        open_air = ~flat | draws.chance(meets[facade])
        area = HEIGHT_M * lengths[facade % 2] * open_air
        looks = share_out(area, (front_deg + facade * QUARTER_DEG) % 360.0)
        walls += FACADE_SHARES[:, facade][None, :, None] * looks[:, None, :]
    whole = walls.sum(axis=2, keepdims=True)
    return walls, np.asarray(walls / np.maximum(whole, 1e-9))


def _draw_network(draws: Draws, kind: NDArray[np.intp], floor: Floats, wall: Floats) -> Network:
    insulation = draws.uniform(0.6, 1.5)
    under_roof = (kind != FLAT) | draws.chance(0.25)
    on_ground = kind != FLAT
    built = [layers_of(parts, kind.astype(np.float64), insulation) for parts in (WALLS, ROOFS, FLOORS)]
    network = Network(len(kind), NODES.count)
    for zone in range(ZONES):
        ends = (
            (NODES.wall(zone), np.maximum(wall[:, zone], LEAST_WALL_M2), "wall", np.ones(len(kind))),
            (NODES.ceiling(zone), floor[:, zone], "ceiling", under_roof.astype(np.float64)),
            (NODES.floor(zone), floor[:, zone], "floor", on_ground.astype(np.float64)),
        )
        for layers, (first, area, name, exposed) in zip(built, ends, strict=True):
            outer = GROUND_M2_K_W if name == "floor" else OUTER_M2_K_W
            network.build(first, zone, layers, Surface(area, outer, INNER_W_M2_K[name], exposed))
        within = draws.uniform(0.8, 1.6) * floor[:, zone]
        network.capacity_j_k[:, NODES.contents(zone)] = within * PARTITION_J_M2_K
        network.join(NODES.contents(zone), zone, within * INNER_W_M2_K["wall"])
    _join_partitions(network, floor)
    return network


def _join_partitions(network: Network, floor: Floats) -> None:
    """Partitions between zones: a board on either side of an air gap of 0.18 m² K/W."""
    for pair, one, other in PARTITION_AIR:
        area = 0.5 * HEIGHT_M * np.sqrt(np.minimum(floor[:, one], floor[:, other]))
        face = NODES.partition(pair)
        for node, zone in ((face, one), (face + 1, other)):
            network.capacity_j_k[:, node] = area * PARTITION_J_M2_K / 2.0
            network.join(node, zone, area * INNER_W_M2_K["wall"])
        network.join(face, face + 1, area / 0.18)


def _draw_air(draws: Draws, flat: NDArray[np.bool_], volume: Floats, skin: Floats) -> AirPaths:
    """Blower-door values around 7 (houses) and 5 (flats) air changes at 50 Pa."""
    tested = np.clip(draws.lognormal(7.0, 0.45), 2.0, 20.0) * np.where(flat, 0.7, 1.0)
    doors = np.stack([0.8 + 0.0 * tested, draws.uniform(0.8, 2.0), 0.8 + 0.0 * tested], axis=1)
    return AirPaths(
        flow_m3_s_pa=flow_coefficient(tested, volume.sum(axis=1)),
        shelter=np.array(SHELTER)[np.floor(1.0 + 4.0 * draws.uniform()).astype(np.intp)],
        zone_share=skin / skin.sum(axis=1, keepdims=True),
        door_m=doors,
        closes_at_night=draws.chance(0.5),
        window_m2=draws.uniform(0.15, 0.6),
    )


def _radiant(floor: Floats, wall: Floats) -> Floats:
    """Area weights of the innermost nodes, taken for the surfaces; the glass is left out."""
    weights = np.zeros((len(floor), ZONES, NODES.count))
    for zone in range(ZONES):
        weights[:, zone, NODES.wall(zone) + LAYERS - 1] = wall[:, zone]
        weights[:, zone, NODES.ceiling(zone) + LAYERS - 1] = floor[:, zone]
        weights[:, zone, NODES.floor(zone) + LAYERS - 1] = floor[:, zone]
        weights[:, zone, NODES.contents(zone)] = floor[:, zone]
    return np.asarray(weights / weights.sum(axis=2, keepdims=True))
