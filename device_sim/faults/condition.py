"""Conditions: what is wrong now, for all homes at once."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.faults import MachineCondition
from device_sim.noise import Floats

Bools: TypeAlias = NDArray[np.bool_]
Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong in a step; arrays are `(homes,)`. The same object as long as nothing begins or ends.

    Attributes:
        machine: What is wrong with the machines and their sensors.
        window_open: Somebody has left a window open.
        offline: The device has no network.
        offline_since: The step in which that began; meaningless where not `offline`.
        skew_s: How much the device's clock is fast [s].
        duplicate_ratio: Share of messages that are sent again.
        mean_delay_s: Mean delay of messages [s].
        rebooting: Indices of the homes whose device starts anew at the beginning of this step.
    """

    machine: MachineCondition
    window_open: Bools
    offline: Bools
    offline_since: Integers
    skew_s: Floats
    duplicate_ratio: Floats
    mean_delay_s: Floats
    rebooting: Integers


@dataclass(frozen=True, slots=True)
class WireCondition:
    """What happens to the readings of a step on their way; arrays are `(homes,)`.

    Attributes:
        offline: They stay on the device until it has network again.
        lost: They are lost, because the device is offline and its memory full.
        skew_s: How much their `sampled_at` is too late [s], in whole milliseconds.
        clock_faulty: Whether the device's clock is wrong at any time of the season.
        again_after_s: When the message is sent again [s]; 0 at once, NaN not.
        delay_s: How long it is under way [s].
    """

    offline: Bools
    lost: Bools
    skew_s: Floats
    clock_faulty: Bools
    again_after_s: Floats
    delay_s: Floats
