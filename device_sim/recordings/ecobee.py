"""ecobee: the 5-minute report of a home thermostat, columns as in README.md.

A stamp is the start of its 5 minutes on the thermostat's own clock, daylight saving applied (ecobee, GET
Runtime Report). The run seconds are those of the interval; the temperatures were taken at its start, so in a
reading, which is stamped with the end, they are up to 5 minutes old.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from device_sim.recordings.csv_rows import flag, number, rows
from device_sim.recordings.errors import TimezoneNeededError
from device_sim.recordings.reading import (
    BEFORE_ANY_READING,
    RecordedReading,
    in_time_order,
    present,
    stamp,
)
from device_sim.recordings.wall_clock import WallClock

INTERVAL_S = 300
"""Length of a row's interval [s]."""

COLUMNS = frozenset(
    {"device_id", "ts", "system_mode", "event", "t_set_cool_c", "t_set_heat_c", "t_in_c", "rh_in"}
    | {"t_out_c", "cool_run_s", "motion"}
)

MODES = {
    "compressorCoolOff": "cool",
    "compressorCoolStage1On": "cool",
    "compressorCoolStage2On": "cool",
    "heatOff": "cool",
    "heatStage1On": "heat",
    "heatStage2On": "heat",
    "heatStage3On": "heat",
}
"""What the equipment does, and the mode that the thermostat is in. `heatOff` says only that a furnace rests:
the column "System Setting", which ecobee_home lacks and its source has, reads `cool` there."""

CHANGED_BY = {"": "schedule", "(SmartRecovery)": "schedule", "hold": "remote", "auto": "unknown"}
"""Who set the setpoint in force. A hold is made by hand, on the wall or in the app (the report does not say
which); an automatic event is a program's, of ecobee or of the demand-response study of this home."""


def read(directory: Path, timezone: ZoneInfo | None) -> Iterator[RecordedReading]:
    """One reading for each row, ascending by time.

    Args:
        directory: Holds the CSV files.
        timezone: Where the thermostat hangs.

    Raises:
        TimezoneNeededError: `timezone` is None.
        RecordingError: There is no such file, or it lacks a column.
    """
    if timezone is None:
        raise TimezoneNeededError("ecobee")
    return in_time_order(_readings(directory, WallClock(timezone)))


def _readings(directory: Path, clock: WallClock) -> Iterator[RecordedReading]:
    last = BEFORE_ANY_READING
    for row in rows(directory, COLUMNS):
        start = _start(row, clock)
        end = None if start is None else start + timedelta(seconds=INTERVAL_S)
        last = end or last
        yield RecordedReading(row["device_id"], last, _payload(row, end))


def _start(row: Mapping[str, str], clock: WallClock) -> datetime | None:
    try:
        wall = datetime.fromisoformat(row["ts"])
    except ValueError:
        return None
    return clock.instant(row["device_id"], wall) if wall.tzinfo is None else wall


def _payload(row: Mapping[str, str], end: datetime | None) -> dict[str, object]:
    mode = MODES.get(row["system_mode"], row["system_mode"])
    return present(
        device_id=row["device_id"],
        sampled_at=row["ts"] if end is None else stamp(end),
        interval_s=INTERVAL_S,
        mode=mode,
        setpoint_c=number(row["t_set_heat_c" if mode == "heat" else "t_set_cool_c"]),
        indoor_dry_bulb_c=number(row["t_in_c"]),
        indoor_rh_pct=number(row["rh_in"]),
        outdoor_dry_bulb_c=number(row["t_out_c"]),
        compressor_ratio=_ratio(number(row["cool_run_s"])),
        motion=_motion(row),
        changed_by=CHANGED_BY.get(row["event"], "unknown"),
    )


def _ratio(run_s: float | str | None) -> float | str | None:
    return round(run_s / INTERVAL_S, 4) if isinstance(run_s, float) else run_s


def _motion(row: Mapping[str, str]) -> bool | float | str | None:
    """Whether any sensor saw somebody; without a value only where none of them has one."""
    seen = [flag(cell) for name, cell in row.items() if name.endswith("motion")]
    known = [value for value in seen if value is not None]
    odd = next((value for value in known if not isinstance(value, bool)), None)
    return odd if odd is not None else any(known) if known else None
