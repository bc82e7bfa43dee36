"""Stages of two-speed machines."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.machine.curves import Kind
from device_sim.machine.parameters import MachineParameters
from device_sim.machine.staging import Staging
from device_sim.noise import Noise, Stream

ON = np.array([True])
MakeMachine = Callable[..., MachineParameters]


def stages(staging: Staging, errors_k: list[float], on: bool = True) -> list[int]:  # noqa: FBT001, FBT002
    """Stage after each minute with the given difference to the setpoint."""
    seen = []
    for error_k in errors_k:
        staging.choose(np.array([error_k]), ON if on else ~ON)
        seen.append(0 if not on else 1 if staging.first[0] else 2)
    return seen


@pytest.fixture
def staging(make_machine: MakeMachine) -> Staging:
    return Staging(make_machine(Kind.TWO_SPEED), 60.0)


def test_the_second_stage_helps_beyond_the_differential_after_the_shortest_stage(staging: Staging) -> None:
    # starts at +0.4 K, and the second stage at +0.4 + 0.28 K
    assert stages(staging, [0.6] * 15) == [1] * 15
    assert stages(staging, [0.7] * 2) == [2, 2]


def test_a_stage_lasts_five_minutes_at_least(staging: Staging) -> None:
    assert stages(staging, [3.0] * 7) == [1] * 5 + [2] * 2
    assert stages(staging, [-0.3] * 6) == [2] * 3 + [1] * 3


def test_the_second_stage_eases_off_at_the_setpoint(staging: Staging) -> None:
    stages(staging, [3.0] * 12)

    assert stages(staging, [0.3, 0.1, -0.1]) == [2, 2, 1]


def test_a_first_stage_that_takes_twenty_minutes_gets_help(staging: Staging) -> None:
    assert stages(staging, [0.2] * 22) == [1] * 20 + [2] * 2


def test_a_new_run_begins_in_the_first_stage(staging: Staging) -> None:
    stages(staging, [3.0] * 12)
    stages(staging, [0.0], on=False)

    assert stages(staging, [3.0] * 5) == [1] * 5


def test_machines_of_other_kinds_have_no_stages(make_machine: MakeMachine) -> None:
    for kind in (Kind.SINGLE_SPEED, Kind.INVERTER):
        assert stages(Staging(make_machine(kind), 60.0), [0.5] * 3) == [2] * 3


def test_no_stage_is_ever_shorter_than_allowed(staging: Staging) -> None:
    walk = np.cumsum(Noise(3, "train", 1).normal(Stream.POLICY, np.arange(5000))[:, 0])
    errors_k = 1.5 * np.sin(0.35 * walk)

    seen = np.array(stages(staging, errors_k.tolist()))

    changes = np.flatnonzero(np.diff(seen))
    assert len(changes) > 100
    assert np.diff(changes).min() == 5
