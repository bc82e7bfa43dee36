"""Files: weather of a measured or typical year, from the same days of the file's year.

The sunshine of an hour is a mean over it; it is spread over the steps by the sun's height, so that a day's
energy stays what the file says and the night stays dark.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib

from device_sim.outdoors.weather import DAY_S, Place, Weather, mid_steps_s

LAST_OF_FEBRUARY = 59
"""Day of the year; the files' years have no 29 February, so it repeats the 28th."""

COLUMNS = ("temp_air", "relative_humidity", "ghi", "dni", "dhi", "wind_speed")
"""What is read, by pvlib's names, in the order of `Weather`."""


def read_epw(path: Path, timezone: str, start: datetime, days: int, step_s: int) -> Weather:
    """Weather of an EnergyPlus file, from the same days of the file's year."""
    frame, header = pvlib.iotools.read_epw(path)
    place = Place(float(header["latitude"]), float(header["longitude"]), timezone)
    # the fields of an hour stand at its start in pvlib's frame, and mean that hour (or its end)
    return _from_hours(frame, float(header["TZ"]), place, _Season(start, days, step_s))


def read_tmy3(path: Path, timezone: str, start: datetime, days: int, step_s: int) -> Weather:
    """Weather of a TMY3 file, from the same days of the file's year."""
    frame, header = pvlib.iotools.read_tmy3(path, map_variables=True, coerce_year=2001)
    place = Place(float(header["latitude"]), float(header["longitude"]), timezone)
    return _from_hours(frame, float(header["TZ"]), place, _Season(start, days, step_s), ends=True)


@dataclass(frozen=True, slots=True)
class _Season:
    start: datetime
    days: int
    step_s: int


def _from_hours(
    frame: pd.DataFrame, offset_h: float, place: Place, season: _Season, *, ends: bool = False
) -> Weather:
    """Interpolate the hours of a file's year: each hour's mean stands at its middle."""
    stamps = pd.DatetimeIndex(frame.index)
    hour_of_year = (stamps.day_of_year - 1) * 24.0 + stamps.hour + (-0.5 if ends else 0.5)
    order = np.argsort(hour_of_year.to_numpy(), kind="stable")
    known = hour_of_year.to_numpy()[order]
    mid_s = mid_steps_s(season.start, season.days * DAY_S // season.step_s, season.step_s)
    local = pd.DatetimeIndex(pd.to_datetime(mid_s + round(offset_h * 3600), unit="s"))
    leap_day = (local.is_leap_year & (local.day_of_year > LAST_OF_FEBRUARY)).astype(np.int64)
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    wanted = (local.day_of_year - 1 - leap_day) * 24.0 + hour
    columns = [
        np.interp(wanted, known, frame[name].to_numpy(dtype=np.float64)[order], period=8760.0)
        for name in COLUMNS
    ]
    return Weather(place, season.start, season.step_s, *columns)
