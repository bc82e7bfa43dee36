"""Design: the hot cloudless day for which installers size machines, with the sun on each facade."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pvlib

from device_sim.home.sizing import HOURS, DesignDay
from device_sim.outdoors.climates import SOLAR_S_PER_DEGREE, climate_named, design_day
from device_sim.outdoors.sun import season_sun, window_irradiance_w_m2
from device_sim.outdoors.weather import Weather

MIDNIGHT = datetime(2025, 7, 21, tzinfo=UTC)
"""Of the design day, by the sun: the day of `climates.design_day`."""


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
