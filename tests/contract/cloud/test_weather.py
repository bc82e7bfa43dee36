"""What every `WeatherForecast` promises: what was known then, of the hours to come, or a clear refusal."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from cloud.adapters.background_weather import BackgroundForecast
from cloud.adapters.file_weather import FileForecast, ForecastHour, IssuedForecast, write_forecasts
from cloud.adapters.memory_weather import MemoryForecast
from cloud.adapters.open_meteo import OpenMeteoForecast
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import WeatherForecast, WeatherHour, grid_cell

if TYPE_CHECKING:
    from tests.contract.cloud.conftest import StandIn

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PHOENIX = (33.45, -112.07)

Say: TypeAlias = Callable[[Sequence[WeatherHour]], None]
World: TypeAlias = tuple[WeatherForecast, Say, Callable[[], None]]


class Settled(WeatherForecast):
    """A background forecast of which the test waits for the answer."""

    def __init__(self, background: BackgroundForecast) -> None:
        self._background = background

    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> Sequence[WeatherHour]:
        deadline_s = time.monotonic() + 10.0
        while True:
            try:
                return self._background.hours(latitude_deg, longitude_deg, at)
            except ForecastUnavailableError as error:
                if "not answered yet" not in str(error) or time.monotonic() > deadline_s:
                    raise
                time.sleep(0.005)


@pytest.fixture(params=["memory", "file", "open-meteo", "background"])
def world(request: pytest.FixtureRequest, tmp_path: Path, stand_in: "StandIn") -> Iterator[World]:
    """The adapter, how to issue a forecast for Phoenix at noon, and how to take the service away."""
    if request.param == "memory":
        memory = MemoryForecast()
        yield (
            memory,
            lambda hours: memory.issued.update({(grid_cell(*PHOENIX), NOON): hours}),
            lambda: setattr(memory, "available", False),
        )
        return
    if request.param == "file":
        path = tmp_path / "forecast.json"

        def write(hours: Sequence[WeatherHour]) -> None:
            said = tuple(
                ForecastHour(h.at, h.outdoor_dry_bulb_c, h.outdoor_rh_pct, h.ghi_w_m2) for h in hours
            )
            write_forecasts(path, [IssuedForecast(NOON, *PHOENIX, said)])

        yield FileForecast(path), write, path.unlink
        return
    service = OpenMeteoForecast(stand_in.url, sleep=lambda _s: None, now=lambda: NOON, timeout_s=5.0)
    background = BackgroundForecast(service, lambda: 0.0)
    forecast = service if request.param == "open-meteo" else Settled(background)
    yield forecast, stand_in.say, stand_in.close
    background.close()


def some_hours(first: datetime, count: int) -> list[WeatherHour]:
    return [
        WeatherHour(first + timedelta(hours=n), 30.0 + n / 8, 40.0 - n / 4, 25.0 * n) for n in range(count)
    ]


def test_gives_what_was_said_hour_by_hour(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON, 30))

    hours = forecast.hours(*PHOENIX, NOON)

    assert [hour.at for hour in hours] == [NOON + timedelta(hours=n) for n in range(30)]
    for n, hour in enumerate(hours):
        assert hour.outdoor_dry_bulb_c == pytest.approx(30.0 + n / 8)
        assert hour.outdoor_rh_pct == pytest.approx(40.0 - n / 4)
        assert hour.ghi_w_m2 == pytest.approx(25.0 * n)


def test_hours_that_are_over_are_dropped_and_the_one_that_goes_on_is_kept(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON - timedelta(hours=5), 30))

    hours = forecast.hours(*PHOENIX, NOON + timedelta(minutes=40))

    assert hours[0].at == NOON
    assert len(hours) == 25


def test_says_so_when_there_is_none(world: World) -> None:
    forecast, say, take_away = world
    say(some_hours(NOON, 30))
    take_away()

    with pytest.raises(ForecastUnavailableError):
        forecast.hours(*PHOENIX, NOON)


def test_a_forecast_that_is_over_is_none(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON - timedelta(hours=30), 30))

    with pytest.raises(ForecastUnavailableError):
        forecast.hours(*PHOENIX, NOON)


def test_a_forecast_that_begins_only_later_is_none(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON + timedelta(hours=3), 30))

    with pytest.raises(ForecastUnavailableError):
        forecast.hours(*PHOENIX, NOON)


def test_nobody_hears_before_it_was_issued(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON - timedelta(hours=8), 40))

    with pytest.raises(ForecastUnavailableError):
        forecast.hours(*PHOENIX, NOON - timedelta(hours=4))


def test_what_cannot_be_is_refused(world: World) -> None:
    forecast, say, _ = world
    say([*some_hours(NOON, 5), WeatherHour(NOON + timedelta(hours=5), 85.0)])

    with pytest.raises(ForecastUnavailableError, match="cannot be"):
        forecast.hours(*PHOENIX, NOON)


def test_neighbours_in_a_cell_hear_the_same(world: World) -> None:
    forecast, say, _ = world
    say(some_hours(NOON, 30))

    assert forecast.hours(33.46, -112.06, NOON) == forecast.hours(33.54, -112.14, NOON)
