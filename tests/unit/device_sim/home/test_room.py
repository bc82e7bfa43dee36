"""Rooms against hand calculation and against an independent integration of the same equations."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from device_sim.home.room import Room, RoomParameters, Surroundings, time_constants_s

NOTHING = np.zeros(1)
MakeHome = Callable[..., RoomParameters]
MakeSurroundings = Callable[..., Surroundings]


def still_home(make_home: MakeHome) -> RoomParameters:
    """A home so heavy that no temperature moves: what is left is air and moisture."""
    return make_home(air_capacity_j_k=np.array([1e15]), mass_capacity_j_k=np.array([1e15]))


def test_steady_state_is_that_of_the_conductances(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(make_home(), 3600.0, np.array([20.0]), np.array([20.0]))
    room.surround(make_surroundings(gain_w=np.array([400.0])))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    # 200 and 100 W/K in series are 66.67, beside 50: 116.67 W/K; 400 W / 116.67 W/K = 3.4286 K above 30 °C
    assert room.air_c == pytest.approx([33.4286], abs=1e-4)
    # the mass divides the difference 200 : 100
    assert room.mass_c == pytest.approx([32.2857], abs=1e-4)


def test_steady_state_load_holds_the_temperature(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    # 11 K x 116.67 W/K + 400 W = 1683.3 W must leave to hold 24 °C at 35 °C outdoors
    mass_c = (200.0 * 24.0 + 100.0 * 35.0) / 300.0
    room = Room(make_home(), 60.0, np.array([24.0]), np.array([mass_c]))
    room.surround(make_surroundings(outdoor_c=35.0, gain_w=np.array([400.0])))

    for _ in range(1000):
        room.advance(np.array([1683.3333]), NOTHING)

    assert room.air_c == pytest.approx([24.0], abs=1e-5)


def test_air_node_has_its_time_constant(make_home: MakeHome, make_surroundings: MakeSurroundings) -> None:
    heavy = make_home(mass_capacity_j_k=np.array([1e15]))
    room = Room(heavy, 100.0, np.array([30.0]), np.array([20.0]))
    room.surround(make_surroundings(outdoor_c=20.0))

    for _ in range(40):
        room.advance(NOTHING, NOTHING)

    # 1e6 J/K / (200 + 50) W/K = 4000 s: after that, 1/e of 10 K is left
    assert room.air_c == pytest.approx([20.0 + 10.0 / math.e], abs=1e-6)


def test_both_time_constants_are_the_roots_of_the_two_equations(make_home: MakeHome) -> None:
    fast_s, slow_s = time_constants_s(make_home(), NOTHING)

    # A = [[-250/1e6, 200/1e6], [200/1e7, -300/1e7]]: trace -2.8e-4, determinant 7.5e-9 - 4.0e-9 = 3.5e-9,
    # roots -(2.8e-4 -+ sqrt(7.84e-8 - 1.4e-8)) / 2 = -1.31142e-5 and -2.668858e-4 1/s: 21.18 h and 62.4 min
    assert slow_s == pytest.approx([76_253.0], rel=1e-4)
    assert fast_s == pytest.approx([3746.92], rel=1e-4)


def test_a_home_left_alone_decays_by_its_slow_time_constant(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(make_home(), 60.0, np.array([35.0]), np.array([35.0]))
    room.surround(make_surroundings(outdoor_c=20.0))
    for _ in range(600):  # ten hours: the fast part is gone
        room.advance(NOTHING, NOTHING)
    before_k = room.air_c - 20.0

    for _ in range(1271):  # 76 260 s
        room.advance(NOTHING, NOTHING)

    assert (room.air_c - 20.0) / before_k == pytest.approx([1.0 / math.e], rel=2e-4)


def test_the_step_is_exact_whatever_its_length(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    fine, coarse = (
        Room(make_home(), step_s, np.array([27.0]), np.array([24.0])) for step_s in (60.0, 3600.0)
    )
    for room in (fine, coarse):
        room.surround(make_surroundings(ghi_w_m2=700.0, gain_w=np.array([300.0]), wind_m_s=3.0))

    for _ in range(60):
        fine.advance(np.array([1500.0]), NOTHING)
    coarse.advance(np.array([1500.0]), NOTHING)

    assert fine.air_c == pytest.approx(coarse.air_c, abs=1e-10)
    assert fine.mass_c == pytest.approx(coarse.mass_c, abs=1e-10)


def test_sun_through_windows_warms_air_and_mass(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(
        make_home(area_m2=np.array([[0.0, 10.0, 0.0, 0.0]])), 3600.0, np.array([30.0]), NOTHING + 30.0
    )
    room.surround(make_surroundings(window_w_m2=np.array([90.0, 400.0, 80.0, 70.0])))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    # 10 m² x 0.6 x 0.5 x 400 W/m² = 1200 W, a quarter to the air: 200 (m - a) - 50 a + 300 = 0 and
    # 200 (a - m) - 100 m + 900 = 0 above the outdoors: a = 1350 / 175 = 7.7143 K, m = 1.25 a - 1.5 = 8.1429 K
    assert room.air_c == pytest.approx([37.7143], abs=1e-4)
    assert room.mass_c == pytest.approx([38.1429], abs=1e-4)


def test_the_sun_on_roof_and_walls_goes_through_the_mass(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(make_home(), 3600.0, np.array([30.0]), np.array([30.0]))
    room.surround(make_surroundings(ghi_w_m2=700.0))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    # 700 W into the mass leave by 100 W/K, and by 200 and 50 in series, 40 W/K: 5 K; the air has 4/5 of it
    assert room.mass_c == pytest.approx([35.0], abs=1e-4)
    assert room.air_c == pytest.approx([34.0], abs=1e-4)


def test_outdoor_air_carries_heat_in(make_home: MakeHome, make_surroundings: MakeSurroundings) -> None:
    still = still_home(make_home)
    room = Room(still, 60.0, np.array([20.0]), np.array([20.0]))
    room.surround(make_surroundings(outdoor_c=30.0, wind_m_s=2.0, window_open=np.array([True])))

    # 0.4 m² / 2 x sqrt(0.001 x 4 + 0.0035 x 1.2 x 10 + 0.01) = 0.2 x sqrt(0.056) = 0.0473286 m³/s
    assert room.outdoor_air_m3_s == pytest.approx([0.0473286], rel=1e-6)
    # x 1.2 kg/m³ x 1006 J/(kg K) = 57.135 W/K, beside 50 of the walls' windows
    assert still.air_outdoor_w_k(room.outdoor_air_m3_s) == pytest.approx([107.135], abs=1e-3)


def test_an_open_window_warms_the_home_by_its_air_change(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    heavy = make_home(air_capacity_j_k=np.array([1e9]))
    closed, opened = (Room(heavy, 60.0, np.array([20.0]), np.array([20.0])) for _ in range(2))
    for room, is_open in ((closed, False), (opened, True)):
        room.surround(make_surroundings(wind_m_s=2.0, window_open=np.array([is_open])))
        room.advance(NOTHING, NOTHING)

    # 571.35 W more over 60 s into 1e9 J/K
    assert opened.air_c - closed.air_c == pytest.approx([571.35 * 60.0 / 1e9], rel=1e-3)


def test_humidity_approaches_the_outdoors_through_an_open_window(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(still_home(make_home), 60.0, np.array([20.0]), np.array([20.0]))
    outside = make_surroundings(
        outdoor_c=30.0, wind_m_s=2.0, window_open=np.array([True]), outdoor_humidity_ratio=0.019
    )
    room.surround(outside)

    # 15 x 200 m³ / 0.0473286 m³/s = 63 387 s: after that, 1/e of the first 10 g/kg is left
    for _ in range(1056):  # 63 360 s
        room.advance(NOTHING, NOTHING)
    assert room.humidity_ratio == pytest.approx([0.019 - 0.010 / math.e], abs=3e-6)
    for _ in range(20_000):
        room.advance(NOTHING, NOTHING)
    assert room.humidity_ratio == pytest.approx([0.019], abs=1e-6)


def test_moisture_settles_where_outdoor_air_carries_away_what_people_give(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    aired = make_home(fan_m3_s=np.array([0.01]))
    room = Room(aired, 3600.0, np.array([24.0]), np.array([24.0]))
    # 0.1 kg/h into 0.012 kg/s of dry air (1.2 kg/m³) is 2.315 g/kg above the outdoor 10 g/kg
    room.surround(make_surroundings(outdoor_c=24.0, moisture_kg_s=np.array([0.1 / 3600.0])))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    assert room.humidity_ratio == pytest.approx([0.0123148], abs=1e-6)


def test_condensing_dries_the_air_by_the_heat_of_vaporisation(
    make_home: MakeHome, make_surroundings: MakeSurroundings
) -> None:
    room = Room(make_home(), 60.0, np.array([24.0]), np.array([24.0]))
    room.surround(make_surroundings())

    for _ in range(10):
        room.advance(NOTHING, np.array([500.0]))

    # 500 W x 600 s / 2.501 MJ/kg = 0.11995 kg out of 15 x 1.2 kg/m³ x 200 m³ = 3600 kg, from 9 g/kg
    assert room.humidity_ratio == pytest.approx([0.009 - 0.11995 / 3600.0], abs=1e-8)
