"""The rules: what is flagged, by which limit, and where that comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cloud.quality.clocks import TOLERANCE_RATIO, TOLERANCE_S, clock_jump
from cloud.quality.columns import Columns, Flags
from cloud.quality.jumps import INDOOR_JUMP_K, OUTDOOR_JUMP_K, indoor_jump, outdoor_jump
from cloud.quality.meters import BACK_KWH, OFF_KWH, OFF_SHARE, counter_back, power_against_counter
from cloud.quality.stuck import COARSE_STUCK_H, FINE_STUCK_H, FROZEN_H, frozen, stuck_sensor


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: What reports call it.
        limit: From where on it flags, with units; each comes from the constant's own docstring.
        flag: Which readings.
    """

    name: str
    limit: str
    flag: Callable[[Columns], Flags]


RULES: Final = (
    Rule("indoor_jump", f"more than {INDOOR_JUMP_K:g} K between neighbours", indoor_jump),
    Rule("outdoor_jump", f"more than {OUTDOOR_JUMP_K:g} K between neighbours", outdoor_jump),
    Rule(
        "stuck_sensor",
        f"the same for {FINE_STUCK_H:g} h (coarse sensor: {COARSE_STUCK_H:g} h), compressor follows nothing",
        stuck_sensor,
    ),
    Rule("frozen", f"all that is measured the same for {FROZEN_H:g} h", frozen),
    Rule(
        "clock_jump", f"time off its count by {TOLERANCE_S:g} s and {TOLERANCE_RATIO:g} intervals", clock_jump
    ),
    Rule("counter_back", f"the lifetime counter falls by more than {BACK_KWH:g} kWh", counter_back),
    Rule(
        "power_against_counter",
        f"a day's power off the counter by {OFF_SHARE:.0%} and {OFF_KWH:g} kWh",
        power_against_counter,
    ),
)
