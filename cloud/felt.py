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

HUMIDITY_K_PER_PCT = 0.01
LOAD_K = 1.0
WALLS_RATIO = 0.37
"""What 1 % of relative humidity, full load instead of none, and 1 K between the air of the last hours and the
air now are felt as [K/%, K, K/K]."""

LOAD_H, WALLS_H = 1.0, 3.0
"""Time constants of the means behind the last two [h]."""

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

    def learn(self, value: float, days: float) -> None:
        """A value was in force for a time [days]."""
        self.days = min(self.days + days, USUAL_DAYS)
        before = value if self.mean is None else self.mean
        self.mean = before + (value - before) * days / self.days


@dataclass(slots=True)
class Felt:
    """What a home feels like.

    Attributes:
        power_w: Mean electric power of the last hour [W]; None before it is known.
        highest_w: The highest such mean seen lately [W].
        slow_c: Mean indoor temperature of the last hours [°C].
        usual_load: Usual share of the highest power.
        usual_rh_pct: Usual relative humidity [%].
        offset_k: How much warmer than shown and than usual it feels now [K].
    """

    power_w: float | None = None
    highest_w: float = 0.0
    slow_c: float | None = None
    usual_load: Usual = field(default_factory=Usual)
    usual_rh_pct: Usual = field(default_factory=Usual)
    offset_k: float = 0.0

    def observe(self, reading: Telemetry, *, gap_s: float, usual: bool) -> None:
        """Take a reading in.

        Args:
            reading: What the device says.
            gap_s: Time since the one before [s].
            usual: Whether the home is at its habit, so that it is what its people are used to.
        """
        seconds = min(reading.interval_s, LONGEST_STEP_S)
        days, broken = seconds / 86_400, gap_s > LONGEST_STEP_S
        offset_k = 0.0
        if reading.electric_power_w is not None:
            before = self.power_w if not broken else None
            self.power_w = _follow(before, reading.electric_power_w, seconds / (3600 * LOAD_H))
            self.highest_w = max(self.highest_w * (1 - days / HIGHEST_FORGETTING_DAYS), self.power_w)
            load = self.power_w / self.highest_w if self.highest_w > 0 else 0.0
            if usual:
                self.usual_load.learn(load, days)
            offset_k += LOAD_K * _above(load, self.usual_load)
        if reading.indoor_rh_pct is not None:
            if usual:
                self.usual_rh_pct.learn(reading.indoor_rh_pct, days)
            offset_k += HUMIDITY_K_PER_PCT * _above(reading.indoor_rh_pct, self.usual_rh_pct)
        if reading.indoor_dry_bulb_c is not None:
            before = self.slow_c if not broken else None
            self.slow_c = _follow(before, reading.indoor_dry_bulb_c, seconds / (3600 * WALLS_H))
            offset_k += WALLS_RATIO * (self.slow_c - reading.indoor_dry_bulb_c)
        self.offset_k = offset_k


def _follow(before: float | None, value: float, steps: float) -> float:
    return value if before is None else before + (value - before) * -math.expm1(-steps)


def _above(value: float, usual: Usual) -> float:
    return 0.0 if usual.mean is None else value - usual.mean
