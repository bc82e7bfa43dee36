"""The forecast desk: asks for the weather of each grid cell once an hour, and tells it to advisors."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from cloud.advice import Installation
from cloud.advisor_seat import HomeAdvisorLike
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import GridCell, WeatherForecast, WeatherHour, grid_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_HOURS = 3
"""Devices of a cell whose clocks differ by less than this hear what was said in their own hour [h]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ForecastDesk:
    """Tells advisors the newest forecast.

    It asks for the start of the hour around now, so all devices of a cell hear the same in an hour, in
    whatever order they come, and none hears what was not known yet at its time.

    Args:
        weather: Who is asked; None: nobody, and advisors go by the outdoor sensor.
    """

    def __init__(self, weather: WeatherForecast | None) -> None:
        self._weather = weather
        self._said: dict[GridCell, dict[datetime, Sequence[WeatherHour]]] = {}
        self._why: dict[GridCell, str] = {}

    def tell(self, advisor: HomeAdvisorLike, installation: Installation, at: datetime) -> None:
        """Let the advisor of an installation hear the forecast as known at `at` (aware), if there is one."""
        if self._weather is None:
            return
        cell = grid_cell(installation.latitude_deg, installation.longitude_deg)
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        said = self._said.setdefault(cell, {})
        try:
            if hour not in said:
                said[hour] = self._weather.hours(*cell, hour)
                self._note(cell, "")
        except ForecastUnavailableError as error:
            self._note(cell, str(error))
            return
        advisor.forecast(said[hour])
        while len(said) > KEPT_HOURS:
            del said[min(said)]

    def _note(self, cell: GridCell, why: str) -> None:
        """Say when a cell's forecast is missing, why, and when it is back: once, not at every decision."""
        before = self._why.get(cell, "")
        if why == before:
            return
        self._why[cell] = why
        if why:
            log.info("forecast_missing", reason=why)
        else:
            log.info("forecast_found")
