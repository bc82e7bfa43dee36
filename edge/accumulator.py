"""Accumulator: readings of the contract, out of messages that each say a part of one.

At each end of an interval, what is known makes one reading. Nothing is invented: a measurement that has not
been said for `STALE_AFTER` is absent, power is the mean over the time for which it was known, and without one
fresh measurement, or without the mode, there is no reading. Settings hold until others are said.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from edge.contract import DeviceId, Telemetry
from edge.contract.quantities import (
    MODES_WITH_SETPOINT,
    ChangedBy,
    Fan,
    IndoorC,
    KilowattHour,
    Mode,
    OutdoorC,
    Percent,
    SetpointC,
    Watt,
)
from edge.contract.telemetry import describe
from edge.dialects.dialect import Facts, InForce

STALE_AFTER: Final = timedelta(minutes=15)
"""How long a measurement stands that is not said again."""

LEAST_COVERED: Final = 0.5
"""Share of an interval for which power has to be known, for a mean over it."""

SETTINGS: Final = ("mode", "setpoint_c", "fan")
"""What a device is set to, in a reading's fields; all others are measured."""

_FIELDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "mode": TypeAdapter(Mode),
    "setpoint_c": TypeAdapter(SetpointC),
    "fan": TypeAdapter(Fan),
    "indoor_dry_bulb_c": TypeAdapter(IndoorC),
    "indoor_rh_pct": TypeAdapter(Percent),
    "outdoor_dry_bulb_c": TypeAdapter(OutdoorC),
    "electric_power_w": TypeAdapter(Watt),
    "energy_total_kwh": TypeAdapter(KilowattHour),
    "motion": TypeAdapter(bool),
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def judge(facts: Facts) -> tuple[dict[str, Any], list[str]]:
    """The facts that the contract allows, and why it refuses the others."""
    good: dict[str, Any] = {}
    faults = []
    for name, value in facts.items():
        try:
            good[name] = _FIELDS[name].validate_python(value, strict=True)
        except ValidationError as error:
            faults.append(f"{name}: {describe(error)}")
    return good, faults


class Accumulator:
    """What is known of one device.

    Args:
        device_id: Whose readings these are.
        interval: Between two readings.

    Attributes:
        online: Whether the device is there; None while nobody has said so.
        changed_by: Who set what is in force.
    """

    def __init__(self, device_id: DeviceId, interval: timedelta) -> None:
        self.online: bool | None = None
        self.changed_by: ChangedBy = "unknown"
        self._device_id = device_id
        self._interval = interval
        self._settings: dict[str, Any] = {}
        self._measured: dict[str, tuple[Any, datetime]] = {}
        self._boundary: datetime | None = None
        self._power = _Mean()

    @property
    def in_force(self) -> InForce:
        """What the device is set to."""
        return InForce(**self._settings)

    def missing(self, now: datetime) -> list[str]:
        """Fields without which there is no reading."""
        names = [] if "mode" in self._settings else ["mode"]
        if self._settings.get("mode") in MODES_WITH_SETPOINT and "setpoint_c" not in self._settings:
            names.append("setpoint_c")
        return names if self._fresh(now) else [*names, "a measurement"]

    def learn(self, facts: Facts, at: datetime) -> None:
        """Facts that `judge` has let through, heard at `at`."""
        for name, value in facts.items():
            if name in SETTINGS:
                self._settings[name] = value
            else:
                self._measured[name] = (value, at)
        if "electric_power_w" in facts:
            self._power.learn(facts["electric_power_w"], at)

    def sample(self, now: datetime) -> Telemetry | None:
        """The reading of the interval that has ended since the last call; None when there is none.

        After a pause of several intervals only the last one has a reading.
        """
        boundary = now - (now - _EPOCH) % self._interval
        if self._boundary is None or boundary < self._boundary:  # the first, or the clock was put back
            self._power.begin(now)
            self._boundary = boundary
        if boundary == self._boundary:
            return None
        self._boundary = boundary
        mean_power_w = self._power.close(boundary, self._interval)
        fresh = self._fresh(boundary)
        if self.online is False or not fresh or self.missing(boundary):
            return None
        return self._reading(boundary, fresh, mean_power_w)

    def _reading(self, at: datetime, fresh: Mapping[str, Any], power_w: float | None) -> Telemetry:
        return Telemetry(
            device_id=self._device_id,
            sampled_at=at,
            interval_s=self._interval.total_seconds(),
            mode=self._settings["mode"],
            setpoint_c=self._settings.get("setpoint_c"),
            fan=self._settings.get("fan"),
            indoor_dry_bulb_c=fresh.get("indoor_dry_bulb_c"),
            indoor_rh_pct=fresh.get("indoor_rh_pct"),
            outdoor_dry_bulb_c=fresh.get("outdoor_dry_bulb_c"),
            electric_power_w=power_w,
            energy_total_kwh=fresh.get("energy_total_kwh"),
            motion=fresh.get("motion"),
            changed_by=self.changed_by,
        )

    def _fresh(self, now: datetime) -> dict[str, Any]:
        return {name: value for name, (value, at) in self._measured.items() if now - at <= STALE_AFTER}


class _Mean:
    """The mean of a value that holds until another one is said, but not longer than `STALE_AFTER`."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._until = self._counted_to = _EPOCH
        self._sum = self._covered_s = 0.0

    def begin(self, at: datetime) -> None:
        """Count from here on."""
        self._sum = self._covered_s = 0.0
        self._counted_to = at

    def learn(self, value: float, at: datetime) -> None:
        """From `at` on it is `value`."""
        self._count(at)
        self._value, self._until = value, at + STALE_AFTER

    def close(self, at: datetime, interval: timedelta) -> float | None:
        """The mean of the interval that ends at `at`, if it is known for enough of it."""
        self._count(at)
        is_known = self._covered_s >= LEAST_COVERED * interval.total_seconds()
        mean = self._sum / self._covered_s if is_known else None
        self.begin(at)
        return mean

    def _count(self, to: datetime) -> None:
        if self._value is not None:
            covered_s = max(0.0, (min(to, self._until) - self._counted_to).total_seconds())
            self._sum += self._value * covered_s
            self._covered_s += covered_s
        self._counted_to = max(self._counted_to, to)
