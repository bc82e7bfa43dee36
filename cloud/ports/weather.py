"""The weather forecast: what a service says of the coming hours at a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

GridCell: TypeAlias = tuple[float, float]
"""Latitude and longitude of a cell's middle [°]."""


@dataclass(frozen=True, slots=True)
class WeatherHour:
    """Forecast for the hour that begins at `at` (UTC); all are means over it.

    Attributes:
        at: Start of the hour (aware).
        outdoor_dry_bulb_c: Air temperature [°C].
        outdoor_rh_pct: Relative humidity [%]; None when the service does not say.
        ghi_w_m2: Global horizontal irradiance [W/m²]; None when the service does not say.
    """

    at: datetime
    outdoor_dry_bulb_c: float
    outdoor_rh_pct: float | None = None
    ghi_w_m2: float | None = None


class WeatherForecast(Protocol):
    """A weather service, asked from between two decisions: its answer is there at once, or it is not.

    A service that takes its time is asked in the background (`adapters.background_weather`).
    """

    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> Sequence[WeatherHour]:
        """What was known at `at` (aware) of the hours from the one around `at` on.

        Returns:
            Hours in their order, at least one; never what was issued after `at`. Single ones may be missing.

        Raises:
            ForecastUnavailableError: There is none now. Keep the last one; ask again at the next decision.
        """
        ...


def grid_cell(latitude_deg: float, longitude_deg: float) -> GridCell:
    """The cell of 0.1° (11 km from south to north) around a place: who forecasts need not know who asks.

    Weather models are no finer, but for a few regions.
    """
    return round(latitude_deg, 1) + 0.0, round(longitude_deg, 1) + 0.0  # never -0.0
