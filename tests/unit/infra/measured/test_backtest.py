"""The backtest: what is known at midnight, the simple forecasts by hand, and the order of time."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cloud.baselines import Ridge
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from infra.local.cli import commands
from infra.local.measured import backtest_homes, opendsm_daily
from infra.local.measured.backtest import compare, folds, judge_weeks, run_backtests
from infra.local.measured.backtest_homes import ECOBEE, Homes, day_ahead, ecobee_homes
from infra.local.measured.day_ahead_forecasts import (
    OURS,
    Fold,
    climatology,
    forecasts,
    persistence,
    ridge_of_all,
)
from infra.local.measured.tables import where_beaten


def invented(days: int = 22, homes: int = 2) -> pd.DataFrame:
    """Hours of homes at 15 °W (solar midnight is 01:00 UTC) whose load follows outdoors and the setpoint."""
    random = np.random.default_rng(5)
    count = 24 * days
    ends = pd.date_range("2025-07-01T02:00Z", periods=count, freq="h")
    parts = []
    for home in range(homes):
        solar = (np.arange(count) + 0.5) % 24
        outdoor_c = 30 + 5 * np.sin(2 * np.pi * (solar - 9) / 24) + random.normal(0, 1, count)
        setpoint_c = 24 + random.integers(-2, 3, count).astype(float)
        frame = pd.DataFrame(dict.fromkeys(ENERGY_FEATURES, 0.0), index=range(count)).assign(
            device_id=f"home-{home}",
            hour_end_at=ends,
            solar_hour=solar,
            outdoor_dry_bulb_c=outdoor_c,
            outdoor_dry_bulb_24h_c=30.0,
            setpoint_c=setpoint_c,
            setpoint_3h_c=24.0,
            setpoint_24h_c=24.0,
            on_ratio=1.0,
            indoor_rh_1h_pct=50.0,
            home_kwh_168h=np.arange(count, dtype=float),
            home_degree_168h=6.0,
            other_mode_ratio=0.0,
        )
        frame[ENERGY_TARGET] = 0.1 * (home + 1) * np.maximum(outdoor_c - setpoint_c, 0.0)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def test_what_a_home_was_like_stays_as_it_was_at_solar_midnight() -> None:
    hours = day_ahead(invented(days=3, homes=1))

    assert hours["day"].tolist() == np.repeat([0, 1, 2], 24).tolist()
    assert hours["home_kwh_168h"].tolist() == np.repeat([0.0, 24.0, 48.0], 24).tolist()
    assert hours["hour"].iloc[0] == pd.Timestamp("2025-07-01T01:00Z").timestamp() // 3600


def test_a_fold_is_a_week_and_knows_only_what_came_before() -> None:
    found = list(folds(day_ahead(invented(days=23))))

    assert [first for first, _ in found] == [14, 21]
    for first, fold in found:
        assert fold.past["day"].max() == first - 1
        assert sorted(fold.coming["day"].unique()) == list(range(first, min(first + 7, 23)))


def test_persistence_is_the_hour_of_the_day_before_and_a_gap_stays_one() -> None:
    hours = day_ahead(invented(days=16, homes=1)).drop(index=[14 * 24 - 24])
    fold = next(fold for _, fold in folds(hours))

    answer = persistence(fold)

    assert np.isnan(answer[0])
    assert answer[1] == hours[ENERGY_TARGET].loc[14 * 24 - 23]
    assert answer[24] == hours[ENERGY_TARGET].loc[14 * 24]


def test_climatology_is_the_mean_of_the_hour_of_the_week_else_of_the_day() -> None:
    hours = day_ahead(invented(days=16, homes=1))
    hours[ENERGY_TARGET] = hours["day"].astype(float)
    past, coming = hours[hours["day"] < 14], hours[hours["day"] == 14]

    whole, short = climatology(Fold(past, coming)), climatology(Fold(past[past["day"] < 4], coming))

    assert whole == pytest.approx(np.full(24, (0 + 7) / 2))  # days 0 and 7 have the weekday of day 14
    assert short == pytest.approx(np.zeros(24))  # day 0 has it
    other = climatology(Fold(past[(past["day"] > 0) & (past["day"] < 4)], coming))
    assert other == pytest.approx(np.full(24, 2.0))  # days 1 to 3


def test_ridge_finds_a_line_and_fills_what_is_unknown_with_its_mean() -> None:
    rows = day_ahead(invented(days=20, homes=1))
    fold = Fold(rows[rows["day"] < 15], rows[rows["day"] >= 15])
    residual = fold.coming[ENERGY_TARGET] - ridge_of_all(fold)
    matrix = fold.past[list(ENERGY_FEATURES)].to_numpy(np.float64)
    model = Ridge.fit(matrix, fold.past[ENERGY_TARGET].to_numpy(np.float64))

    blind = model.predict(np.full((1, matrix.shape[1]), np.nan))

    assert float(np.abs(residual).mean()) < 0.1 * fold.coming[ENERGY_TARGET].mean()
    assert blind[0] == pytest.approx(fold.past[ENERGY_TARGET].mean(), rel=0.01)  # a rise counts as none


def test_no_forecast_knows_the_energy_of_the_day_that_it_forecasts() -> None:
    hours = day_ahead(invented(days=15))
    fold = Fold(hours[hours["day"] < 14], hours[hours["day"] == 14])
    hidden = Fold(fold.past, fold.coming.assign(**{ENERGY_TARGET: 1e6}))

    for name, forecast in forecasts().items():
        assert forecast(fold).tolist() == forecast(hidden).tolist(), name


def test_errors_and_leads_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "device_id": ["a", "a", "b", "b"],
            "day": [0, 1, 0, 1],
            "fold": 0,
            "observed": [1.0, 3.0, 2.0, 2.0],
            OURS[0]: [2.0, 3.0, 2.0, 1.0],
            OURS[1]: [1.0, 3.0, 2.0, 2.0],
            "other": [1.0, 3.0, 4.0, 4.0],
        }
    )

    answer = compare(rows)

    assert answer.errors[OURS[0]].wape == pytest.approx(2 / 8)
    assert answer.errors[OURS[0]].cv_rmse == pytest.approx(np.sqrt(2 / 4) / 2)
    assert answer.errors["other"].nmbe == pytest.approx(-4 / 8)  # predicts too much
    lead = answer.leads[OURS[0]]["other"]
    assert lead.worse == pytest.approx(2 / 4 - 1)
    assert lead.homes_lost == 1  # in home a the other is right
    assert lead.interval[0] < lead.worse < lead.interval[1]


def test_only_whole_days_count_as_days_and_json_holds_all() -> None:
    hours = day_ahead(invented(days=17)).drop(index=[15 * 24 + 3])
    group = Homes("invented", hours, measured=False)

    hourly, daily = judge_weeks(hours, with_opendsm=False)
    backtests = run_backtests([group, Homes("again", hours, measured=False)], with_opendsm=False)

    # the hour itself, and the one a day later, for which persistence has no answer
    assert len(hourly) == 2 * 3 * 24 - 2
    assert len(daily) == 2 * 3 - 2
    assert [each.name for each in backtests] == ["invented", "again", "all simulated"]
    assert backtests[2].daily.count == 2 * len(daily)
    json.dumps([each.to_json() for each in backtests], allow_nan=False)
    assert any("is behind" in line or "ahead of every" in line for line in where_beaten(backtests[0]))


def test_the_command_goes_on_without_opendsm_and_without_measured_data_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AC_ADVISOR_DATA", raising=False)
    monkeypatch.setattr(opendsm_daily, "installed", lambda: False)
    asked: list[tuple[int, int]] = []

    def simulated(homes: int, days: int) -> list[Homes]:
        asked.append((homes, days))
        return [Homes("invented", day_ahead(invented(days=17)), measured=False)]

    monkeypatch.setattr(backtest_homes, "simulated_homes", simulated)
    path = tmp_path / "backtest.json"

    arguments = ["backtest", "--homes", "3", "--days", "25", "--json", str(path)]
    result = CliRunner().invoke(commands, arguments)

    assert result.exit_code == 0, result.output
    assert "opendsm is not installed" in result.output
    assert "pip install 'ac-advisor[backtest]'" in result.output
    assert "nothing measured is judged" in result.output
    assert asked == [(3, 25)]
    assert [each["name"] for each in json.loads(path.read_text())["forecasts"]] == ["invented"]


def test_opendsm_sees_whole_days_in_its_own_units() -> None:
    hours = day_ahead(invented(days=3, homes=1)).drop(index=[30])

    days = opendsm_daily.whole_days(hours)

    assert days.index.tolist() == [0, 2]
    frame = opendsm_daily._frame(days)
    assert frame["temperature"].iloc[0] == pytest.approx(days["outdoor_c"].iloc[0] * 9 / 5 + 32)
    assert np.isnan(frame["observed"].iloc[1])
    assert len(frame) == 4  # the last one marks an end


def test_the_measured_home_has_its_run_hours_as_load(data_directory: Path) -> None:
    homes = ecobee_homes(data_directory)

    assert homes.name == ECOBEE
    # README of the data set: 22.4 h of cooling, here at 3 kW
    assert homes.hours[ENERGY_TARGET].sum() == pytest.approx(22.4 * 3, rel=0.005)
