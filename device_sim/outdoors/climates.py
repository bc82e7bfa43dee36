"""Climates: what the generator knows of a place, and the hot day that installers size machines for."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from device_sim.errors import UnknownClimateError
from device_sim.noise import Floats
from device_sim.outdoors.sun import clear_sky_ghi_w_m2, sun_position
from device_sim.outdoors.weather import Place


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
        wind_m_s: Mean wind speed of summer [m/s].
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
    wind_m_s: float


CLIMATES: dict[str, Climate] = {
    "hot_dry": Climate(
        Place(33.45, -112.07, "America/Phoenix"), 35.2, 12.0, 13.0, 2.0, 0.72, 11.0, 4.0, -1.0, 0.90, 3.0
    ),
    "hot_humid": Climate(
        Place(25.79, -80.29, "America/New_York"), 28.3, 4.5, 8.0, 1.1, 0.50, 22.8, 0.8, 0.9, 0.72, 3.8
    ),
    "mild_summer": Climate(
        Place(40.78, -73.88, "America/New_York"), 25.0, 12.0, 9.0, 2.3, 0.50, 17.8, 3.5, 0.7, 0.77, 4.5
    ),
}
"""Named climates. Phoenix, Miami and New York: June to August of their typical meteorological years."""

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
    hottest_c = kind.peak_c + kind.day_sd_k
    noon_shift_s = round(kind.place.longitude_deg * SOLAR_S_PER_DEGREE)
    midnight_s = int(datetime(2025, 7, 21, tzinfo=UTC).timestamp()) - noon_shift_s
    sun = sun_position(kind.place, midnight_s + 3600 * np.arange(24, dtype=np.int64))
    return hottest_c + kind.range_k * (RANGE_BY_HOUR.mean() - RANGE_BY_HOUR), clear_sky_ghi_w_m2(sun)
