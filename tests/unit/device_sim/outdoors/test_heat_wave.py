from datetime import UTC, date, datetime

import numpy as np
import pytest

from device_sim.noise import Noise
from device_sim.outdoors.generator import generate
from device_sim.outdoors.heat_wave import HeatWave, HeatWaves
from device_sim.outdoors.weather import Weather
from device_sim.psychrometrics import humidity_ratio

JULY = datetime(2025, 7, 1, 7, tzinfo=UTC)  # midnight in Phoenix
PER_DAY = 288


@pytest.fixture
def weather() -> Weather:
    return generate("hot_dry", Noise(1, "train", 1), JULY, 10, 300)


def test_a_wave_peaks_in_its_middle_and_touches_no_other_day(weather: Weather) -> None:
    hot = HeatWave(date(2025, 7, 4), 4, 6.0).over(weather)

    rise_k = (hot.outdoor_dry_bulb_c - weather.outdoor_dry_bulb_c).reshape(10, PER_DAY)
    assert (rise_k[:3] == 0).all()
    assert rise_k[7:] == pytest.approx(np.zeros((3, PER_DAY)), abs=1e-9)
    assert int(rise_k.argmax()) in {
        5 * PER_DAY - 1,
        5 * PER_DAY,
    }  # the midnight after the second of four days
    assert rise_k.max() == pytest.approx(6.0, abs=1e-3)
    # mean of a half sine: 2 / pi
    assert rise_k[3:7].mean() == pytest.approx(6.0 * 2.0 / np.pi, abs=1e-3)


def test_a_wave_leaves_the_moisture_the_sun_and_the_wind(weather: Weather) -> None:
    hot = HeatWave(date(2025, 7, 2), 5, 8.0).over(weather)

    before = humidity_ratio(weather.outdoor_dry_bulb_c, weather.outdoor_rh_pct)
    assert humidity_ratio(hot.outdoor_dry_bulb_c, hot.outdoor_rh_pct) == pytest.approx(before, rel=1e-9)
    assert hot.outdoor_rh_pct.mean() < weather.outdoor_rh_pct.mean()
    assert hot.ghi_w_m2 is weather.ghi_w_m2
    assert hot.wind_m_s is weather.wind_m_s


def summers(waves: HeatWaves, years: int) -> list[HeatWave]:
    return [
        wave
        for seed in range(years)
        for wave in waves.drawn(Noise(seed, "train", 1), date(2025, 1, 1), date(2025, 12, 31))
    ]


def test_waves_come_as_often_as_they_should_and_in_summer_only() -> None:
    drawn = summers(HeatWaves(per_summer=1.2), 400)

    # a Poisson count of 480 has a standard deviation of 22
    assert len(drawn) == pytest.approx(480, abs=66)
    assert {wave.days for wave in drawn} == {3, 4, 5, 6}
    assert np.mean([wave.peak_k for wave in drawn]) == pytest.approx(5.0, abs=0.2)
    assert all(5 <= wave.first_day.month <= 9 or wave.first_day == date(2025, 10, 1) for wave in drawn)


def test_a_day_has_its_wave_whatever_season_is_asked_for() -> None:
    waves, noise = HeatWaves(per_summer=20.0), Noise(1, "train", 1)
    whole = waves.drawn(noise, date(2025, 6, 1), date(2025, 8, 31))
    later = waves.drawn(noise, date(2025, 7, 10), date(2025, 7, 31))

    touching = {w for w in whole if date(2025, 7, 4) <= w.first_day <= date(2025, 7, 31)}
    assert set(later) == touching
    assert touching


def test_chance_lays_its_waves_over_any_weather(weather: Weather) -> None:
    hot = HeatWaves(per_summer=50.0).over(weather, Noise(2, "train", 1))

    assert hot.outdoor_dry_bulb_c.mean() > weather.outdoor_dry_bulb_c.mean() + 1.0
    assert (hot.outdoor_dry_bulb_c >= weather.outdoor_dry_bulb_c).all()
