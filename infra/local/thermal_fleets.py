"""Rows of simulated fleets: what the advisor would have kept of their readings, without MQTT."""

from collections.abc import Sequence

import numpy as np

from cloud.thermal.rows import SLOT_S, Floats, Rows
from device_sim.fleet import Fleet
from device_sim.wire.readings import StepReadings


def rows_of(fleet: Fleet, steps: Sequence[StepReadings], first_step: int) -> Rows:
    """Means over slots of what all devices reported.

    Args:
        fleet: Whose they are; its weather gives the sunshine, as a forecast would.
        steps: Readings of the steps since `first_step`; whole slots.
        first_step: Counted from the season's start.
    """
    per_slot = SLOT_S // fleet.spec.step_s
    count = len(steps) // per_slot * per_slot
    used = steps[:count]
    ghi = fleet.weather.ghi_w_m2[first_step : first_step + count]
    first_s = used[0].sampled_at.timestamp() - fleet.spec.step_s
    return Rows(
        first_slot=int(first_s // SLOT_S),
        indoor_c=_mean([step.indoor_dry_bulb_c for step in used], per_slot),
        outdoor_c=_mean([step.outdoor_dry_bulb_c for step in used], per_slot),
        setpoint_c=np.stack([step.setpoint_c for step in used[per_slot - 1 :: per_slot]], axis=1),
        power_w=_mean([step.electric_power_w for step in used], per_slot),
        load_ratio=_mean([step.compressor_ratio for step in used], per_slot),
        ghi_w_m2=np.tile(ghi.reshape(-1, per_slot).mean(axis=1), (fleet.spec.homes, 1)),
    )


def _mean(values: Sequence[Floats], per_slot: int) -> Floats:
    """Means of so many steps each, over what has a value, (h, n)."""
    grid = np.stack(values, axis=1)
    grid = grid.reshape(len(grid), -1, per_slot)
    known = ~np.isnan(grid)
    count = known.sum(axis=2)
    total = np.where(known, grid, 0.0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
