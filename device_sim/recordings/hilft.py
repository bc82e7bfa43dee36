"""HILFT: one-day tests of a measured heat pump in a laboratory, a device each, columns as in README.md.

A stamp is the start of its minute on the clock of the emulated day (the year is nominal): local time without
an offset.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from device_sim.psychrometrics import saturation_pressure_pa
from device_sim.recordings.errors import RecordingColumnsError, RecordingMissingError, TimezoneNeededError
from device_sim.recordings.reading import (
    BEFORE_ANY_READING,
    RecordedReading,
    in_time_order,
    present,
    stamp,
)
from device_sim.recordings.wall_clock import WallClock

INTERVAL_S = 60
"""Length of a row's interval [s]."""

PATTERN = "*.parquet"

COLUMNS = frozenset(
    {"device_id", "ts", "power_w", "t_in_c", "dp_in_c", "t_out_c", "t_set_cool_c"}
    | {"sim_n_present", "sim_setpoint_change_f"}
)


def read(directory: Path, timezone: ZoneInfo | None) -> Iterator[RecordedReading]:
    """One reading for each row, ascending by time.

    Args:
        directory: Holds the Parquet files.
        timezone: Of the emulated place.

    Raises:
        TimezoneNeededError: `timezone` is None.
        RecordingError: There is no such file, or it lacks a column.
    """
    if timezone is None:
        raise TimezoneNeededError("hilft")
    return in_time_order(_readings(directory, WallClock(timezone)))


def _readings(directory: Path, clock: WallClock) -> Iterator[RecordedReading]:
    last = BEFORE_ANY_READING
    for row in _rows(directory):
        wall = row["ts"]
        start = None if wall is None else clock.instant(row["device_id"], wall)
        end = None if start is None else start + timedelta(seconds=INTERVAL_S)
        last = end or last
        yield RecordedReading(row["device_id"], last, _payload(row, end))


def _rows(directory: Path) -> Iterator[dict[str, Any]]:
    files = sorted(directory.glob(PATTERN))
    if not files:
        raise RecordingMissingError(directory, (PATTERN,))
    for file in files:
        missing = COLUMNS - set(pq.read_schema(file).names)
        if missing:
            raise RecordingColumnsError(file, missing)
        table = pq.read_table(file, columns=sorted(COLUMNS))
        columns = {name: _values(table[name]) for name in COLUMNS}
        columns["rh_in_pct"] = _humidity(table)
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The column as Python values."""
    return [_finite(value) if isinstance(value, float) else value for value in column.to_pylist()]


def _finite(value: float) -> float | str | None:
    """A NaN is no value; an infinity is none of JSON's numbers and travels as text, to be refused."""
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _humidity(table: pa.Table) -> list[float | None]:
    """Relative humidity [%] from dry bulb and dew point, both measured: vapour pressure over saturation."""
    dew_point = np.asarray(table["dp_in_c"].to_pylist(), dtype=np.float64)
    dry_bulb = np.asarray(table["t_in_c"].to_pylist(), dtype=np.float64)
    ratio = saturation_pressure_pa(dew_point) / saturation_pressure_pa(dry_bulb)
    return [None if np.isnan(value) else round(value, 1) for value in (100.0 * ratio).tolist()]


def _payload(row: Mapping[str, Any], end: datetime | None) -> dict[str, object]:
    present_count = row["sim_n_present"]
    return present(
        device_id=row["device_id"],
        sampled_at=_raw(row["ts"]) if end is None else stamp(end),
        interval_s=INTERVAL_S,
        mode="cool",
        setpoint_c=row["t_set_cool_c"],
        indoor_dry_bulb_c=row["t_in_c"],
        indoor_rh_pct=row["rh_in_pct"],
        outdoor_dry_bulb_c=row["t_out_c"],
        electric_power_w=row["power_w"],
        motion=None if present_count is None else present_count > 0,
        changed_by="remote" if row["sim_setpoint_change_f"] else None,
    )


def _raw(wall: datetime | None) -> str | None:
    """A stamp that names no instant, as it is: the contract refuses it for want of an offset."""
    return None if wall is None else wall.isoformat()
