"""Advisors hear the newest forecast, and nobody is asked more often than needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from cloud.adapters.memory_weather import MemoryForecast
from cloud.advice import Installation
from cloud.forecast_desk import ForecastDesk
from cloud.ports.weather import WeatherHour, grid_cell

if TYPE_CHECKING:
    from cloud.advisor_seat import HomeAdvisorLike
    from tests.unit.cloud.advisor.conftest import World

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
BERLIN = Installation(23.0, 52.52, 13.41, "Europe/Berlin")
NEIGHBOUR = Installation(23.0, 52.46, 13.36, "Europe/Berlin")
HAMBURG = Installation(23.0, 53.55, 9.99, "Europe/Berlin")


@dataclass
class Listener:
    heard: list[Sequence[WeatherHour]] = field(default_factory=list[Sequence[WeatherHour]])

    def forecast(self, hours: Sequence[WeatherHour]) -> None:
        self.heard.append(hours)


@pytest.fixture
def weather() -> MemoryForecast:
    weather = MemoryForecast()
    for late in range(3):
        at = T0 + timedelta(hours=late)
        hours = [WeatherHour(at + timedelta(hours=n), 30.0 + late) for n in range(48)]
        weather.issued |= {((52.5, 13.4), at): hours, ((53.5, 10.0), at): hours}
    return weather


def tell(desk: ForecastDesk, where: Installation, minutes: float) -> float | None:
    """What a device hears so many minutes after ten, by its first hour."""
    listener = Listener()
    desk.tell(cast("HomeAdvisorLike", listener), where, T0 + timedelta(minutes=minutes))
    return listener.heard[0][0].outdoor_dry_bulb_c if listener.heard else None


def test_a_cell_is_asked_about_once_an_hour(weather: MemoryForecast) -> None:
    desk = ForecastDesk(weather)

    heard = [tell(desk, where, minutes) for minutes in (0, 15, 59, 60, 90) for where in (BERLIN, NEIGHBOUR)]

    assert heard == [30.0] * 6 + [31.0] * 4
    assert weather.asked == [(52.5, 13.4, T0), (52.5, 13.4, T0 + timedelta(hours=1))]
    assert tell(desk, HAMBURG, 90) == 31.0
    assert len(weather.asked) == 3


def test_a_device_that_is_late_does_not_hear_what_was_said_after_its_time(weather: MemoryForecast) -> None:
    desk = ForecastDesk(weather)

    assert [tell(desk, BERLIN, minutes) for minutes in (125, 5, 65, 130)] == [32.0, 30.0, 31.0, 32.0]


def test_without_a_forecast_it_is_asked_again_at_the_next_decision(weather: MemoryForecast) -> None:
    desk = ForecastDesk(weather)
    weather.available = False
    assert tell(desk, BERLIN, 0) is None
    weather.available = True

    assert tell(desk, BERLIN, 15) == 30.0


def test_a_missing_forecast_is_said_once_and_so_is_its_return(weather: MemoryForecast) -> None:
    desk = ForecastDesk(weather)
    weather.available = False
    with capture_logs() as logs:
        for minutes in (0, 15, 30):
            tell(desk, BERLIN, minutes)
        weather.available = True
        tell(desk, BERLIN, 45)

    assert [entry["event"] for entry in logs] == ["forecast_missing", "forecast_found"]
    assert "52.5" not in str(logs)


def test_without_a_service_nobody_is_told_anything() -> None:
    assert tell(ForecastDesk(None), BERLIN, 0) is None


@pytest.mark.parametrize(
    ("place", "cell"),
    [((52.52, 13.41), (52.5, 13.4)), ((-0.04, 179.97), (0.0, 180.0)), ((-33.87, -70.65), (-33.9, -70.7))],
)
def test_a_cell_is_a_tenth_of_a_degree(place: tuple[float, float], cell: tuple[float, float]) -> None:
    assert grid_cell(*place) == pytest.approx(cell)
    assert str(grid_cell(*place)[0]) != "-0.0"


def test_an_advisor_hears_the_forecast_before_it_decides(world: "World", weather: MemoryForecast) -> None:
    world.weather = weather
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)

    worker.step()

    assert world.advice("d1").reason == "one degree warmer at 30.0 °C"


def test_an_advisor_decides_without_a_forecast(world: "World", weather: MemoryForecast) -> None:
    weather.available = False
    world.weather = weather
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)

    worker.step()

    assert world.advice("d1").reason == "one degree warmer"
