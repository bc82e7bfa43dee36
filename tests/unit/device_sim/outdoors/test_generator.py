from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.errors import UnknownClimateError
from device_sim.noise import Noise
from device_sim.outdoors.climates import CLIMATES, design_day
from device_sim.outdoors.generator import generate
from device_sim.outdoors.sun import season_sun

JULY = datetime(2025, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("climate", "mean_c", "range_k", "ghi_kwh_m2"),
    # July in the typical meteorological years of Phoenix, Miami and New York (US Department of Energy)
    [("hot_dry", 35.6, 12.1, 7.6), ("hot_humid", 28.1, 7.8, 6.0), ("mild_summer", 25.0, 7.3, 5.8)],
)
def test_july_is_like_the_typical_year_of_the_place(
    climate: str, mean_c: float, range_k: float, ghi_kwh_m2: float
) -> None:
    years = [generate(climate, Noise(seed, "train", 1), JULY, 31, 3600) for seed in range(8)]

    days = np.array([year.outdoor_dry_bulb_c.reshape(31, 24) for year in years])
    assert days.mean() == pytest.approx(mean_c, abs=1.0)
    assert np.ptp(days, axis=2).mean() == pytest.approx(range_k, abs=1.3)
    ghi = np.mean([year.ghi_w_m2.mean() * 24 / 1000 for year in years])
    assert ghi == pytest.approx(ghi_kwh_m2, rel=0.15)


def test_a_hot_day_is_likely_followed_by_a_hot_one() -> None:
    years = [generate("hot_dry", Noise(seed, "train", 1), JULY, 31, 3600) for seed in range(20)]
    daily = np.array([year.outdoor_dry_bulb_c.reshape(31, 24).mean(axis=1) for year in years])
    anomaly = daily - daily.mean(axis=0)

    correlation = np.corrcoef(anomaly[:, :-1].ravel(), anomaly[:, 1:].ravel())[0, 1]

    assert correlation == pytest.approx(0.72, abs=0.12)  # Phoenix, June to August of the typical year


def test_an_instant_has_the_same_weather_in_every_season_of_a_seed() -> None:
    noise = Noise(1, "demo", 1)
    whole = generate("mild_summer", noise, JULY, 20, 3600)
    later = generate("mild_summer", noise, datetime(2025, 7, 11, 7, tzinfo=UTC), 10, 3600)

    assert later.outdoor_dry_bulb_c == pytest.approx(whole.outdoor_dry_bulb_c[240:], abs=1e-9)
    assert later.outdoor_rh_pct == pytest.approx(whole.outdoor_rh_pct[240:], abs=1e-9)
    assert later.ghi_w_m2 == pytest.approx(whole.ghi_w_m2[240:], abs=1e-9)


def test_splits_have_different_weather() -> None:
    train, test = (generate("hot_dry", Noise(1, split, 1), JULY, 5, 3600) for split in ("train", "test"))

    assert np.abs(train.outdoor_dry_bulb_c - test.outdoor_dry_bulb_c).mean() > 0.3


def test_nights_are_dark_and_humidity_stays_below_saturation() -> None:
    weather = generate("hot_humid", Noise(3, "demo", 1), JULY, 10, 300)

    assert (weather.ghi_w_m2 == 0).mean() == pytest.approx(0.44, abs=0.03)  # 10.5 h nights in Miami in July
    assert weather.outdoor_rh_pct.max() <= 98.0
    assert weather.ghi_w_m2.min() >= 0.0


@pytest.mark.parametrize("climate", CLIMATES)
def test_beam_and_sky_add_up_to_the_global_irradiance(climate: str) -> None:
    weather = generate(climate, Noise(3, "demo", 1), JULY, 10, 300)
    height = season_sun(weather.place, JULY, weather.steps, 300).height_ratio

    assert weather.dhi_w_m2 + weather.dni_w_m2 * height == pytest.approx(weather.ghi_w_m2, abs=1e-6)
    assert 0.0 <= weather.dni_w_m2.min() <= weather.dni_w_m2.max() < 1100.0


@pytest.mark.parametrize("climate", CLIMATES)
def test_wind_blows_as_the_climate_says_and_most_in_the_afternoon(climate: str) -> None:
    start = datetime(2025, 5, 1, tzinfo=UTC)
    winds = np.array([generate(climate, Noise(s, "demo", 1), start, 153, 3600).wind_m_s for s in range(8)])

    kind = CLIMATES[climate]
    assert winds.mean() == pytest.approx(kind.wind_m_s, rel=0.06)
    assert winds.min() > 0.0
    by_hour = winds.reshape(-1, 24).mean(axis=0)
    solar_hour = (int(by_hour.argmax()) + 0.5 + kind.place.longitude_deg / 15.0) % 24.0
    assert solar_hour == pytest.approx(15.0, abs=1.6)
    # the files' hours vary by 0.33 to 0.56 of the mean within a month, their days by 0.22 to 0.39
    assert winds.std() / winds.mean() == pytest.approx(0.45, abs=0.12)


def test_design_day_is_hotter_than_an_ordinary_one() -> None:
    hours_c, ghi = design_day("hot_dry")

    assert hours_c.max() == pytest.approx(43.4, abs=1.5)  # ASHRAE 0.4 % cooling dry bulb of Phoenix: 43.4 °C
    assert int(ghi.argmax()) == 12


def test_an_unknown_climate_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownClimateError, match="hot_dry, hot_humid, mild_summer"):
        generate("martian", Noise(1, "demo", 1), JULY, 1, 300)
