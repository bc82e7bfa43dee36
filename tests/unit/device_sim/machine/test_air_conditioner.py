"""Machines against published curves and hand calculation."""

import numpy as np
import pytest

from device_sim.machine.air_conditioner import (
    CAPACITY_INVERTER_C,
    CAPACITY_SINGLE_SPEED_F,
    AirConditioner,
    Curves,
    MachineParameters,
    _select,
    draw_machines,
    sensible_ratio,
)
from device_sim.noise import Draws, Noise, Stream
from device_sim.psychrometrics import humidity_ratio

SINGLE, INVERTER = np.array([False]), np.array([True])
COOL = np.array([True])
SETPOINT_C = np.array([24.0])


def machine(inverter: bool = False, **changes: float) -> MachineParameters:  # noqa: FBT001, FBT002 - a builder
    values = {
        "capacity_w": 5000.0,
        "rated_cop": 3.5,
        "fan_w": 0.0,
        "standby_w": 0.0,
        "on_above_k": 0.4,
        "off_below_k": 0.4,
        "band_k": 1.0,
        "slowest_ratio": 0.25 if inverter else 1.0,
        "min_on_s": 180.0,
        "min_off_s": 180.0,
        "sensor_lag_s": 1e-3,
    } | changes
    return MachineParameters(
        inverter=np.array([inverter]), **{name: np.array([value]) for name, value in values.items()}
    )


def started(parameters: MachineParameters, air_c: float = 26.7, outdoor_c: float = 35.0) -> AirConditioner:
    unit = AirConditioner(parameters, 60.0, np.array([air_c]))
    unit.face(np.array([air_c]), humidity_ratio(air_c, np.array([50.6])), outdoor_c, np.zeros(1))
    return unit


def test_coefficients_in_celsius_are_those_published_after_conversion() -> None:
    # the tests of openstudio-standards have the same curve in SI, to four digits
    converted = _select(SINGLE, CAPACITY_INVERTER_C, CAPACITY_SINGLE_SPEED_F)[:, 0]

    assert converted == pytest.approx([1.5509, -0.07505, 0.003097, 0.0024, -5.0544e-5, -0.000427], rel=2e-3)


@pytest.mark.parametrize("kind", [SINGLE, INVERTER])
def test_curves_are_one_at_the_rating_point(kind: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    curves = Curves(kind)

    assert curves.capacity_ratio(19.4, 35.0) == pytest.approx([1.0])
    assert curves.input_ratio(19.4, 35.0) == pytest.approx([1.0])


def test_heat_wave_costs_capacity_and_efficiency_as_in_the_source() -> None:
    # Cutler et al. (2013) at 67 °F and 115 °F, by hand: capacity 0.8827 / 0.9939, input ratio 1.4648 / 1.0092
    curves = Curves(SINGLE)

    assert curves.capacity_ratio(19.444, 46.111) == pytest.approx([0.8881], abs=2e-3)
    assert curves.input_ratio(19.444, 46.111) == pytest.approx([1.4515], abs=4e-3)


def test_cop_at_the_rating_point_is_the_rated_one() -> None:
    unit = started(machine())
    for _ in range(30):
        unit.run(np.array([26.7]), SETPOINT_C, COOL)

    cooling_w = unit.sensible_w + unit.latent_w
    assert cooling_w == pytest.approx([5000.0], rel=0.02)  # Stull's wet bulb is within 0.4 K here
    assert cooling_w / unit.electric_w == pytest.approx([3.5], rel=0.02)


def test_an_inverter_at_half_speed_needs_less_than_a_third_of_the_power() -> None:
    unit = started(machine(inverter=True))
    for _ in range(30):
        unit.run(np.array([30.0]), SETPOINT_C, COOL)
    full_w = unit.electric_w
    for _ in range(30):
        unit.run(np.array([24.0]), SETPOINT_C, COOL)

    assert unit.ratio == pytest.approx([0.5])
    # 0.1008 - 0.1315 x 0.5 + 1.0309 x 0.25 = 0.2927 (NREL ResStock's curve, by hand)
    assert unit.electric_w / full_w == pytest.approx([0.2927], abs=1e-3)


def test_a_started_coil_gives_less_than_half_in_its_first_minute() -> None:
    unit = started(machine())

    unit.run(np.array([26.7]), SETPOINT_C, COOL)
    first_w = unit.sensible_w + unit.latent_w
    for _ in range(20):
        unit.run(np.array([26.7]), SETPOINT_C, COOL)

    # 1 - 45/60 (1 - exp(-60/45)) = 0.4477
    assert first_w / (unit.sensible_w + unit.latent_w) == pytest.approx([0.4477], abs=1e-3)


def test_single_speed_keeps_its_deadband() -> None:
    unit = started(machine())
    for _ in range(4):  # it has run its shortest time
        unit.run(np.array([24.5]), SETPOINT_C, COOL)
    running = []
    for air_c in (24.3, 23.7, 23.5, 24.3):
        unit.run(np.array([air_c]), SETPOINT_C, COOL)
        running.append(bool(unit.on[0]))

    assert running == [True, True, False, False]


def test_the_compressor_rests_and_runs_its_shortest_times() -> None:
    unit = started(machine())
    running = []
    for air_c in (25.0, 20.0, 20.0, 20.0, 28.0, 28.0, 28.0, 28.0):
        unit.run(np.array([air_c]), SETPOINT_C, COOL)
        running.append(bool(unit.on[0]))

    # starts, must run 3 minutes, stops, must rest 3 minutes, starts
    assert running == [True, True, True, False, False, False, True, True]


def test_mode_off_stops_at_once() -> None:
    unit = started(machine(standby_w=5.0))
    unit.run(np.array([28.0]), SETPOINT_C, COOL)

    unit.run(np.array([28.0]), SETPOINT_C, ~COOL)

    assert not unit.on[0]
    assert unit.electric_w == pytest.approx([5.0])
    assert unit.sensible_w == pytest.approx([0.0])


def test_fan_heat_is_taken_off_the_cooling_and_on_the_bill() -> None:
    still, blown = started(machine()), started(machine(fan_w=150.0))
    for unit in (still, blown):
        for _ in range(20):
            unit.run(np.array([26.7]), SETPOINT_C, COOL)

    assert still.sensible_w - blown.sensible_w == pytest.approx([150.0])
    assert blown.electric_w - still.electric_w == pytest.approx([150.0])


def test_sensible_share_at_the_rating_point_is_three_quarters() -> None:
    # 26.7 °C, 50.6 %: h = 55.5 kJ/kg; 1 W / 6.2e-5 kg/(s W) = 16.1 kJ/kg, / 0.9 = 17.9: 37.6 kJ/kg is
    # saturated at 13.4 °C with 9.6 g/kg; (h(26.7 °C, 9.6 g/kg) - 37.6) / 17.9 = (51.3 - 37.6) / 17.9 = 0.77
    share = sensible_ratio(np.array([26.7]), humidity_ratio(26.7, np.array([50.6])), np.array([1 / 6.2e-5]))

    assert share == pytest.approx([0.77], abs=0.015)


def test_dry_air_gives_no_condensate() -> None:
    assert sensible_ratio(np.array([26.7]), np.array([0.004]), np.array([1 / 6.2e-5])) == pytest.approx([1.0])


def test_sensor_follows_the_air_with_its_lag() -> None:
    unit = AirConditioner(machine(sensor_lag_s=120.0), 60.0, np.array([24.0]))
    for _ in range(2):
        unit.run(np.array([25.0]), SETPOINT_C, COOL)

    assert unit.sensed_c == pytest.approx([25.0 - np.exp(-1.0)])


def test_some_machines_are_too_small_for_the_design_day_and_most_are_too_large() -> None:
    load_w = np.full(1000, 5000.0)
    machines = draw_machines(Draws(Noise(1, "train", 1000), Stream.MACHINE), load_w, 43.0)

    at_design = machines.capacity_w * Curves(machines.inverter).capacity_ratio(16.9, 43.0)
    assert (at_design < 0.9 * load_w).mean() == pytest.approx(0.12, abs=0.03)
    assert np.median(at_design / load_w) == pytest.approx(1.22, abs=0.05)
    assert machines.inverter.mean() == pytest.approx(0.45, abs=0.05)
