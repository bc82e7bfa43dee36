"""The installer's load against hand calculation, and in a plausible range."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.design import sunny_design_day
from device_sim.home.room import RoomParameters
from device_sim.home.sizing import DesignDay, design_sensible_load_w
from device_sim.homes import build_homes
from device_sim.specification import FleetSpec

GAIN = np.array([400.0])


def steady(window_w_m2: float = 0.0, ghi_w_m2: float = 0.0) -> DesignDay:
    return DesignDay(np.full(24, 35.0), np.full(24, ghi_w_m2), np.full((24, 4), window_w_m2))


def test_under_constant_conditions_it_is_the_steady_load(make_home: Callable[..., RoomParameters]) -> None:
    load = design_sensible_load_w(make_home(), 24.0, steady(), GAIN)

    assert load == pytest.approx([1683.33], abs=0.1)  # 11 K x 116.67 W/K + 400 W


def test_sun_and_infiltration_add_to_it(make_home: Callable[..., RoomParameters]) -> None:
    home = make_home(area_m2=np.array([[0.0, 2.0, 3.0, 5.0]]), leakage_m2=np.array([0.05]))

    load = design_sensible_load_w(home, 24.0, steady(window_w_m2=400.0, ghi_w_m2=600.0), GAIN)

    # 10 m² x 0.3 x 400 = 1200 W, 300 to the air, and 600 through the roof:
    # mass (200 x 24 + 100 x 35 + 900 + 600) / 300 = 32.6667 °C; 200 x 8.6667 + 50 x 11 + 300 + 400 = 2983.3 W
    # 0.05 x sqrt(0.0145 x 11 + 0.0104 x 3.35²) = 0.0262780 m³/s, x 1207.2 x 11 = 348.95 W
    assert load == pytest.approx([2983.33 + 348.95], abs=0.1)


def test_the_sun_comes_from_the_east_first_and_as_long_from_the_west() -> None:
    north, east, south, west = sunny_design_day("hot_dry").window_w_m2.T

    assert int(np.argmax(east)) in {7, 8, 9}
    assert int(np.argmax(west)) in {15, 16, 17}
    assert east.sum() == pytest.approx(west.sum(), rel=0.05)
    assert east.max() > 2.0 * north.max()
    assert south[12] > east[12] * 0.9


@pytest.mark.parametrize(
    "archetype", ["wood_frame_old", "wood_frame_tight", "masonry_detached", "heavy_block"]
)
def test_detached_homes_in_a_hot_climate_need_what_installers_reckon(archetype: str) -> None:
    spec = FleetSpec(homes=300, seed=1, start=datetime(2025, 7, 1, 7, tzinfo=UTC), archetype=archetype)
    rooms = build_homes(spec, 1, None).rooms

    per_floor = design_sensible_load_w(rooms, 24.0, sunny_design_day("hot_dry"), 8.0 * rooms.floor_area_m2)

    # rule of thumb: a ton (3.5 kW) cools 40 to 110 m², old to new: 30 to 90 W/m² with the latent part
    assert 20.0 < np.median(per_floor / rooms.floor_area_m2) < 80.0
