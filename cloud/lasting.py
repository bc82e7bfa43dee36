"""Lasting: what the trusted grey boxes of homes say lasts of a saving, for all homes that decide together.

The coming day is played over and over, at the habit and as advised, from where the home would settle at each;
its last repeat counts. So heat that the building takes up is no saving.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud.thermal.grey_box import GreyBox, fitted_of, settled
from cloud.thermal.rows import Floats
from cloud.thermal.simulate import Weather, simulate
from cloud.thermal.sky import clear_sky_ghi_w_m2

DAYS: Final = 2
"""So often the day is played [days]; the start matters little, since it is where each path settles."""

_DAY: Final = 48
_HALF_HOUR_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class GreyDay:
    """A home's grey box and the sunshine of its coming day.

    Attributes:
        box: The grey box, as it is when it is asked.
        latitude_deg: Of the home [°].
        longitude_deg: Of the home [°].
        ghi_w_m2: Forecast by hour since 1970 (its start) [W/m²]; what is missing is a cloudless sky's.
    """

    box: GreyBox
    latitude_deg: float
    longitude_deg: float
    ghi_w_m2: Mapping[int, float]


class Lasting:
    """What lasts of savings.

    Args:
        days: The homes, None where there is no grey box, h of them.
        first_halves: Number of the half-hour around now of each, counted since 1970.
        outdoor_c: Outdoor temperature of each hour from the one around now on, (h, 25) [°C].
    """

    def __init__(
        self, days: Sequence[GreyDay | None], first_halves: Sequence[int], outdoor_c: Floats
    ) -> None:
        self._places: dict[int, int] = {}
        told: list[tuple[GreyDay, int]] = []
        for home, (day, first) in enumerate(zip(days, first_halves, strict=True)):
            if day is not None and day.box.speaks and not np.isnan(outdoor_c[home]).any():
                self._places[home] = len(told)
                told.append((day, first))
        self._told = told
        self._outdoor_c = outdoor_c[list(self._places)]
        self._boxes = [day.box for day, _ in told]
        self._hours = [first // 2 for _, first in told]

    def ratio(
        self, homes: Sequence[int], habits_c: Floats, advised_c: Floats, by_degrees: tuple[Floats, Floats]
    ) -> Floats:
        """What lasts of each saving over a day, against what it is by degrees alone.

        Args:
            homes: Which, (k,).
            habits_c: Setpoints without advice by half-hour, (k, 49) [°C].
            advised_c: Setpoints with it, (k, 49) [°C].
            by_degrees: That saving, and the electricity at the habit, (k,) each [kWh].

        Returns:
            (k,) [ratio]; NaN for homes for which no grey box speaks, and where nothing is changed.
        """
        moved = (habits_c != advised_c).any(axis=1) & (by_degrees[0] != 0.0) & (by_degrees[1] > 0.0)
        found, asked = np.full(len(homes), np.nan), list[int]()
        shares = np.divide(*by_degrees, out=np.zeros(len(homes)), where=moved)
        for row, home in enumerate(homes):
            if home in self._places and moved[row]:
                known = self._boxes[self._places[home]].recall(self._hours[self._places[home]], shares[row])
                if known is None:
                    asked.append(row)
                else:
                    found[row] = known
        if asked:
            places = [self._places[homes[row]] for row in asked]
            found[asked] = self._played_kwh(places, habits_c[asked], advised_c[asked]) / by_degrees[0][asked]
            for row, place in zip(asked, places, strict=True):
                self._boxes[place].said = self._hours[place], float(shares[row]), float(found[row])
        return found

    def _played_kwh(self, places: Sequence[int], habits_c: Floats, advised_c: Floats) -> Floats:
        told = [self._told[place] for place in places]
        outdoor_c = _by_half(self._outdoor_c[places], [first for _, first in told])
        twice = np.tile(np.arange(len(told)), 2)  # each path from where the home settles at it
        paths_c = np.concatenate([habits_c, advised_c])[:, :_DAY]
        day = Weather(outdoor_c[twice], _sunshine_w_m2(told)[twice])
        fitted = fitted_of([day_of.box for day_of, _ in told]).of(twice)
        start = settled(fitted, day, paths_c.mean(axis=1))
        days = Weather(np.tile(day.outdoor_c, DAYS), np.tile(day.ghi_w_m2, DAYS))
        _, kwh = simulate(fitted, start, days, np.tile(paths_c, DAYS)[:, np.newaxis], steps=1)
        habit_kwh, advised_kwh = np.split(kwh[:, 0, -_DAY:].sum(axis=1), 2)
        return np.asarray(habit_kwh - advised_kwh)


def _by_half(hourly: Floats, first_halves: Sequence[int]) -> Floats:
    """The values of 25 hours by half-hour from the one around now on, (h, 25) to (h, 48)."""
    hours = (np.array(first_halves)[:, np.newaxis] % 2 + np.arange(_DAY)) // 2
    return np.take_along_axis(hourly, hours, axis=1)


def _sunshine_w_m2(told: Sequence[tuple[GreyDay, int]]) -> Floats:
    """Of each half-hour, (h, 48)."""
    numbers = np.array([[first] for _, first in told]) + np.arange(_DAY, dtype=np.float64)
    latitudes, longitudes = (
        np.array([getattr(day, name) for day, _ in told]) for name in ("latitude_deg", "longitude_deg")
    )
    clear = clear_sky_ghi_w_m2(np.asarray((numbers + 0.5) * _HALF_HOUR_S), latitudes, longitudes)
    hours = [[day.ghi_w_m2.get(first // 2 + hour, np.nan) for hour in range(25)] for day, first in told]
    said = _by_half(np.array(hours), [first for _, first in told])
    return np.where(np.isnan(said), clear, said)
