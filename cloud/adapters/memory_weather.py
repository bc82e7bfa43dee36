"""A weather forecast in memory: the test twin."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from typing_extensions import override

from cloud.adapters.weather_hours import to_come
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import GridCell, WeatherForecast, WeatherHour, grid_cell


@dataclass(slots=True)
class MemoryForecast(WeatherForecast):
    """A `WeatherForecast` that says what whoever holds this object has put in.

    Attributes:
        issued: By cell and time of issue.
        asked: Who asked, and for when, in order.
        available: False: there is none.
    """

    issued: dict[tuple[GridCell, datetime], Sequence[WeatherHour]] = field(
        default_factory=dict[tuple[GridCell, datetime], Sequence[WeatherHour]]
    )
    asked: list[tuple[float, float, datetime]] = field(default_factory=list[tuple[float, float, datetime]])
    available: bool = True

    @override
    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> list[WeatherHour]:
        self.asked.append((latitude_deg, longitude_deg, at))
        here = grid_cell(latitude_deg, longitude_deg)
        known = [issued_at for cell, issued_at in self.issued if cell == here and issued_at <= at]
        if not self.available or not known:
            raise ForecastUnavailableError("nobody has said anything")
        return to_come(self.issued[here, max(known)], at)
