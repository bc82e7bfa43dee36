"""Generator: seeded weather for use without any file.

Its July means, daily ranges, day-to-day persistence and dew points are those of the typical years that
`climates` names; its hours are smoother than real ones, and it knows no rain.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pvlib

from device_sim.noise import Floats, Noise, Stream
from device_sim.outdoors.climates import (
    MID_MONTHS,
    RANGE_BY_HOUR,
    SOLAR_S_PER_DEGREE,
    Climate,
    Months,
    climate_named,
)
from device_sim.outdoors.sun import clear_sky_ghi_w_m2, season_sun
from device_sim.outdoors.weather import DAY_S, Weather, mid_steps_s
from device_sim.psychrometrics import saturation_pressure_pa

YEAR_DAYS = 365.2425
"""Mean year [d]."""

MEMORY_DAYS = 15
"""Days after which the past has no influence: 0.72 to the power of 15 is below 1 %."""

CLOUD_PERSISTENCE = 0.4
CLOUD_DAY_SD = 1.2
CLOUD_HOUR_SD = 0.8
"""Of the cloud cover's logit: from day to day, and from hour to hour. Typical years have a persistence of
0.25 to 0.5; the deviations are assumptions."""

WIND_DAY_SIGMA = 0.3
WIND_HOUR_SIGMA = 0.35
WIND_PERSISTENCE = 0.4
WIND_AFTERNOON = 0.3
"""Deviation of the logarithm of the wind from day to day and from hour to hour, correlation of two days, and
daily wave, highest at 15 h solar time: about those of the files that the climates are fitted to, whose days
vary by 22 to 39 % of the mean, and hours within a day by 33 to 56 %."""

WIND_VARIANCE = WIND_DAY_SIGMA**2 * (2.0 + WIND_PERSISTENCE) / 3.0 + WIND_HOUR_SIGMA**2 * 2.0 / 3.0
"""Of that logarithm: values joined by straight lines vary less between than at their knots."""


def generate(climate: str, noise: Noise, start: datetime, days: int, step_s: int) -> Weather:
    """Weather by the seeded generator; the same instant has the same weather in every season of a seed.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind = climate_named(climate)
    steps = days * DAY_S // step_s
    shift_s = kind.place.longitude_deg * SOLAR_S_PER_DEGREE
    solar_s = np.asarray(mid_steps_s(start, steps, step_s) + shift_s, dtype=np.float64)
    days_of = _DayToDay.of(kind, noise, solar_s)
    cloud_of_day = _of_month(kind.cloudiness, solar_s) + CLOUD_DAY_SD * days_of.cloud
    cloud = _sigmoid(cloud_of_day + CLOUD_HOUR_SD * _hourly(noise, Stream.WEATHER_CLOUD_HOUR, solar_s))
    dry_bulb_c = _dry_bulb_c(kind, days_of.temperature, solar_s, _sigmoid(cloud_of_day))
    dew_point_c = _of_month(kind.dew_point_c, solar_s) + kind.dew_point_sd_k * days_of.dew_point
    rh_pct = 100.0 * saturation_pressure_pa(dew_point_c) / saturation_pressure_pa(dry_bulb_c)
    sun = season_sun(kind.place, start, steps, step_s)
    # Kasten & Czeplak (1980), doi:10.1016/0038-092X(80)90391-6: what clouds leave of the clear sky's light
    ghi = kind.clear_sky_ratio * clear_sky_ghi_w_m2(sun) * (1.0 - 0.75 * cloud**3.4)
    # Erbs, Klein & Duffie (1982), doi:10.1016/0038-092X(82)90302-4: made for hours, used for shorter steps
    split = pvlib.irradiance.erbs(ghi, sun.zenith_deg, sun.day_of_year)
    return Weather(
        place=kind.place,
        start=start,
        step_s=step_s,
        outdoor_dry_bulb_c=dry_bulb_c,
        outdoor_rh_pct=np.minimum(rh_pct, 98.0),
        ghi_w_m2=ghi,
        dni_w_m2=np.asarray(split["dni"]),
        dhi_w_m2=np.asarray(split["dhi"]),
        wind_m_s=_wind_m_s(kind, noise, solar_s),
    )


@dataclass(frozen=True, slots=True)
class _DayToDay:
    """How a day differs from its month, in standard deviations; arrays are `(steps,)`."""

    temperature: Floats
    dew_point: Floats
    cloud: Floats

    @classmethod
    def of(cls, kind: Climate, noise: Noise, solar_s: Floats) -> "_DayToDay":
        """Draw them; hot days are clearer and moister, or not, as the climate says."""
        temperature = _slow(noise, Stream.WEATHER_TEMPERATURE, solar_s, kind.persistence)
        moist = _slow(noise, Stream.WEATHER_DEW_POINT, solar_s, kind.persistence)
        cloudy = _slow(noise, Stream.WEATHER_CLOUD_DAY, solar_s, CLOUD_PERSISTENCE)
        return cls(
            _skewed(temperature, kind.day_skew),
            _following(kind.dew_point_follows, temperature, moist),
            _following(-kind.sun_follows, temperature, cloudy),
        )


def _following(correlation: float, leader: Floats, own: Floats) -> Floats:
    return np.asarray(correlation * leader + np.sqrt(1.0 - correlation**2) * own)


def _skewed(normal: Floats, skew: float) -> Floats:
    """Normal values bent so that they have about this skewness, still with mean 0 and deviation 1."""
    bend = skew / 6.0
    return np.asarray((normal + bend * (normal**2 - 1.0)) / np.sqrt(1.0 + 2.0 * bend**2))


def _slow(noise: Noise, stream: Stream, solar_s: Floats, persistence: float) -> Floats:
    """A standard normal value for each solar day, correlated from day to day, joined at the noons."""
    days = np.arange(int(solar_s[0] // DAY_S) - 1, int(solar_s[-1] // DAY_S) + 2)
    shocks = noise.normal(stream, np.arange(days[0] - MEMORY_DAYS, days[-1] + 1))[:, 0]
    weights = persistence ** np.arange(MEMORY_DAYS + 1)
    daily = np.convolve(shocks, weights, mode="valid") * np.sqrt(1.0 - persistence**2)
    return np.asarray(np.interp(solar_s, (days + 0.5) * DAY_S, daily))


def _hourly(noise: Noise, stream: Stream, solar_s: Floats) -> Floats:
    """A standard normal value for each solar hour, joined at the hours."""
    hours = np.arange(int(solar_s[0] // 3600), int(solar_s[-1] // 3600) + 2)
    return np.asarray(np.interp(solar_s, hours * 3600.0, noise.normal(stream, hours)[:, 0]))


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _dry_bulb_c(kind: Climate, anomaly: Floats, solar_s: Floats, cloud: Floats) -> Floats:
    """The month's mean, a daily wave (flatter under clouds) and the weather of the day."""
    below = np.interp(solar_s % DAY_S / 3600.0, np.arange(25), np.append(RANGE_BY_HOUR, RANGE_BY_HOUR[0]))
    range_k = _of_month(kind.range_k, solar_s) * (1.1 - 0.35 * cloud)
    daily_k = range_k * (RANGE_BY_HOUR.mean() - below)
    return np.asarray(_of_month(kind.mean_c, solar_s) + kind.day_sd_k * anomaly + daily_k)


def _of_month(values: Months, solar_s: Floats) -> Floats:
    """Monthly values at these times; the same day has the same in every season that holds it."""
    day_of_year = solar_s / DAY_S % YEAR_DAYS
    return np.asarray(np.interp(day_of_year, MID_MONTHS, values, period=YEAR_DAYS), dtype=np.float64)


def _wind_m_s(kind: Climate, noise: Noise, solar_s: Floats) -> Floats:
    """Wind speed: log-normal about a daily wave, with the climate's mean."""
    spread = WIND_DAY_SIGMA * _slow(noise, Stream.WEATHER_WIND_DAY, solar_s, WIND_PERSISTENCE)
    spread = spread + WIND_HOUR_SIGMA * _hourly(noise, Stream.WEATHER_WIND_HOUR, solar_s)
    wave = 1.0 + WIND_AFTERNOON * np.cos(2.0 * np.pi * (solar_s / DAY_S - 15.0 / 24.0))
    return np.asarray(kind.wind_m_s * wave * np.exp(spread - WIND_VARIANCE / 2.0))
