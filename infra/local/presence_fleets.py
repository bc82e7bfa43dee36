"""Motion of simulated fleets, for the presence model: what the devices report, and who really was at home."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from cloud.presence_model import PresenceModel
from cloud.presence_training import (
    Flags,
    Motion,
    PresenceParams,
    PresenceRows,
    presence_rows,
    train_presence,
)
from device_sim.fleet import Fleet, FleetSpec

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
START = datetime(2025, 6, 1, tzinfo=UTC)
HOMES = 60
DAYS = 42
"""Of each climate's fleet: long enough that old homes are learnt from as well as new ones."""

SEED = 101
"""Of the first; no fleet of the energy model is among them."""


BLOCKS_H = (1, 2, 4, 8, 24)
"""Lengths of the blocks of `unsettled` [h]."""

SHIFT_H = 4
"""Largest shift of a clock in it [h]."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Motion, and whether somebody really was at home, (homes, steps); None where nobody knows."""

    motion: Motion
    occupied: Flags | None


def watch(spec: FleetSpec, days: int) -> Watched:
    """Let a fleet live at its habit for so many days."""
    fleet = Fleet(spec, days)
    moved, occupied = [], []
    while fleet.steps_left:
        moved.append(fleet.step().motion)
        occupied.append(fleet.occupied)
    motion = Motion(
        fleet.sites[0].timezone, int(spec.start.timestamp()), spec.step_s, np.stack(moved, axis=1)
    )
    return Watched(motion, np.stack(occupied, axis=1))


def unsettled(motion: Motion, seed: int) -> Motion:
    """The same homes with people of other hours and of less regular ones.

    Our generator's people keep to hours of their own more than measured ones do, and a model that has seen
    only them is too sure of when people come back. So each home's clock is shifted, and some blocks of its
    time are those of another home; how many, and how long, is drawn for each home. The ranges are
    assumptions; nothing measured is in them, but that something like this is needed was seen on measured
    schedules (`infra.local.presence_study`).
    """
    random = np.random.default_rng(seed)
    per_h = 3600 // motion.step_s
    homes, steps = motion.moved.shape
    mixed = motion.moved.copy()
    for home in range(homes):
        block = per_h * int(random.choice(BLOCKS_H))
        foreign = random.random(steps // block + 1) < random.random()
        others = random.integers(homes, size=len(foreign))
        for place in np.flatnonzero(foreign):
            span = slice(place * block, (place + 1) * block)
            mixed[home, span] = motion.moved[others[place], span]
        mixed[home] = np.roll(mixed[home], per_h * int(random.integers(-SHIFT_H, SHIFT_H + 1)))
    return replace(motion, moved=mixed)


def base_presence_rows() -> PresenceRows:
    """Rows to learn from: one fleet a climate, of the split `train`, as it is and `unsettled`."""
    parts = []
    for place, climate in enumerate(CLIMATES):
        seed = SEED + place
        motion = watch(FleetSpec(HOMES, seed, START, climate=climate, split="train"), DAYS).motion
        moved = np.concatenate([motion.moved, unsettled(motion, seed).moved])
        parts.append(presence_rows(replace(motion, moved=moved), seed))
    return PresenceRows(
        pd.concat([part.away for part in parts], ignore_index=True),
        pd.concat([part.returning for part in parts], ignore_index=True),
    )


def base_presence() -> PresenceModel:
    """The presence model that is shipped."""
    return train_presence(base_presence_rows(), PresenceParams())
