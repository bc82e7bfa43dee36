"""The generator's summers against the real ones, by seeds and a split that no parameter was fitted with."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_sim.noise import Noise
from device_sim.outdoors import comparison
from device_sim.outdoors.cities import CITIES
from device_sim.outdoors.comparison import Summer, main, measured_summer, summer_of
from device_sim.outdoors.generator import generate

DAYS = sum(comparison.SUMMER_DAYS)


def other_summers(name: str) -> list[Summer]:
    city = CITIES[name]
    start = comparison._first_of_may(city)
    return [
        summer_of(generate(city.climate, Noise(seed, "test", 1), start, DAYS, 3600))
        for seed in range(100, 112)
    ]


def mean(summers: list[Summer], figure: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(np.mean([getattr(summer, figure) for summer in summers], axis=0))


@pytest.mark.parametrize("name", list(CITIES))
def test_generated_summers_are_like_the_real_one(name: str, data_directory: Path) -> None:
    real = measured_summer(name, data_directory / "weather")
    generated = other_summers(name)

    # twelve summers leave about 0.3 K of chance in a month's mean of a place that varies by 2 to 3 K
    assert mean(generated, "mean_c") == pytest.approx(np.array(real.mean_c), abs=0.9)
    assert mean(generated, "range_k") == pytest.approx(np.array(real.range_k), abs=0.6)
    assert mean(generated, "dew_point_c") == pytest.approx(np.array(real.dew_point_c), abs=2.0)
    assert mean(generated, "ghi_kwh_m2") == pytest.approx(np.array(real.ghi_kwh_m2), rel=0.06)
    assert mean(generated, "dni_kwh_m2") == pytest.approx(np.array(real.dni_kwh_m2), rel=0.25)
    assert mean(generated, "day_sd_k") == pytest.approx(real.day_sd_k, rel=0.15)
    assert mean(generated, "persistence") == pytest.approx(real.persistence, abs=0.12)
    assert mean(generated, "high_c") == pytest.approx(real.high_c, abs=2.7)
    assert mean(generated, "low_c") == pytest.approx(real.low_c, abs=2.7)
    assert mean(generated, "wind_m_s") == pytest.approx(real.wind_m_s, rel=0.08)


@pytest.mark.usefixtures("data_directory")
def test_the_command_prints_both_for_every_city(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "GENERATED_YEARS", 1)

    assert main(["--json"]) == 0
    pairs = json.loads(capsys.readouterr().out)
    assert main([]) == 0
    table = capsys.readouterr().out

    assert set(pairs) == set(CITIES)
    assert pairs["phoenix_az"]["measured"]["mean_c"][2] == pytest.approx(35.6, abs=0.05)  # July of the file
    assert "phoenix_az (hot_dry): generated / measured" in table
    assert "persistence" in table


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AC_ADVISOR_DATA", raising=False)
    assert main([]) == 2
    assert "AC_ADVISOR_DATA" in capsys.readouterr().err

    monkeypatch.setenv("AC_ADVISOR_DATA", str(tmp_path))
    assert main([]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_figures_are_right_for_weather_worked_out_by_hand() -> None:
    # every day 20 to 43 °C by whole degrees, one kelvin more on every second day; 100 W/m² around the clock
    city = CITIES["phoenix_az"]
    weather = generate(city.climate, Noise(1, "train", 1), comparison._first_of_may(city), DAYS, 3600)
    hours_c = np.tile(20.0 + np.arange(24.0), DAYS) + np.repeat(np.arange(DAYS) % 2, 24)
    full = np.full(DAYS * 24, 100.0)

    figures = summer_of(
        replace(weather, outdoor_dry_bulb_c=hours_c, outdoor_rh_pct=full, ghi_w_m2=full, dni_w_m2=full)
    )

    assert figures.mean_c[1] == pytest.approx(32.0)  # June: 31.5 and 32.5 °C in turn
    assert figures.range_k == pytest.approx([23.0] * 5)
    assert figures.dew_point_c[1] == pytest.approx(32.0)  # saturated
    assert figures.ghi_kwh_m2 == pytest.approx([2.4] * 5)
    assert figures.persistence == pytest.approx(-1.0, abs=0.02)
    assert figures.day_sd_k == pytest.approx(0.5, abs=0.01)
    assert figures.cooling_k_day == pytest.approx(77 * 13.2 + 76 * 14.2)
