"""Rooms against hand calculation and against an independent integration of the same equations."""

import math
from dataclasses import replace

import numpy as np
import pytest

from device_sim.home.room import Room, RoomParameters, Surroundings, design_sensible_load_w, draw_rooms
from device_sim.noise import Draws, Noise, Stream

NOTHING = np.zeros(1)

HOME = RoomParameters(
    floor_area_m2=np.array([80.0]),
    air_capacity_j_k=np.array([1e6]),
    mass_capacity_j_k=np.array([1e7]),
    air_mass_w_k=np.array([200.0]),
    window_w_k=np.array([50.0]),
    envelope_w_k=np.array([100.0]),
    infiltration_m3_s=np.array([1e-12]),
    solar_air_m2=np.array([2.0]),
    solar_mass_m2=np.array([1.0]),
)


def surroundings(outdoor_c: float = 30.0, ghi_w_m2: float = 0.0, gain_w: float = 0.0) -> Surroundings:
    return Surroundings(outdoor_c, 0.010, ghi_w_m2, np.array([gain_w]), np.array([0.0]))


def test_steady_state_is_that_of_the_conductances() -> None:
    room = Room(HOME, 3600.0, np.array([20.0]), np.array([20.0]))
    room.surround(surroundings(gain_w=400.0))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    # 200 and 100 W/K in series are 66.67, beside 50: 116.67 W/K; 400 W / 116.67 W/K = 3.4286 K above 30 °C
    assert room.air_c == pytest.approx([33.4286], abs=1e-4)
    # the mass divides the difference 200 : 100
    assert room.mass_c == pytest.approx([32.2857], abs=1e-4)


def test_steady_state_load_holds_the_temperature() -> None:
    # 11 K x 116.67 W/K + 400 W = 1683.3 W must leave to hold 24 °C at 35 °C outdoors
    mass_c = (200.0 * 24.0 + 100.0 * 35.0) / 300.0
    room = Room(HOME, 60.0, np.array([24.0]), np.array([mass_c]))
    room.surround(surroundings(outdoor_c=35.0, gain_w=400.0))

    for _ in range(1000):
        room.advance(np.array([1683.3333]), NOTHING)

    assert room.air_c == pytest.approx([24.0], abs=1e-5)


def test_air_node_has_its_time_constant() -> None:
    heavy = replace(HOME, mass_capacity_j_k=np.array([1e15]))
    room = Room(heavy, 100.0, np.array([30.0]), np.array([20.0]))
    room.surround(surroundings(outdoor_c=20.0))

    for _ in range(40):
        room.advance(NOTHING, NOTHING)

    # 1e6 J/K / (200 + 50) W/K = 4000 s: after that, 1/e of 10 K is left
    assert room.air_c == pytest.approx([20.0 + 10.0 / math.e], abs=1e-6)


def test_the_step_is_exact_whatever_its_length() -> None:
    fine, coarse = (Room(HOME, step_s, np.array([27.0]), np.array([24.0])) for step_s in (60.0, 3600.0))
    for room in (fine, coarse):
        room.surround(surroundings(ghi_w_m2=700.0, gain_w=300.0))

    for _ in range(60):
        fine.advance(np.array([1500.0]), NOTHING)
    coarse.advance(np.array([1500.0]), NOTHING)

    assert fine.air_c == pytest.approx(coarse.air_c, abs=1e-10)
    assert fine.mass_c == pytest.approx(coarse.mass_c, abs=1e-10)


def _flows(air: float, mass: float, minute: int) -> tuple[float, float]:
    """Net heat into air and mass [W]: written again from the docstring of the module."""
    outdoor, ghi, gain, coil = _day(minute)
    into_air = 200.0 * (mass - air) + 50.0 * (outdoor - air) + 2.0 * ghi + gain - coil
    return into_air, 200.0 * (air - mass) + 100.0 * (outdoor - mass) + 1.0 * ghi


def _day(minute: int) -> tuple[float, float, float, float]:
    phase = 2.0 * math.pi * minute / 1440.0
    coil = 2500.0 if minute // 10 % 2 else 0.0
    return 32.0 - 6.0 * math.cos(phase), max(0.0, -900.0 * math.cos(phase)), 350.0, coil


def _runge_kutta_minute(air: float, mass: float, minute: int) -> tuple[float, float, float]:
    """A minute in steps of 2 s; also returns the heat that came in [J]."""
    heat, h = 0.0, 2.0
    for _ in range(30):
        a1, m1 = _flows(air, mass, minute)
        a2, m2 = _flows(air + h / 2 * a1 / 1e6, mass + h / 2 * m1 / 1e7, minute)
        a3, m3 = _flows(air + h / 2 * a2 / 1e6, mass + h / 2 * m2 / 1e7, minute)
        a4, m4 = _flows(air + h * a3 / 1e6, mass + h * m3 / 1e7, minute)
        into_air, into_mass = (a1 + 2 * a2 + 2 * a3 + a4) / 6, (m1 + 2 * m2 + 2 * m3 + m4) / 6
        air, mass, heat = (
            air + h * into_air / 1e6,
            mass + h * into_mass / 1e7,
            heat + h * (into_air + into_mass),
        )
    return air, mass, heat


def test_energy_balance_closes_to_one_millionth_over_a_day() -> None:
    room = Room(HOME, 60.0, np.array([25.0]), np.array([26.0]))
    air, mass, heat_j, throughput_j = 25.0, 26.0, 0.0, 0.0

    for minute in range(1440):
        outdoor, ghi, gain, coil = _day(minute)
        room.surround(surroundings(outdoor, ghi, gain))
        room.advance(np.array([coil]), NOTHING)
        air, mass, came_j = _runge_kutta_minute(air, mass, minute)
        heat_j, throughput_j = heat_j + came_j, throughput_j + 60.0 * (gain + coil + 3.0 * ghi)

    assert room.air_c == pytest.approx([air], abs=1e-8)
    assert room.mass_c == pytest.approx([mass], abs=1e-8)
    stored_j = 1e6 * (float(room.air_c[0]) - 25.0) + 1e7 * (float(room.mass_c[0]) - 26.0)
    assert abs(stored_j - heat_j) < 1e-6 * throughput_j


def test_moisture_settles_where_leakage_carries_away_what_people_give() -> None:
    leaky = replace(HOME, infiltration_m3_s=np.array([0.01]))
    room = Room(leaky, 3600.0, np.array([24.0]), np.array([24.0]))
    # 0.1 kg/h into 0.012 kg/s of dry air (1.2 kg/m³) is 2.315 g/kg above the outdoor 10 g/kg
    room.surround(Surroundings(24.0, 0.010, 0.0, np.zeros(1), np.array([0.1 / 3600.0])))

    for _ in range(24 * 60):
        room.advance(NOTHING, NOTHING)

    assert room.humidity_ratio == pytest.approx([0.0123148], abs=1e-6)


def test_condensing_dries_the_air_by_the_heat_of_vaporisation() -> None:
    tight = replace(HOME, infiltration_m3_s=np.array([1e-9]))
    room = Room(tight, 60.0, np.array([24.0]), np.array([24.0]))
    room.surround(surroundings())

    for _ in range(10):
        room.advance(NOTHING, np.array([500.0]))

    # 500 W x 600 s / 2.501 MJ/kg = 0.11995 kg out of 15 x 1.2 kg/m³ x 200 m³ = 3600 kg, from 9 g/kg
    assert room.humidity_ratio == pytest.approx([0.009 - 0.11995 / 3600.0], abs=1e-8)


def test_design_load_under_constant_conditions_is_the_steady_one() -> None:
    load = design_sensible_load_w(HOME, 24.0, np.full(24, 35.0), np.zeros(24), np.array([400.0]))

    assert load == pytest.approx([1683.33], abs=0.1)  # as above


def test_drawn_homes_run_from_light_to_heavy() -> None:
    homes = draw_rooms(Draws(Noise(1, "train", 500), Stream.ROOM))

    capacity_kj = homes.mass_capacity_j_k / homes.floor_area_m2 / 1000.0
    assert capacity_kj.min() >= 50.0
    assert capacity_kj.max() <= 370.0  # ISO 13790:2008, table 12: very heavy
    loss_w_m2_k = (homes.air_outdoor_w_k + homes.envelope_w_k) / homes.floor_area_m2
    assert 1.0 < np.median(loss_w_m2_k) < 2.5
