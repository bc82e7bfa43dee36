"""What a home was like in one half-hour: the unit in which the advisor learns."""

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cloud.home_clock import Slot
from edge.contract import Telemetry

Author: TypeAlias = Literal["habit", "person", "advice"]
"""Who chose the setpoint in force: the schedule or a standing setting, a person just now, or our advice."""


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """Means over the part of a half-hour that was observed; None where nothing was.

    Attributes:
        slot: Which half-hour.
        author: Who chose the setpoint in force at its end.
        setpoint_c: In force at its end [°C]; None while not cooling.
        steady: Cooling throughout, with one setpoint, which had been in force for a while.
        indoor_c: Indoor dry bulb [°C].
        outdoor_c: Outdoor dry bulb [°C].
        compressor_ratio: Load of the compressor [ratio].
        at_home: Whether somebody was there; None when it is not known.
        swing_k: Standard deviation of the indoor dry bulb [K].
        felt_c: What it felt like, as a temperature of the thermostat on a usual day [°C].
    """

    slot: Slot
    author: Author
    setpoint_c: float | None
    steady: bool
    indoor_c: float | None
    outdoor_c: float | None
    compressor_ratio: float | None
    at_home: bool | None
    swing_k: float = 0.0
    felt_c: float | None = None


@dataclass(slots=True)
class OpenSlot:
    """The half-hour that is being observed; sums weighted by seconds."""

    slot: Slot
    steady: bool = True
    moved: bool = False
    indoor: list[float] = field(default_factory=lambda: [0.0, 0.0])
    indoor_squares: float = 0.0
    felt: list[float] = field(default_factory=lambda: [0.0, 0.0])
    outdoor: list[float] = field(default_factory=lambda: [0.0, 0.0])
    compressor: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def add(self, reading: Telemetry, offset_k: float) -> None:
        """Take a reading in, at which it felt `offset_k` warmer than shown [K]."""
        seconds = reading.interval_s
        if reading.indoor_dry_bulb_c is not None:
            _add(self.indoor, reading.indoor_dry_bulb_c, seconds)
            _add(self.felt, reading.indoor_dry_bulb_c + offset_k, seconds)
            self.indoor_squares += reading.indoor_dry_bulb_c**2 * seconds
        if reading.outdoor_dry_bulb_c is not None:
            _add(self.outdoor, reading.outdoor_dry_bulb_c, seconds)
        if reading.compressor_ratio is not None:
            _add(self.compressor, reading.compressor_ratio, seconds)
        if reading.motion:
            self.moved = True

    def close(self, author: Author, setpoint_c: float | None, *, at_home: bool | None) -> SlotSummary:
        """The half-hour as it was."""
        return SlotSummary(
            slot=self.slot,
            author=author,
            setpoint_c=setpoint_c,
            steady=self.steady and setpoint_c is not None,
            indoor_c=_mean(self.indoor),
            outdoor_c=_mean(self.outdoor),
            compressor_ratio=_mean(self.compressor),
            at_home=at_home,
            swing_k=self._swing_k(),
            felt_c=_mean(self.felt),
        )

    def _swing_k(self) -> float:
        mean_c = _mean(self.indoor)
        if mean_c is None:
            return 0.0
        return math.sqrt(max(self.indoor_squares / self.indoor[1] - mean_c**2, 0.0))


def _add(sums: list[float], value: float, seconds: float) -> None:
    sums[0] += value * seconds
    sums[1] += seconds


def _mean(sums: list[float]) -> float | None:
    return sums[0] / sums[1] if sums[1] else None
