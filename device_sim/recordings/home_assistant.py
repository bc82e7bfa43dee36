"""Home Assistant: the history of a house, resampled to minutes by its author, columns as in README.md.

A stamp is UTC with its offset, and the values are those in force at that instant (steps, carried forward).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from device_sim.recordings.csv_rows import number, rows
from device_sim.recordings.reading import (
    BEFORE_ANY_READING,
    RecordedReading,
    in_time_order,
    present,
    stamp,
)

INTERVAL_S = 60
"""Distance of the rows [s]."""

COLUMNS = frozenset({"device_id", "ts", "t_in_c", "t_out_c", "t_set_c", "hvac_mode"})

MODES = {-2.0: "cool", -1.0: "cool", 0.0: "off", 1.0: "heat", 2.0: "heat"}
"""`hvac_mode` is the sum over the house's two units of +1 for heating and -1 for cooling, as the source's
converter (hass_convert.py) makes it; so 2 is both of them heating. 0 does not tell resting from switched off:
half of such rows are more than 0.5 K below their setpoint, where a resting heater would run."""


def read(directory: Path, timezone: ZoneInfo | None) -> Iterator[RecordedReading]:
    """One reading for each row, ascending by time.

    Args:
        directory: Holds the CSV files.
        timezone: Not used: every stamp says its offset.

    Raises:
        RecordingError: There is no such file, or it lacks a column.
    """
    del timezone
    return in_time_order(_readings(directory))


def _readings(directory: Path) -> Iterator[RecordedReading]:
    last = BEFORE_ANY_READING
    for row in rows(directory, COLUMNS):
        at = _instant(row["ts"])
        last = at or last
        yield RecordedReading(row["device_id"], last, _payload(row, at))


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _payload(row: Mapping[str, str], at: datetime | None) -> dict[str, object]:
    code = number(row["hvac_mode"])
    mode = MODES.get(code, code) if isinstance(code, float) else code
    return present(
        device_id=row["device_id"],
        sampled_at=row["ts"] if at is None else stamp(at),
        interval_s=INTERVAL_S,
        mode=mode,
        setpoint_c=None if mode == "off" else number(row["t_set_c"]),
        indoor_dry_bulb_c=number(row["t_in_c"]),
        outdoor_dry_bulb_c=number(row["t_out_c"]),
    )
