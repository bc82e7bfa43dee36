"""Felt: how much warmer it feels than the thermostat shows, against what the home usually feels like.

People feel walls and damp, not the sensor. Neither is measured, but both leave traces: walls are warm
when the machine works hard for its set temperature, and they follow the air with some hours' delay. On
simulated homes of the split `train` these three terms leave 0.2 to 0.35 K of the 0.45 to 0.65 K by which the
felt temperature moves around the shown one (`python -m infra.local.felt_fit` fits and prints them); study C
used 0.6 K for the load and 0.024 K/% for the damp.
"""

import math
from dataclasses import dataclass, field

from edge.contract import Telemetry

HUMIDITY_K_PER_PCT = 0.011
LOAD_K = 0.84
WALLS_RATIO = 0.38
"""What 1 % of relative humidity, full load instead of none, and 1 K between the air of the last hours and the
air now are felt as [K/%, K, K/K]."""

LOAD_H, WALLS_H = 1.0, 3.0
"""Time constants of the means behind the last two [h]."""

DAY_S = 86_400

USUAL_DAYS = 10.0
"""The usual is a mean over so many days at the habit [days]."""

HIGHEST_FORGETTING_DAYS = 30.0
"""The highest power seen fades so fast [days]: a machine's own rating may be wrong."""

LONGEST_STEP_S = 1800
"""After a longer silence the means begin anew at what is seen [s]."""


@dataclass(slots=True)
class Usual:
    """A mean that is quick at first and slow later.

    Attributes:
        mean: The mean; None before the first value.
        days: Over how much time [days].
    """

    mean: float | None = None
    days: float = 0.0

    def above(self, value: float, days: float, *, learn: bool) -> float:
        """A value that was in force for a time [days], less the usual one; 0 while that is unknown."""
        if learn:
            self.days = min(self.days + days, USUAL_DAYS)
            before = value if self.mean is None else self.mean
            self.mean = before + (value - before) * days / self.days
        return 0.0 if self.mean is None else value - self.mean


@dataclass(slots=True)
class Felt:
    """What a home feels like.

    Attributes:
        power_w: Mean electric power of the last hour [W]; None before it is known.
        highest_w: The highest such mean seen lately [W].
        slow_c: Mean indoor temperature of the last hours [°C].
        usual_load: Usual share of the highest power.
        usual_rh_pct: Usual relative humidity [%].
        load: Share of the highest power now, above the usual one.
        rh_pct: Relative humidity now, above the usual one [%].
        walls_k: How much warmer than now the air was in the last hours [K].
    """

    power_w: float | None = None
    highest_w: float = 0.0
    slow_c: float | None = None
    usual_load: Usual = field(default_factory=Usual)
    usual_rh_pct: Usual = field(default_factory=Usual)
    load: float = 0.0
    rh_pct: float = 0.0
    walls_k: float = 0.0

    @property
    def offset_k(self) -> float:
        """How much warmer than shown and than usual it feels now [K]."""
        return LOAD_K * self.load + HUMIDITY_K_PER_PCT * self.rh_pct + WALLS_RATIO * self.walls_k

    def traces(self) -> tuple[float, float, float]:
        """Load, humidity [%] and walls [K], each above the usual."""
        return self.load, self.rh_pct, self.walls_k

    def observe(self, reading: Telemetry, *, gap_s: float, usual: bool) -> None:
        """Take a reading in; what it does not say counts as usual.

        Args:
            reading: What the device says.
            gap_s: Time since the one before [s]; after a long silence the means begin anew.
            usual: Whether the home is at its habit, so that it is what its people are used to.
        """
        seconds = min(reading.interval_s, LONGEST_STEP_S)
        if gap_s > LONGEST_STEP_S:
            self.power_w = self.slow_c = None
        self.load = self._loaded(reading.electric_power_w, seconds, usual=usual)
        self.rh_pct = self._damp(reading.indoor_rh_pct, seconds, usual=usual)
        self.walls_k = self._walls(reading.indoor_dry_bulb_c, seconds)

    def _loaded(self, electric_power_w: float | None, seconds: float, *, usual: bool) -> float:
        if electric_power_w is None:
            return 0.0
        days = seconds / DAY_S
        self.power_w = _follow(self.power_w, electric_power_w, seconds / (3600 * LOAD_H))
        self.highest_w = max(self.highest_w * (1 - days / HIGHEST_FORGETTING_DAYS), self.power_w)
        load = self.power_w / self.highest_w if self.highest_w > 0 else 0.0
        return self.usual_load.above(load, days, learn=usual)

    def _damp(self, indoor_rh_pct: float | None, seconds: float, *, usual: bool) -> float:
        if indoor_rh_pct is None:
            return 0.0
        return self.usual_rh_pct.above(indoor_rh_pct, seconds / DAY_S, learn=usual)

    def _walls(self, indoor_c: float | None, seconds: float) -> float:
        if indoor_c is None:
            return 0.0
        self.slow_c = _follow(self.slow_c, indoor_c, seconds / (3600 * WALLS_H))
        return self.slow_c - indoor_c


def _follow(before: float | None, value: float, steps: float) -> float:
    """A running mean that forgets exponentially, after so many of its time constants."""
    return value if before is None else before + (value - before) * -math.expm1(-steps)
