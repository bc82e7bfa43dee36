"""Other people in the same homes: only what they do is different, and only where they live."""

from datetime import UTC, datetime

import numpy as np

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
