"""Curves against their publications."""

import numpy as np
import pytest

from device_sim.machine.curves import (
    FIRST_STAGE,
    HEAT_PUMP_FIRST_STAGE,
    HEAT_PUMP_SECOND_STAGE,
    INVERTER,
    SECOND_STAGE,
    SINGLE_SPEED,
    Curves,
    Kind,
    StageCurves,
    _celsius,
    first_stage_cop,
)

ALL = (SINGLE_SPEED, FIRST_STAGE, SECOND_STAGE, INVERTER, HEAT_PUMP_FIRST_STAGE, HEAT_PUMP_SECOND_STAGE)
RATED = np.array([19.4444])
A_C, B_C = np.array([35.0]), np.array([27.7778])


def test_coefficients_in_celsius_are_those_published_after_conversion() -> None:
    # the tests of openstudio-standards have the single-speed curve in SI, to four digits
    published = (3.670270705, -0.098652414, 0.000955906, 0.006552414, -0.0000156, -0.000131877)

    expected = pytest.approx([1.5509, -0.07505, 0.003097, 0.0024, -5.0544e-5, -0.000427], rel=2e-3)
    assert _celsius(published) == expected


@pytest.mark.parametrize("stage", ALL)
def test_curves_are_one_at_the_rating_point(stage: StageCurves) -> None:
    assert stage.capacity_ratio(np.array([19.4]), A_C) == pytest.approx([1.0])
    assert stage.power_ratio(np.array([19.4]), A_C) == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("stage", "capacity", "power"),
    [
        # the published coefficients at 67 °F, 82 °F over 67 °F, 95 °F, by hand: capacity, capacity x input
        (SINGLE_SPEED, 1.0595 / 0.9939, 1.0595 * 0.8051 / (0.9939 * 1.0092)),
        (FIRST_STAGE, 1.0777 / 0.9991, 1.0777 * 0.7897 / (0.9991 * 1.0042)),
        (SECOND_STAGE, 1.0510 / 0.9927, 1.0510 * 0.8325 / (0.9927 * 1.0078)),
        (INVERTER, 1.0726, 1.0726 * 0.9036 / 1.0004),
    ],
)
def test_rating_point_b_gives_more_and_draws_less_than_a(
    stage: StageCurves, capacity: float, power: float
) -> None:
    ratio = stage.capacity_ratio(RATED, B_C) / stage.capacity_ratio(RATED, A_C)

    assert ratio == pytest.approx([capacity], rel=3e-4)
    power_ratio = stage.power_ratio(RATED, B_C) / stage.power_ratio(RATED, A_C)
    assert power_ratio == pytest.approx([power], rel=3e-4)


def test_heat_wave_costs_capacity_and_efficiency_as_in_the_source() -> None:
    # Cutler et al. (2013) at 67 °F and 115 °F, by hand: capacity 0.8827 / 0.9939, input ratio 1.4648 / 1.0092
    curves = Curves(np.array([Kind.SINGLE_SPEED], dtype=np.int8))

    assert curves.capacity_ratio(19.444, 46.111) == pytest.approx([0.8881], abs=2e-3)
    assert curves.input_ratio(19.444, 46.111) == pytest.approx([1.4515], abs=4e-3)


def test_each_machine_of_a_fleet_follows_the_curves_of_its_kind() -> None:
    kinds = np.array([Kind.INVERTER, Kind.SINGLE_SPEED, Kind.TWO_SPEED], dtype=np.int8)
    wet_bulb_c = np.array([17.0, 18.0, 21.0])

    ratios = Curves(kinds).capacity_ratio(wet_bulb_c, 41.0)

    for home, stage in enumerate((INVERTER, SINGLE_SPEED, SECOND_STAGE)):
        alone = stage.capacity_ratio(wet_bulb_c[home : home + 1], np.array([41.0]))
        assert ratios[home] == pytest.approx(alone[0])


def test_curves_end_where_they_were_fitted() -> None:
    curves = Curves(np.array([Kind.SINGLE_SPEED], dtype=np.int8))

    assert curves.capacity_ratio(19.4, 5.0) == curves.capacity_ratio(19.4, 18.3)
    assert curves.capacity_ratio(10.0, 30.0) == curves.capacity_ratio(13.9, 30.0)


def test_the_first_stage_is_the_more_efficient() -> None:
    # 1 / (0.8887 / 3.5 + 0.0083) = 1 / 0.26221 = 3.814
    assert first_stage_cop(np.array([3.5])) == pytest.approx([3.814], abs=1e-3)
