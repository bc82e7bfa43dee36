"""What only a file can do: be damaged, be replaced, and hold more than one place and time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_weather import (
    MAX_FILE_BYTES,
    FileForecast,
    ForecastHour,
    IssuedForecast,
    write_forecasts,
)
from cloud.errors import ForecastUnavailableError

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PHOENIX, TUCSON = (33.45, -112.07), (32.22, -110.97)


def issued(dry_bulb_c: float, hours_ago: int = 0, place: tuple[float, float] = PHOENIX) -> IssuedForecast:
    at = NOON - timedelta(hours=hours_ago)
    hours = tuple(ForecastHour(at + timedelta(hours=n), dry_bulb_c) for n in range(48))
    return IssuedForecast(at, *place, hours)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "forecast.json"


def first_c(path: Path, place: tuple[float, float] = PHOENIX, at: datetime = NOON) -> float:
    return FileForecast(path).hours(*place, at)[0].outdoor_dry_bulb_c


def test_the_newest_that_was_issued_by_then_counts(path: Path) -> None:
    write_forecasts(path, [issued(31.0, 1), issued(30.0), issued(32.0, 2)])

    assert [first_c(path, at=NOON - timedelta(minutes=minutes)) for minutes in (0, 1, 61)] == [
        30.0,
        31.0,
        32.0,
    ]


def test_the_nearest_place_counts_and_none_far_away(path: Path) -> None:
    write_forecasts(path, [issued(30.0, 1), issued(25.0, place=TUCSON), issued(20.0, place=(33.6, -112.2))])

    assert first_c(path) == 30.0
    assert first_c(path, TUCSON) == 25.0
    with pytest.raises(ForecastUnavailableError, match="here and now"):
        first_c(path, (34.2, -112.07))


def test_a_place_on_the_other_side_of_the_date_line_is_near(path: Path) -> None:
    write_forecasts(path, [issued(30.0, place=(-17.0, 179.9))])

    assert first_c(path, (-17.0, -179.9)) == 30.0


def test_a_new_file_is_read_and_the_old_one_not_again(path: Path) -> None:
    write_forecasts(path, [issued(30.0)])
    forecast = FileForecast(path)
    assert forecast.hours(*PHOENIX, NOON)[0].outdoor_dry_bulb_c == 30.0
    before = forecast._issued
    forecast.hours(*PHOENIX, NOON)
    assert forecast._issued is before

    write_forecasts(path, [issued(31.0)])

    assert forecast.hours(*PHOENIX, NOON)[0].outdoor_dry_bulb_c == 31.0
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[{", "no list of forecasts"),
        ("{}", "no list of forecasts"),
        (
            '[{"issued_at": "2026-07-01T12:00:00", "latitude_deg": 1, "longitude_deg": 1, "hours": []}]',
            "timezone",
        ),
    ],
)
def test_a_damaged_file_is_said_and_the_next_one_is_read(path: Path, content: str, what: str) -> None:
    forecast = FileForecast(path)
    path.parent.mkdir()
    path.write_text(content)
    for _ in range(2):
        with pytest.raises(ForecastUnavailableError, match=what):
            forecast.hours(*PHOENIX, NOON)

    write_forecasts(path, [issued(30.0)])

    assert forecast.hours(*PHOENIX, NOON)


def test_a_file_that_is_not_there_is_said_in_one_line(path: Path) -> None:
    with pytest.raises(ForecastUnavailableError, match=r"forecast\.json cannot be read: No such file"):
        FileForecast(path).hours(*PHOENIX, NOON)


def test_a_huge_file_is_not_read(path: Path) -> None:
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)

    with pytest.raises(ForecastUnavailableError, match="too large"):
        FileForecast(path).hours(*PHOENIX, NOON)
