"""Heat waves: days hotter than the weather they are laid over, on demand or by a seeded chance.

A wave raises the dry bulb and leaves the moisture in the air as it was, so relative humidity falls; sunshine
and wind stay. The generator's persistent days already make ordinary hot spells: these are the rare ones.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from device_sim.noise import Noise, Stream
from device_sim.outdoors.weather import DAY_S, Weather
from device_sim.psychrometrics import saturation_pressure_pa

FIRST_SUMMER_DAY = 121
LAST_SUMMER_DAY = 273
"""Days of the year on which a wave may begin: May to September."""


@dataclass(frozen=True, slots=True)
class HeatWave:
    """Some days that grow hot, and cool down again.

    Attributes:
        first_day: Begins at its midnight, by the place's clock.
        days: How long it lasts.
        peak_k: How much hotter it is in the middle [K]; a half sine wave leads there and back.
    """

    first_day: date
    days: int
    peak_k: float

    def over(self, weather: Weather) -> Weather:
        """The same weather with this wave in it; days outside the season are lost."""
        midnight = datetime.combine(self.first_day, time(), ZoneInfo(weather.place.timezone))
        done = (weather.mid_steps_s - midnight.timestamp()) / (self.days * DAY_S)
        rise_k = self.peak_k * np.sin(np.pi * np.clip(done, 0.0, 1.0))
        hot_c = weather.outdoor_dry_bulb_c + rise_k
        drier = saturation_pressure_pa(weather.outdoor_dry_bulb_c) / saturation_pressure_pa(hot_c)
        return replace(weather, outdoor_dry_bulb_c=hot_c, outdoor_rh_pct=weather.outdoor_rh_pct * drier)


@dataclass(frozen=True, slots=True)
class HeatWaves:
    """How often and how badly heat waves come.

    US cities count six a year of four days each, 1.4 K above the local threshold (EPA, Climate Change
    Indicators: Heat Waves, 2024). Most of those are ordinary hot spells, which the climates have already;
    that a fifth of them are severe, and how severe, is an assumption.

    Attributes:
        per_summer: Mean number from May to September.
        days: Shortest and longest length, evenly spread.
        peak_k: Least and most extra heat in the middle [K], evenly spread.
    """

    per_summer: float = 1.2
    days: tuple[int, int] = (3, 6)
    peak_k: tuple[float, float] = (3.0, 7.0)

    def drawn(self, noise: Noise, first: date, last: date) -> tuple[HeatWave, ...]:
        """The waves that touch these days; a day has the same whichever days are asked for."""
        longest = self.days[1]
        numbers = np.arange(first.toordinal() - longest, last.toordinal() + 1)
        chance, length, peak = (
            noise.uniform(Stream.HEAT_WAVE, 3 * numbers + part)[:, 0] for part in range(3)
        )
        begins = chance < self.per_summer / (LAST_SUMMER_DAY - FIRST_SUMMER_DAY + 1)
        return tuple(
            HeatWave(
                date.fromordinal(int(numbers[i])),
                self.days[0] + int(length[i] * (longest - self.days[0] + 1)),
                self.peak_k[0] + float(peak[i]) * (self.peak_k[1] - self.peak_k[0]),
            )
            for i in np.flatnonzero(begins)
            if FIRST_SUMMER_DAY <= date.fromordinal(int(numbers[i])).timetuple().tm_yday <= LAST_SUMMER_DAY
        )

    def over(self, weather: Weather, noise: Noise) -> Weather:
        """The same weather with the waves that chance brings; two that overlap add up."""
        first, last = (datetime.fromtimestamp(int(weather.mid_steps_s[i]), UTC).date() for i in (0, -1))
        for wave in self.drawn(noise, first, last):
            weather = wave.over(weather)
        return weather
