"""The daily quality report: of each device, and of the fleet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Final

import numpy as np
import pyarrow as pa

from cloud.quality.columns import Columns, Flags, Integers
from cloud.quality.rules import RULES

CONTEXT: Final = timedelta(days=1)
"""What is looked at before the day, so that a stretch which began then is seen whole."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeviceQuality:
    """One device on one day.

    Attributes:
        device_id: Which.
        readings: In the lake.
        missing: Never came, by the gaps in `seq`.
        covered_ratio: Share of the day that the readings' intervals cover.
        flags: How many readings each rule has flagged; rules without any are left out.
    """

    device_id: str
    readings: int
    missing: int
    covered_ratio: float
    flags: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All devices on one day.

    Attributes:
        day: UTC.
        devices: Those with readings, by id.
    """

    day: date
    devices: tuple[DeviceQuality, ...]

    @property
    def readings(self) -> int:
        """Readings in the lake."""
        return sum(device.readings for device in self.devices)

    @property
    def missing(self) -> int:
        """Readings that never came."""
        return sum(device.missing for device in self.devices)

    def flagged(self) -> dict[str, tuple[int, int]]:
        """Of each rule: how many readings it has flagged, of how many devices."""
        counts = {rule.name: [each.flags.get(rule.name, 0) for each in self.devices] for rule in RULES}
        return {name: (sum(flags), sum(flag > 0 for flag in flags)) for name, flags in counts.items()}


def window_of(day: date) -> tuple[datetime, datetime]:
    """What has to be read of the lake for the report of `day`."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start - CONTEXT, start + DAY


def report_parts(tables: Iterable[pa.Table], day: date) -> QualityReport:
    """The report of `day` over parts of the fleet, such as those of `LakeReader.parts`."""
    devices = (device for table in tables for device in report(table, day).devices)
    return QualityReport(day, tuple(sorted(devices, key=attrgetter("device_id"))))


def report(table: pa.Table, day: date) -> QualityReport:
    """The report of `day`.

    Args:
        table: What `Lake.scan` gives for `window_of(day)`.
        day: UTC.
    """
    columns = Columns.of(table)
    start_ms = round((window_of(day)[1] - DAY).timestamp() * 1000)
    today = columns.at_ms >= start_ms
    readings = _by_device(columns, today)
    flags = {rule.name: _by_device(columns, rule.flag(columns) & today) for rule in RULES}
    missing = _missing(columns, today)
    covered = np.bincount(columns.device[today], columns.interval_s[today], len(columns.device_ids)) / 86_400
    return QualityReport(
        day,
        tuple(
            DeviceQuality(
                device_id=columns.device_ids[code],
                readings=int(readings[code]),
                missing=int(missing[code]),
                covered_ratio=round(float(covered[code]), 4),
                flags={name: int(counts[code]) for name, counts in flags.items() if counts[code]},
            )
            for code in np.flatnonzero(readings).tolist()
        ),
    )


def _by_device(columns: Columns, flags: Flags) -> Integers:
    return np.bincount(columns.device[flags], minlength=len(columns.device_ids))


def _missing(columns: Columns, today: Flags) -> Integers:
    """Gaps in `seq` that end today, by device."""
    pairs = columns.pairs
    gap = np.where(today[pairs.after], np.maximum(pairs.steps - 1, 0), 0)
    lost = np.bincount(columns.device[pairs.after], gap, len(columns.device_ids))
    return lost.astype(np.int64)
