"""Outdoor air against hand calculation."""

import numpy as np
import pytest

from device_sim.home.outdoor_air import STACK_M2_S2_K, WIND_RATIO, Openings

CLOSED, OPEN = np.array([False]), np.array([True])


def openings(leakage_m2: float = 0.0, fan_m3_s: float = 0.0, window_m2: float = 0.0) -> Openings:
    """One storey, between buildings on larger lots (shelter class 4)."""
    values = (leakage_m2, STACK_M2_S2_K[0], WIND_RATIO[0][3], fan_m3_s, window_m2)
    return Openings(*(np.array([value]) for value in values))


def test_infiltration_is_that_of_the_basic_model() -> None:
    flow = openings(leakage_m2=0.08).flow_m3_s(np.array([10.0]), 3.0, CLOSED)

    # in the source's units: 800 cm² x sqrt(0.000145 x 10 + 0.000104 x 3²) = 800 x 0.0488467 = 39.077 L/s
    assert flow == pytest.approx([0.039077], abs=1e-6)


def test_it_leaks_alike_whether_it_is_warmer_indoors_or_outdoors() -> None:
    leaky = openings(leakage_m2=0.08, window_m2=0.4)

    assert leaky.flow_m3_s(np.array([-7.0]), 2.0, OPEN) == leaky.flow_m3_s(np.array([7.0]), 2.0, OPEN)


def test_a_fan_and_cracks_add_as_squares() -> None:
    # cracks alone: 0.1 m² x sqrt(0.0145 x 11.034 K) = 0.04 m³/s; with a fan of 0.03 it is 0.05
    flow = openings(leakage_m2=0.1, fan_m3_s=0.03).flow_m3_s(np.array([0.16 / 0.0145]), 0.0, CLOSED)

    assert flow == pytest.approx([0.05], abs=1e-8)


def test_an_open_window_breathes_without_wind_and_difference() -> None:
    # 0.4 m² / 2 x sqrt(0.01) = 0.02 m³/s, 0.36 air changes an hour of 200 m³
    assert openings(window_m2=0.4).flow_m3_s(np.array([0.0]), 0.0, OPEN) == pytest.approx([0.02], abs=1e-8)


def test_only_an_open_window_lets_more_in() -> None:
    two = Openings(*(np.array([value, value]) for value in (0.05, 0.0145, 0.0104, 0.0, 0.4)))

    closed, opened = two.flow_m3_s(np.array([10.0, 10.0]), 2.0, np.array([False, True]))

    # 0.2 x sqrt(0.004 + 0.042 + 0.01) = 0.0473286 m³/s more
    assert opened - closed == pytest.approx(0.0473286, abs=1e-7)
