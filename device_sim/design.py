"""Design: the hot cloudless day for which installers size machines, and the usual summer people live in."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pvlib

from device_sim.home.sizing import HOURS, DesignDay
from device_sim.home.steady import MeanDay
from device_sim.noise import Floats, Noise
from device_sim.outdoors.climates import SOLAR_S_PER_DEGREE, climate_named, design_day
from device_sim.outdoors.generator import generate
from device_sim.outdoors.sun import season_sun, window_irradiance_w_m2
from device_sim.outdoors.weather import Weather
from device_sim.psychrometrics import humidity_ratio

MIDNIGHT = datetime(2025, 7, 21, tzinfo=UTC)
"""Of the design day, by the sun: the day of `climates.design_day`."""

JULY = datetime(2025, 7, 1, tzinfo=UTC)
JULY_DAYS = 31
USUAL = Noise(0, "train", 1)
"""The chances of the usual summer: the same for every fleet, as people do not choose habits by a split."""


def sunny_design_day(climate: str) -> DesignDay:
    """The design day of a climate, by solar hour.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    place = climate_named(climate).place
    outdoor_c, ghi = design_day(climate)
    shift = timedelta(seconds=round(place.longitude_deg * SOLAR_S_PER_DEGREE))
    start = MIDNIGHT - shift - timedelta(minutes=30)  # the middle of an hour's step is the full hour
    sun = season_sun(place, start, HOURS, 3600)
    # Erbs, Klein & Duffie (1982), doi:10.1016/0038-092X(82)90302-4, as for the generator's weather
    split = pvlib.irradiance.erbs(ghi, sun.zenith_deg, sun.day_of_year)
    beam, diffuse, calm = np.asarray(split["dni"]), np.asarray(split["dhi"]), np.zeros(HOURS)
    day = Weather(place, start, 3600, outdoor_c, calm, ghi, beam, diffuse, calm)
    return DesignDay(outdoor_c, ghi, window_irradiance_w_m2(day))


def usual_summer(climate: str) -> MeanDay:
    """The mean July day of a climate, by the generator.

    Raises:
        UnknownClimateError: There is no such climate.
    """
    july = generate(climate, USUAL, JULY, JULY_DAYS, 3600)
    return mean_day(july, window_irradiance_w_m2(july), slice(None))


def mean_day(weather: Weather, window_w_m2: Floats, steps: slice) -> MeanDay:
    """The means over some steps of a season.

    Args:
        weather: The season.
        window_w_m2: Irradiance behind its windows [W/m²], `(steps, 4)`.
        steps: Which steps.
    """
    outdoor_c, rh_pct = weather.outdoor_dry_bulb_c[steps], weather.outdoor_rh_pct[steps]
    return MeanDay(
        outdoor_c=float(outdoor_c.mean()),
        outdoor_humidity_ratio=float(humidity_ratio(outdoor_c, rh_pct).mean()),
        wind_m_s=float(weather.wind_m_s[steps].mean()),
        ghi_w_m2=float(weather.ghi_w_m2[steps].mean()),
        window_w_m2=window_w_m2[steps].mean(axis=0),
    )
