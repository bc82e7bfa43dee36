"""Years: the hours of a measured or typical year, and a season at the fleet's step cut out of them.

An hour's sunshine is what fell in it: it is spread over the steps as the sun's height goes, so that the
energy is the file's to the last watt-hour, rises with the sun and is nothing at night. Temperature, humidity
and wind are values at an instant, and joined by straight lines.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pvlib
from numpy.typing import NDArray

from device_sim.noise import Floats
from device_sim.outdoors.weather import DAY_S, Place, Weather

HOURS = 8760
"""Hours of a year without 29 February."""

LAST_OF_FEBRUARY = 59
"""Day of the year; the files' years have no 29 February, so it repeats the 28th."""

HORIZON_SINE = 0.0145
"""Sine of the 0.833° below the horizon at which the sun's upper edge appears, refraction included."""

DEGREES_PER_HOUR = 15.0
"""The sun goes round so fast [°/h]."""


@dataclass(frozen=True, slots=True)
class Year:
    """The hours of a year, from the one that ends at 01:00 of 1 January, local standard time.

    Attributes:
        place: Where.
        offset_h: Local standard time minus UTC [h].
        air_c: Dry bulb, at an instant [°C], `(8760,)`.
        rh_pct: Relative humidity, at an instant [%], `(8760,)`.
        wind_m_s: Wind, at an instant [m/s], `(8760,)`.
        ghi_w_m2: Global horizontal irradiance, mean over an hour [W/m²], `(8760,)`.
        dni_w_m2: Direct normal irradiance, the same.
        dhi_w_m2: Diffuse horizontal irradiance, the same.
        air_before_end_h: How long before the end of its hour a value of the air was taken [h].
        sun_before_end_h: How long before it the middle of the sunshine's hour lies [h].
    """

    place: Place
    offset_h: float
    air_c: Floats
    rh_pct: Floats
    wind_m_s: Floats
    ghi_w_m2: Floats
    dni_w_m2: Floats
    dhi_w_m2: Floats
    air_before_end_h: float
    sun_before_end_h: float

    def season(self, start: datetime, days: int, step_s: int) -> Weather:
        """Weather of `days` days from `start` on, from the same days of this year."""
        begin_h = self._hour_of_year(start, days * DAY_S // step_s, step_s)
        mid_h, end_h = begin_h + step_s / 7200.0, begin_h + step_s / 3600.0
        known_h = np.arange(1.0, HOURS + 1.0) - self.air_before_end_h
        air_c, rh_pct, wind_m_s = (
            np.interp(mid_h, known_h, values, period=float(HOURS))
            for values in (self.air_c, self.rh_pct, self.wind_m_s)
        )
        begin, end = self._sunlit(begin_h), self._sunlit(end_h)
        ghi, dni, dhi = (
            (_until(values, *end) - _until(values, *begin)) * (3600.0 / step_s)
            for values in (self.ghi_w_m2, self.dni_w_m2, self.dhi_w_m2)
        )
        # the sums of a year are large: their last bits must not become light at night
        ghi, dni, dhi = (np.maximum(np.round(part, 6), 0.0) for part in (ghi, dni, dhi))
        return Weather(self.place, start, step_s, air_c, rh_pct, ghi, dni, dhi, wind_m_s)

    def _hour_of_year(self, start: datetime, steps: int, step_s: int) -> Floats:
        """Start of each step on this year's clock [h], `(steps,)`."""
        first = np.datetime64(int(start.timestamp()) + round(self.offset_h * 3600.0), "s")
        local = first + step_s * np.arange(steps)
        years = local.astype("datetime64[Y]")
        since_s = (local - years).astype(np.int64)
        number = years.astype(np.int64) + 1970
        leap = (number % 4 == 0) & ((number % 100 != 0) | (number % 400 == 0))
        repeated = leap & (since_s >= LAST_OF_FEBRUARY * DAY_S)
        return np.asarray(since_s / 3600.0 - 24.0 * repeated, dtype=np.float64)

    def _sunlit(self, hours: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Which of the sunshine's hours an instant lies in, and what share of its light fell before."""
        shift_h = self.sun_before_end_h - 0.5
        hour = np.floor(hours + shift_h).astype(np.int64)
        opens_h: Floats = hour.astype(np.float64) - shift_h
        before = self._light(opens_h, hour)
        whole = self._light(opens_h + 1.0, hour) - before
        dark = whole <= 0.0
        share = (self._light(hours, hour) - before) / np.where(dark, 1.0, whole)
        # light that the file has without a sun is spread evenly, lest it be lost
        return hour, np.where(dark, hours - opens_h, np.clip(share, 0.0, 1.0))

    def _light(self, at_h: Floats, hour: NDArray[np.int64]) -> Floats:
        """Integral of the sine of the sun's height since the noon of the day of `hour`."""
        day = (hour + 0.5) // 24.0
        turn = 2.0 * np.pi
        declination = pvlib.solarposition.declination_spencer71(day + 1.0)
        late_h = pvlib.solarposition.equation_of_time_spencer71(day + 1.0) / 60.0
        solar_h = at_h - 24.0 * day + self.place.longitude_deg / DEGREES_PER_HOUR - self.offset_h + late_h
        latitude = np.radians(self.place.latitude_deg)
        vertical = np.sin(latitude) * np.sin(declination) + HORIZON_SINE
        swing = np.cos(latitude) * np.cos(declination)
        sunset = np.arccos(np.clip(-vertical / swing, -1.0, 1.0))
        angle = np.clip((solar_h - 12.0) * (turn / 24.0), -sunset, sunset)
        return np.asarray(vertical * angle + swing * np.sin(angle))


def _until(values: Floats, hour: NDArray[np.int64], share: Floats) -> Floats:
    """Sum of hourly `values` from the start of the year to a share of `hour` [W h/m²]."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    turns, place = np.divmod(hour, HOURS)
    return np.asarray(turns * sums[-1] + sums[place] + values[place] * share)
