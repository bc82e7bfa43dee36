"""`CLOUD_WEATHER` chooses the forecast; without it nobody is asked, and nothing leaves the machine."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from cloud.adapters.background_weather import BackgroundForecast
from cloud.adapters.file_weather import FileForecast
from cloud.config import CloudSettings
from cloud.wiring.weather import weather_forecast
from infra.local.cli import commands
from infra.local.stack_settings import StackSettings


def test_by_default_there_is_none() -> None:
    with weather_forecast(CloudSettings().weather) as forecast:
        assert forecast is None
    assert StackSettings(Path()).weather == "none"


def test_a_file_is_read_from_where_it_is(tmp_path: Path) -> None:
    with weather_forecast(f"file:{tmp_path / 'a b.json'}") as forecast:
        assert isinstance(forecast, FileForecast)
        assert forecast.path == tmp_path / "a b.json"


def test_a_service_on_the_network_is_asked_in_the_background_only() -> None:
    with weather_forecast("open-meteo") as forecast:
        assert isinstance(forecast, BackgroundForecast)


@pytest.mark.parametrize("setting", ["", "file:", "openmeteo", "none "])
def test_anything_else_is_refused_before_anything_starts(setting: str) -> None:
    with pytest.raises(ValidationError, match="weather"):
        CloudSettings(weather=setting)

    done = CliRunner().invoke(commands, ["up", "--weather", setting])

    assert done.exit_code == 2
    assert "none, open-meteo or file:PATH" in done.output
