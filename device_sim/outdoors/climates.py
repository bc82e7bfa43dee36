"""Climates: what the generator knows of a place, and the hot day that installers size machines for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np

from device_sim.errors import UnknownClimateError
from device_sim.noise import Floats
from device_sim.outdoors.sun import clear_sky_ghi_w_m2, sun_position
from device_sim.outdoors.weather import Place

Months: TypeAlias = tuple[float, ...]
"""A value for each month, January first."""

MONTHS = 12

MID_MONTHS = (15.5, 45.0, 74.5, 105.0, 135.5, 166.0, 196.5, 227.5, 258.0, 288.5, 319.0, 349.5)
"""Days of the year at which the months' values hold; between them, straight lines."""


@dataclass(frozen=True, slots=True)
class Climate:
    """What the generator needs to know of a place.

    The deviations and persistences are those of May to September; a real winter varies more.

    Attributes:
        place: Where.
        mean_c: Mean temperature [°C], by month.
        dew_point_c: Mean dew point [°C], by month.
        range_k: Daily range under a clear sky [K], by month.
        cloudiness: Centre of the cloud cover, as a logit, by month; 0 is half covered.
        clear_sky_ratio: Clear sky's irradiance over Haurwitz's formula: dry and high places have more.
        day_sd_k: Standard deviation of the daily mean [K].
        day_skew: Skewness of the daily mean: positive where a few days are far hotter than most.
        persistence: Correlation of a day's mean with the next day's.
        dew_point_sd_k: Deviation of the dew point from day to day [K].
        dew_point_follows: Correlation of dew point and temperature, from day to day.
        sun_follows: Correlation of clear skies and temperature, from day to day.
        wind_m_s: Mean wind speed of summer [m/s].
        design_c: Dry bulb that 35 hours of the year (0.4 %) exceed [°C]: what installers size for.
        design_sensible_ratio: Share of sensible cooling that installers reckon with.
    """

    place: Place
    mean_c: Months
    dew_point_c: Months
    range_k: Months
    cloudiness: Months
    clear_sky_ratio: float
    day_sd_k: float
    day_skew: float
    persistence: float
    dew_point_sd_k: float
    dew_point_follows: float
    sun_follows: float
    wind_m_s: float
    design_c: float
    design_sensible_ratio: float


CLIMATES: dict[str, Climate] = {
    "hot_dry": Climate(
        place=Place(33.45, -111.983, "America/Phoenix"),
        mean_c=(12.6, 15.7, 16.4, 24.1, 26.5, 34.8, 36.2, 33.3, 31.0, 25.5, 18.1, 10.0),
        dew_point_c=(-5.1, 5.5, 2.9, -3.6, 2.3, 4.4, 15.9, 13.4, 9.2, 6.8, 1.9, 0.2),
        range_k=(11.8, 12.7, 10.8, 16.5, 14.4, 13.7, 12.7, 11.9, 12.8, 13.7, 12.3, 10.7),
        cloudiness=(0.1, -0.1, 0.2, -0.5, -0.2, -0.7, -0.1, -0.0, -0.8, -0.6, -0.6, -0.2),
        clear_sky_ratio=1.05,
        day_sd_k=2.49,
        day_skew=-0.78,
        persistence=0.50,
        dew_point_sd_k=5.68,
        dew_point_follows=-0.10,
        sun_follows=0.49,
        wind_m_s=3.0,
        design_c=42.8,
        design_sensible_ratio=0.9,
    ),
    "hot_humid": Climate(
        place=Place(25.8, -80.3, "America/New_York"),
        mean_c=(18.9, 20.9, 21.2, 24.1, 26.5, 27.8, 28.3, 27.6, 27.7, 26.8, 23.7, 19.7),
        dew_point_c=(13.1, 13.8, 15.0, 17.1, 20.8, 22.9, 22.9, 23.0, 22.8, 21.4, 18.6, 15.6),
        range_k=(8.7, 9.7, 7.5, 6.7, 7.4, 5.5, 9.3, 6.2, 7.6, 6.7, 7.4, 8.0),
        cloudiness=(0.4, 0.1, 0.1, 0.1, 0.8, 1.2, 0.3, 1.0, 0.7, 0.1, 0.5, 0.4),
        clear_sky_ratio=0.92,
        day_sd_k=1.35,
        day_skew=-1.09,
        persistence=0.36,
        dew_point_sd_k=0.98,
        dew_point_follows=0.25,
        sun_follows=0.76,
        wind_m_s=3.7,
        design_c=33.3,
        design_sensible_ratio=0.72,
    ),
    "mild_summer": Climate(
        place=Place(40.783, -73.883, "America/New_York"),
        mean_c=(1.2, -1.4, 5.8, 10.9, 15.8, 22.0, 25.7, 25.1, 20.4, 14.6, 7.1, 2.8),
        dew_point_c=(-4.7, -10.1, 1.0, 4.3, 8.7, 16.1, 22.6, 16.6, 14.2, 8.5, 2.7, -4.4),
        range_k=(9.0, 8.3, 6.9, 8.7, 9.4, 7.8, 7.5, 9.5, 7.4, 9.7, 6.5, 6.4),
        cloudiness=(1.8, 0.9, 0.9, 1.5, 1.2, 1.0, 1.0, -0.1, 1.2, -0.6, 1.3, 1.4),
        clear_sky_ratio=0.95,
        day_sd_k=2.45,
        day_skew=0.40,
        persistence=0.20,
        dew_point_sd_k=5.21,
        dew_point_follows=0.40,
        sun_follows=0.20,
        wind_m_s=4.3,
        design_c=32.2,
        design_sensible_ratio=0.77,
    ),
    "continental": Climate(
        place=Place(41.983, -87.917, "America/Chicago"),
        mean_c=(-5.2, -3.5, 3.9, 10.0, 14.9, 21.5, 25.3, 21.0, 19.2, 11.4, 5.4, -5.4),
        dew_point_c=(-10.0, -9.1, -0.9, 3.9, 6.7, 12.8, 21.0, 16.0, 14.8, 5.1, 1.9, -9.0),
        range_k=(10.9, 9.0, 10.5, 9.6, 15.2, 13.3, 11.1, 10.9, 12.5, 12.8, 7.3, 8.3),
        cloudiness=(1.2, 1.0, 1.2, 1.6, 0.8, 0.9, 0.5, 1.1, 0.7, 0.7, 1.6, 1.2),
        clear_sky_ratio=0.96,
        day_sd_k=3.61,
        day_skew=-0.05,
        persistence=0.43,
        dew_point_sd_k=4.46,
        dew_point_follows=0.65,
        sun_follows=0.25,
        wind_m_s=4.0,
        design_c=32.2,
        design_sensible_ratio=0.77,
    ),
    "coastal": Climate(
        place=Place(37.617, -122.4, "America/Los_Angeles"),
        mean_c=(9.2, 11.3, 12.9, 13.7, 15.2, 15.4, 16.2, 16.3, 17.3, 15.5, 12.9, 10.3),
        dew_point_c=(6.3, 6.6, 8.5, 7.8, 9.6, 10.0, 11.0, 11.2, 13.6, 9.2, 8.7, 5.5),
        range_k=(5.8, 8.4, 9.8, 7.5, 9.2, 11.5, 7.0, 9.8, 8.7, 9.2, 6.2, 6.5),
        cloudiness=(1.6, 0.6, 0.7, 0.6, 0.9, 0.3, -0.0, 0.2, -0.3, 0.2, 1.1, 0.6),
        clear_sky_ratio=1.0,
        day_sd_k=2.00,
        day_skew=1.00,
        persistence=0.28,
        dew_point_sd_k=1.92,
        dew_point_follows=0.43,
        sun_follows=0.20,
        wind_m_s=5.7,
        design_c=27.2,
        design_sensible_ratio=0.85,
    ),
    "warm_dry": Climate(
        place=Place(36.783, -119.717, "America/Los_Angeles"),
        mean_c=(7.7, 10.1, 12.7, 16.8, 21.6, 25.9, 29.7, 26.3, 24.7, 21.3, 10.8, 6.2),
        dew_point_c=(4.1, 6.1, 6.8, 6.0, 9.8, 6.9, 14.2, 9.9, 12.6, 9.7, 7.7, 4.3),
        range_k=(8.4, 11.5, 11.9, 15.2, 14.3, 18.6, 17.5, 18.0, 15.9, 15.4, 9.9, 16.1),
        cloudiness=(2.4, 0.7, 0.5, -0.3, 0.1, -0.7, -0.6, -1.0, -0.3, -0.8, 0.8, 1.5),
        clear_sky_ratio=1.01,
        day_sd_k=3.03,
        day_skew=-0.12,
        persistence=0.66,
        dew_point_sd_k=2.99,
        dew_point_follows=0.52,
        sun_follows=0.27,
        wind_m_s=3.4,
        design_c=38.9,
        design_sensible_ratio=0.88,
    ),
    "warm_humid": Climate(
        place=Place(30.29, -97.74, "America/Chicago"),
        mean_c=(8.2, 12.2, 20.0, 18.1, 27.1, 29.6, 30.4, 30.7, 26.1, 21.1, 12.8, 11.1),
        dew_point_c=(-2.2, 9.8, 9.9, 8.4, 19.3, 21.5, 20.0, 19.2, 22.3, 17.2, 5.8, 4.2),
        range_k=(14.2, 9.2, 13.0, 14.6, 11.5, 11.1, 13.0, 14.1, 8.3, 10.4, 13.4, 9.5),
        cloudiness=(-0.1, 2.5, 0.4, 0.8, 0.3, 0.3, -0.4, -0.4, 1.8, 1.6, 0.7, 1.3),
        clear_sky_ratio=0.98,
        day_sd_k=2.12,
        day_skew=-1.20,
        persistence=0.49,
        dew_point_sd_k=2.03,
        dew_point_follows=-0.09,
        sun_follows=0.70,
        wind_m_s=2.4,
        design_c=38.9,
        design_sensible_ratio=0.75,
    ),
}
"""Named climates: the typical years of Phoenix, Miami, New York, Chicago, San Francisco, Fresno (TMY3), and
Austin's 2018. Design temperatures are the files'; sensible ratios are assumptions; all else is fitted so that
a dozen generated years have the file's figures: `python -m device_sim.outdoors.comparison` shows both."""

RANGE_BY_HOUR = np.array(
    [
        *(0.82, 0.88, 0.92, 0.95, 0.98, 1.00, 0.98, 0.91, 0.74, 0.55, 0.38, 0.23),
        *(0.13, 0.05, 0.00, 0.00, 0.06, 0.14, 0.24, 0.39, 0.50, 0.59, 0.68, 0.75),
    ]
)
"""Share of the daily range below the day's maximum, at 0, 1, ... 23 h: ASHRAE Fundamentals 2021, ch. 14."""

SOLAR_S_PER_DEGREE = 240.0
"""The sun takes so long for a degree of longitude [s]."""


def climate_named(climate: str) -> Climate:
    """The climate of that name.

    Raises:
        UnknownClimateError: There is none.
    """
    if climate not in CLIMATES:
        raise UnknownClimateError(climate, tuple(CLIMATES))
    return CLIMATES[climate]


def design_day(climate: str) -> tuple[Floats, Floats]:
    """Dry bulb [°C] and sunshine [W/m²] of a hot cloudless day, by solar hour, `(24,)` each: for sizing.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    kind = climate_named(climate)
    noon_shift_s = round(kind.place.longitude_deg * SOLAR_S_PER_DEGREE)
    midnight_s = int(datetime(2025, 7, 21, tzinfo=UTC).timestamp()) - noon_shift_s
    sun = sun_position(kind.place, midnight_s + 3600 * np.arange(24, dtype=np.int64))
    range_k = kind.range_k[int(np.argmax(kind.mean_c))]
    return kind.design_c - range_k * RANGE_BY_HOUR, kind.clear_sky_ratio * clear_sky_ghi_w_m2(sun)
