"""What still counts of a forecast, and how the sensor corrects it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.outcome import Models, outdoor_paths_c
from cloud.outlook import (
    COMING_H,
    DEADBAND_K,
    DECAY_H,
    KEPT_H,
    STALE_H,
    Forecast,
    corrected_c,
    correction_k,
    keep,
    off_k,
)
from cloud.planned_rows import Recent
from cloud.ports.weather import WeatherHour
from edge.contract import Telemetry

Floats = npt.NDArray[np.float64]

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
NOON_H = int(NOON.timestamp()) // 3600


def said(count: int, first: datetime = NOON, dry_bulb_c: float = 30.0) -> list[WeatherHour]:
    return [WeatherHour(first + timedelta(hours=n), dry_bulb_c) for n in range(count)]


def sensor(*newest_c: float, day_before_c: tuple[float, float] = (30.0, 30.0)) -> Floats:
    """Hourly means: the hour before now and the one that goes on, and the same two a day before."""
    return np.array([*day_before_c, *[30.0] * 22, *newest_c])


def test_hours_that_are_over_do_not_count_and_the_one_that_goes_on_does() -> None:
    coming = Forecast(keep(said(5))).coming_c(NOON.timestamp() + 2 * 3600 + 1800)

    assert sorted(coming) == [NOON_H + 2, NOON_H + 3, NOON_H + 4]


def test_a_forecast_counts_until_it_is_stale() -> None:
    forecast = Forecast(keep(said(KEPT_H)))

    assert forecast.coming_c(NOON.timestamp() + STALE_H * 3600)
    assert forecast.coming_c(NOON.timestamp() + (STALE_H + 1) * 3600) == {}


def test_what_a_decision_can_ask_for_is_kept_and_no_more() -> None:
    forecast = keep(reversed(said(200)))

    assert [hour.at for hour in forecast] == [NOON + timedelta(hours=n) for n in range(KEPT_H)]
    assert len(Forecast(forecast).coming_c(NOON.timestamp() + STALE_H * 3600 + 3599)) >= COMING_H


def test_a_forecast_that_is_no_number_is_dropped() -> None:
    assert keep([WeatherHour(NOON, math.nan), WeatherHour(NOON, math.inf)]) == []


def test_what_the_service_misses_now_is_added_ever_less() -> None:
    forecast_c = {NOON_H + n: 30.0 for n in range(25)}

    path_c = corrected_c(forecast_c, sensor(30.0, 36.0), NOON_H + 0.5)

    assert path_c[0] == pytest.approx(36.0)
    assert path_c[9] == pytest.approx(30.0 + 6.0 * math.exp(-9 / DECAY_H))
    assert 30.0 < path_c[24] < 30.5


def test_the_sensors_noise_corrects_nothing() -> None:
    assert correction_k(DEADBAND_K, np.arange(3.0)).tolist() == [0.0, 0.0, 0.0]
    assert correction_k(-DEADBAND_K - 0.1, np.zeros(1))[0] == pytest.approx(-DEADBAND_K - 0.1)


def test_a_rise_within_the_hour_is_no_error_of_the_forecast() -> None:
    """Yesterday 4 K from hour to hour; the sensor has seen the first quarter, whose middle is 1.5 K below."""
    rising = sensor(26.0, 28.5, day_before_c=(26.0, 30.0))

    assert off_k(30.0, rising, passed_h=0.25) == pytest.approx(0.0)


def test_at_the_full_hour_the_hour_before_is_what_the_sensor_has_seen() -> None:
    rising = sensor(27.0, math.nan, day_before_c=(26.0, 30.0))

    assert off_k(30.0, rising, passed_h=0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("silent", [sensor(math.nan, math.nan), sensor(30.0, 40.0)])
def test_without_sensor_or_forecast_there_is_nothing_to_correct(silent: Floats) -> None:
    forecast_c = math.nan if not math.isnan(silent[-1]) else 30.0

    assert off_k(forecast_c, silent, passed_h=0.5) == 0.0


def test_hours_that_the_forecast_leaves_out_are_unknown() -> None:
    path_c = corrected_c({NOON_H + 1: 31.0}, sensor(30.0, 30.0), NOON_H + 0.5)

    assert path_c[1] == 31.0
    assert np.isnan(np.delete(path_c, 1)).all()


@pytest.fixture
def advisor(
    models: Models, installation: Installation, make_reading: Callable[..., Telemetry]
) -> HomeAdvisor:
    """A home with two and a half days at 32 °C."""
    advisor = HomeAdvisor(models, installation)
    for step in range(2 * 60 + 1):
        advisor.observe(make_reading(step / 2, interval_s=1800.0))
    return advisor


def _outdoor_c(advisor: HomeAdvisor, at: datetime) -> list[float]:
    day = advisor.begin(at).day
    (path_c,) = outdoor_paths_c(Recent.of([(day.history, day.horizon.at)]), [day])
    return [float(dry_bulb_c) for dry_bulb_c in path_c]


def test_a_decision_goes_by_the_forecast_and_by_the_sensor_when_that_is_stale(advisor: HomeAdvisor) -> None:
    at = datetime(2026, 6, 3, 12, 30, tzinfo=UTC)
    alone_c = _outdoor_c(advisor, at)
    hot = [WeatherHour(h.at, 32.0 + n) for n, h in enumerate(said(60))]
    advisor.forecast(hot)

    assert alone_c == pytest.approx([32.0] * 25)
    assert _outdoor_c(advisor, at) == pytest.approx([32.0 + n for n in range(25)])

    begun = at - timedelta(hours=STALE_H + 1, minutes=30)
    advisor.forecast(said(60, begun, 40.0))

    assert _outdoor_c(advisor, at) == pytest.approx([32.0] * 25)


def test_a_forecast_survives_a_restart(
    advisor: HomeAdvisor, models: Models, installation: Installation
) -> None:
    at = datetime(2026, 6, 3, 12, 30, tzinfo=UTC)
    advisor.forecast(said(60, dry_bulb_c=40.0))

    again = HomeAdvisor.restore(models, installation, advisor.state())

    assert _outdoor_c(again, at) == _outdoor_c(advisor, at)


def test_sunshine_is_told_by_hour_as_far_as_the_forecast_says_it() -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    first = int(noon.timestamp()) // 3600
    said = (400.0, None, math.nan, 700.0)
    hours = [WeatherHour(noon + timedelta(hours=h), 30.0, None, ghi) for h, ghi in enumerate(said)]
    forecast, seconds = Forecast(hours), (0.0, 1.0, 3600.0, 3601.0, 4 * 3600.0, 4 * 3600.0 + 1)
    within = [forecast.ghi_w_m2(noon.timestamp() + s) for s in seconds]

    assert forecast.sunshine_w_m2(noon.timestamp()) == {first: 400.0, first + 3: 700.0}
    assert forecast.sunshine_w_m2(noon.timestamp() + 3600 * 4) == {}  # it is stale
    assert within == [None, 400.0, 400.0, None, 700.0, None]  # an instant ends the interval of a reading
    assert Forecast([]).ghi_w_m2(noon.timestamp()) is None
