"""What machines are drawn for a fleet."""

import numpy as np
import pytest

from device_sim.machine.curves import Curves, Kind
from device_sim.machine.parameters import draw_machines
from device_sim.noise import Draws, Noise, Stream

LOAD_W = np.full(2000, 5000.0)
MACHINES = draw_machines(Draws(Noise(1, "train", 2000), Stream.MACHINE), LOAD_W, 43.0)


def test_some_machines_are_too_small_for_the_design_day_and_most_are_too_large() -> None:
    at_design = MACHINES.capacity_w * Curves(MACHINES.kind).capacity_ratio(16.9, 43.0)

    assert (at_design < 0.9 * LOAD_W).mean() == pytest.approx(0.12, abs=0.03)
    assert np.median(at_design / LOAD_W) == pytest.approx(1.22, abs=0.05)


def test_kinds_have_their_shares() -> None:
    shares = np.bincount(MACHINES.kind) / 2000  # standard error at most 0.011

    assert shares == pytest.approx([0.40, 0.15, 0.45], abs=0.035)
    assert (MACHINES.inverter == (MACHINES.kind == Kind.INVERTER)).all()
    assert (MACHINES.slowest_ratio[~MACHINES.inverter] == 1.0).all()


def test_sensors_differ_for_ever_by_a_third_of_a_kelvin() -> None:
    assert MACHINES.sensor_offset_k.mean() == pytest.approx(0.0, abs=0.03)
    assert MACHINES.sensor_offset_k.std() == pytest.approx(0.3, abs=0.02)


def test_many_devices_report_in_coarse_steps() -> None:
    steps, counts = np.unique(MACHINES.sensor_resolution_k, return_counts=True)

    assert steps.tolist() == [0.1, 0.5, 1.0]
    assert counts / 2000 == pytest.approx([0.60, 0.28, 0.12], abs=0.035)
    assert set(MACHINES.humidity_resolution_pct) == {1.0, 5.0}


def test_start_up_times_follow_the_degradation_coefficients() -> None:
    # 300 s x C_D of 0.07 to 0.20, 0.11 and 0.15
    single = MACHINES.start_up_s[MACHINES.kind == Kind.SINGLE_SPEED]
    assert (single.min(), single.max()) == pytest.approx((21.0, 60.0), abs=0.5)
    assert MACHINES.start_up_s[MACHINES.two_speed] == pytest.approx(33.0)
    assert MACHINES.start_up_s[MACHINES.inverter] == pytest.approx(45.0)
