"""Forecast: what a weather service would have said, hour by hour, with an error that grows with the lead.

Each hour, the service corrects what it said about each hour to come; an error is the sum of the corrections
still to be made (martingale model of forecast evolution: Heath & Jackson, IIE Transactions 26 (1994)). So it
grows with the lead, is alike in neighbouring hours and in successive forecasts, and vanishes at last. Nothing
depends on when or how often a forecast is asked for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import SimulatorError
from device_sim.noise import Floats, Noise, Split, Stream
from device_sim.outdoors.sun import clear_sky_ghi_w_m2, season_sun
from device_sim.outdoors.weather import Weather
from device_sim.psychrometrics import dew_point_c, saturation_pressure_pa

LONGEST_LEAD_H = 72
"""How far a forecast reaches [h]."""

LEADS_H = (0.0, 1.0, 24.0, 72.0)
DRY_BULB_SD_K = (0.0, 0.7, 2.0, 3.0)
"""Standard deviation of the dry bulb's error at these leads [K]: 2 K a day ahead is that of the National
Weather Service's highs for Oklahoma City (root mean square 3.8 °F at 12-24 h: NSSL, Brooks & Doswell); the
first hour and the third day are assumptions."""

DEW_POINT_SD_K = (0.0, 0.7, 1.8, 2.5)
"""The same of the dew point [K]: an assumption."""

CLEARNESS_SD = (0.0, 0.08, 0.18, 0.23)
"""The same of sunshine over clear-sky sunshine: an assumption, so that global irradiance errs by 20 to 40 % a
day ahead, as numerical forecasts do in the US, Canada and Europe (Perez et al. 2013, Solar Energy 94)."""

BIAS_SD_K = 0.3
"""How wrong the service is about the place, always [K]: an assumption."""

CORRECTION_CORRELATION = 0.9
"""Of the corrections to two neighbouring hours: an assumption."""

CLEAREST = 1.1
"""Sunshine over clear-sky sunshine, at most: about what edges of clouds and dry air add."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is said of the coming hours; arrays are `(hours,)`.

    Attributes:
        issued_at: When (UTC).
        at: Start of each hour (UTC).
        outdoor_dry_bulb_c: Mean of each hour [°C].
        outdoor_rh_pct: The same of relative humidity [%].
        ghi_w_m2: The same of global horizontal irradiance [W/m²].
    """

    issued_at: datetime
    at: tuple[datetime, ...]
    outdoor_dry_bulb_c: Floats
    outdoor_rh_pct: Floats
    ghi_w_m2: Floats


class Forecaster:
    """The weather service of a season.

    Args:
        weather: What will really happen.
        seed: The fleet's.
        split: The fleet's.
    """

    def __init__(self, weather: Weather, seed: int, split: Split) -> None:
        self._weather = weather
        start_s = int(weather.start.timestamp())
        self._first_hour = -(-start_s // 3600)
        hour_of_step = weather.mid_steps_s // 3600 - self._first_hour
        hours = int((start_s + weather.steps * weather.step_s) // 3600) - self._first_hour
        inside = (hour_of_step >= 0) & (hour_of_step < hours)
        place = hour_of_step[inside]
        self._hours = hours
        sun = season_sun(weather.place, weather.start, weather.steps, weather.step_s)
        self._air_c, self._rh_pct, self._ghi, self._clear = (
            np.bincount(place, values[inside], hours) / np.bincount(place, minlength=hours)
            for values in (
                weather.outdoor_dry_bulb_c,
                weather.outdoor_rh_pct,
                weather.ghi_w_m2,
                clear_sky_ghi_w_m2(sun),
            )
        )
        noise = Noise(seed, split, LONGEST_LEAD_H)
        ticks = np.arange(hours) + self._first_hour
        bias_k = BIAS_SD_K * float(noise.normal(Stream.FORECAST_BIAS, np.array([0]))[0, 0])
        self._air_k = bias_k + _errors(noise, Stream.FORECAST_DRY_BULB, ticks, DRY_BULB_SD_K)
        self._dew_k = _errors(noise, Stream.FORECAST_DEW_POINT, ticks, DEW_POINT_SD_K)
        self._clearness = _errors(noise, Stream.FORECAST_CLEARNESS, ticks, CLEARNESS_SD)

    def issue(self, step: int, hours: int = LONGEST_LEAD_H) -> Forecast:
        """What the service says at the start of `step` of the full hours to come: fewer at the season's end.

        Raises:
            SimulatorError: More hours are wanted than `LONGEST_LEAD_H`.
        """
        if hours > LONGEST_LEAD_H:
            raise SimulatorError(f"a forecast reaches {LONGEST_LEAD_H} h, not {hours} h")
        issued_at = self._weather.start + timedelta(seconds=step * self._weather.step_s)
        now = -(-int(issued_at.timestamp()) // 3600) - self._first_hour
        hour = np.arange(now, min(now + hours, self._hours))
        lead = hour - now
        air_c = self._air_c[hour] + self._air_k[hour, lead]
        dew_c = dew_point_c(self._air_c[hour], self._rh_pct[hour]) + self._dew_k[hour, lead]
        rh_pct = 100.0 * saturation_pressure_pa(dew_c) / saturation_pressure_pa(air_c)
        return Forecast(
            issued_at=issued_at.astimezone(UTC),
            at=tuple(datetime.fromtimestamp(3600 * (self._first_hour + int(h)), UTC) for h in hour),
            outdoor_dry_bulb_c=air_c,
            outdoor_rh_pct=np.clip(rh_pct, 1.0, 100.0),
            ghi_w_m2=self._sunshine(hour, self._clearness[hour, lead]),
        )

    def _sunshine(self, hour: NDArray[np.int64], error: Floats) -> Floats:
        """Sunshine by the sky's clearness, which is wrong by `error` [W/m²]."""
        clear, true = self._clear[hour], self._ghi[hour]
        clearness = true / np.where(clear > 0.0, clear, np.inf)
        said = np.clip(clearness + error, 0.05, np.maximum(clearness, CLEAREST))
        return np.asarray(clear * said)


def _errors(noise: Noise, stream: Stream, hours: NDArray[np.int64], sd: tuple[float, ...]) -> Floats:
    """Error about each hour by lead, 0 the hour that begins when it is issued: `(hours, leads)`."""
    variance = np.interp(np.arange(LONGEST_LEAD_H + 1), LEADS_H, np.square(sd))
    size = np.sqrt(np.diff(variance))
    issued = np.arange(hours[0] - LONGEST_LEAD_H, hours[-1] + 1)
    shocks = noise.normal(stream, issued)
    corrections = np.empty_like(shocks)
    corrections[:, 0] = shocks[:, 0]
    for lead in range(1, LONGEST_LEAD_H):
        kept = CORRECTION_CORRELATION * corrections[:, lead - 1]
        corrections[:, lead] = kept + np.sqrt(1.0 - CORRECTION_CORRELATION**2) * shocks[:, lead]
    leads = np.arange(LONGEST_LEAD_H)
    # what is said of an hour at some lead still misses the corrections made at all shorter leads
    made = np.arange(len(hours))[:, None] + LONGEST_LEAD_H - leads
    return np.asarray(np.cumsum((size * corrections)[made, leads], axis=1))
