"""Faults of known size against their equations, worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.machine.air_conditioner import AirConditioner
from device_sim.machine.faults import MachineCondition, degradation
from device_sim.machine.parameters import MachineParameters

COOL, SETPOINT_C, AIR_C = np.array([True]), np.array([24.0]), np.array([26.7])
MakeMachine = Callable[..., MachineParameters]
MakeCondition = Callable[..., MachineCondition]
Start = Callable[..., AirConditioner]


def settled(unit: AirConditioner) -> AirConditioner:
    for _ in range(20):
        unit.run(AIR_C, SETPOINT_C, COOL)
    return unit


def test_sound_machines_lose_nothing() -> None:
    capacity, input_ = degradation(MachineCondition.sound(3), np.array([20.0, 24.0, 28.0]), 40.0)

    assert capacity == pytest.approx([1.0] * 3)
    assert input_ == pytest.approx([1.0] * 3)
    assert not MachineCondition.sound(3).coil_suffers


def test_a_fifth_of_the_charge_costs_a_ninth_of_the_capacity(make_condition: MakeCondition) -> None:
    # F = -0.2 at 26.67 / 35 °C: 1 - 0.2 (-0.946 + 1.3148 - 0.0413 + 0.23) = 0.8885;
    # power 1 - 0.2 (-0.313 + 0.3067 + 0.0931 + 0.0232) = 0.9780; 0.9780 / 0.8885 = 1.1007
    capacity, input_ = degradation(make_condition(charge_ratio=0.8), np.array([26.67]), 35.0)

    assert capacity == pytest.approx([0.8885], abs=2e-4)
    assert input_ == pytest.approx([1.1007], abs=3e-4)


def test_too_much_charge_draws_more(make_condition: MakeCondition) -> None:
    # F = 0.2: 1 + 0.2 (-0.163 + 0.3040 - 0.0074 - 0.028) = 1.0211;
    # power 1 + 0.2 (0.219 - 0.1336 + 0.0346 + 0.0568) = 1.0354
    capacity, input_ = degradation(make_condition(charge_ratio=1.2), np.array([26.67]), 35.0)

    assert capacity == pytest.approx([1.0211], abs=2e-4)
    assert capacity * input_ == pytest.approx([1.0354], abs=2e-4)


def test_a_clogged_filter_costs_a_twentieth_at_seven_tenths_of_the_air(make_condition: MakeCondition) -> None:
    # 0.7187 + 0.4180 x 0.7 - 0.1366 x 0.49 = 0.9443; 1.1435 - 0.1394 x 0.7 - 0.0040 x 0.49 = 1.0439
    capacity, input_ = degradation(make_condition(airflow_ratio=0.7), AIR_C, 35.0)

    assert capacity == pytest.approx([0.9443], abs=1e-4)
    assert input_ == pytest.approx([1.0439], abs=1e-4)


def test_both_faults_are_worse_than_one_but_not_their_product(make_condition: MakeCondition) -> None:
    # the charge acts as 1 / 0.8885 = 1.1255 of the air: 0.8885 x q(0.7879) / q(1.1255) = 0.8423
    both, _ = degradation(make_condition(airflow_ratio=0.7, charge_ratio=0.8), np.array([26.67]), 35.0)

    assert both == pytest.approx([0.8423], abs=3e-4)


@pytest.mark.parametrize(
    ("what", "worst", "beyond"), [("charge_ratio", 0.7, 0.3), ("airflow_ratio", 0.5, 0.1)]
)
def test_faults_beyond_the_equations_count_as_the_worst_within(
    what: str, worst: float, beyond: float, make_condition: MakeCondition
) -> None:
    expected, _ = degradation(make_condition(**{what: worst}), AIR_C, 35.0)
    capacity, _ = degradation(make_condition(**{what: beyond}), AIR_C, 35.0)

    assert expected < 0.95
    assert capacity == expected


def test_a_machine_short_of_charge_cools_less_for_hardly_less_power(
    make_machine: MakeMachine, make_condition: MakeCondition, start: Start
) -> None:
    sound, faulty = (
        settled(start(make_machine(), condition=c)) for c in (None, make_condition(charge_ratio=0.8))
    )

    cooling = (faulty.sensible_w + faulty.latent_w) / (sound.sensible_w + sound.latent_w)
    assert cooling == pytest.approx([0.8885], abs=1e-3)
    assert faulty.electric_w / sound.electric_w == pytest.approx([0.9780], abs=1e-3)


def test_a_clogged_filter_dries_the_air_more_and_its_fan_draws_less(
    make_machine: MakeMachine, make_condition: MakeCondition, start: Start
) -> None:
    machine = make_machine(fan_w=150.0)
    sound, faulty = (settled(start(machine, condition=c)) for c in (None, make_condition(airflow_ratio=0.7)))

    def sensible_share(unit: AirConditioner, fan_w: float) -> float:
        return float((unit.sensible_w + fan_w)[0] / (unit.sensible_w + fan_w + unit.latent_w)[0])

    assert sensible_share(sound, 150.0) == pytest.approx(0.77, abs=0.015)  # see the coil's tests
    assert sensible_share(faulty, 105.0) == pytest.approx(0.68, abs=0.015)
    # the compressor's 0.9443 x 1.0439 = 0.9857, and 45 W less for the fan
    compressor_w = sound.electric_w - 150.0
    assert faulty.electric_w == pytest.approx(compressor_w * 0.9857 + 105.0, rel=1e-3)


def test_a_drifting_sensor_lets_the_machine_cool_too_far(
    make_machine: MakeMachine, make_condition: MakeCondition, start: Start
) -> None:
    unit = start(make_machine(), condition=make_condition(sensor_drift_k=1.5))

    unit.run(np.array([23.5]), SETPOINT_C, COOL)

    assert unit.sensed_c == pytest.approx([25.0])
    assert unit.on[0]


def test_a_stuck_sensor_keeps_its_value_until_it_is_replaced(
    make_machine: MakeMachine, make_condition: MakeCondition, start: Start
) -> None:
    unit = start(make_machine())
    unit.run(np.array([25.0]), SETPOINT_C, COOL)

    unit.condition = make_condition(sensor_stuck=True)
    for air_c in (23.0, 20.0, 18.0, 18.0):
        unit.run(np.array([air_c]), SETPOINT_C, COOL)
    assert unit.sensed_c == pytest.approx([25.0])
    assert unit.on[0]  # it never feels that it has cooled enough

    unit.condition = make_condition()
    unit.run(np.array([18.0]), SETPOINT_C, COOL)
    assert unit.sensed_c == pytest.approx([18.0])
    assert not unit.on[0]
