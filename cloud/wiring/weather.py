"""Which weather forecast serves, by the setting `CLOUD_WEATHER`."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cloud.adapters.background_weather import BackgroundForecast
from cloud.adapters.file_weather import FileForecast
from cloud.adapters.open_meteo import OpenMeteoForecast
from cloud.ports.weather import WeatherForecast

FILE = "file:"


@contextmanager
def weather_forecast(setting: str) -> Iterator[WeatherForecast | None]:
    """The forecast that `setting` names (`none`, `open-meteo` or `file:PATH`), while it is wanted."""
    if setting.startswith(FILE):
        yield FileForecast(Path(setting.removeprefix(FILE)))
    elif setting == "open-meteo":
        with closing(BackgroundForecast(OpenMeteoForecast(), time.monotonic)) as forecast:
            yield forecast
    else:
        yield None
