"""Other people in the same homes: only what they do is different, and only where they live."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.faults.plan import Fault, FaultPlan
from device_sim.fleet import FleetSpec
from device_sim.moving import MovingFleet

SPEC = FleetSpec(6, seed=4, start=datetime(2025, 7, 1, 7, tzinfo=UTC), step_s=900, split="train")


def test_homes_whose_people_stay_live_on_as_before() -> None:
    stayed, moved = MovingFleet(SPEC, 2), MovingFleet(SPEC, 2)
    leaving = np.array([True, False, False, True, False, False])

    moved.exchange_people(leaving, seed=5)
    steps = [(stayed.step(), moved.step()) for _ in range(2 * 96)]

    before, after = (np.stack([step[which].setpoint_c for step in steps]) for which in range(2))
    changed = (np.nan_to_num(before) != np.nan_to_num(after)).any(axis=0)
    assert changed.tolist() == leaving.tolist()
    assert (stayed.machines.capacity_w == moved.machines.capacity_w).all()


def test_what_would_have_been_without_a_fault_begins_where_the_fault_did() -> None:
    begins = SPEC.start + timedelta(days=1)
    fault = Fault(kind="clogged_filter", starts_at=begins, severity=0.5, homes=(0, 3))
    clogged = MovingFleet(replace(SPEC, plan=FaultPlan(faults=(fault,))), 2)
    sound = MovingFleet(SPEC, 2)
    for _ in range(96):
        clogged.step()
        sound.step()

    spared = clogged.fork_into(MovingFleet(SPEC, 2))

    kwh = np.array([[each.step().electric_power_w for each in (clogged, spared, sound)] for _ in range(96)])
    assert (np.nan_to_num(kwh[:, 1]) == np.nan_to_num(kwh[:, 2])).all()
    assert (np.nan_to_num(kwh[:, 0]) != np.nan_to_num(kwh[:, 1])).any(axis=0).tolist() == [
        number in (0, 3) for number in range(SPEC.homes)
    ]


def test_nobody_goes_on_in_homes_of_others() -> None:
    with pytest.raises(ValueError, match="other homes"):
        MovingFleet(SPEC, 1).fork_into(MovingFleet(replace(SPEC, seed=5), 1))
