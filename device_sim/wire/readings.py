"""Readings: what all devices of a fleet report at the end of a step, as columns and as messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from device_sim.faults.condition import WireCondition
from device_sim.machine.thermostat import CHANGED_BY
from device_sim.noise import Floats
from edge.contract import Fan, Telemetry

POWER_ON_C = 85.0
"""What a DS18B20 sensor says until its first conversion after power-on [°C] (its data sheet, table 1). The
contract refuses it."""


class Row(msgspec.Struct, omit_defaults=True):
    """One reading as its device says it; JSON leaves out a field without value (not `indoor_dry_bulb_c`)."""

    device_id: str
    sampled_at: str
    interval_s: float
    seq: int
    mode: str
    fan: str
    indoor_dry_bulb_c: float | None
    indoor_rh_pct: float
    outdoor_dry_bulb_c: float
    electric_power_w: float
    energy_total_kwh: float
    compressor_ratio: float
    motion: bool
    changed_by: str
    setpoint_c: float | None = None
    advice_id: str | None = None


encode = msgspec.json.Encoder().encode
"""A row, or several, as the contract's JSON."""


@dataclass(frozen=True)
class StepReadings:
    """The readings of one step; arrays are `(n,)`, rounded as the devices report them.

    Attributes:
        device_ids: Who reports.
        sampled_at: End of the step (UTC).
        interval_s: Its length [s].
        seq: Running number of the step.
        cooling: Mode `cool`, otherwise `off`.
        setpoint_c: In force at `sampled_at` [°C]; NaN where the machine is off.
        indoor_dry_bulb_c: By the machine's sensor [°C]; NaN where it has no value.
        indoor_rh_pct: By its humidity sensor [%].
        outdoor_dry_bulb_c: By the outdoor unit's sensor [°C].
        electric_power_w: Mean over the step [W].
        energy_total_kwh: Lifetime counter [kWh].
        compressor_ratio: Share of the step, or of full speed.
        motion: Somebody was seen.
        changed_by: Codes of `CHANGED_BY`.
        fans: The fan's setting.
        advice_ids: The advice in force.
        power_on_fault: Where the message on the wire says `POWER_ON_C` instead of the indoor temperature.
        repeated: Where the message is sent twice, as QoS 1 may.
        first_seq: The step with which each device's own `seq` began, at 0; without it the season's first.
        condition: What happens to them on their way; None when nothing does, all season long.
    """

    device_ids: tuple[str, ...]
    sampled_at: datetime
    interval_s: int
    seq: int
    cooling: NDArray[np.bool_]
    setpoint_c: Floats
    indoor_dry_bulb_c: Floats
    indoor_rh_pct: Floats
    outdoor_dry_bulb_c: Floats
    electric_power_w: Floats
    energy_total_kwh: Floats
    compressor_ratio: Floats
    motion: NDArray[np.bool_]
    changed_by: NDArray[np.int8]
    fans: tuple[Fan, ...]
    advice_ids: tuple[str | None, ...]
    power_on_fault: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    first_seq: NDArray[np.int64] | None = None
    condition: WireCondition | None = None

    def __len__(self) -> int:
        return len(self.device_ids)

    @property
    def seqs(self) -> NDArray[np.int64]:
        """Running numbers by device, from its last start, `(n,)`."""
        return np.asarray(
            self.seq - (np.zeros(len(self), np.int64) if self.first_seq is None else self.first_seq)
        )

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Which of them never leave their device, `(n,)`."""
        return np.zeros(len(self), np.bool_) if self.condition is None else self.condition.lost

    @property
    def sampled_ms(self) -> NDArray[np.int64]:
        """`sampled_at` by the clock of each device [epoch ms], `(n,)`."""
        skew_s = np.zeros(len(self)) if self.condition is None else self.condition.skew_s
        return np.rint(skew_s * 1000.0).astype(np.int64) + round(self.sampled_at.timestamp() * 1000)

    def telemetry(self, i: int) -> Telemetry:
        """Reading `i` as the contract's message, without the faults of the wire."""
        row = msgspec.structs.asdict(self._row(i))
        return Telemetry(**{**row, "sampled_at": self.sampled_at})

    def json(self, i: int) -> bytes:
        """Reading `i` as one JSON object, without the faults of the wire."""
        return encode(self._row(i))

    def wire(self, i: int) -> bytes:
        """Reading `i` as the device sends it in the contract's words."""
        return encode(self.row(i))

    def row(self, i: int) -> Row:
        """Reading `i` as the device says it: its clock may be wrong, its sensor only just powered on."""
        row = self._row(i)
        if self.power_on_fault[i]:
            row.indoor_dry_bulb_c = POWER_ON_C
        if self.condition is not None and self.condition.skew_s[i]:
            row.sampled_at = _iso(self.sampled_at + timedelta(seconds=float(self.condition.skew_s[i])))
        return row

    def _row(self, i: int) -> Row:
        return Row(
            device_id=self.device_ids[i],
            advice_id=self.advice_ids[i],
            fan=self.fans[i],
            sampled_at=self._stamp,
            interval_s=float(self.interval_s),
            seq=self._seqs[i],
            **{name: values[i] for name, values in self._lists.items()},
        )

    @cached_property
    def _stamp(self) -> str:
        return _iso(self.sampled_at)

    @cached_property
    def _seqs(self) -> list[int]:
        seqs: list[int] = self.seqs.tolist()
        return seqs

    @cached_property
    def _lists(self) -> dict[str, list[Any]]:
        """The columns as plain Python values: one conversion for all homes."""
        return {
            "mode": ["cool" if cooling else "off" for cooling in self.cooling.tolist()],
            "setpoint_c": _or_none(self.setpoint_c),
            "indoor_dry_bulb_c": _or_none(self.indoor_dry_bulb_c),
            "indoor_rh_pct": self.indoor_rh_pct.tolist(),
            "outdoor_dry_bulb_c": self.outdoor_dry_bulb_c.tolist(),
            "electric_power_w": self.electric_power_w.tolist(),
            "energy_total_kwh": self.energy_total_kwh.tolist(),
            "compressor_ratio": self.compressor_ratio.tolist(),
            "motion": self.motion.tolist(),
            "changed_by": [CHANGED_BY[code] for code in self.changed_by.tolist()],
        }


def _iso(at: datetime) -> str:
    precision = "milliseconds" if at.microsecond else "seconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def _or_none(values: Floats) -> list[float | None]:
    return [value if value == value else None for value in values.tolist()]  # noqa: PLR0124 - NaN differs from itself
