"""Forecasts: how wrong they are by lead, and how alike in hours, in issues and whenever asked for."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from device_sim.errors import SimulatorError
from device_sim.noise import Floats, Noise
from device_sim.outdoors.forecast import Forecaster
from device_sim.outdoors.generator import generate
from device_sim.outdoors.weather import Weather

JULY = datetime(2025, 7, 1, 5, tzinfo=UTC)
DAYS = 30
HOURS = 24 * DAYS


@cache
def weather(start: datetime = JULY, days: int = DAYS, step_s: int = 3600) -> Weather:
    return generate("continental", Noise(1, "train", 1), start, days, step_s)


@cache
def errors_k(seeds: int = 40) -> Floats:
    """Error of the dry bulb by seed, issue (every third hour) and lead, `(seeds, issues, 72)`."""
    true = weather().outdoor_dry_bulb_c
    issues = range(0, HOURS - 72, 3)
    services = [Forecaster(weather(), seed, "train") for seed in range(seeds)]
    return np.array([[s.issue(i).outdoor_dry_bulb_c - true[i : i + 72] for i in issues] for s in services])


@pytest.mark.parametrize(("lead_h", "sd_k"), [(1, 0.7), (24, 2.0), (72, 3.0)])
def test_the_error_grows_with_the_lead_as_assumed(lead_h: int, sd_k: float) -> None:
    # the table's deviation and the service's bias of 0.3 K, which is independent of it
    spread = errors_k()[:, :, lead_h - 1].std()

    assert spread == pytest.approx(np.hypot(sd_k, 0.3), rel=0.08)


def test_services_are_nearly_without_bias() -> None:
    biases = errors_k().mean(axis=(1, 2))

    assert abs(biases.mean()) < 0.15  # 40 services of 0.3 K and of what a month leaves: 3 standard errors
    assert biases.std() < 0.7


def test_neighbouring_hours_err_alike_and_distant_ones_do_not() -> None:
    error = errors_k().reshape(-1, 72)

    assert np.corrcoef(error[:, 29], error[:, 30])[0, 1] > 0.8
    assert abs(np.corrcoef(error[:, 5], error[:, 65])[0, 1]) < 0.35


def test_successive_forecasts_of_an_hour_err_alike() -> None:
    # said 48 h and 45 h ahead: the later one lacks three corrections: correlation sqrt(var(45 h) / var(48 h))
    error = errors_k()
    earlier, later = error[:, :-1, 47].ravel(), error[:, 1:, 44].ravel()

    var = np.interp([45, 48], [24, 72], [4.0, 9.0])
    assert np.corrcoef(earlier, later)[0, 1] == pytest.approx(np.sqrt(var[0] / var[1]), abs=0.03)


def test_a_forecast_is_the_same_whenever_it_is_asked_for() -> None:
    one = Forecaster(weather(), 7, "test")
    long, short = one.issue(100), one.issue(100, hours=12)
    # a season that began five days later, with other steps, and another object
    shifted = Forecaster(weather(JULY + timedelta(days=3), 20, 3600), 7, "test").issue(100 - 72)

    assert short.outdoor_dry_bulb_c.tolist() == long.outdoor_dry_bulb_c[:12].tolist()
    assert shifted.at == long.at
    assert shifted.issued_at == long.issued_at
    assert shifted.outdoor_dry_bulb_c == pytest.approx(long.outdoor_dry_bulb_c, abs=1e-9)
    assert shifted.ghi_w_m2 == pytest.approx(long.ghi_w_m2, abs=1e-9)


def test_other_seeds_and_splits_have_other_errors() -> None:
    services = (
        Forecaster(weather(), 1, "train"),
        Forecaster(weather(), 2, "train"),
        Forecaster(weather(), 1, "test"),
    )
    said = [service.issue(0).outdoor_dry_bulb_c[71] for service in services]

    assert len({round(float(value), 6) for value in said}) == 3


def test_the_sun_errs_by_a_fifth_to_two_fifths_a_day_ahead_and_never_shines_at_night() -> None:
    true = weather().ghi_w_m2
    issues = range(0, HOURS - 72, 3)
    services = [Forecaster(weather(), seed, "train") for seed in range(10)]
    said = np.array([[s.issue(i).ghi_w_m2 for i in issues] for s in services])
    real = np.array([true[i : i + 72] for i in issues])

    ahead = slice(18, 30)
    day = real[:, ahead] > 0.0
    gap = (said - real)[:, :, ahead][:, day]
    relative = np.sqrt((gap**2).mean()) / real[:, ahead][day].mean()
    assert (
        0.2 < relative < 0.4
    )  # Perez et al. (2013): day-ahead root mean square in the US, Canada and Europe
    assert abs(gap.mean()) < 0.05 * real[:, ahead][day].mean()
    assert said[:, real == 0.0].max() < 40.0  # a step may be dark whose hour has some light, not the night
    assert said.min() >= 0.0


def test_humidity_stays_between_dry_and_saturated() -> None:
    said = [Forecaster(weather(), seed, "train").issue(100).outdoor_rh_pct for seed in range(20)]

    assert np.min(said) >= 1.0
    assert np.max(said) <= 100.0
    assert np.mean(said) == pytest.approx(weather().outdoor_rh_pct[100:172].mean(), abs=6.0)


def test_hours_are_full_ones_and_their_means_true_but_for_the_error() -> None:
    fine = generate("continental", Noise(1, "train", 1), JULY, 3, 300)
    service = Forecaster(fine, 1, "train")

    said = service.issue(7)  # 35 minutes past

    assert said.issued_at == JULY + timedelta(minutes=35)
    assert said.at[0] == JULY + timedelta(hours=1)
    hours_c = fine.outdoor_dry_bulb_c.reshape(-1, 12).mean(axis=1)
    assert said.outdoor_dry_bulb_c[0] == pytest.approx(hours_c[1], abs=4 * 0.8)
    assert len(said.at) == 71  # the season ends


def test_nobody_forecasts_beyond_three_days() -> None:
    with pytest.raises(SimulatorError, match="72 h"):
        Forecaster(weather(), 1, "train").issue(0, hours=73)
