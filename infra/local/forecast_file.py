"""The simulated weather service: what it says goes to a file, as a service's answers would."""

from collections import deque
from datetime import timedelta
from pathlib import Path

from cloud.adapters.file_weather import ForecastHour, IssuedForecast, write_forecasts
from device_sim.fleet import Fleet
from device_sim.outdoors.forecast import Forecast, Forecaster

KEPT_ISSUES = 28
"""Forecasts in the file: of a day that passes in one go, and of some hours for devices that are late."""


class ForecastFile:
    """Forecasts for the place of a fleet, issued each full hour.

    Args:
        path: Where they go.
        fleet: Whose weather it is.
    """

    def __init__(self, path: Path, fleet: Fleet) -> None:
        self._path = path
        self._fleet = fleet
        self._forecaster = Forecaster(fleet.weather, fleet.spec.seed, fleet.spec.split)
        self._issued: deque[IssuedForecast] = deque(maxlen=KEPT_ISSUES)

    def issue(self, steps: int) -> None:
        """Issue what the service will say while the fleet's next `steps` pass.

        Nothing depends on what happens in them, and a reader takes nothing that was issued after its own
        time; so the file may be written before they begin.
        """
        per_hour = 3600 // self._fleet.spec.step_s
        weather = self._fleet.weather
        now = round((self._fleet.now - weather.start) / timedelta(seconds=weather.step_s))
        last = self._issued[-1].issued_at if self._issued else None
        fresh = [
            self._forecaster.issue(step)
            for step in range(-(-now // per_hour) * per_hour, now + steps + 1, per_hour)
        ]
        fresh = [said for said in fresh if said.at and (last is None or said.issued_at > last)]
        if fresh:
            self._issued.extend(map(self._as_issued, fresh))
            write_forecasts(self._path, tuple(self._issued))

    def _as_issued(self, said: Forecast) -> IssuedForecast:
        place = self._fleet.weather.place
        columns = zip(said.at, said.outdoor_dry_bulb_c, said.outdoor_rh_pct, said.ghi_w_m2, strict=True)
        hours = (
            ForecastHour(at, round(float(air_c), 2), round(float(rh_pct), 1), round(float(ghi_w_m2), 1))
            for at, air_c, rh_pct, ghi_w_m2 in columns
        )
        return IssuedForecast(said.issued_at, place.latitude_deg, place.longitude_deg, tuple(hours))
