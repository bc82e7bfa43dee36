"""Local time of a season: the clock on the wall at each step, and when the next schedule point comes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SCHEDULE_HOURS = (6, 9, 17, 22)
"""Local hours of the schedule points when a home has none of its own (the wire contract's default)."""

DAY_S = 86_400
NIGHT_STARTS_S = 22 * 3600
NIGHT_ENDS_S = 6 * 3600

HOME_FOLLOWS_S = 2 * 3600
"""How long a home may take to follow a new habit setpoint before people mind [s]; an assumption."""


class LocalTime:
    """The wall clock at the start of each step; arrays are `(steps,)`.

    Attributes:
        epoch_s: Seconds since 1970-01-01 UTC.
        day: Number of the local day (proleptic Gregorian ordinal).
        time_of_day_s: Seconds since local midnight, by the wall clock.
        next_point_s: Epoch of the next schedule point strictly after the step's start.
        night: Whether the night schedule (22:00 to 06:00) is in force.
        night_lately: Whether it was in force `HOME_FOLLOWS_S` ago.
    """

    def __init__(self, start: datetime, steps: int, step_s: int, timezone: str) -> None:
        zone = ZoneInfo(timezone)
        first_s = int(start.timestamp())
        self.epoch_s: NDArray[np.int64] = first_s + step_s * np.arange(steps, dtype=np.int64)
        wall_s = self.epoch_s + _offsets_s(self.epoch_s, zone)
        self.day = wall_s // DAY_S + datetime(1970, 1, 1, tzinfo=UTC).toordinal()
        self.time_of_day_s = wall_s % DAY_S
        points = _schedule_points(start, steps * step_s // DAY_S + 3, zone)
        self.next_point_s = points[np.searchsorted(points, self.epoch_s, side="right")]
        self.night = _is_night(self.time_of_day_s)
        self.night_lately = _is_night((self.time_of_day_s - HOME_FOLLOWS_S) % DAY_S)


def _is_night(time_of_day_s: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (time_of_day_s >= NIGHT_STARTS_S) | (time_of_day_s < NIGHT_ENDS_S)


def _offsets_s(epoch_s: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Offset from UTC at each instant [s]; looked up once in 15 min, on which all zones change."""
    quarters, inverse = np.unique(epoch_s // 900, return_inverse=True)
    offsets = [_offset_s(datetime.fromtimestamp(int(quarter) * 900, zone)) for quarter in quarters]
    return np.array(offsets, dtype=np.int64)[inverse]


def _offset_s(local: datetime) -> int:
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _schedule_points(start: datetime, days: int, zone: ZoneInfo) -> NDArray[np.int64]:
    first = start.astimezone(zone).date()
    instants = [
        datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()
        for day in (first + timedelta(days=ahead) for ahead in range(days))
        for hour in SCHEDULE_HOURS
    ]
    return np.array(instants, dtype=np.int64)
