"""Sun: where it stands, what a cloudless sky would let through, and what falls on the four facades.

Everything is taken at the middle of a step. The sun's place is by NREL's Solar Position Algorithm, as pvlib
has it: 0.07 s for a season of 42 days at 300 s, and remembered, as several ask for the same season.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

from device_sim.noise import Floats
from device_sim.outdoors.weather import Place, Weather, mid_steps_s

FACADES = ("north", "east", "south", "west")
"""Columns of everything by facade."""

FACADE_AZIMUTHS_DEG = (0.0, 90.0, 180.0, 270.0)
"""Where the facades look, clockwise from north [°]."""

GROUND_ALBEDO = 0.2
"""Share of the sunshine that the ground throws back: ASHRAE Fundamentals 2021, ch. 14, for mixed ground."""

GLASS_ANGLES_DEG = (0.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
GLASS_HEAT_GAIN_RATIO = (0.76, 0.74, 0.71, 0.64, 0.50, 0.26, 0.0)
"""Solar heat gain coefficient of clear double glazing of 3 mm by angle of incidence, and 0 at grazing:
ASHRAE Fundamentals, table of fenestration, glazing 5a."""

GLASS_DIFFUSE_RATIO = 0.66 / 0.76
"""The same glazing for light from a whole hemisphere, over that at normal incidence."""


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Where the sun stands; arrays are `(n,)`.

    Attributes:
        zenith_deg: From straight above, without refraction [°].
        apparent_zenith_deg: The same with refraction, as it is seen [°].
        azimuth_deg: Clockwise from north [°].
        day_of_year: 1 to 366, by UTC.
    """

    zenith_deg: Floats
    apparent_zenith_deg: Floats
    azimuth_deg: Floats
    day_of_year: NDArray[np.int32]

    @property
    def height_ratio(self) -> Floats:
        """Sine of the sun's height, 0 below the horizon."""
        return np.asarray(np.maximum(np.cos(np.radians(self.zenith_deg)), 0.0))


def sun_position(place: Place, epoch_s: NDArray[np.int64]) -> SunPosition:
    """Where the sun stands at `epoch_s` [s since 1970], `(n,)`."""
    times = pd.DatetimeIndex(pd.to_datetime(epoch_s, unit="s", utc=True))
    table = pvlib.solarposition.get_solarposition(times, place.latitude_deg, place.longitude_deg)
    zenith, apparent, azimuth = (
        table[name].to_numpy(dtype=np.float64) for name in ("zenith", "apparent_zenith", "azimuth")
    )
    return SunPosition(zenith, apparent, azimuth, times.day_of_year.to_numpy())


@lru_cache(maxsize=4)
def season_sun(place: Place, start: datetime, steps: int, step_s: int) -> SunPosition:
    """Where the sun stands in the middle of each step of a season, `(steps,)`: not to be written to."""
    return sun_position(place, mid_steps_s(start, steps, step_s))


def clear_sky_ghi_w_m2(sun: SunPosition) -> Floats:
    """Irradiance under a cloudless sky by the sun's height [W/m²]: Haurwitz (1945), as pvlib has it."""
    clear = pvlib.clearsky.haurwitz(pd.Series(sun.apparent_zenith_deg))["ghi"]
    return np.asarray(clear.to_numpy(), dtype=np.float64)


def facade_irradiance_w_m2(weather: Weather) -> Floats:
    """Total irradiance on vertical walls: beam, sky, ground [W/m²], `(steps, 4)` in the order of `FACADES`.

    The sky is by Perez et al. (1990), doi:10.1016/0038-092X(90)90055-H. Nothing shades the walls.
    """
    beam, diffuse, _ = _by_facade(weather)
    return beam + diffuse


def window_irradiance_w_m2(weather: Weather) -> Floats:
    """The same after the glass's loss by angle: times the gain at normal incidence it is what enters.

    Returns:
        Irradiance at normal incidence that would let as much heat in [W/m²], `(steps, 4)`.
    """
    beam, diffuse, angle_deg = _by_facade(weather)
    gain = np.interp(angle_deg, GLASS_ANGLES_DEG, GLASS_HEAT_GAIN_RATIO) / GLASS_HEAT_GAIN_RATIO[0]
    return np.asarray(beam * gain + diffuse * GLASS_DIFFUSE_RATIO)


def _by_facade(weather: Weather) -> tuple[Floats, Floats, Floats]:
    """Light from about the sun and from elsewhere [W/m²], angle of incidence [°], `(steps, 4)` each."""
    sun = season_sun(weather.place, weather.start, weather.steps, weather.step_s)
    dni = np.where(sun.height_ratio > 0.0, weather.dni_w_m2, 0.0)
    extra = pvlib.irradiance.get_extra_radiation(sun.day_of_year)
    airmass = pvlib.atmosphere.get_relative_airmass(np.minimum(sun.apparent_zenith_deg, 89.9))
    columns: list[tuple[Floats, Floats, Floats]] = []
    for azimuth_deg in FACADE_AZIMUTHS_DEG:
        wall = (90.0, azimuth_deg)
        seen = (sun.apparent_zenith_deg, sun.azimuth_deg)
        sky = pvlib.irradiance.perez(
            *wall, weather.dhi_w_m2, dni, extra, *seen, airmass, return_components=True
        )
        whole, around_sun = (np.nan_to_num(sky[part]) for part in ("poa_sky_diffuse", "poa_circumsolar"))
        diffuse = np.maximum(whole - around_sun, 0.0)
        cosine = np.maximum(pvlib.irradiance.aoi_projection(*wall, *seen), 0.0)
        beam = dni * cosine + whole - diffuse
        ground = weather.ghi_w_m2 * (GROUND_ALBEDO / 2.0)
        columns.append((beam, diffuse + ground, np.degrees(np.arccos(cosine))))
    beams, diffuses, angles_deg = (np.column_stack(part) for part in zip(*columns, strict=True))
    return beams, diffuses, angles_deg
