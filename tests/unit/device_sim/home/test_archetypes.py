"""Archetypes: shares, published ranges, time constants."""

from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.errors import UnknownArchetypeError
from device_sim.fleet import Fleet
from device_sim.home.archetypes import ARCHETYPES, NAMES, Kinds
from device_sim.home.building import draw_rooms
from device_sim.home.room import RoomParameters, time_constants_s
from device_sim.home.solar import sum_facades
from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.specification import FleetSpec

START = datetime(2025, 7, 1, 7, tzinfo=UTC)


def rooms_of(archetype: str | None, homes: int = 400) -> RoomParameters:
    draws = Draws(Noise(1, "train", homes), Stream.ROOM)
    return draw_rooms(Kinds(draws, archetype), draws)


def by_eigenvalues_h(p: RoomParameters, air_m3_s: Floats) -> Floats:
    """Time constants [h], `(homes, 2)`, fast first: the matrix written again, solved by LAPACK."""
    outdoor = p.window_w_k + 1.2 * 1006.0 * air_m3_s
    a, b = -(p.air_mass_w_k + outdoor) / p.air_capacity_j_k, p.air_mass_w_k / p.air_capacity_j_k
    c, d = p.air_mass_w_k / p.mass_capacity_j_k, -(p.air_mass_w_k + p.envelope_w_k) / p.mass_capacity_j_k
    matrices = np.stack([np.stack([a, b], axis=-1), np.stack([c, d], axis=-1)], axis=-2)
    rates = np.sort(-np.linalg.eigvals(matrices), axis=-1)[:, ::-1]
    return np.asarray(1.0 / rates / 3600.0, dtype=np.float64)


def test_shares_add_up_and_are_drawn() -> None:
    codes = Kinds(Draws(Noise(1, "train", 20_000), Stream.ROOM)).codes

    assert sum(kind.share for kind in ARCHETYPES) == pytest.approx(1.0)
    drawn = np.bincount(codes, minlength=len(NAMES)) / len(codes)
    assert drawn == pytest.approx([kind.share for kind in ARCHETYPES], abs=0.01)


def test_houses_leak_as_measured_in_us_houses() -> None:
    draws = Draws(Noise(1, "train", 20_000), Stream.ROOM)
    kinds = Kinds(draws)
    rooms, houses = draw_rooms(kinds, draws), kinds.codes < NAMES.index("apartment_mid_floor")
    storeys = np.where(rooms.openings.stack_m2_s2_k > 0.02, 2.0, 1.0)

    normalized = 1000.0 * rooms.openings.leakage_m2 / rooms.floor_area_m2 * storeys**0.3

    # Chan, Joh & Sherman (2013): median 0.67, 90 % of homes within 0.22 and 1.95
    low, median, high = np.percentile(normalized[houses], [5.0, 50.0, 95.0])
    assert median == pytest.approx(0.67, rel=0.15)
    assert low == pytest.approx(0.22, rel=0.25)
    assert high == pytest.approx(1.95, rel=0.25)


@pytest.mark.parametrize(
    ("archetype", "low_h", "high_h"),
    [("manufactured_home", 5.0, 15.0), ("wood_frame_old", 8.0, 35.0), ("heavy_block", 50.0, 130.0)],
)
def test_time_constants_are_those_of_such_buildings(archetype: str, low_h: float, high_h: float) -> None:
    rooms = rooms_of(archetype)
    air_m3_s = rooms.openings.flow_m3_s(np.full(400, 8.0), 3.0, np.zeros(400, dtype=np.bool_))

    fast_s, slow_s = time_constants_s(rooms, air_m3_s)

    expected_h = by_eigenvalues_h(rooms, air_m3_s)
    assert fast_s / 3600.0 == pytest.approx(expected_h[:, 0], rel=1e-9)
    assert slow_s / 3600.0 == pytest.approx(expected_h[:, 1], rel=1e-9)
    assert low_h < np.percentile(slow_s, 10) / 3600.0
    assert np.percentile(slow_s, 90) / 3600.0 < high_h
    assert 5.0 < np.median(fast_s) / 60.0 < 60.0


def test_heavy_block_is_slower_than_sixty_hours() -> None:
    rooms = rooms_of("heavy_block")

    # left closed and calm, in the limit of a fast air node: C / UA
    ua = rooms.envelope_w_k + rooms.window_w_k
    assert np.median(rooms.mass_capacity_j_k / ua) / 3600.0 > 60.0


def test_a_neighbour_above_is_worth_a_roof() -> None:
    mid, top = rooms_of("apartment_mid_floor"), rooms_of("apartment_top_floor")

    assert (mid.envelope_w_k < top.envelope_w_k).mean() > 0.99
    assert np.median(mid.opaque_solar_m2) < 0.5 * np.median(top.opaque_solar_m2)


def test_mass_is_within_the_classes_of_iso_13790() -> None:
    capacity_kj = rooms_of(None, 5000).mass_capacity_j_k / rooms_of(None, 5000).floor_area_m2 / 1000.0

    assert capacity_kj.min() >= 60.0  # a trailer may be lighter than "very light", 80
    assert capacity_kj.max() <= 370.0  # table 12: very heavy


def test_windows_look_in_all_directions() -> None:
    area = rooms_of(None, 5000).windows.area_m2

    assert (area >= 0.0).all()
    assert area.mean(axis=0) / area.mean() == pytest.approx(np.ones(4), abs=0.1)
    assert (sum_facades(area) > 0.5).all()


def test_a_fleet_can_be_of_one_kind() -> None:
    fleet = Fleet(FleetSpec(homes=5, seed=1, start=START, archetype="heavy_block"), 1)

    assert fleet.archetypes == ("heavy_block",) * 5


def test_a_home_is_the_same_kind_in_a_fleet_of_any_size() -> None:
    small, large = (Fleet(FleetSpec(homes=homes, seed=1, start=START), 1) for homes in (3, 40))

    assert small.archetypes == large.archetypes[:3]
    assert len(set(large.archetypes)) > 3


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownArchetypeError, match="igloo"):
        Fleet(FleetSpec(homes=1, seed=1, start=START, archetype="igloo"), 1)
