"""Weather: what a season is like outdoors, at the fleet's step, from a file or from a seeded generator.

The generator is for use without any file. Its July means, daily ranges, day-to-day persistence and dew
points are those of the typical years of Phoenix (hot_dry), Miami (hot_humid) and New York (mild_summer);
its hours are smoother than real ones, and it knows no wind, no rain and no heat-wave of its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

from device_sim.errors import UnknownClimateError
from device_sim.noise import Floats, Noise, Stream
from device_sim.psychrometrics import saturation_pressure_pa


@dataclass(frozen=True, slots=True)
class Place:
    """Where on Earth; east and north are positive."""

    latitude_deg: float
    longitude_deg: float
    timezone: str


@dataclass(frozen=True, slots=True)
class Climate:
    """What the generator needs to know of a place.

    Attributes:
        place: Where.
        peak_c: Mean temperature of the warmest days [°C].
        season_k: Half of the difference between the warmest and the coldest time of the year [K].
        range_k: Daily range under a clear sky [K].
        day_sd_k: Standard deviation of the daily mean [K].
        persistence: Correlation of a day's mean with the next day's.
        dew_point_c: Mean dew point in high summer [°C].
        dew_point_sd_k: Its deviation from day to day [K].
        cloudiness: Centre of the cloud cover, as a logit; 0 is half covered.
        design_sensible_ratio: Share of sensible cooling that installers reckon with.
    """

    place: Place
    peak_c: float
    season_k: float
    range_k: float
    day_sd_k: float
    persistence: float
    dew_point_c: float
    dew_point_sd_k: float
    cloudiness: float
    design_sensible_ratio: float


CLIMATES: dict[str, Climate] = {
    "hot_dry": Climate(
        Place(33.45, -112.07, "America/Phoenix"), 35.2, 12.0, 13.0, 2.0, 0.72, 11.0, 4.0, -1.0, 0.90
    ),
    "hot_humid": Climate(
        Place(25.79, -80.29, "America/New_York"), 28.3, 4.5, 8.0, 1.1, 0.50, 22.8, 0.8, 0.9, 0.72
    ),
    "mild_summer": Climate(
        Place(40.78, -73.88, "America/New_York"), 25.0, 12.0, 9.0, 2.3, 0.50, 17.8, 3.5, 0.7, 0.77
    ),
}
"""Named climates. Phoenix, Miami and New York: June to August of their typical meteorological years."""

PEAK_DAY = 203
"""Day of the year that is warmest on average (22 July), north of the tropics."""

RANGE_BY_HOUR = np.array(
    [
        *(0.82, 0.88, 0.92, 0.95, 0.98, 1.00, 0.98, 0.91, 0.74, 0.55, 0.38, 0.23),
        *(0.13, 0.05, 0.00, 0.00, 0.06, 0.14, 0.24, 0.39, 0.50, 0.59, 0.68, 0.75),
    ]
)
"""Share of the daily range below the day's maximum, at 0, 1, ... 23 h: ASHRAE Fundamentals 2021, ch. 14."""

MEMORY_DAYS = 15
"""Days after which the past has no influence: 0.72 to the power of 15 is below 1 %."""

LAST_OF_FEBRUARY = 59
"""Day of the year; the files' years have no 29 February, so it repeats the 28th."""

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Weather:
    """Outdoor conditions of a season.

    Attributes:
        place: Where it was, or is supposed to be.
        start: Start of the first step (UTC).
        step_s: Length of a step [s].
        outdoor_dry_bulb_c: Mean over each step [°C], `(steps,)`.
        outdoor_rh_pct: Mean over each step [%], `(steps,)`.
        ghi_w_m2: Global horizontal irradiance, mean over each step [W/m²], `(steps,)`.
    """

    place: Place
    start: datetime
    step_s: int
    outdoor_dry_bulb_c: Floats
    outdoor_rh_pct: Floats
    ghi_w_m2: Floats

    @property
    def steps(self) -> int:
        """How many steps the season has."""
        return len(self.ghi_w_m2)


def generate(climate: str, noise: Noise, start: datetime, days: int, step_s: int) -> Weather:
    """Weather by the seeded generator; the same instant has the same weather in every season of a seed.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind = climate_named(climate)
    mid_s = _mid_steps_s(start, days, step_s)
    solar_s: Floats = (
        np.asarray(mid_s, np.float64) + kind.place.longitude_deg * 240.0
    )  # the sun takes 240 s for a degree
    cloud_of_day = _cloud_of_day(kind, noise, solar_s)
    cloud = _cloud_cover(cloud_of_day, noise, solar_s)
    dry_bulb_c = _dry_bulb_c(kind, noise, solar_s, _sigmoid(cloud_of_day))
    dew_point_c = kind.dew_point_c + kind.dew_point_sd_k * _slow(
        noise, Stream.WEATHER_DEW_POINT, solar_s, kind.persistence
    )
    rh_pct = 100.0 * saturation_pressure_pa(dew_point_c) / saturation_pressure_pa(dry_bulb_c)
    # Kasten & Czeplak (1980), doi:10.1016/0038-092X(80)90391-6: what clouds leave of the clear sky's light
    ghi = clear_sky_ghi_w_m2(kind.place, mid_s) * (1.0 - 0.75 * cloud**3.4)
    return Weather(kind.place, start, step_s, dry_bulb_c, np.minimum(rh_pct, 98.0), ghi)


def read_epw(path: Path, timezone: str, start: datetime, days: int, step_s: int) -> Weather:
    """Weather of an EnergyPlus file, from the same days of the file's year."""
    frame, header = pvlib.iotools.read_epw(path)
    columns = frame[["temp_air", "relative_humidity", "ghi"]]
    place = Place(float(header["latitude"]), float(header["longitude"]), timezone)
    # the fields of an hour stand at its start in pvlib's frame, and mean that hour (or its end)
    return _from_hours(columns, float(header["TZ"]), place, _Season(start, days, step_s))


def read_tmy3(path: Path, timezone: str, start: datetime, days: int, step_s: int) -> Weather:
    """Weather of a TMY3 file, from the same days of the file's year."""
    frame, header = pvlib.iotools.read_tmy3(path, map_variables=True, coerce_year=2001)
    columns = frame[["temp_air", "relative_humidity", "ghi"]]
    place = Place(float(header["latitude"]), float(header["longitude"]), timezone)
    return _from_hours(columns, float(header["TZ"]), place, _Season(start, days, step_s), ends=True)


def clear_sky_ghi_w_m2(place: Place, epoch_s: NDArray[np.int64]) -> Floats:
    """Irradiance under a cloudless sky by the sun's height [W/m²]: Haurwitz (1945), as pvlib has it."""
    times = pd.DatetimeIndex(pd.to_datetime(epoch_s, unit="s", utc=True))
    zenith = pvlib.solarposition.get_solarposition(times, place.latitude_deg, place.longitude_deg)
    clear = pvlib.clearsky.haurwitz(zenith["apparent_zenith"])["ghi"]
    return np.asarray(clear.to_numpy(), dtype=np.float64)


def design_day(climate: str) -> tuple[Floats, Floats]:
    """Dry bulb [°C] and sunshine [W/m²] of a hot cloudless day, by solar hour, `(24,)` each: for sizing.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind = climate_named(climate)
    hottest_c = kind.peak_c + kind.day_sd_k
    midnight_s = int(datetime(2025, 7, 21, tzinfo=UTC).timestamp()) - round(kind.place.longitude_deg * 240.0)
    ghi = clear_sky_ghi_w_m2(kind.place, midnight_s + 3600 * np.arange(24, dtype=np.int64))
    return hottest_c + kind.range_k * (RANGE_BY_HOUR.mean() - RANGE_BY_HOUR), ghi


def climate_named(climate: str) -> Climate:
    """The climate of that name.

    Raises:
        UnknownClimateError: There is none.
    """
    if climate not in CLIMATES:
        raise UnknownClimateError(climate, tuple(CLIMATES))
    return CLIMATES[climate]


def _mid_steps_s(start: datetime, days: int, step_s: int) -> NDArray[np.int64]:
    steps = days * _DAY_S // step_s
    return int(start.timestamp()) + step_s // 2 + step_s * np.arange(steps, dtype=np.int64)


def _slow(noise: Noise, stream: Stream, solar_s: Floats, persistence: float) -> Floats:
    """A standard normal value for each solar day, correlated from day to day, joined at the noons."""
    days = np.arange(int(solar_s[0] // _DAY_S) - 1, int(solar_s[-1] // _DAY_S) + 2)
    shocks = noise.normal(stream, np.arange(days[0] - MEMORY_DAYS, days[-1] + 1))[:, 0]
    weights = persistence ** np.arange(MEMORY_DAYS + 1)
    daily = np.convolve(shocks, weights, mode="valid") * np.sqrt(1.0 - persistence**2)
    return np.asarray(np.interp(solar_s, (days + 0.5) * _DAY_S, daily))


def _cloud_of_day(kind: Climate, noise: Noise, solar_s: Floats) -> Floats:
    """The day's cloud cover as a logit."""
    return kind.cloudiness + 1.2 * _slow(noise, Stream.WEATHER_CLOUD_DAY, solar_s, 0.4)


def _cloud_cover(cloud_of_day: Floats, noise: Noise, solar_s: Floats) -> Floats:
    """Share of the sky that is covered, 0 to 1: the day's cover and a wave from hour to hour."""
    hours = np.arange(int(solar_s[0] // 3600), int(solar_s[-1] // 3600) + 2)
    fast = np.interp(solar_s, hours * 3600.0, noise.normal(Stream.WEATHER_CLOUD_HOUR, hours)[:, 0])
    return _sigmoid(cloud_of_day + 0.8 * fast)


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _dry_bulb_c(kind: Climate, noise: Noise, solar_s: Floats, cloud: Floats) -> Floats:
    """Yearly wave, daily wave (flatter under clouds) and the weather of the day."""
    year = datetime.fromtimestamp(float(solar_s[0]), UTC).year
    day_of_year = (solar_s - datetime(year, 1, 1, tzinfo=UTC).timestamp()) / _DAY_S
    yearly_k = kind.season_k * (np.cos(2.0 * np.pi * (day_of_year - PEAK_DAY) / 365.25) - 1.0)
    below = np.interp(solar_s % _DAY_S / 3600.0, np.arange(25), np.append(RANGE_BY_HOUR, RANGE_BY_HOUR[0]))
    range_k = kind.range_k * (1.1 - 0.35 * cloud)
    weather_k = kind.day_sd_k * _slow(noise, Stream.WEATHER_TEMPERATURE, solar_s, kind.persistence)
    return np.asarray(kind.peak_c + yearly_k + weather_k + range_k * (RANGE_BY_HOUR.mean() - below))


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
    mid_s = _mid_steps_s(season.start, season.days, season.step_s)
    local = pd.DatetimeIndex(pd.to_datetime(mid_s + round(offset_h * 3600), unit="s"))
    leap_day = (local.is_leap_year & (local.day_of_year > LAST_OF_FEBRUARY)).astype(np.int64)
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    wanted = (local.day_of_year - 1 - leap_day) * 24.0 + hour
    columns = [
        np.interp(wanted, known, frame[name].to_numpy(dtype=np.float64)[order], period=8760.0)
        for name in ("temp_air", "relative_humidity", "ghi")
    ]
    return Weather(place, season.start, season.step_s, *columns)
