"""Generator: seeded weather for use without any file.

Its July means, daily ranges, day-to-day persistence and dew points are those of the typical years that
`climates` names; its hours are smoother than real ones, and it knows no rain.
"""

from datetime import UTC, datetime

import numpy as np
import pvlib

from device_sim.noise import Floats, Noise, Stream
from device_sim.outdoors.climates import RANGE_BY_HOUR, SOLAR_S_PER_DEGREE, Climate, climate_named
from device_sim.outdoors.sun import clear_sky_ghi_w_m2, season_sun
from device_sim.outdoors.weather import DAY_S, Weather, mid_steps_s
from device_sim.psychrometrics import saturation_pressure_pa

PEAK_DAY = 203
"""Day of the year that is warmest on average (22 July), north of the tropics."""

MEMORY_DAYS = 15
"""Days after which the past has no influence: 0.72 to the power of 15 is below 1 %."""

WIND_DAY_SIGMA = 0.3
WIND_HOUR_SIGMA = 0.35
WIND_AFTERNOON = 0.3
"""Deviation of the logarithm of the wind from day to day and from hour to hour, and its daily wave, highest
at 15 h solar time: assumptions."""


def generate(climate: str, noise: Noise, start: datetime, days: int, step_s: int) -> Weather:
    """Weather by the seeded generator; the same instant has the same weather in every season of a seed.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind = climate_named(climate)
    steps = days * DAY_S // step_s
    shift_s = kind.place.longitude_deg * SOLAR_S_PER_DEGREE
    solar_s = np.asarray(mid_steps_s(start, steps, step_s) + shift_s, dtype=np.float64)
    cloud_of_day = _cloud_of_day(kind, noise, solar_s)
    cloud = _cloud_cover(cloud_of_day, noise, solar_s)
    dry_bulb_c = _dry_bulb_c(kind, noise, solar_s, _sigmoid(cloud_of_day))
    dew_point_c = kind.dew_point_c + kind.dew_point_sd_k * _slow(
        noise, Stream.WEATHER_DEW_POINT, solar_s, kind.persistence
    )
    rh_pct = 100.0 * saturation_pressure_pa(dew_point_c) / saturation_pressure_pa(dry_bulb_c)
    sun = season_sun(kind.place, start, steps, step_s)
    # Kasten & Czeplak (1980), doi:10.1016/0038-092X(80)90391-6: what clouds leave of the clear sky's light
    ghi = clear_sky_ghi_w_m2(sun) * (1.0 - 0.75 * cloud**3.4)
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


def _cloud_of_day(kind: Climate, noise: Noise, solar_s: Floats) -> Floats:
    """The day's cloud cover as a logit."""
    return kind.cloudiness + 1.2 * _slow(noise, Stream.WEATHER_CLOUD_DAY, solar_s, 0.4)


def _cloud_cover(cloud_of_day: Floats, noise: Noise, solar_s: Floats) -> Floats:
    """Share of the sky that is covered, 0 to 1: the day's cover and a wave from hour to hour."""
    return _sigmoid(cloud_of_day + 0.8 * _hourly(noise, Stream.WEATHER_CLOUD_HOUR, solar_s))


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _dry_bulb_c(kind: Climate, noise: Noise, solar_s: Floats, cloud: Floats) -> Floats:
    """Yearly wave, daily wave (flatter under clouds) and the weather of the day."""
    year = datetime.fromtimestamp(float(solar_s[0]), UTC).year
    day_of_year = (solar_s - datetime(year, 1, 1, tzinfo=UTC).timestamp()) / DAY_S
    yearly_k = kind.season_k * (np.cos(2.0 * np.pi * (day_of_year - PEAK_DAY) / 365.25) - 1.0)
    below = np.interp(solar_s % DAY_S / 3600.0, np.arange(25), np.append(RANGE_BY_HOUR, RANGE_BY_HOUR[0]))
    range_k = kind.range_k * (1.1 - 0.35 * cloud)
    weather_k = kind.day_sd_k * _slow(noise, Stream.WEATHER_TEMPERATURE, solar_s, kind.persistence)
    return np.asarray(kind.peak_c + yearly_k + weather_k + range_k * (RANGE_BY_HOUR.mean() - below))


def _wind_m_s(kind: Climate, noise: Noise, solar_s: Floats) -> Floats:
    """Wind speed: log-normal about a daily wave, with the climate's mean."""
    spread = WIND_DAY_SIGMA * _slow(noise, Stream.WEATHER_WIND_DAY, solar_s, 0.4)
    spread = spread + WIND_HOUR_SIGMA * _hourly(noise, Stream.WEATHER_WIND_HOUR, solar_s)
    wave = 1.0 + WIND_AFTERNOON * np.cos(2.0 * np.pi * (solar_s / DAY_S - 15.0 / 24.0))
    return np.asarray(kind.wind_m_s * wave * np.exp(spread - (WIND_DAY_SIGMA**2 + WIND_HOUR_SIGMA**2) / 2.0))
