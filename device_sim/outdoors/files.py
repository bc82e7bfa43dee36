"""Files: weather of a measured or typical year, as EnergyPlus, NREL and the shared data set write it.

EPW, TMY2 and TMY3 say of their hours: sunshine is the sum of the sixty minutes before the time indicated, all
else is at the time indicated (manuals of TMY2, NREL/SP-463-7668, and TMY3, NREL/TP-581-43156).
"""

import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pvlib

from device_sim.errors import WeatherFileError
from device_sim.noise import Floats
from device_sim.outdoors.cities import CITIES
from device_sim.outdoors.weather import Place, Weather
from device_sim.outdoors.years import HOURS, Year

LIMITS: dict[str, tuple[float, float]] = {
    "air_c": (-60.0, 60.0),
    "rh_pct": (0.0, 110.0),
    "wind_m_s": (0.0, 60.0),
    "ghi_w_m2": (0.0, 1500.0),
    "dni_w_m2": (0.0, 1400.0),
    "dhi_w_m2": (0.0, 1000.0),
}
"""What a year's values may be; codes for a missing value (99.9, 9999, -9900) are outside."""

PVLIB_COLUMNS = ("temp_air", "relative_humidity", "wind_speed", "ghi", "dni", "dhi")
TMY2_COLUMNS = ("DryBulb", "RHum", "Wspd", "GHI", "DNI", "DHI")
CITY_COLUMNS = ("t_out_c", "rh", "wind_ms", "ghi", "dni", "dhi")
"""In the order of `LIMITS`."""

_READER_TROUBLE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OSError, EOFError, zlib.error),
    UnboundLocalError,  # pvlib's reader of a TMY2 file without a line
)
"""What readers raise for a file that is not what its first lines promise."""


def read_weather(path: Path, timezone: str, start: datetime, days: int, step_s: int) -> Weather:
    """Weather of a file, from the same days of the file's year.

    Args:
        path: An EPW, TMY2 or TMY3 file, or one of `cities.CITIES`, which may be compressed by gzip.
        timezone: IANA name of the file's place; a city's own wins.
        start: Start of the season.
        days: Its length [d].
        step_s: Length of a step [s].

    Raises:
        WeatherFileError: The file is missing, empty, cut short, of an unknown kind, or of another zone.
    """
    return read_year(path, timezone).season(start, days, step_s)


def read_year(path: Path, timezone: str) -> Year:
    """All hours of a file.

    Raises:
        WeatherFileError: As `read_weather`.
    """
    try:
        reader = _reader(path, _first_lines(path))
        return reader(path, timezone)
    except _READER_TROUBLE as error:
        raise WeatherFileError(path, f"not to be read ({error})") from error


def _first_lines(path: Path) -> tuple[str, str]:
    if not path.is_file():
        raise WeatherFileError(path, "there is no such file")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        first, second = file.readline(), file.readline()
    if not first.strip():
        raise WeatherFileError(path, "it is empty")
    return first, second


def _reader(path: Path, lines: tuple[str, str]) -> Callable[[Path, str], Year]:
    """By the first lines; TMY2's say little, so its suffix counts."""
    first, second = lines
    if first.startswith("LOCATION,"):
        return _read_epw
    if second.startswith("Date (MM/DD/YYYY)"):
        return _read_tmy3
    if first.startswith("month,day,hour_ending,"):
        return _read_city
    if path.suffix.lower() == ".tm2":
        return _read_tmy2
    raise WeatherFileError(path, "neither EPW, nor TMY2, nor TMY3, nor a city's CSV file")


def _read_epw(path: Path, timezone: str) -> Year:
    frame, header = pvlib.iotools.read_epw(path)
    return _year(path, frame, PVLIB_COLUMNS, (_place(header, timezone), float(header["TZ"])))


def _read_tmy3(path: Path, timezone: str) -> Year:
    frame, header = pvlib.iotools.read_tmy3(path, map_variables=True, coerce_year=2001)
    return _year(path, frame, PVLIB_COLUMNS, (_place(header, timezone), float(header["TZ"])))


def _read_tmy2(path: Path, timezone: str) -> Year:
    frame, header = pvlib.iotools.read_tmy2(path)
    frame[["DryBulb", "Wspd"]] = (
        frame[["DryBulb", "Wspd"]] / 10.0
    )  # tenths of a degree and of a metre a second
    return _year(path, frame, TMY2_COLUMNS, (_place(header, timezone), float(header["TZ"])))


def _read_city(path: Path, _timezone: str) -> Year:
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    if name not in CITIES:
        raise WeatherFileError(path, f"nobody knows where it is; cities are {', '.join(CITIES)}")
    city, frame = CITIES[name], pd.read_csv(path)
    timing = (city.air_before_end_h, city.sun_before_end_h)
    return _year(path, frame, CITY_COLUMNS, (city.place, city.offset_h), timing)


def _place(header: dict[str, str | float], timezone: str) -> Place:
    return Place(float(header["latitude"]), float(header["longitude"]), timezone)


def _year(
    path: Path,
    frame: pd.DataFrame,
    columns: tuple[str, ...],
    where: tuple[Place, float],
    timing: tuple[float, float] = (0.0, 0.5),
) -> Year:
    """The checked hours of a file, in its own order."""
    place, offset_h = where
    if len(frame) != HOURS:
        raise WeatherFileError(path, f"it has {len(frame)} hours instead of {HOURS}")
    _check_zone(path, place.timezone, offset_h)
    air_c, rh_pct, wind_m_s, ghi, dni, dhi = (
        _checked(path, frame[name], quantity) for name, quantity in zip(columns, LIMITS, strict=True)
    )
    rh_pct = np.minimum(rh_pct, 100.0)
    return Year(place, offset_h, air_c, rh_pct, wind_m_s, ghi, dni, dhi, *timing)


def _checked(path: Path, column: "pd.Series[float]", quantity: str) -> Floats:
    low, high = LIMITS[quantity]
    values: Floats = np.asarray(column, dtype=np.float64)
    if not ((values >= low) & (values <= high)).all():
        raise WeatherFileError(path, f"{quantity} is not always within {low:g} and {high:g}")
    return values


def _check_zone(path: Path, timezone: str, offset_h: float) -> None:
    """The zone's standard time must be the file's, or all presence and prices would be shifted."""
    january, july = (datetime(2001, month, 1, tzinfo=UTC).astimezone(ZoneInfo(timezone)) for month in (1, 7))
    offsets = [moment.utcoffset() or timedelta() for moment in (january, july)]
    if min(offsets) != timedelta(hours=offset_h):
        raise WeatherFileError(path, f"it is at UTC{offset_h:+g} h, unlike {timezone}")
