"""The equations of the second family against hand calculations and published values."""

import numpy as np
import pytest

from device_sim.machine.faults import MachineCondition
from device_sim.noise import Draws, Noise, Stream
from device_sim.zoned.air_exchange import exchange
from device_sim.zoned.behaviour import chosen
from device_sim.zoned.dwellings import draw_dwellings
from device_sim.zoned.machine import CAPACITY, INPUT, RATED, UnitaryMachines, at, draw_machines
from device_sim.zoned.materials import BRICK_WALL, LAYERS, WOOL_AND_STUDS, layers_of
from device_sim.zoned.network import Network, Surface, times
from device_sim.zoned.sensation import adapted_k, felt_c


def noise(homes: int = 5) -> Noise:
    return Noise(3, "validate", homes)


def brick_wall() -> Network:
    """A square metre between an air node that is held and the outside."""
    layers = layers_of((BRICK_WALL,), np.zeros(1), np.ones(1))
    network = Network(1, 1 + LAYERS)
    network.build(1, 0, layers, Surface(np.ones(1), 0.04, 1.0 / 0.13, np.ones(1)))
    network.capacity_j_k[:, 0] = 1e15
    return network


def test_a_wall_in_the_steady_state_passes_what_its_resistances_in_series_do() -> None:
    network = brick_wall()
    stepper = network.stepper_k_w(1e9)
    node_c = np.full((1, 1 + LAYERS), 20.0)

    node_c = times(stepper, network.capacity_j_k / 1e9 * node_c + network.outside_w_k * 30.0)

    flow_w = network.outside_w_k[0, 1] * (30.0 - node_c[0, 1])
    # 100 mm brick, 40 mm foam, 2 x 60 mm brick, 15 mm render, surfaces of ISO 6946
    resistance = 0.04 + 0.22 / 0.77 + 0.04 / 0.036 + 0.015 / 1.0 + 0.13
    assert flow_w == pytest.approx(10.0 / resistance, rel=1e-3)


def test_a_heavy_wall_delays_and_damps_a_daily_wave() -> None:
    network = brick_wall()
    stepper = network.stepper_k_w(300.0)
    node_c = np.full((1, 1 + LAYERS), 20.0)
    inner = []
    for step in range(4 * 288):
        outdoor_c = 20.0 + 10.0 * np.sin(2.0 * np.pi * step / 288.0)
        node_c = times(stepper, network.capacity_j_k / 300.0 * node_c + network.outside_w_k * outdoor_c)
        inner.append(node_c[0, LAYERS])
    last = np.array(inner[-288:])

    assert 0.05 < np.ptp(last) < 4.0  # of 20 K outdoors
    assert 3.0 < (int(last.argmax()) - 72) / 12.0 < 14.0  # hours behind the outdoor peak


def test_insulation_differs_between_homes_and_other_layers_do_not() -> None:
    layers = layers_of((BRICK_WALL,), np.zeros(2), np.array([1.0, 2.0]))

    assert layers.resistance_m2_k_w[1, 1] == 2.0 * layers.resistance_m2_k_w[0, 1]
    assert (layers.resistance_m2_k_w[1, [0, 2, 3, 4]] == layers.resistance_m2_k_w[0, [0, 2, 3, 4]]).all()
    assert WOOL_AND_STUDS.conductivity_w_m_k > 0.04


def test_air_through_doors_takes_nothing_away_and_evens_out() -> None:
    flow = np.array([[0.1, 0.2, 0.05]])
    brought = exchange(flow, np.array([[24.0, 26.0, 25.0]]))

    assert brought.sum() == pytest.approx(0.0, abs=1e-12)
    assert brought[0, 0] == pytest.approx(0.1 * 2.0 + 0.2 * 1.0)
    assert brought[0, 1] < 0.0


def test_leaks_grow_with_wind_and_with_the_difference_and_match_a_hand_calculation() -> None:
    air = draw_dwellings(Draws(noise(), Stream.ROOM), None).air
    calm, windy = air.leaks_m3_s(np.full(5, 10.0), 0.0), air.leaks_m3_s(np.full(5, 10.0), 6.0)

    assert calm == pytest.approx(air.flow_m3_s_pa * 0.054 * 10.0**0.67)
    assert (windy > 1.05 * calm).all()
    assert air.leaks_m3_s(np.full(5, -10.0), 0.0) == pytest.approx(calm)


def test_curves_are_one_at_the_rating_point_and_fall_as_it_gets_hotter_outdoors() -> None:
    wet_bulb = np.array([RATED[0]])

    assert at(CAPACITY, wet_bulb, RATED[1]) == pytest.approx(1.0)
    assert at(CAPACITY, wet_bulb, 45.0) < 0.95
    assert at(INPUT, wet_bulb, 45.0) > 1.15


def machine(homes: int = 5) -> UnitaryMachines:
    drawn = draw_machines(Draws(noise(homes), Stream.MACHINE), np.full((homes, 3), 2000.0), 0.8, 40.0)
    return UnitaryMachines(drawn, 60.0, np.full(homes, 25.0))


def test_a_compressor_runs_and_rests_at_least_as_long_as_it_must() -> None:
    one = machine()
    one.face(np.full(5, 25.0), np.full(5, 0.010), 35.0, np.zeros(5))
    states = []
    for minute in range(240):
        room_c = np.where(minute % 2, 30.0, 18.0) * np.ones(5)  # it would like to switch every minute
        one.run(room_c, np.full(5, 24.0), np.ones(5, dtype=np.bool_))
        states.append(one.on.copy())
    runs = np.diff(np.flatnonzero(np.diff(np.array(states)[:, 0].astype(int)) != 0))

    shortest = one.parameters.min_run_s[0] / 60.0
    assert len(runs) > 3
    assert runs.min() >= shortest


def test_a_machine_that_cycles_cools_less_for_its_electricity_by_the_part_load_factor() -> None:
    one = machine()
    one.face(np.full(5, 25.0), np.full(5, 0.010), 35.0, np.zeros(5))
    always = np.ones(5, dtype=np.bool_)
    one.run(np.full(5, 30.0), np.full(5, 20.0), always)
    first_w = one.sensible_w + one.latent_w
    for _ in range(60 * 12):
        one.run(np.full(5, 30.0), np.full(5, 20.0), always)
    steady_w = one.sensible_w + one.latent_w

    assert (one.ratio == 1.0).all()
    single = ~one.parameters.two_stage
    loss = 1.0 - first_w[single] / steady_w[single]
    assert (loss > 0.5 * one.parameters.degradation[single] * 0.6).all()
    assert (loss < one.parameters.degradation[single]).all()


def test_a_coil_with_little_refrigerant_cools_less() -> None:
    sound, low = machine(), machine()
    low.condition = MachineCondition(np.ones(5), np.full(5, 0.7), np.zeros(5), np.zeros(5, dtype=np.bool_))
    for one in (sound, low):
        one.face(np.full(5, 25.0), np.full(5, 0.010), 35.0, np.zeros(5))
        one.run(np.full(5, 35.0), np.full(5, 20.0), np.ones(5, dtype=np.bool_))

    assert (low.sensible_w < 0.97 * sound.sensible_w).all()


def test_damp_air_feels_warmer_by_the_slopes_of_rohles_and_nevins() -> None:
    dry, damp = felt_c(np.array([25.0]), np.array([0.008])), felt_c(np.array([25.0]), np.array([0.012]))

    # 0.004 kg/kg are 0.63 kPa near sea level, and 1.144 K/kPa
    assert (damp - dry)[0] == pytest.approx(0.63 * 1.144, rel=0.02)


def test_neutral_follows_a_lasting_heat_wave_by_nine_hundredths_of_a_kelvin_for_each() -> None:
    adapted = adapted_k(np.full(40, 30.0), 25.0)

    assert adapted[0] == 0.0
    assert adapted[-1] == pytest.approx(0.09 * 5.0, rel=0.01)


def test_a_choice_made_in_six_steps_is_as_likely_as_in_half_an_hour() -> None:
    logit = np.array([-2.0, 0.0, 3.0])

    together = 1.0 - (1.0 - chosen(logit, 300)) ** 6

    assert together == pytest.approx(1.0 / (1.0 + np.exp(-logit)))
