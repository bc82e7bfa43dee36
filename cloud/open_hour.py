"""An hour of a home while its readings arrive, and when it is over."""

import math
from typing import NamedTuple

from cloud.feature_catalogue import COOLING_MODES, MIN_COVERAGE_RATIO
from edge.contract import Telemetry


class Hour(NamedTuple):
    """One hour of a home; NaN where nothing was observed.

    Fields are as the columns of `cloud.features`; `hour_index` counts hours since 1970, named by their end.
    """

    hour_index: int
    coverage_ratio: float
    electric_energy_kwh: float
    setpoint_c: float
    on_ratio: float
    outdoor_dry_bulb_c: float
    indoor_dry_bulb_c: float
    indoor_rh_pct: float
    present_ratio: float
    advised_ratio: float


class Mean:
    """A mean weighted by seconds; NaN while empty."""

    __slots__ = ("seconds", "total")

    def __init__(self, total: float = 0.0, seconds: float = 0.0) -> None:
        self.total = total
        self.seconds = seconds

    def add(self, value: float, seconds: float) -> None:
        """Take `value` in for `seconds` [s]."""
        self.total += value * seconds
        self.seconds += seconds

    @property
    def value(self) -> float:
        """The mean so far."""
        return self.total / self.seconds if self.seconds else math.nan


class OpenHour:
    """The hour that is being observed."""

    MEANS = ("setpoint", "on", "power", "outdoor", "indoor", "rh", "present", "advised")
    __slots__ = ("index", *MEANS)

    setpoint: Mean
    on: Mean
    power: Mean
    outdoor: Mean
    indoor: Mean
    rh: Mean
    present: Mean
    advised: Mean

    def __init__(self, index: int) -> None:
        self.index = index
        for name in self.MEANS:
            setattr(self, name, Mean())

    def add(self, reading: Telemetry, effective_c: float, present: float | None) -> None:
        """Take a reading in, with the setpoint that it stands for and whether somebody is there."""
        seconds = reading.interval_s
        self.setpoint.add(effective_c, seconds)
        self.on.add(float(reading.mode in COOLING_MODES), seconds)
        self.advised.add(float(reading.advice_id is not None or reading.changed_by == "advisor"), seconds)
        if reading.electric_power_w is not None:
            self.power.add(reading.electric_power_w, seconds)
        if reading.outdoor_dry_bulb_c is not None:
            self.outdoor.add(reading.outdoor_dry_bulb_c, seconds)
        if reading.indoor_dry_bulb_c is not None:
            self.indoor.add(reading.indoor_dry_bulb_c, seconds)
        if reading.indoor_rh_pct is not None:
            self.rh.add(reading.indoor_rh_pct, seconds)
        if present is not None:
            self.present.add(present, seconds)

    def close(self) -> Hour:
        """The hour as far as it was observed."""
        known = self.power.seconds >= MIN_COVERAGE_RATIO * 3600
        return Hour(
            self.index,
            min(self.setpoint.seconds / 3600, 1.0),
            self.power.value / 1000 if known else math.nan,
            self.setpoint.value,
            self.on.value,
            self.outdoor.value,
            self.indoor.value,
            self.rh.value,
            self.present.value,
            self.advised.value,
        )
