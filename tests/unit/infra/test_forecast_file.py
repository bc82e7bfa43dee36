"""The simulated service says what it would have said, when it would have, and never what came."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_weather import FileForecast
from cloud.errors import ForecastUnavailableError
from device_sim.fleet import Fleet, FleetSpec
from infra.local.forecast_file import KEPT_ISSUES, ForecastFile

START = datetime(2026, 6, 1, tzinfo=UTC)
STEPS_PER_HOUR = 12


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(FleetSpec(homes=1, seed=11, start=START, split="validate"), days=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "forecast.json"


def live(fleet: Fleet, service: ForecastFile, steps: int) -> None:
    service.issue(steps)
    for _ in range(steps):
        fleet.step()


def test_every_time_of_the_steps_to_come_finds_the_forecast_of_its_hour(fleet: Fleet, path: Path) -> None:
    service, reader, site = ForecastFile(path, fleet), FileForecast(path), fleet.sites[0]
    heard = []
    for _ in range(6):  # half an hour each
        service.issue(6)
        for _ in range(6):
            fleet.step()
            hour = fleet.now.replace(minute=0)
            hours = reader.hours(site.latitude_deg, site.longitude_deg, hour)
            heard.append((hours[0].at == hour, len(hours)))

    assert heard == [(True, 72)] * 36


def test_the_file_holds_a_day_that_passes_in_one_go_and_does_not_grow(fleet: Fleet, path: Path) -> None:
    service, reader, site = ForecastFile(path, fleet), FileForecast(path), fleet.sites[0]
    for _ in range(2):
        live(fleet, service, 24 * STEPS_PER_HOUR)

    for hours_ago in range(KEPT_ISSUES):
        at = fleet.now - timedelta(hours=hours_ago)
        assert reader.hours(site.latitude_deg, site.longitude_deg, at)[0].at == at
    with pytest.raises(ForecastUnavailableError):
        reader.hours(site.latitude_deg, site.longitude_deg, fleet.now - timedelta(hours=KEPT_ISSUES + 1))


def test_what_is_said_errs_and_was_not_said_before_its_time(fleet: Fleet, path: Path) -> None:
    service, reader, site = ForecastFile(path, fleet), FileForecast(path), fleet.sites[0]
    live(fleet, service, 24 * STEPS_PER_HOUR)
    weather = fleet.weather.outdoor_dry_bulb_c.reshape(-1, STEPS_PER_HOUR).mean(axis=1)

    at = START + timedelta(hours=6)
    hours = reader.hours(site.latitude_deg, site.longitude_deg, at + timedelta(minutes=55))
    errors_k = [hour.outdoor_dry_bulb_c - weather[6 + n] for n, hour in enumerate(hours)]

    assert len(hours) == 72
    assert max(map(abs, errors_k)) > 1.0
    later = reader.hours(site.latitude_deg, site.longitude_deg, at + timedelta(hours=1))
    assert hours[1] != later[0]


def test_at_the_end_of_the_season_less_is_said(fleet: Fleet, path: Path) -> None:
    service, reader, site = ForecastFile(path, fleet), FileForecast(path), fleet.sites[0]
    for _ in range(4):
        live(fleet, service, 24 * STEPS_PER_HOUR)

    at = fleet.now - timedelta(hours=1)
    assert len(reader.hours(site.latitude_deg, site.longitude_deg, at)) == 1
